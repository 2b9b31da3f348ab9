"""How readers and checks say things: guesses, nothing too long.

Knows no language and no rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

PROBLEM_LIMIT = 1_000  # of one reading; a generated file may have one mistake a million times
LONGEST_MESSAGE = 600


def clipped(message: str) -> str:
    """The message, without its middle when it is very long."""
    if len(message) <= LONGEST_MESSAGE:
        return message
    return f"{message[: LONGEST_MESSAGE - 100]}... {message[-80:]}"


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word most like this one, case and dashes aside, when one is like it at all."""
    if len(word) > 100:
        return None
    # Imported here: only a mistake needs it.
    import difflib

    plain = {_plain(name): name for name in known}
    near = difflib.get_close_matches(_plain(word), plain, 1, cutoff)
    return plain[near[0]] if near else None


def _plain(word: str) -> str:
    return word.casefold().replace("-", "_")


def suggestion(word: str, known: Collection[str]) -> str:
    """`did you mean "steps"?` when one of the known words is close, else nothing."""
    near = nearest(word, known)
    return "" if near is None else f'did you mean "{near}"?'
