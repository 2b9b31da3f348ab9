"""`[expr ...]` and `[format ...]` of Iterate templates: Tcl's whole-number arithmetic and its formats, computed here.

Knows no file: a mistake is a Fault with its offset in the text. Nothing else of Tcl is understood, so nothing can run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

LONGEST = 4096  # characters of one bracket
DEEPEST = 40
WIDEST = 1000  # of one format field
LARGEST = 2**63

Variables = Mapping[str, str]
Compute = Callable[[Variables], int]
Write = Callable[[Variables], str]

TOKEN = re.compile(
    r"[ \t\n]*+(?:(?P<number>0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|[0-9]+)(?![A-Za-z0-9_.])"
    r"|\$(?:\{(?P<braced>[^}]*)\}|(?P<name>[A-Za-z_][A-Za-z0-9_]*))"
    r"|(?P<sign>\|\||&&|[<>=!]=|[-+*/%<>!?:()\[])|(?P<end>\Z|\]))"
)
COMMAND = re.compile(r"\[[ \t\n]*(expr|format)[ \t\n]")
INTEGER = re.compile(r"[ \t\n]*([+-]?)(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|[0-9]+)[ \t\n]*\Z")
FIELD = re.compile(r"%(?:%|([-0+ ]*)([0-9]*)(\.[0-9]+)?([disxXo])|)")
# A word of format: in quotes, in braces, a variable, or plain; a bracket is read by itself.
ARGUMENT = re.compile(
    r"[ \t\n]*+(?:\"([^\"\\$\[\]]*)\"|\{([^{}\\]*)\}|\$(?:\{([^}]*)\}|([A-Za-z_]\w*))(?=[ \t\n\]])"
    r"|([^\s\"{}$\[\]\\]+)(?=[ \t\n\]])|(\[)|(\]))"
)


class Fault(Exception):
    """What is wrong with an expression, and where in its text."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset, self.message = offset, message


class Bracket(NamedTuple):
    """A bracket as read: `write(variables)` gives what stands for it; `length` is how long it is in the text."""

    write: Write
    length: int


def bracket(text: str, start: int = 0, end: int | None = None) -> Bracket:
    """The bracket that begins at an offset. Raises Fault, whose offset counts from `start`; so does `write`."""
    return _bracket(text[start : min(start + LONGEST + 1, len(text) if end is None else end)])


@lru_cache(maxsize=512)
def _bracket(text: str) -> Bracket:
    write, end = _Reader(text).bracketed(0, 0)
    return Bracket(write, end)


def integer(text: str, offset: int = 0) -> int:
    """A whole number as Tcl reads it: 0x, 0o and 0b, and octal after a leading 0. Raises Fault."""
    found = INTEGER.match(text) if len(text) < 100 else None
    if found is None:
        raise Fault(offset, f"{quoted(text)} is not a whole number")
    number = _digits(found[2], offset)
    return _bounded(-number if found[1] == "-" else number, offset)


def _digits(text: str, offset: int) -> int:
    if len(text) > 1 and text.isdigit() and text[0] == "0":
        if "8" in text or "9" in text:
            raise Fault(offset, f"{text} begins with 0, so it is octal, and has a digit that octal numbers have not")
        return int(text, 8)
    return int(text, 0) if len(text) < 100 else LARGEST


def _bounded(number: int, offset: int) -> int:
    if not -LARGEST <= number < LARGEST:
        raise Fault(offset, "the number is out of range; it must be between -2^63 and 2^63")
    return number


def _divided(left: int, right: int) -> int:
    return left // right


BINARY: tuple[dict[str, Callable[[int, int], int]], ...] = (
    {"==": lambda a, b: a == b, "!=": lambda a, b: a != b},
    {"<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b},
    {"+": lambda a, b: a + b, "-": lambda a, b: a - b},
    {"*": lambda a, b: a * b, "/": _divided, "%": lambda a, b: a % b},
)
UNARY: dict[str, Callable[[int], int]] = {"-": lambda a: -a, "+": lambda a: a, "!": lambda a: not a}


class _Reader:
    """Recursive descent over one short text, bounded in depth. Every method takes the offset and gives the next one."""

    def __init__(self, text: str) -> None:
        self.text = text

    def bracketed(self, at: int, depth: int) -> tuple[Write, int]:
        """`[expr ...]` or `[format ...]`."""
        self._look_at_depth(at, depth)
        found = COMMAND.match(self.text, at)
        if found is None:
            raise Fault(at, "Tcl command not supported: only expr and format are")
        if found[1] == "format":
            return self._format(found.end(), depth)
        compute, at = self._choice(found.end(), depth)
        if self.text[at : at + 1] != "]":
            raise self._unexpected(at)
        return (lambda variables: str(compute(variables))), at + 1

    def _look_at_depth(self, at: int, depth: int) -> None:
        if depth > DEEPEST:
            raise Fault(at, f"the expression is nested more than {DEEPEST} deep")

    def _unexpected(self, at: int) -> Fault:
        rest = self.text[at:].lstrip()
        if not rest and len(self.text) > LONGEST:
            return Fault(0, f"the expression is longer than {LONGEST:,} characters")
        if not rest:
            return Fault(len(self.text), "the bracket is never closed")
        return Fault(len(self.text) - len(rest), f"{quoted(rest[:12])} is not expected here")

    def _sign(self, at: int, *signs: str) -> tuple[str, int]:
        """The next sign when it is one of these, else ""."""
        found = TOKEN.match(self.text, at)
        if found and found["sign"] in signs:
            return found["sign"], found.end()
        return "", at

    def _choice(self, at: int, depth: int) -> tuple[Compute, int]:
        self._look_at_depth(at, depth)
        condition, at = self._or(at, depth)
        sign, after = self._sign(at, "?")
        if not sign:
            return condition, at
        yes, at = self._choice(after, depth + 1)
        sign, after = self._sign(at, ":")
        if not sign:
            raise self._unexpected(at)
        no, at = self._choice(after, depth + 1)
        return (lambda variables: yes(variables) if condition(variables) else no(variables)), at

    def _or(self, at: int, depth: int) -> tuple[Compute, int]:
        parts, at = self._chain(at, depth, "||", self._and)
        return parts[0] if len(parts) == 1 else (lambda variables: int(any(part(variables) for part in parts))), at

    def _and(self, at: int, depth: int) -> tuple[Compute, int]:
        parts, at = self._chain(at, depth, "&&", lambda at, depth: self._binary(at, depth, 0))
        return parts[0] if len(parts) == 1 else (lambda variables: int(all(part(variables) for part in parts))), at

    def _chain(
        self, at: int, depth: int, sign: str, part: Callable[[int, int], tuple[Compute, int]]
    ) -> tuple[list[Compute], int]:
        first, at = part(at, depth)
        parts = [first]
        while True:
            found, after = self._sign(at, sign)
            if not found:
                return parts, at
            more, at = part(after, depth)
            parts.append(more)

    def _binary(self, at: int, depth: int, level: int) -> tuple[Compute, int]:
        if level == len(BINARY):
            return self._unary(at, depth)
        first, at = self._binary(at, depth, level + 1)
        rest: list[tuple[str, int, Compute]] = []
        while True:
            sign, after = self._sign(at, *BINARY[level])
            if not sign:
                return (_folded(first, rest, BINARY[level]) if rest else first), at
            more, at = self._binary(after, depth, level + 1)
            rest.append((sign, after - len(sign), more))

    def _unary(self, at: int, depth: int) -> tuple[Compute, int]:
        self._look_at_depth(at, depth)
        sign, after = self._sign(at, *UNARY)
        if not sign:
            return self._operand(at, depth)
        inner, end = self._unary(after, depth + 1)
        change = UNARY[sign]
        return (lambda variables: _bounded(int(change(inner(variables))), at)), end

    def _operand(self, at: int, depth: int) -> tuple[Compute, int]:
        found = TOKEN.match(self.text, at)
        if found is None:
            raise self._unexpected(at)
        if found["number"]:
            number = _bounded(_digits(found["number"], found.start("number")), found.start("number"))
            return (lambda variables: number), found.end()
        if found["sign"] == "(":
            inner, at = self._choice(found.end(), depth + 1)
            sign, after = self._sign(at, ")")
            if not sign:
                raise self._unexpected(at)
            return inner, after
        if found["sign"] == "[":
            start = found.end() - 1
            write, end = self.bracketed(start, depth + 1)
            return (lambda variables: integer(write(variables), start)), end
        name = found["name"] or found["braced"]
        if not name:
            raise self._unexpected(at)
        place = found.end() - len(name) - 1
        return (lambda variables: integer(_variable(variables, name, place), place)), found.end()

    def _format(self, at: int, depth: int) -> tuple[Write, int]:
        words: list[Write] = []
        while True:
            found = ARGUMENT.match(self.text, at)
            if found is None:
                raise self._unexpected(at)
            if found[7]:
                break
            if found[6]:
                write, at = self.bracketed(found.end() - 1, depth + 1)
            else:
                write, at = _argument(found), found.end()
            words.append(write)
        if not words:
            raise Fault(at, "format needs a text such as %04d")
        first, start = words[0], at
        return (lambda variables: _formatted(first(variables), words[1:], variables, start)), found.end()


def _argument(found: re.Match[str]) -> Write:
    name = found[3] or found[4]
    if name:
        place = found.start(3) if found[3] else found.start(4)
        return lambda variables: _variable(variables, name, place)
    text = found[1] or found[2] or found[5] or ""
    return lambda variables: text


def _variable(variables: Variables, name: str, place: int) -> str:
    if name not in variables:
        raise Fault(place, f"no variable {quoted(name)} is assigned or iterated here")
    return variables[name]


def _folded(
    first: Compute, rest: list[tuple[str, int, Compute]], signs: Mapping[str, Callable[[int, int], int]]
) -> Compute:
    def compute(variables: Variables) -> int:
        value = first(variables)
        for sign, place, more in rest:
            right = more(variables)
            if not right and sign in "/%":
                raise Fault(place, "division by zero")
            value = _bounded(int(signs[sign](value, right)), place)
        return value

    return compute


def _formatted(text: str, words: list[Write], variables: Variables, place: int) -> str:
    parts, at, number = [], 0, 0
    for found in FIELD.finditer(text):
        parts.append(text[at : found.start()])
        at = found.end()
        if found[0] == "%%":
            parts.append("%")
            continue
        if not found[4]:
            raise Fault(place, f"{quoted(text[found.start() :][:8])} is not supported in format; %d, %s, %x and %o are")
        if number == len(words):
            raise Fault(place, "format has more % fields than values")
        parts.append(_field(found, words[number](variables), place))
        number += 1
    return "".join([*parts, text[at:]])


def _field(found: re.Match[str], value: str, place: int) -> str:
    flags, width, precision, kind = found[1], int(found[2][:6] or 0), int((found[3] or ".0")[1:7]), found[4]
    if max(width, precision) > WIDEST:
        raise Fault(place, f"a field of format is wider than {WIDEST:,}")
    how = f"%{flags}{width or ''}{f'.{precision}' if found[3] else ''}{kind}"
    if kind == "s":
        return how.replace("0", "", flags.count("0")) % value
    number = integer(value, place)
    if number < 0 and kind in "xXo":
        raise Fault(place, f"%{kind} is for numbers from 0")
    return how % number
