"""What tclsh makes of scripts, lists and brackets: the judge of our own reading. Many cases in one process.

Knows the language of oracle.tcl and nothing of what is right.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

ORACLE = Path(__file__).with_name("oracle.tcl")


def ask(kind: str, texts: Iterable[str]) -> list[str]:
    """tclsh's line for each text (`script`, `list` or `value`); "error" where it refuses."""
    lines = "".join(f"{kind} x{text.encode().hex()}\n" for text in texts)
    done = subprocess.run(["tclsh", str(ORACLE)], input=lines, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1]


def commands(line: str) -> list[list[str]]:
    """The words of each command."""
    return [words(row) for row in line.split(";")] if line else []


def words(row: str) -> list[str]:
    """The words of one row."""
    return [bytes.fromhex(word[1:]).decode() for word in row.split()]
