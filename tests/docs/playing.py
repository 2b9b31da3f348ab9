"""A page played from top to bottom in a sandbox: files written, commands typed, what they print held against the page.

`python -m tests.docs.playing PAGE...` puts what was printed into the pages instead, wherever it differs.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from difflib import SequenceMatcher, unified_diff
from pathlib import Path
from typing import NamedTuple

from tests.docs.matching import ID, match, plain
from tests.docs.pages import ROOT, Block, Command, blocks, commands, text_of
from tests.docs.sandbox import Sandbox


class Difference(NamedTuple):
    """What a command printed is not what the page shows."""

    block: Block
    command: Command
    printed: list[str]

    def __str__(self) -> str:
        shown, printed = (
            [ID.sub("ID", line) for line in plain(lines)] for lines in (self.command.expected, self.printed)
        )
        lines = unified_diff(shown, printed, "the page", "printed", lineterm="", n=2)
        return f"{self.block.page}:{self.command.start}: $ {self.command.text}\n" + "\n".join(lines)


class Play:
    """The playing of one page. `ids` are the job ids in the page and what they are here."""

    def __init__(self, page: str, folder: Path) -> None:
        self.page = page
        self.sandbox = Sandbox(folder)
        self.ids: dict[str, str] = {}

    def differences(self) -> Iterator[Difference]:
        """Plays the page; gives every command whose output is another. Raises AssertionError for broken examples."""
        for block in blocks(self.page):
            if block.excuse:
                continue
            if block.file:
                self.sandbox.write(block.file, block.text)
            elif block.language == "console":
                yield from self._console(block)
            else:
                self._other(block)

    def _other(self, block: Block) -> None:
        if block.language == "python":
            self.sandbox.write(".example.py", block.text)
            printed = self.sandbox.type("python .example.py")
            assert self.sandbox.code == 0, f"{block}: the example fails:\n" + "\n".join(printed)
        elif block.language == "json":
            json.loads(block.text)
        else:
            known = block.language in ("", "text", "mermaid")
            assert known, f"{block}: name the file that it is, or say why it is not run (see docs/README.md)"

    def _console(self, block: Block) -> Iterator[Difference]:
        for number, command in enumerate(commands(block)):
            typed = block.said.get("typed as", command.text) if number == 0 else command.text
            printed = self.sandbox.type(ID.sub(lambda id: self.ids.get(id[0], id[0]), typed))
            found = match(command.expected, printed, self.ids)
            if found is None:
                yield Difference(block, command, self._as_known(command, printed))
            else:
                self.ids = found

    def _as_known(self, command: Command, printed: list[str]) -> list[str]:
        """With the ids that the page has for them, and its own lines where nothing else is different."""
        mine, here = (list(dict.fromkeys(ID.findall("\n".join(lines)))) for lines in (command.expected, printed))
        fresh = [id for id in here if id not in self.ids.values()]
        self.ids.update(zip([id for id in mine if id not in self.ids], fresh, strict=False))
        back = {there: id for id, there in self.ids.items()}
        lines = [ID.sub(lambda id: back.setdefault(id[0], id[0]), line) for line in printed]
        self.ids.update((id, there) for there, id in back.items())
        return _kept(command.expected, lines)


def _kept(old: list[str], new: list[str]) -> list[str]:
    if "..." in old or len(plain(old)) != len(old):
        return new
    kept: list[str] = []
    for kind, first, end, start, stop in SequenceMatcher(None, plain(old), plain(new), autojunk=False).get_opcodes():
        kept += old[first:end] if kind == "equal" else new[start:stop]
    return kept


def put_right(page: str) -> int:
    """Put into the page what its commands print, where that differs; how often it did."""
    with tempfile.TemporaryDirectory(prefix="pages") as folder:
        home = Path(folder, "home")
        home.mkdir()
        found = list(Play(page, home).differences())
    lines = text_of(page).split("\n")
    for difference in reversed(found):
        lines[difference.command.start : difference.command.end] = difference.printed
    (ROOT / page).write_text("\n".join(lines), encoding="utf-8")
    return len(found)


if __name__ == "__main__":
    for page in sys.argv[1:]:
        print(f"{page}: {put_right(page)} put right")
