"""The folder in which each test works like a person. Knows nothing of what the program says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.person import PATIENCE, Ended, Folder

MASS = "import sys; from mass.cli import main; sys.exit(main())"


class MassFolder(Folder):
    """A folder with scripts of mass."""

    def python(self, script: str, *words: str) -> Ended:
        """Run a script to its end, as its author does."""
        return self._run([sys.executable, script, *words])

    def mass(self, *words: str) -> Ended:
        """Run a command of mass to its end."""
        return self._run([sys.executable, "-c", MASS, *words])

    def _run(self, words: list[str]) -> Ended:
        done = subprocess.run(
            words, cwd=self.path, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE
        )
        return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[MassFolder]:
    """An empty folder."""
    path = Path(os.path.realpath(tmp_path), "work")
    path.mkdir()
    folder = MassFolder(path)
    yield folder
    folder.clean()
