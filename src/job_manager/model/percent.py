"""`%j`, `%D(path)` and the like in the words of a command that was written in Alfscript, and `~` before them.

What is not known stays as it is written: dates and patterns of file names are full of `%`. Knows no file and no host.
"""

from __future__ import annotations

from collections.abc import Iterable

from job_manager.model.hints import TYPE_CHECKING
from job_manager.model.pattern import late
from job_manager.model.record import NamedTuple

if TYPE_CHECKING:
    import re

SIGN = late(r"%(?:(?P<plain>[%hHnjtr])|(?P<map>D\())")
OTHER_HOST = late(r"\([^()\s]*\)")
PAREN = late(r"[()]")


class Known(NamedTuple):
    """What the signs stand for: `%j` job, `%t` task, `%r` resumed, `%n` slots, `%h` host; `~` is `home`, and `%D(path)`
    a path of which the beginning is the first of a pair of `maps` has the second there."""

    job: str
    task: str
    resumed: bool = False
    slots: int = 1
    host: str = "localhost"
    home: str = ""
    maps: tuple[tuple[str, str], ...] = ()


def means_something(words: Iterable[str]) -> bool:
    """Whether anything in these words is replaced."""
    return any((word.startswith("~") and _at_home(word)) or ("%" in word and SIGN.search(word)) for word in words)


def filled(word: str, known: Known) -> str:
    """The word with its signs replaced."""
    if known.home and word.startswith("~") and _at_home(word):
        word = known.home + word[1:]
    if "%" not in word:
        return word
    parts, at = [], 0
    while found := SIGN.search(word, at):
        parts.append(word[at : found.start()])
        text, at = _mapped(word, found, known) if found["map"] else _plain(word, found, known)
        parts.append(text)
    return "".join(parts) + word[at:]


def _at_home(word: str) -> bool:
    return word[1:2] in ("", "/")


def _plain(word: str, found: re.Match[str], known: Known) -> tuple[str, int]:
    """What a sign of one letter says, and where reading goes on."""
    sign, end = found["plain"], found.end()
    if sign == "h" and (named := OTHER_HOST.match(word, end)):
        end = named.end()  # of another command: everything runs on this machine
    said = {
        "%": "%",
        "h": known.host,
        "H": f"-h {known.host}",
        "n": str(known.slots),
        "j": known.job,
        "t": known.task,
        "r": str(int(known.resumed)),
    }
    return said[sign], end


def _mapped(word: str, found: re.Match[str], known: Known) -> tuple[str, int]:
    """`%D(path)`: the path on this machine. Without a closing parenthesis it is text."""
    depth = 1
    for paren in PAREN.finditer(word, found.end()):
        depth += 1 if paren[0] == "(" else -1
        if not depth:
            return mapped(word[found.end() : paren.start()], known.maps), paren.end()
    return found[0], found.end()


def mapped(path: str, maps: Iterable[tuple[str, str]]) -> str:
    """The path with its beginning replaced by the first pair that fits."""
    for source, target in maps:
        if source and path.startswith(source):
            return target + path[len(source) :]
    return path
