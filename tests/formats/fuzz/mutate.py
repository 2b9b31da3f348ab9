"""Makes new inputs of old ones: bytes, tokens, lines and blocks changed, repeated, nested and exchanged.

Knows no language: its words are those of the inputs at hand and of the reader's own code.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from random import Random
from types import CodeType, FunctionType, ModuleType

LONGEST = 100_000
TOKEN = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[ \t]+|\r?\n|[^\x00-\x7f]+|.", re.DOTALL)
WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_.-]{0,23}\Z")
ODD = [
    *(bytes([byte]) for byte in b"\0\t\n\r \"'\\{}[]()<>:;,=#%&*!?|-+~`$@^/.0\x1b\x7f\x80\xc2\xff"),
    *("\u00e9 \u0301 \u540d \U0001f600 \ufeff \u2028 \u0085 \u212a \ufffe".encode().split()),
    *(b"\xed\xa0\x80", b"\r\n", b"\\u0000", b"\\ud800", b"\\x41", b"\\N", b"- ", b": ", b"? ", b"<<: ", b"---\n"),
    *(b"0", b"-1", b"007", b"1e400", b"9" * 30, b"0x1F", b"1_000", b"0.1", b"nan", b".inf", b"true", b"null", b"~"),
    *(b"../x", b"/", b"a/b", b"x" * 300, b"{x}", b"{{x}}", b"{x.stem}", b"$x", b"%s", b"${x}", b"[exec x]", b"&a *a"),
]
PAIRS = [(b"[", b"]"), (b"{", b"}"), (b'"', b'"'), (b"'", b"'"), (b"(", b")"), (b'{"a": ', b"}"), (b"[{", b"}]")]

Change = Callable[["Mutator", bytes], bytes]


class Mutator:
    """Draws changes by its own chance. `pool` is what inputs are exchanged with; it may grow."""

    def __init__(self, rng: Random, pool: list[bytes], words: list[bytes]) -> None:
        self.rng = rng
        self.pool = pool
        self.words = words

    def mutant(self, raw: bytes) -> bytes:
        """The input after a few changes."""
        for _ in range(self.rng.choice((1, 1, 2, 3, 6))):
            raw = self.rng.choice(CHANGES)(self, raw)
        return raw[:LONGEST]

    def span(self, raw: bytes, longest: int = 40) -> tuple[int, int]:
        start = self.rng.randint(0, len(raw))
        return start, min(len(raw), start + self.rng.randint(0, longest))

    def piece(self) -> bytes:
        """A word of the language, or something odd."""
        return self.rng.choice(self.words if self.words and self.rng.random() < 0.6 else ODD)

    def tokens(self, raw: bytes) -> list[bytes]:
        return TOKEN.findall(raw)


def _flip(m: Mutator, raw: bytes) -> bytes:
    if not raw:
        return m.piece()
    at = m.rng.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ 1 << m.rng.randrange(8)]) + raw[at + 1 :]


def _delete(m: Mutator, raw: bytes) -> bytes:
    start, end = m.span(raw)
    return raw[:start] + raw[end:]


def _cut(m: Mutator, raw: bytes) -> bytes:
    return raw[: m.rng.randint(0, len(raw))]


def _insert(m: Mutator, raw: bytes) -> bytes:
    start, _ = m.span(raw)
    return raw[:start] + m.piece() + raw[start:]


def _token(m: Mutator, raw: bytes) -> bytes:
    tokens = m.tokens(raw) or [b""]
    tokens[m.rng.randrange(len(tokens))] = m.piece()
    return b"".join(tokens)


def _exchange(m: Mutator, raw: bytes) -> bytes:
    tokens = m.tokens(raw)
    if len(tokens) < 2:
        return raw
    first, second = (m.rng.randrange(len(tokens)) for _ in range(2))
    tokens[first], tokens[second] = tokens[second], tokens[first]
    return b"".join(tokens)


def _repeat(m: Mutator, raw: bytes) -> bytes:
    start, end = m.span(raw, 200)
    times = m.rng.choice((2, 2, 2, 3, 70, 500))
    return raw[:end] + raw[start:end] * (times - 1) + raw[end:]


def _nest(m: Mutator, raw: bytes) -> bytes:
    start, end = m.span(raw, 200)
    opening, closing = m.rng.choice(PAIRS)
    times = m.rng.choice((1, 1, 1, 2, 70, 300))
    return raw[:start] + opening * times + raw[start:end] + closing * m.rng.choice((times, times, 0)) + raw[end:]


def _splice(m: Mutator, raw: bytes) -> bytes:
    other = m.rng.choice(m.pool)
    start, end = m.span(other, 400)
    at, to = m.span(raw)
    return raw[:at] + other[start:end] + raw[to:]


def _lines(m: Mutator, raw: bytes) -> bytes:
    lines = raw.splitlines(keepends=True)
    if not lines:
        return raw
    start = m.rng.randrange(len(lines))
    block = lines[start : start + m.rng.randint(1, 4)]
    if m.rng.random() < 0.5:
        other = m.rng.choice(m.pool).splitlines(keepends=True) or [b"\n"]
        first = m.rng.randrange(len(other))
        block = other[first : first + m.rng.randint(1, 6)]
    at = m.rng.randrange(len(lines) + 1)
    return b"".join(lines[:at] + block + lines[at + m.rng.choice((0, 0, 1, 2)) :])


def _indent(m: Mutator, raw: bytes) -> bytes:
    lines = raw.splitlines(keepends=True)
    if not lines:
        return raw
    start = m.rng.randrange(len(lines))
    blank = m.rng.choice((b"  ", b"  ", b" ", b"\t", b"- "))
    for n in range(start, min(len(lines), start + m.rng.randint(1, 6))):
        lines[n] = blank + lines[n] if m.rng.random() < 0.7 else lines[n].removeprefix(b"  ")
    return b"".join(lines)


def _value(m: Mutator, raw: bytes) -> bytes:
    """Puts something else behind a colon or an option."""
    places = [found.end() for found in re.finditer(rb":[ ]|-[a-z]+ ", raw)]
    if not places:
        return raw
    start = m.rng.choice(places)
    end = min([at for at in (raw.find(sign, start) for sign in (b"\n", b",", b"}", b"]")) if at >= 0], default=len(raw))
    return raw[:start] + m.rng.choice((m.piece(), b"[]", b"{}", b"[" + m.piece() + b"]", b"")) + raw[end:]


CHANGES: list[Change] = [
    *(_flip, _delete, _cut, _insert, _insert, _token, _token, _token, _exchange, _repeat, _nest, _splice, _splice),
    *(_lines, _lines, _lines, _indent, _value, _value, _value),
]


def words_of(corpus: Iterable[bytes], package: str) -> list[bytes]:
    """The words of a language: those of its files, and those that the reader's code compares with."""
    found = {token for raw in corpus for token in TOKEN.findall(raw) if WORD.match(token)}
    for module in [module for name, module in sys.modules.items() if name.startswith(package)]:
        found.update(text.encode() for text in _texts(module) if text.isascii() and WORD.match(text.encode()))
    return sorted(found)


def _texts(module: ModuleType) -> Iterator[str]:
    for value in list(vars(module).values()):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | tuple | list | set | frozenset):
            yield from (one for one in value if isinstance(one, str))
        elif isinstance(value, FunctionType):
            yield from _constants(value.__code__)
        elif isinstance(value, type):
            for member in vars(value).values():
                if isinstance(member, FunctionType):
                    yield from _constants(member.__code__)


def _constants(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple | frozenset):
            yield from (one for one in constant if isinstance(one, str))
        elif isinstance(constant, CodeType):
            yield from _constants(constant)
