"""Whether a manifest's `progress:` can be used: a regular expression that finds a percentage, and never takes long.

Knows no log. Python's matching goes back over every choice it has made, so what leaves many choices open is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from job_manager.model.pattern import late
from job_manager.model.record import NamedTuple

LONGEST = 200  # characters
MOST_ALTERNATIVES = 4  # `|` and `(...)?`: each may double the work
MOST_OPEN = 2  # repeats whose end is not clear: each multiplies the work by the length of a line

TOKEN = late(
    r"""(?: (?P<open> \( (?: \?: | \?P<\w+> | (?!\?) ) ) | (?P<close> \) ) | (?P<either> \| )
    | (?P<edge> \^ | \$ | \\[AbBZ] )
    | (?P<atom> \[ \^? \]? (?: \\. | [^\]\\] )* \] | \\x[0-9a-fA-F]{2} | \\u[0-9a-fA-F]{4} | \\[^0-9xuUN]
        | [^\\()|^$] ) )
    (?P<often> [*+?] | \{ (?: \d+ (?: , \d* )? | , \d* ) \} )? [?+]?""",
    re.VERBOSE | re.DOTALL,
)
ONCE = {"": (1, True), "?": (0, False), "*": (0, False), "+": (1, False)}


class Fault(NamedTuple):
    """What is wrong with a pattern, and what to write instead."""

    message: str
    hint: str = ""


class Unusable(Exception):
    """Carries the fault out of the reading."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.fault = Fault(message, hint)


class Atom(NamedTuple):
    """A character or set: its text, whether it must be there, and whether it is there a fixed number of times.
    The text of an end of the line is ""."""

    text: str
    needed: bool
    fixed: bool


def fault(pattern: str) -> Fault | None:
    """Why this pattern cannot be used, or None."""
    try:
        _refuse_odd(pattern)
        _refuse_slow(list(_atoms(pattern)))
    except Unusable as unusable:
        return unusable.fault
    return None


def _refuse_odd(pattern: str) -> None:
    if not pattern.strip():
        raise Unusable("is empty", r"a regular expression with one group, such as 'done: (\d+)%'")
    if len(pattern) > LONGEST:
        raise Unusable(f"has {len(pattern)} characters; the limit is {LONGEST}")
    try:
        groups = re.compile(pattern, re.ASCII).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise Unusable(f"is no regular expression: {error}") from None
    if groups not in (1, 2):
        found = f"{groups} groups" if groups else "no group"
        hint = r"one for the percentage, '(\d+)%', or two, done and total, '(\d+) of (\d+)'; others are written (?:...)"
        raise Unusable(f"has {found}", hint)


def _atoms(pattern: str) -> Iterator[Atom]:
    """The characters and sets in order, groups dissolved. Raises Unusable for what cannot be judged."""
    at = alternatives = 0
    soft = _soft_spans(pattern)
    while at < len(pattern):
        token = TOKEN.match(pattern, at)
        if token is None:
            raise Unusable(
                f"uses {pattern[at : at + 3]!r}, which is too much here", "sets, repeats and plain groups will do"
            )
        often = token["often"] or ""
        if token["close"] and often not in ("", "?"):
            raise Unusable(
                "repeats a group, which could take for ever", r"repeat characters or sets only: '\d+', '[^ ]*'"
            )
        alternatives += bool(token["either"] or (token["close"] and often))
        if token["edge"] in ("$", r"\Z"):
            yield Atom("", True, True)
        elif token["atom"]:
            needed, fixed = _times(often)
            yield Atom(token["atom"], needed and not any(first <= at < last for first, last in soft), fixed)
        at = token.end()
    if alternatives > MOST_ALTERNATIVES:
        raise Unusable(f"has {alternatives} alternatives; the limit is {MOST_ALTERNATIVES}")


def _soft_spans(pattern: str) -> list[tuple[int, int]]:
    """The parts that a line may do without: groups that are optional or have alternatives."""
    spans, begun, soft = [], [0], [False]
    for token in TOKEN.finditer(pattern):
        if token["open"]:
            begun.append(token.start())
            soft.append(False)
        elif token["either"]:
            soft[-1] = True
        elif token["close"] and len(begun) > 1:
            first, optional = begun.pop(), soft.pop()
            spans += [(first, token.end())] if optional or token["often"] else []
    return [*spans, (0, len(pattern))] if soft[0] else spans


def _times(often: str) -> tuple[bool, bool]:
    """Whether it must be there at all, and whether always as many times."""
    if often in ONCE:
        low, fixed = ONCE[often]
        return bool(low), fixed
    low_text, _, high_text = often[1:-1].partition(",")
    return bool(int(low_text or 0)), "," not in often or low_text == high_text


def _refuse_slow(atoms: list[Atom]) -> None:
    chars = sorted({*map(chr, range(128)), "\ufffd", *(char for atom in atoms for char in atom.text)})
    sets = {atom.text: _matched(atom.text, chars) for atom in atoms}
    opened = sum(not atom.fixed and not _ends(number, atoms, sets) for number, atom in enumerate(atoms))
    if opened > MOST_OPEN:
        message = (
            f"has {opened} repeats that could end at several places, which could take long; the limit is {MOST_OPEN}"
        )
        raise Unusable(message, "let something follow each that it does not match itself: '[^:]*:'")


def _matched(text: str, chars: list[str]) -> frozenset[str]:
    if not text:
        return frozenset()
    one = re.compile(text, re.ASCII)
    return frozenset(char for char in chars if one.fullmatch(char))


def _ends(number: int, atoms: list[Atom], sets: dict[str, frozenset[str]]) -> bool:
    """Whether a repeat can end at one place only: it matches nothing that may follow it."""
    mine = sets[atoms[number].text]
    for atom in atoms[number + 1 :]:
        if mine & sets[atom.text]:
            return False
        if atom.needed:
            return True
    return True
