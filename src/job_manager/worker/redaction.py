"""Takes secrets out of what is printed; as a program it stands between an attempt and its logs, started by the keeper.

Finds each value as it is, in base64, URL-encoded, in hexadecimal and as JSON. Standard library only: it is carried
beside the keeper. Knows no job and no file of secrets.
"""

from __future__ import annotations

import binascii
import os
from collections.abc import Iterable, Iterator

SHORTEST = 8  # bytes of a text that is looked for: shorter ones stand in much that is no secret
MASK = b"***"
PIECE = 1 << 16  # bytes that are read at once
WRAPS = (76, 64)  # characters in a line of base64, as base64(1), MIME and PEM write it
UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
SAFE = (UNRESERVED, UNRESERVED + b"/", UNRESERVED + b"!'()*", b"")  # what encoders leave as it is
VARIABLES = "JM_SECRETS"  # names, by commas, the variables whose values the program takes out


class Redaction:
    """A stream with every form of some values masked: `feed` gives what is certain, `rest` what is left at the end."""

    def __init__(self, values: Iterable[bytes]) -> None:
        self._forms = sorted({form for value in values for form in forms(value)})
        self._held = b""
        self._covered = 0  # leading bytes of what is held that belong to something already masked

    def feed(self, piece: bytes) -> bytes:
        """What may go out now. What could be the beginning of a form is kept back until more is known."""
        text = self._held + piece
        return self._masked(text, self._undecided(text))

    def rest(self) -> bytes:
        """What was kept back, when nothing follows."""
        return self._masked(self._held, len(self._held))

    def whole(self, text: bytes) -> bytes:
        """A whole text without the values."""
        return Redaction._masked(self._fresh(), text, len(text))

    def beginning(self, text: bytes) -> bytes:
        """The same of a text that was cut off: what could be the beginning of a form is left out."""
        return self._fresh().feed(text)

    def text(self, text: str) -> str:
        """The same for text."""
        return self.whole(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def finds(self, text: str) -> bool:
        """Whether any of the values stands there."""
        blob = text.encode("utf-8", "surrogateescape")
        return any(form in blob for form in self._forms)

    def _fresh(self) -> Redaction:
        other = Redaction(())
        other._forms = self._forms
        return other

    def _masked(self, text: bytes, end: int) -> bytes:
        """`text` up to `end`; whatever overlaps becomes one mask."""
        out, clear = [], self._covered
        for start, stop in sorted(self._found(text)):
            if start >= end:
                break
            if start >= clear:
                out += [text[clear:start], MASK]
            clear = max(clear, stop)
        out.append(text[clear:end])
        self._held, self._covered = text[end:], max(0, clear - end)
        return b"".join(out)

    def _found(self, text: bytes) -> Iterator[tuple[int, int]]:
        for form in self._forms:
            at = text.find(form)
            while at >= 0:
                yield at, at + len(form)
                at = text.find(form, at + 1)

    def _undecided(self, text: bytes) -> int:
        """Where the first beginning of a form stands that reaches the end of the text."""
        first = len(text)
        for form in self._forms:
            at = text.find(form[:1], max(0, len(text) - len(form) + 1), first)
            while at >= 0:
                if form.startswith(text[at : at + 16]) and form.startswith(text[at:]):
                    first = at
                    break
                at = text.find(form[:1], at + 1, first)
        return first


def forms(value: bytes) -> set[bytes]:
    """What a value looks like where programs print it. Of several lines each is a value, too."""
    lines = [line.strip() for line in value.splitlines()] if b"\n" in value else []
    texts = [text for text in (value, value.strip(), *lines) if len(text) >= SHORTEST]
    found = {form for text in texts for form in _forms(text)}
    return {form for form in found if len(form) >= SHORTEST}


def _forms(text: bytes) -> Iterator[bytes]:
    yield text
    yield from _base64(text)
    for digits in (b"0123456789ABCDEF", b"0123456789abcdef"):
        yield b"".join(bytes((digits[byte >> 4], digits[byte & 15])) for byte in text)
        codes = {byte: bytes((37, digits[byte >> 4], digits[byte & 15])) for byte in set(text)}
        for safe in SAFE:
            encoded = b"".join(bytes((byte,)) if byte in safe else codes[byte] for byte in text)
            yield encoded
            yield encoded.replace(b"%20", b"+")
    yield from _as_json(text)


def _base64(text: bytes) -> Iterator[bytes]:
    """Wherever in what is encoded the text stands: of the three ways to divide it only what depends on nothing else."""
    for shift, known_from in ((0, 0), (1, 2), (2, 3)):
        encoded = binascii.b2a_base64(bytes(shift) + text, newline=False)
        certain = encoded[known_from : (shift + len(text)) * 8 // 6]
        for form in (encoded[known_from:], certain, *_wrapped(certain)):
            yield form
            yield form.translate(_FOR_URLS)
            yield form.rstrip(b"=").translate(_FOR_URLS)
        yield encoded[known_from:].replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D")


_FOR_URLS = bytes.maketrans(b"+/", b"-_")


def _wrapped(encoded: bytes) -> Iterator[bytes]:
    for width in WRAPS:
        if len(encoded) > width:
            yield from (encoded[at : at + width] for at in range(0, len(encoded), width))


def _as_json(text: bytes) -> Iterator[bytes]:
    """With the escapes of JSON, which are those of Python's and C's texts as well, as far as they are usual."""
    escaped = text.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r").replace(b"\t", b"\\t")
    yield escaped
    yield escaped.replace(b'"', b'\\"')
    yield escaped.replace(b'"', b'\\"').replace(b"/", b"\\/")
    yield escaped.replace(b"'", b"\\'")
    yield text.replace(b"'", b"'\\''")  # and of a shell
    yield text.replace(b"'", b"'\"'\"'")
    if not text.isascii():
        plain = escaped.replace(b'"', b'\\"').decode("utf-8", "replace")
        yield "".join(_unicode(character) for character in plain).encode("ascii", "replace")


def _unicode(character: str) -> str:
    if character < "\x80":
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


# --- the program ------------------------------------------------------------------------------------------------------


class Outlet:
    """One log. What cannot be written is dropped and counted: the child must never wait for a full disk."""

    def __init__(self, handle: int, values: Iterable[bytes]) -> None:
        self._handle, self._redaction, self._lost = handle, Redaction(values), 0

    def take(self, piece: bytes) -> None:
        """The next that was printed; nothing at the end."""
        self._write(self._redaction.feed(piece) if piece else self._redaction.rest())

    def _write(self, text: bytes) -> None:
        if self._lost and text:
            text = b"\n[... %d bytes could not be written ...]\n" % self._lost + text
        while text:
            try:
                text = text[os.write(self._handle, text) :]
                self._lost = 0
            except OSError:
                self._lost += len(text)
                return


def main() -> None:
    """Standard input goes to standard output, and descriptor 3 to 4 where it is open, until all are closed."""
    import select

    _be_quiet()
    names = os.environb[VARIABLES.encode()].split(b",")
    values = [os.environb[name] for name in names]
    outlets = {source: Outlet(target, values) for source, target in ((0, 1), (3, 4)) if _is_open(source)}
    poll = select.poll()
    for source in outlets:
        poll.register(source, select.POLLIN)
    while outlets:
        for source, _ in poll.poll():
            piece = os.read(source, PIECE)
            outlets[source].take(piece)
            if not piece:
                poll.unregister(source)
                del outlets[source]


def _be_quiet() -> None:
    """It ends with what it listens to, and not before; it leaves no picture of its memory."""
    import resource
    import signal

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir("/")


def _is_open(handle: int) -> bool:
    try:
        os.fstat(handle)
    except OSError:
        return False
    return True
