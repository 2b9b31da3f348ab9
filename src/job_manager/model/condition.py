"""`when:`: a condition on params and on how needed entries ended. Read, simplified with values, and asked. Pure.

    params.quality == high and not params.draft        encode.failed or probe.failed

Comparisons (== != < <= > >=) of params, numbers and texts; a param alone is true unless it is empty, 0 or false;
NAME.succeeded, NAME.failed, NAME.skipped and NAME.done (in whatever way); and, or, not, parentheses. A name with blanks
or signs in it stands in quotes ("my step".failed); in quotes a doubled quote is one. Nothing is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from job_manager.model.params import PREFIX
from job_manager.model.pattern import late
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

WORD = late(r"[^\s\"'()<>=!]+\Z")
STATES = ("succeeded", "failed", "skipped", "done")
LONGEST = 4096
DEEPEST = 50
QUOTED = r"""(?:"(?:[^"\n]|"")*"|'(?:[^'\n]|'')*')"""
TOKEN = late(
    rf"""\s*(?:(?P<ended>{QUOTED}\.(?:{"|".join(STATES)})(?![^\s"'()<>=!]))|(?P<text>{QUOTED})"""
    r"""|(?P<sign>==|!=|<=|>=|<|>|\(|\))|(?P<word>[^\s"'()<>=!]+))"""
)
SIGNS = ("==", "!=", "<", "<=", ">", ">=")
RESERVED = ("and", "or", "not")


class Value(NamedTuple):
    """A text or a number as it is written."""

    text: str


class ParamValue(NamedTuple):
    name: str


class Ended(NamedTuple):
    """How an entry (by its name or path) ended: one of STATES."""

    name: str
    state: str


class Compared(NamedTuple):
    sign: str
    left: Value | ParamValue
    right: Value | ParamValue


class Not(NamedTuple):
    inner: Condition


class Both(NamedTuple):
    """`all` of the parts, else any."""

    all: bool
    parts: tuple[Condition, ...]


Condition = Value | ParamValue | Ended | Compared | Not | Both
TRUE, FALSE = Value("true"), Value("false")


@lru_cache(1024)  # a hundred thousand actions share a few, and each is asked several times
def parse(text: str) -> Condition:
    """The condition of a text. Raises ValueError with a sentence for what is none."""
    if len(text) > LONGEST:
        raise ValueError(f"the condition has {len(text):,} characters; the limit is {LONGEST:,}")
    parser = _Parser(list(_tokens(text)))
    found = parser.either(0)
    if parser.left:
        raise ValueError(f"{quoted(parser.left[0][1])} is not expected here")
    return found


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = TOKEN.match(text, at)
        if not match:
            raise ValueError(f"{quoted(text[at:].strip()[:20])} cannot be read; compare with ==, !=, <, <=, > or >=")
        kind = match.lastgroup or ""
        yield kind, match[kind]
        at = match.end()


class _Parser:
    """Recursive descent over few tokens, bounded in depth."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.left = tokens

    def _next(self, *words: str) -> str:
        """The next token if it is one of these words or signs, taken; else ""."""
        if self.left and self.left[0][0] in ("sign", "word") and self.left[0][1] in words:
            return self.left.pop(0)[1]
        return ""

    def either(self, depth: int) -> Condition:
        return self._joined("or", lambda: self._joined("and", lambda: self._negated(depth)))

    def _joined(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self._next(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Both(word == "and", tuple(parts))

    def _negated(self, depth: int) -> Condition:
        if depth > DEEPEST:
            raise ValueError(f"the condition is nested more than {DEEPEST} deep")
        if self._next("not"):
            return Not(self._negated(depth + 1))
        if self._next("("):
            inner = self.either(depth + 1)
            if not self._next(")"):
                raise ValueError('a ")" is missing')
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        left = self._operand()
        sign = self._next(*SIGNS)
        if not sign:
            return left
        right = self._operand()
        if isinstance(left, Ended) or isinstance(right, Ended):
            raise ValueError("how an entry ended is not compared; write NAME.failed alone")
        return Compared(sign, left, right)

    def _operand(self) -> Value | ParamValue | Ended:
        if not self.left:
            raise ValueError("the condition ends where a value is expected")
        kind, word = self.left.pop(0)
        if kind == "text":
            return Value(_unquoted(word))
        if kind == "ended":
            name, _, state = word.rpartition(".")
            return Ended(_unquoted(name), state)
        if kind == "sign" or word in RESERVED:
            raise ValueError(f"{quoted(word)} stands where a value is expected")
        return _meant(word)


def _meant(word: str) -> Value | ParamValue | Ended:
    """What a word without quotes is."""
    if word.startswith(PREFIX):
        return ParamValue(word[len(PREFIX) :])
    name, dot, state = word.rpartition(".")
    return Ended(name, state) if dot and name and state in STATES else Value(word)


def _unquoted(token: str) -> str:
    return token[1:-1].replace(token[0] * 2, token[0])


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def params_in(condition: Condition) -> Iterator[str]:
    """The names of the params a condition asks for."""
    for part in _parts(condition):
        if isinstance(part, ParamValue):
            yield part.name


def names_in(condition: Condition) -> Iterator[str]:
    """The names of the entries a condition asks for."""
    for part in _parts(condition):
        if isinstance(part, Ended):
            yield part.name


@lru_cache(1024)  # as above
def asked(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the condition of a text asks for: the names of params, and of entries. Raises ValueError as `parse`."""
    condition = parse(text)
    return tuple(dict.fromkeys(params_in(condition))), tuple(dict.fromkeys(names_in(condition)))


def _parts(condition: Condition) -> Iterator[Condition]:
    todo = [condition]
    while todo:
        part = todo.pop()
        yield part
        if isinstance(part, Both):
            todo.extend(reversed(part.parts))
        elif isinstance(part, Not):
            todo.append(part.inner)
        elif isinstance(part, Compared):
            todo += [part.right, part.left]


def alone(condition: Condition) -> Iterator[Value]:
    """The words that stand alone in a condition, compared with nothing: they are always so, or never."""
    todo = [condition]
    while todo:
        part = todo.pop()
        if isinstance(part, Value):
            yield part
        elif isinstance(part, Both):
            todo.extend(reversed(part.parts))
        elif isinstance(part, Not):
            todo.append(part.inner)


def renamed(condition: Condition, change: Callable[[Ended], Ended]) -> Condition:
    """The condition with every question after an entry's end changed."""
    if isinstance(condition, Both):
        return Both(condition.all, tuple(renamed(part, change) for part in condition.parts))
    if isinstance(condition, Not):
        return Not(renamed(condition.inner, change))
    return change(condition) if isinstance(condition, Ended) else condition


def simplified(condition: Condition, values: Mapping[str, str]) -> Condition:
    """The condition with the values of params put in; TRUE or FALSE where that settles it."""
    if isinstance(condition, Both):
        return _joined(condition.all, [simplified(part, values) for part in condition.parts])
    if isinstance(condition, Not):
        inner = simplified(condition.inner, values)
        return (FALSE if inner == TRUE else TRUE) if inner in (TRUE, FALSE) else Not(inner)
    if isinstance(condition, Compared):
        return TRUE if _compare(condition, values) else FALSE
    if isinstance(condition, Ended):
        return condition
    return TRUE if _truth(_text(condition, values)) else FALSE


def _joined(all_of: bool, parts: list[Condition]) -> Condition:
    settling, passing = (FALSE, TRUE) if all_of else (TRUE, FALSE)
    if settling in parts:
        return settling
    kept = tuple(part for part in parts if part != passing)
    return Both(all_of, kept) if len(kept) > 1 else kept[0] if kept else passing


def _text(operand: Condition, values: Mapping[str, str]) -> str:
    return values.get(operand.name, "") if isinstance(operand, ParamValue) else getattr(operand, "text", "")


def _truth(text: str) -> bool:
    return text.strip().lower() not in ("", "0", "false", "0.0")


def _compare(condition: Compared, values: Mapping[str, str]) -> bool:
    left, right = _text(condition.left, values), _text(condition.right, values)
    numbers = _number(left), _number(right)
    one, other = (left, right) if None in numbers else numbers
    order = (one > other) - (one < other)  # type: ignore[operator]
    return {"==": order == 0, "!=": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[
        condition.sign
    ]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number == number else None  # "nan" is a text: it would be equal to every number


def holds(condition: Condition, ended: Callable[[str], str]) -> bool:
    """Whether a simplified condition holds; `ended` gives succeeded, failed or skipped for an entry's name."""
    if isinstance(condition, Both):
        return (all if condition.all else any)(holds(part, ended) for part in condition.parts)
    if isinstance(condition, Not):
        return not holds(condition.inner, ended)
    if isinstance(condition, Ended):
        return condition.state == "done" or ended(condition.name) == condition.state
    return condition == TRUE


def text_of(condition: Condition) -> str:
    """The condition as text that `parse` reads back."""
    if isinstance(condition, Both):
        word = " and " if condition.all else " or "
        return word.join(f"({text_of(part)})" if isinstance(part, Both) else text_of(part) for part in condition.parts)
    if isinstance(condition, Not):
        inner = text_of(condition.inner)
        return f"not ({inner})" if isinstance(condition.inner, Both) else f"not {inner}"
    if isinstance(condition, Ended):
        plain = bool(WORD.match(condition.name)) and not condition.name.startswith(PREFIX)
        return f"{condition.name if plain else _quoted(condition.name)}.{condition.state}"
    if isinstance(condition, Compared):
        return f"{text_of(condition.left)} {condition.sign} {text_of(condition.right)}"
    if isinstance(condition, ParamValue):
        return PREFIX + condition.name
    # What would be read as something else without quotes has them.
    text = condition.text
    return text if WORD.match(text) and text not in RESERVED and _meant(text) == condition else _quoted(text)
