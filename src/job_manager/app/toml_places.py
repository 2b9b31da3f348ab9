"""Where the keys and values of a TOML text stand: tomllib reads what they are, but not where.

Trusts the text: tomllib has read it. Knows no setting.
"""

from __future__ import annotations

import re
from bisect import bisect_right

TOKEN = re.compile(
    r"""(?P<blank>[ \t\r]+|\#[^\n]*)
      | (?P<end>\n)
      | (?P<text>\"\"\"(?:[^\\]|\\.)*?\"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')
      | (?P<mark>[\[\]{}=,.])
      | (?P<word>[^\s\[\]{}=,.\#"']+)""",
    re.DOTALL | re.VERBOSE,
)
Path = tuple[str | int, ...]
Spot = tuple[int, int]  # line and column, from 1, in characters


def places(text: str) -> dict[Path, Spot]:
    """The place of every key (`("limits", "gpu")`), table header and member of a list (`("modules", 0)`)."""
    return _Reading(text).places


class _Reading:
    def __init__(self, text: str) -> None:
        self.places: dict[Path, Spot] = {}
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]
        found = (match for match in TOKEN.finditer(text) if match.lastgroup != "blank")
        self._tokens = [(match.lastgroup or "", match[0], match.start()) for match in found]
        self._at = 0
        self._table: Path = ()
        while self._at < len(self._tokens):
            self._statement()

    def _peek(self) -> str:
        """The kind of the next token, or the mark that it is."""
        if self._at >= len(self._tokens):
            return "end"
        kind, text, _ = self._tokens[self._at]
        return text if kind == "mark" else kind

    def _note(self, path: Path) -> None:
        start = self._tokens[self._at][2]
        line = bisect_right(self._lines, start)
        self.places.setdefault(path, (line, start - self._lines[line - 1] + 1))

    def _statement(self) -> None:
        if self._peek() == "[":
            self._header()
        elif self._peek() in ("word", "text"):
            self._pair(self._table)
        else:
            self._at += 1

    def _header(self) -> None:
        while self._peek() == "[":
            self._at += 1
        self._table = self._key((), "]")

    def _pair(self, table: Path) -> None:
        path = self._key(table, "=")
        self._at += 1
        self._value(path)

    def _key(self, path: Path, until: str) -> Path:
        """A dotted key; every part of it is noted where it begins."""
        while self._peek() not in (until, "end"):
            kind, text, _ = self._tokens[self._at]
            if kind != "mark":
                path = (*path, _plain(text))
                self._note(path)
            self._at += 1
        return path

    def _value(self, path: Path) -> None:
        opened = self._peek()
        if opened not in ("[", "{"):
            while self._peek() not in ("end", ",", "]", "}"):
                self._at += 1
            return
        self._at += 1
        self._members(path, "]" if opened == "[" else "}")

    def _members(self, path: Path, until: str) -> None:
        number = 0
        while self._at < len(self._tokens) and self._peek() != until:
            if self._peek() in ("end", ","):
                self._at += 1
            elif until == "}":
                self._pair(path)
            else:
                self._note((*path, number))
                self._value((*path, number))
                number += 1
        self._at += 1


def _plain(text: str) -> str:
    if text[0] == "'":
        return text[1:-1]
    if text[0] == '"' and "\\" in text:
        # Imported here: nobody writes a setting with escapes. tomllib knows them all.
        import tomllib

        return str(tomllib.loads(f"key = {text}")["key"])
    return text.strip('"')
