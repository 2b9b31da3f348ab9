#!/usr/bin/env python3
"""Draws docs/images/run.svg: `jm run` of examples/media on a terminal, caught at a moment when much is going on.

Runs the real thing in a pseudo-terminal and draws what its screen held. Knows as much of terminals as jm needs.
Usage: .venv/bin/python tools/terminal_picture.py [VIDEO [OUT.svg]]
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
COLUMNS, ROWS = 84, 30
TYPED = "jm run job.yaml holiday.mp4 --out results -j 4"
CONTROL = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\r|\n|[^\x1b\r\n]")
WIDTH, HEIGHT, EDGE, BAR = 8.4, 19, 16, 30
FONT = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"
PAPER, INK = "#1d2230", "#d7dce6"
COLOURS = {"31": "#ff7b85", "32": "#8fd694", "33": "#f2cc7d", "36": "#79d0e0"}


class Cell(NamedTuple):
    """One character with its colour, `bold` and `dim`."""

    char: str = " "
    colour: str = INK
    bold: bool = False
    dim: bool = False


class Screen:
    """What a terminal shows, as far as colours, line feeds and moving up go."""

    def __init__(self) -> None:
        self.lines: list[dict[int, Cell]] = [{}]
        self.row = self.column = 0
        self.style = Cell()

    def feed(self, text: str) -> None:
        for found in CONTROL.finditer(text):
            if found[2]:
                self._control(found[1], found[2])
            elif found[0] == "\r":
                self.column = 0
            elif found[0] == "\n":
                self.row += 1
                self.lines += [{} for _ in range(self.row + 1 - len(self.lines))]
            else:
                self.lines[self.row][self.column] = self.style._replace(char=found[0])
                self.column += 1

    def _control(self, numbers: str, letter: str) -> None:
        if letter == "m":
            for number in (numbers or "0").split(";"):
                self._colour(number)
        elif letter == "A":
            self.row = max(0, self.row - int(numbers or 1))
        elif letter == "K":
            kept = {} if numbers == "2" else {c: x for c, x in self.lines[self.row].items() if c < self.column}
            self.lines[self.row] = kept

    def _colour(self, number: str) -> None:
        if number == "0":
            self.style = Cell()
        elif number in COLOURS:
            self.style = self.style._replace(colour=COLOURS[number])
        else:
            self.style = self.style._replace(bold=self.style.bold or number == "1", dim=self.style.dim or number == "2")

    def shown(self) -> list[list[Cell]]:
        rows = [[line.get(c, Cell()) for c in range(max(line, default=-1) + 1)] for line in self.lines]
        while rows and not rows[-1]:
            rows.pop()
        return rows


def words(rows: list[list[Cell]]) -> str:
    return "\n".join("".join(cell.char for cell in row) for row in rows)


def moments(video: str, folder: Path) -> Iterator[list[list[Cell]]]:
    """What the screen held after each piece that the program wrote."""
    media = ROOT / "examples" / "media"
    shutil.copy(media / "job.yaml", folder)
    (folder / "modules").symlink_to(media / "modules")
    (folder / "holiday.mp4").symlink_to(os.path.abspath(video))
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    words = [sys.executable, "-m", "job_manager", *TYPED.split()[1:]]
    environ = {**os.environ, "TERM": "xterm-256color", "JM_PYTHON": sys.executable}
    with subprocess.Popen(words, cwd=folder, env=environ, stdin=its, stdout=its, stderr=its) as running:
        os.close(its)
        screen = Screen()
        while piece := _read(mine):
            screen.feed(piece)
            yield screen.shown()
        assert running.wait() == 0, words


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 1 << 16).decode("utf-8", "replace")
    except OSError:  # how Linux says that the other end is closed
        return ""


def liveliness(rows: list[list[Cell]]) -> tuple[int, int, int]:
    """How much is to be seen: actions running, percentages known, with some steps over and some to come."""
    text = words(rows)
    middle = "\u2714" in text and "\u00b7" in text
    known = re.findall(r"[1-9]\d* %", text)
    return (middle and len(re.findall(r"\ds  \w+/\w+", text)), len(known), "left" in text)


def svg(rows: list[list[Cell]]) -> str:
    wide, high = COLUMNS * WIDTH + 2 * EDGE, len(rows) * HEIGHT + 2 * EDGE + BAR
    size = f'viewBox="0 0 {wide:g} {high:g}" width="{wide:g}" height="{high:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}" font-size="14">',
        f"<title>{escape(TYPED)}, while it runs</title>",
        f'<rect width="100%" height="100%" rx="9" fill="{PAPER}"/>',
        *(f'<circle cx="{22 + 20 * n}" cy="20" r="6" fill="#4a5268"/>' for n in range(3)),
    ]
    for number, row in enumerate(rows):
        parts += _row(row, EDGE + BAR + (number + 0.75) * HEIGHT)
    return "\n".join([*parts, "</svg>", ""])


def _row(row: list[Cell], y: float) -> Iterator[str]:
    column = 0
    for style, cells in groupby(row, lambda cell: cell._replace(char="")):
        text = "".join(cell.char for cell in cells)
        if text.strip():
            start = column + len(text) - len(text.lstrip())
            bold = ' font-weight="bold"' if style.bold else ""
            dim = ' opacity="0.6"' if style.dim else ""
            length = f'textLength="{len(text.strip()) * WIDTH:g}" xml:space="preserve"'
            where = f'x="{EDGE + start * WIDTH:g}" y="{y:g}"'
            yield f'<text {where} fill="{style.colour}"{bold}{dim} {length}>{escape(text.strip())}</text>'
        column += len(text)


def main(video: str = "", out: str = "docs/images/run.svg") -> None:
    with tempfile.TemporaryDirectory() as made:
        if not video:
            video = f"{made}/clip.mp4"
            subprocess.run([sys.executable, ROOT / "examples/media/make_clip.py", video], check=True)
        folder = Path(made, "job")
        folder.mkdir()
        best = max(moments(video, folder), key=liveliness)
    typed = [*([Cell("$", COLOURS["32"], True), Cell()]), *(Cell(char, bold=True) for char in TYPED)]
    (ROOT / out).write_text(svg([typed, *best]), encoding="utf-8")
    print(words(best))


if __name__ == "__main__":
    main(*sys.argv[1:])
