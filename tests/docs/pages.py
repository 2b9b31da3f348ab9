"""The pages of the documentation as blocks: what stands in fences, and what a comment before a fence says of it.

Reads Markdown as far as that; runs nothing. How examples are written is said in docs/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(`{3,})\s*([\w-]*)\s*$")
SAID = re.compile(r"^<!-- (file|not run|typed as): (.+?) -->$")
NAMED = re.compile(r"^# ([\w.-]+(?:/[\w.-]+)*\.(?:yaml|yml|py|sh|txt))$")
RUN = frozenset({"console", "python"})


@dataclass(frozen=True)
class Block:
    """One fence. `line` is that of its first line of text (1-based); `said` are the comments before it."""

    page: str
    line: int
    language: str
    text: str
    said: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The file that the block is, or ""."""
        if "file" in self.said:
            return self.said["file"]
        first = NAMED.match(self.text.partition("\n")[0])
        return first[1] if first and self.language in ("yaml", "python", "sh", "text") else ""

    @property
    def excuse(self) -> str:
        """Why it is not run, or ""."""
        return self.said.get("not run", "")

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """One command of a console block and the lines that the page shows below it, `start` to `end` in the page's lines
    (0-based, `end` excluded)."""

    text: str
    expected: list[str]
    start: int
    end: int


def pages() -> list[str]:
    """The pages for users, as paths from the root."""
    found = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
    return ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "examples/media/README.md", *found]


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, text: str | None = None) -> list[Block]:
    """The fences of a page, in order."""
    return list(_blocks(page, (text_of(page) if text is None else text).split("\n")))


def _blocks(page: str, lines: list[str]) -> Iterator[Block]:
    said: dict[str, str] = {}
    at = 0
    while at < len(lines):
        opened = FENCE.match(lines[at])
        if opened:
            end = next(n for n in range(at + 1, len(lines)) if lines[n].rstrip() == opened[1])
            yield Block(page, at + 2, opened[2], "\n".join(lines[at + 1 : end]) + "\n", said)
            said, at = {}, end
        elif comment := SAID.match(lines[at]):
            said = said | {comment[1]: comment[2]}
        elif lines[at].strip():
            said = {}
        at += 1


def commands(block: Block) -> list[Command]:
    """The commands of a console block, each with what is shown below it."""
    lines = block.text.removesuffix("\n").split("\n")
    found: list[Command] = []
    at = 0
    while at < len(lines):
        if not lines[at].startswith("$ "):
            raise AssertionError(f"{block.page}:{block.line + at}: a console block begins with a command: $ ...")
        typed = [lines[at][2:]]
        while typed[-1].endswith("\\"):
            at += 1
            typed.append(lines[at])
        first = at + 1
        end = next((n for n in range(first, len(lines)) if lines[n].startswith("$ ")), len(lines))
        offset = block.line - 1
        found.append(Command("\n".join(typed), lines[first:end], offset + first, offset + end))
        at = end
    return found
