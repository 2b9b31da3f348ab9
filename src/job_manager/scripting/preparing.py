"""A job of this process read and checked as `jm` does it: same settings, same state directory, same history.

Knows how the parts of app follow each other, no rule.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from job_manager.app.config import configure
from job_manager.app.home import Home
from job_manager.app.interrupts import Interrupts
from job_manager.app.loading import Loaded, Wish, completed, load
from job_manager.app.observing import Observer
from job_manager.app.settings import Config
from job_manager.formats.python.fields import scalar_text
from job_manager.formats.python.reading import drafted
from job_manager.formats.python.rows import Row, rows
from job_manager.formats.reading import Reading
from job_manager.model.hints import TYPE_CHECKING, Any
from job_manager.model.params import Values
from job_manager.model.record import NamedTuple
from job_manager.roles.registry import ROLES

if TYPE_CHECKING:
    from job_manager.app.finishing import Outcome

Path = str | os.PathLike[str]


class Asked(NamedTuple):
    """What a caller wants beside the job; see Job.run."""

    files: Sequence[Path] = ()
    inputs: Mapping[str, Path] = {}
    params: Mapping[str, Any] = {}
    out: Path | None = None
    modules: Path | Sequence[Path] = ()
    jobs: int = 0
    home: Path = ""


class Prepared(NamedTuple):
    """A job that may start, where it runs and by which settings."""

    loaded: Loaded
    home: Home
    config: Config


def script() -> str:
    """The file that this Python was started with, or "" in a notebook and the like."""
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.abspath(path) if path else ""


def prepare(
    tree: Any,
    asked: Asked,
    *,
    files_needed: bool = True,
    change: Callable[[list[Row]], list[Row]] = lambda found: found,
) -> Prepared:
    """The job of the tree read and checked; `change`: what is done to it first. Raises InputError with every
    mistake."""
    config = configure({}, os.environ, os.getcwd()).config
    if asked.home:
        config = config._replace(home=os.fspath(asked.home))
    wish = completed(_wish(asked), config)
    found = [_typed(row) for row in change(rows(tree))]
    scripts = {role: served.script for role, served in ROLES.items()}

    def read(values: Values) -> Reading:
        return drafted(found, _short(wish.job_file), scripts, loose=bool(wish.loose_types), values=values)

    loaded = load(wish, os.environ, os.getcwd(), files_needed=files_needed, read=read)
    return Prepared(loaded, Home(os.path.expanduser(config.home)), config)


def _typed(row: Row) -> Row:
    """The row with its file called as it would be typed here."""
    return row if row.place is None else row._replace(place=row.place._replace(file=_short(row.place.file)))


def _short(path: str) -> str:
    here = os.path.join(os.getcwd(), "")
    return path[len(here) :] if path.startswith(here) else path


def _wish(asked: Asked) -> Wish:
    shelves = [asked.modules] if isinstance(asked.modules, str | os.PathLike) else asked.modules
    return Wish(
        script(),
        files=tuple(os.fspath(path) for path in asked.files),
        named=tuple((name, os.fspath(path)) for name, path in asked.inputs.items()),
        shelves=tuple(os.fspath(path) for path in shelves),
        out=None if asked.out is None else os.fspath(asked.out),
        slots=asked.jobs,
        params=tuple(f"{name}={_text(value)}" for name, value in asked.params.items()),
    )


def _text(value: Any) -> str:
    return scalar_text(value) if isinstance(value, bool | int | float) else os.fspath(value)


def start(prepared: Prepared, observer: Observer, interrupts: Interrupts | None) -> Outcome:
    """Run what is prepared. Raises KeyboardInterrupt when it was a Ctrl-C that ended it."""
    from job_manager.app.running import run as run_here

    interrupts = interrupts or Interrupts()
    loaded, home, config = prepared
    outcome = run_here(home, loaded, observer, os.environ, "", interrupts, config)
    if interrupts.count and not outcome.job.finished:
        raise KeyboardInterrupt
    return outcome
