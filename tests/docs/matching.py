"""Whether what a command printed is what its page shows: `...` stands for anything, and what is never twice the same
(ids, durations, times, processes, where things lie) for its like. Runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

ID = re.compile(r"\b[0-9a-f]{12}\b")
VARYING = (
    (re.compile(r"\b\d+h \d\dm\b|\b\d+m \d\ds\b|\b\d+(?:\.\d+)?s\b"), "0.0s"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b"), "0000-00-00 00:00:00"),
    (re.compile(r"\b(since|at) \d\d:\d\d:\d\d\b"), r"\1 00:00:00"),
    (re.compile(r"\b\d{10}\.\d+\b"), "0000000000.0"),
    (re.compile(r'"seconds": \d+\.\d+'), '"seconds": 0.0'),
    (re.compile(r"\bprocess \d+\b"), "process 0"),
    (re.compile(r"(?<=\S) {2,}"), "  "),
)
# Which of two that run at the same time ends first is nobody's promise.
ENDED = re.compile(r"^\s*0\.0s  \S+/\S+: (?:done|failed) ")

# Whether the beginning of an attempt that is over at once is heard of before its end is nobody's promise either.
BEGAN = re.compile(r"0000-00-00 00:00:00  attempt \d+ began$")


def plain(lines: Iterable[str]) -> list[str]:
    """The lines with everything that varies made alike, and those of actions of one step in one order."""
    found = []
    for line in lines:
        for pattern, instead in VARYING:
            line = pattern.sub(instead, line)
        if not BEGAN.match(line):
            found.append(re.sub(r"^ +(?=0\.0s  )", "    ", line).rstrip())
    return _ordered(found)


def _ordered(lines: list[str]) -> list[str]:
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and ENDED.match(lines[end]):
            end += 1
        lines[at:end] = sorted(lines[at:end])
        at = max(end, at + 1)
    return lines


def match(expected: list[str], printed: list[str], ids: Mapping[str, str]) -> dict[str, str] | None:
    """None when they differ, else the ids of the page and what they were here; `ids` are those known before."""
    groups: dict[str, str] = {}
    pattern = _pattern(plain(expected), dict(ids), groups)
    found = re.fullmatch(pattern, "\n".join(plain(printed)) + "\n" if printed else "")
    return None if found is None else {**ids, **{id: found[group] for id, group in groups.items()}}


def _pattern(lines: list[str], ids: dict[str, str], groups: dict[str, str]) -> str:
    parts = []
    for line in lines:
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
            continue
        parts.append(_words(line, ids, groups) + r"\n")
    return "".join(parts)


def _words(line: str, ids: dict[str, str], groups: dict[str, str]) -> str:
    words = []
    at = 0
    for found in ID.finditer(line):
        words.append(_anything(line[at : found.start()]))
        words.append(_id(found[0], ids, groups))
        at = found.end()
    return "".join([*words, _anything(line[at:])])


def _anything(text: str) -> str:
    return r"[^\n]*".join(map(re.escape, text.split("...")))


def _id(id: str, ids: dict[str, str], groups: dict[str, str]) -> str:
    if id in ids:
        return re.escape(ids[id])
    if id in groups:
        return f"(?P={groups[id]})"
    groups[id] = f"id{len(groups)}"
    return f"(?P<{groups[id]}>{ID.pattern})"
