"""Values and file names as words of commands: all that stands in them reaches the program, and no shell obeys it.

Runs the argv that an attempt would get in a folder with nothing in it, and looks what has come of that (security T12).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from job_manager.model.job import Action, Command, Input, Shell
from job_manager.worker.command import argv

AT_ONCE = 50
ORDERS = ("$(touch canary)", "`touch canary`", ";touch canary;", "|touch canary", "&touch canary&", "\ntouch canary\n")
PIECES = [
    *ORDERS,
    *"'\"\\$`!*?[]{}()<>|&;~#=% \t\n-/",
    "$HOME",
    "${IFS}",
    "{p1}",
    "{{",
    "}}",
    "--",
    "é",
    "\udcff",
    "\u202e",
    "a",
]
PRINT = "import os, sys; os.write(1, b''.join(os.fsencode(word) + b'\\0' for word in sys.argv[1:]))"


def drawn(rng: random.Random) -> list[str]:
    return ["".join(rng.choices(PIECES, k=rng.randrange(1, 9))) for _ in range(AT_ONCE)]


def printed(words: list[str], folder: Path) -> list[str]:
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, check=True, env={"PATH": os.environ["PATH"]})
    return os.fsdecode(done.stdout).split("\0")[:-1]


@pytest.mark.parametrize("times", [4, pytest.param(100, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", ["params of a shell text", "files of a shell text", "params of a command"])
def test_nothing_in_a_value_is_obeyed(tmp_path, rng, kind, times):
    names = [f"p{number}" for number in range(AT_ONCE)]
    listed = " ".join(f"{{{name}}}" for name in names)
    for _ in range(times):
        values = drawn(rng)
        pairs = dict(zip(names, values, strict=True))
        if kind == "params of a command":
            words = tuple(f"{{{name}}}" for name in names)
            action = Action(
                "a", Command((sys.executable, "-I", "-S", "-c", PRINT, *words)), params=tuple(pairs.items())
            )
            found = printed(argv(action, None, {}), tmp_path)
        elif kind == "params of a shell text":
            action = Action("a", Shell(f"printf '%s\\0' {listed}"), params=tuple(pairs.items()))
            found = printed(argv(action, None, {}), tmp_path)
        else:
            action = Action("a", Shell(f"printf '%s\\0' {listed}"), inputs=tuple(Input(name) for name in names))
            found = printed(argv(action, None, pairs), tmp_path)
        assert found == values and not os.listdir(tmp_path)
