"""Which state directory is meant, and how to write a command that means the same again. Knows no command line."""

from __future__ import annotations

import os
import stat
import sys
from argparse import Namespace

from job_manager.app.home import Home
from job_manager.model.errors import InputError


def home_of(options: Namespace) -> Home:
    """The state directory of the configuration. No search upwards. Raises InputError for what is no directory."""
    home = Home(os.path.expanduser(options.config.home))
    try:
        wrong = not stat.S_ISDIR(os.stat(home.path).st_mode)
    except NotADirectoryError:
        wrong = True
    except (OSError, ValueError):  # not there yet, or it cannot be looked at: what is done with it says so
        wrong = False
    if wrong:
        hint = "choose another place with --home DIR or JM_HOME"
        raise InputError(f"the state directory {home.path} is not a directory", hint)
    return home


def command(home: str | None, *words: str) -> str:
    """A command of jm, ready to be pasted: with `--home` when it was given, and the program as it can be found here."""
    # Imported here: commands are written out at the end of a run, or when something went wrong.
    import shlex

    where = ["--home", home] if home else []
    return shlex.join([*_program(), *words, *where])


def _program() -> list[str]:
    """`jm` when that is found on PATH and is this one, else its path, else this Python with -m."""
    beside = os.path.join(os.path.dirname(sys.executable), "jm")
    ours = sys.argv[0] if os.path.basename(sys.argv[0]) == "jm" else beside
    if not os.access(ours, os.X_OK):
        return [sys.executable, "-m", "job_manager"]
    paths = (os.path.join(folder, "jm") for folder in os.environ.get("PATH", os.defpath).split(os.pathsep))
    found = next((path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)), "")
    return ["jm"] if found and os.path.realpath(found) == os.path.realpath(ours) else [ours]
