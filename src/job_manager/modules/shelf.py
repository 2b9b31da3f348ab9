"""All modules under the given folders: the usable ones by name, and why each of the others is not usable.

Knows nothing of jobs or interpreters. Rules: reference seed-systems S5, D7; issue section 1; bad-inputs B62, B65.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from job_manager.formats.yaml_reader import suggestion
from job_manager.model.errors import NOWHERE, InputError, Problem
from job_manager.model.module import Module
from job_manager.model.record import NamedTuple
from job_manager.modules.manifest import NAMES, OLD_NAME, Reading, read

DEPTH = 3
SKIPPED = frozenset({"node_modules", "__pycache__"})


class Broken(NamedTuple):
    """A module nobody can use. `name` is the manifest's, or the folder's when the manifest could not say one."""

    name: str
    folder: str
    problems: tuple[Problem, ...]


class Shelf:
    """The catalogue: `modules` are usable, sorted by name, `broken` are not; `searched` are the folders looked in,
    of which `absent` do not exist."""

    def __init__(
        self, readings: Iterable[tuple[str, Reading]], searched: Sequence[str], absent: Sequence[str] = ()
    ) -> None:
        self.searched = tuple(searched)
        self.absent = tuple(absent)
        found = list(readings)
        by_name: dict[str, list[tuple[str, Reading]]] = {}
        for folder, reading in found:
            if reading.module is not None:
                by_name.setdefault(reading.name, []).append((folder, reading))
        self._modules = {name: one[0][1] for name, one in sorted(by_name.items()) if len(one) == 1}
        unread = [Broken(reading.name, folder, reading.problems) for folder, reading in found if reading.module is None]
        twins = [broken for group in by_name.values() if len(group) > 1 for broken in _twins(group)]
        self.broken = tuple(sorted(unread + twins, key=lambda broken: (broken.name, broken.folder)))
        self._why: dict[str, list[Problem]] = {}
        for broken in self.broken:
            self._why.setdefault(broken.name, []).extend(broken.problems)

    @property
    def modules(self) -> tuple[Module, ...]:
        """The usable modules, sorted by name."""
        return tuple(reading.module for reading in self._modules.values() if reading.module is not None)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the usable modules, sorted."""
        return tuple(self._modules)

    def get(self, name: str) -> Module | None:
        """The usable module of that name, or None."""
        reading = self._modules.get(name)
        return reading.module if reading is not None else None

    def why_unusable(self, name: str) -> tuple[Problem, ...]:
        """What is wrong with the module of that name; nothing when it is usable or nobody has heard of it."""
        return () if name in self._modules else tuple(self._why.get(name, ()))

    def warnings(self, name: str) -> tuple[Problem, ...]:
        """What works in the usable module of that name and is probably not meant: misspelt keys of its manifest."""
        reading = self._modules.get(name)
        return tuple(problem for problem in reading.problems if problem.severity == "warning") if reading else ()

    def suggest(self, name: str) -> str:
        """`did you mean "..."?` when a usable module has a name like it, else nothing."""
        return suggestion(name, self.names)

    def nearest(self, name: str, count: int = 3) -> tuple[str, ...]:
        """The names of the `count` usable modules most like `name`, the nearest first."""
        import difflib  # a name that is not there is seldom asked for

        return tuple(difflib.get_close_matches(name[:100], self.names, count, 0.0))


def _twins(group: list[tuple[str, Reading]]) -> Iterator[Broken]:
    folders = " and ".join(folder for folder, _ in group)
    for folder, reading in group:
        message = f'there is more than one module "{reading.name}": {folders}'
        place = (reading.module.place if reading.module else None) or NOWHERE
        yield Broken(reading.name, folder, (Problem(place, message, "rename one of them, or move it off the shelf"),))


def find(paths: Sequence[str], default: str = "") -> Shelf:
    """All modules under `paths`, each a folder of modules or a module's own; without paths under `default`.

    Looks three folders deep and not below a manifest. A broken module never hides a good one. Raises InputError when a
    folder of `paths` is missing; a missing default is an empty shelf.
    """
    missing = [problem for path in paths if (problem := _missing(path)) is not None]
    if missing:
        raise InputError(missing)
    searched = list(paths) if paths else [default] if default else []
    readings = [_reading(folder) for folder in _folders(path for path in searched if os.path.isdir(path))]
    absent = [path for path in searched if not os.path.lexists(path)]
    return Shelf(sorted(readings, key=lambda one: one[0]), searched, absent)


def _missing(path: str) -> Problem | None:
    if os.path.isdir(path):
        return None
    if not os.path.lexists(path):
        return Problem(NOWHERE, f"the modules folder {path} does not exist", "see --modules, JM_MODULES and jm.toml")
    return Problem(NOWHERE, f"the modules folder {path} is not a folder", "give the folder the modules are in")


def _reading(folder: str) -> tuple[str, Reading]:
    return folder, read(folder)


class Spot(NamedTuple):
    """A folder to look at, `depth` below the one that was given."""

    folder: str
    depth: int


def _folders(paths: Iterable[str]) -> Iterator[str]:
    # Breadth first, so that a folder reached on several ways (links, overlapping paths) counts by its shortest.
    waiting = [Spot(path, 0) for path in paths]
    seen: set[tuple[int, int]] = set()
    while waiting:
        below: list[Spot] = []
        for spot in waiting:
            if _first_time(spot.folder, seen):
                names, inside = _listing(spot)
                if names:
                    yield spot.folder
                if not names.intersection(NAMES):
                    below.extend(inside)
        waiting = below


def _first_time(folder: str, seen: set[tuple[int, int]]) -> bool:
    try:
        found = os.stat(folder)
    except OSError:
        return False
    before = len(seen)
    seen.add((found.st_dev, found.st_ino))
    return len(seen) > before


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _listing(spot: Spot) -> tuple[set[str], list[Spot]]:
    """The manifests in a folder (an unreadable folder counts as having one: it must be told about), and its folders."""
    try:
        with os.scandir(spot.folder) as listing:
            entries = sorted((entry.name, _is_folder(entry)) for entry in listing)
    except OSError:
        return {OLD_NAME}, []
    manifests = {name for name, is_folder in entries if name in (*NAMES, OLD_NAME) and not is_folder}
    if spot.depth == DEPTH:
        return manifests, []
    inside = [
        Spot(os.path.join(spot.folder, name), spot.depth + 1)
        for name, is_folder in entries
        if is_folder and name not in SKIPPED and not name.startswith(".")
    ]
    return manifests, inside
