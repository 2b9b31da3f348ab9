"""The page for the original's users does what it says: its files are written, its commands and scripts run in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.original import World

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "coming-from-spejsiaczki-job-manager.md"
BLOCK = re.compile(r"(?:<!-- file: (?P<file>\S+) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
PROGRAMS = os.path.dirname(sys.executable)  # where python and jm are


class Block(NamedTuple):
    """A fenced block: what it is, its text, and the file it is to be saved as, if any."""

    kind: str
    text: str
    file: str


def blocks() -> list[Block]:
    return [Block(found["kind"], found["text"], found["file"] or "") for found in BLOCK.finditer(PAGE.read_text())]


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block and what it is said to print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def agrees(said: str, printed: str) -> bool:
    """Whether it printed what the page says; `...` stands for anything in a line, alone in a line for any lines."""
    lines = [re.escape(line).replace(r"\.\.\.", ".*") for line in said.splitlines()]
    pattern = "".join("(?:.*\n)*" if line == ".*" else f"{line}\n" for line in lines)
    return re.fullmatch(pattern, printed) is not None


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as world:
        world.storage.rmdir()
        world.video.unlink()
        yield world


def run(world: World, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        cwd=world.root,
        env=world.environment(PATH=f"{PROGRAMS}:{os.environ['PATH']}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )


def test_the_page_has_what_this_test_runs():
    kinds = [block.kind for block in blocks()]
    assert (kinds.count("console"), kinds.count("text")) == (4, 2)
    assert {block.kind for block in blocks()} == {"yaml", "python", "console", "text"}


def test_everything_on_the_page_is_so(world):
    last: subprocess.CompletedProcess[str] | None = None
    for block in blocks():
        if block.file:
            (world.root / block.file).parent.mkdir(parents=True, exist_ok=True)
            (world.root / block.file).write_text(block.text)
        elif block.kind == "python":
            last = run(world, "python", "-c", block.text)
            assert last.returncode == 0, last.stdout
        elif block.kind == "text":
            assert last is not None
            assert agrees(block.text, last.stdout), last.stdout
        else:
            run_console(world, block.text)


def run_console(world: World, text: str) -> None:
    """Run the commands of a block; the exit code is 0 unless the page asks for it."""
    last, asked = 0, list(commands(text))
    for (command, said), following in zip(asked, [*asked[1:], ("", "")], strict=True):
        if command == "echo $?":
            assert agrees(said, f"{last}\n"), command
            continue
        done = run(world, "bash", "-c", command)
        assert agrees(said, done.stdout), f"$ {command}\n{done.stdout}"
        last = done.returncode
        assert last == 0 or following[0] == "echo $?", f"$ {command}\n{done.stdout}"
