"""A place where the examples of one page run: an empty home of its own, the jm of this Python, nobody's settings.

Knows bash and the names by which pages call what lies elsewhere on each machine; knows no page.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT
from tests.warm import started

HOME = "/home/anna"
PYTHON = "/opt/jm/bin/python3"
CHECKOUT = "job_manager"
PROGRAMS = os.path.dirname(sys.executable)  # where jm and python are
SENDS_SIGNALS = re.compile(r"\bkill\b|(?<![>&])&(?![&>\d])")  # then jm is the shell's own child
LONGEST = 100  # seconds for one command


class Sandbox:
    """`folder` is an empty directory that is its user's home."""

    def __init__(self, folder: Path) -> None:
        self.home = Path(os.path.realpath(folder))
        self.cwd = str(self.home)
        self.code = 0
        self._after = self.home.parent / f"{self.home.name}.env"
        self.environ = {
            "HOME": str(self.home),
            "PATH": f"{PROGRAMS}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        (self.home / CHECKOUT).symlink_to(ROOT)
        self._first = self.home.parent / f"{self.home.name}.bin"  # on PATH, as long as a command runs
        self._first.mkdir()
        started.put_jm(self._first)

    def write(self, file: str, text: str) -> None:
        """A file of the page, in the directory in which its next command is typed."""
        path = Path(self.cwd, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if text.startswith("#!"):
            path.chmod(0o755)

    def type(self, command: str) -> list[str]:
        """Run a command as if it was typed; the lines of both its streams. Directory, variables and $? stay."""
        script = f"(exit {self.code})\n{command}\nrc=$?\n(pwd; env -0) >'{self._after}'\nexit $rc\n"
        first = "" if SENDS_SIGNALS.search(command) else f"{self._first}:"
        ran = subprocess.run(
            ["bash", "-c", script],
            cwd=self.cwd,
            env=self.environ | {"PATH": first + self.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LONGEST,
        )
        self._take_over(ran.returncode)
        return self.shown(ran.stdout.decode("utf-8", "backslashreplace")).splitlines()

    def _take_over(self, code: int) -> None:
        self.code = code
        if self._after.exists():
            self.cwd, _, variables = self._after.read_text(encoding="utf-8").partition("\n")
            pairs = (pair.partition("=") for pair in variables.split("\0") if pair)
            self.environ = {name: value for name, _, value in pairs if name not in ("_", "SHLVL", "PWD", "OLDPWD")}
            self.environ["PATH"] = self.environ["PATH"].removeprefix(f"{self._first}:")
            self._after.unlink()

    def shown(self, text: str) -> str:
        """The text with places of this machine called as the pages call them."""
        text = re.sub(rf"{re.escape(PROGRAMS)}/python[\d.]*", PYTHON, text)
        return text.replace(str(self.home), HOME).replace(str(ROOT), f"{HOME}/{CHECKOUT}")
