"""The files a person gives to a job: which of its inputs each is for, several for one, and what they are now.

Reads nothing in them. Knows no module.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence

from job_manager.artifacts.directories import natural
from job_manager.artifacts.identity import identity, of_stat
from job_manager.model.errors import Place, Problem
from job_manager.model.job import DIRECTORY, FILES, Job, JobInput
from job_manager.model.names import artifact_name, folded, slug
from job_manager.model.site import GivenFile
from job_manager.model.wording import quoted

COMMAND_LINE = "command line"
Named = Sequence[tuple[str, str]]


def typed(message: str, hint: str = "") -> Problem:
    """A mistake in what was typed."""
    return Problem(Place(COMMAND_LINE, 0, 0), message, hint)


def given_files(
    job: Job, files: Sequence[str], named: Named, cwd: str, needed: bool
) -> tuple[list[GivenFile], list[Problem]]:
    """Match what was given with the job's inputs: by name first, the rest in order; an input of kind files takes all
    that the others leave. With `needed`, every input must be given."""
    problems: list[Problem] = []
    matched = _by_name(job, named, problems)
    problems += _by_order(job, files, matched)
    if needed:
        problems += [_not_given(wanted) for wanted in job.inputs if wanted.artifact not in matched]
    found: list[GivenFile] = []
    for wanted in job.inputs:
        for given in _found(wanted, matched.get(wanted.artifact, ()), cwd):
            if isinstance(given, GivenFile):
                found.append(given)
            else:
                problems.append(given)
    return found, problems


def _by_name(job: Job, named: Named, problems: list[Problem]) -> dict[str, list[str]]:
    matched: dict[str, list[str]] = {}
    for name, path in named:
        wanted = job.input(name)
        if wanted is None:
            known = ", ".join(i.label for i in job.inputs) or "none"
            problems.append(typed(f"--input {name}: the job has no input of that name", f"its inputs: {known}"))
        elif wanted.artifact in matched and wanted.kind != FILES:
            problems.append(typed(f"--input {name} is given twice"))
        else:
            matched.setdefault(wanted.artifact, []).append(path)
    return matched


def _by_order(job: Job, files: Sequence[str], matched: dict[str, list[str]]) -> Iterator[Problem]:
    wanted = [each for each in job.inputs if each.artifact not in matched]
    several = [place for place, each in enumerate(wanted) if each.kind == FILES]
    left = list(files)
    if several:
        # Those before it take from the front, those behind it from the end; it takes what is between.
        at = several[0]
        for each in wanted[:at]:
            if left:
                matched[each.artifact] = [left.pop(0)]
        for each in reversed([each for each in wanted[at + 1 :] if each.kind != FILES]):
            if len(left) > 1:
                matched[each.artifact] = [left.pop()]
        if left:
            matched[wanted[at].artifact] = left
        return
    for each, path in zip(wanted, left, strict=False):
        matched[each.artifact] = [path]
    amount = "1 file" if len(job.inputs) == 1 else f"{len(job.inputs)} files"
    takes = f"takes {amount}" if job.inputs else "has no input"
    for path in left[len(wanted) :]:
        yield typed(f"{path}: nothing to give it to; the job {takes}")


def _not_given(wanted: JobInput) -> Problem:
    what = {FILES: "no file and no folder", DIRECTORY: "no folder"}.get(wanted.kind, "no file")
    word = {FILES: "FILE...", DIRECTORY: "FOLDER"}.get(wanted.kind, "FILE")
    one = {FILES: "files, or a folder of them", DIRECTORY: "a folder"}.get(wanted.kind, "a file")
    hint = f"give {one}: `jm run JOB {word}`, or `--input {wanted.label}={word.rstrip('.')}`"
    message = f"{what} is given for the input {quoted(wanted.label)}"
    return Problem(wanted.place or Place(COMMAND_LINE, 0, 0), message, hint)


def _found(wanted: JobInput, paths: Sequence[str], cwd: str) -> Iterator[GivenFile | Problem]:
    if wanted.kind != FILES:
        for path in paths:
            yield _look_at(wanted.artifact, path, cwd, wanted.kind)
        return
    taken: set[str] = set()
    seen: dict[str, int] = {}
    for one in _spread(paths, cwd):
        if isinstance(one, Problem):
            yield one
            continue
        whole = absolute(one, cwd)
        seen[whole] = seen.get(whole, 0) + 1
        name = _called(one, taken)
        if seen[whole] == 2:
            message = f"{one} is given more than once: the second is called {quoted(name)} here"
            yield typed(message)._replace(severity="note")
        yield _look_at(f"{wanted.artifact}/{name}", one, cwd)


def _spread(paths: Iterable[str], cwd: str) -> Iterator[str | Problem]:
    """The files, and in place of a folder those directly in it, hidden ones left out."""
    for path in paths:
        whole = absolute(path, cwd)
        if not os.path.isdir(whole):
            yield path
            continue
        try:
            names = [entry.name for entry in os.scandir(whole) if _counts(entry)]
        except OSError as cause:
            yield typed(f"{path} cannot be read: {cause.strerror}")
            continue
        if not names:
            yield typed(f"there is no file in the folder {path}")
        yield from (os.path.join(path, name) for name in sorted(names, key=natural))


def _counts(entry: os.DirEntry[str]) -> bool:
    """A link that leads nowhere counts: of a file that is missing one wants to know."""
    leads_nowhere = entry.is_symlink() and not os.path.exists(entry.path)
    return not entry.name.startswith(".") and (entry.is_file() or leads_nowhere)


def _called(path: str, taken: set[str]) -> str:
    """The name of one of several files: its own where that is safe and not taken by one from another folder."""
    base = os.path.basename(path)
    base = base if artifact_name(base) is None else slug(base, "file")
    name, alike, number = base, folded(base), 1
    while alike in taken:
        number += 1
        stem, ending = os.path.splitext(base)
        name = f"{stem}-{number}{ending}"
        alike = folded(name)
    taken.add(alike)
    return name


def absolute(path: str, cwd: str) -> str:
    """A path as typed, made absolute."""
    return os.path.normpath(os.path.join(cwd, os.path.expanduser(path)))


def _look_at(name: str, path: str, cwd: str, kind: str = "") -> GivenFile | Problem:
    whole = absolute(path, cwd)
    try:
        if kind == DIRECTORY:
            if not os.path.isdir(whole):
                return typed(f"{path} is {'no' if os.path.exists(whole) else 'not there, and no'} directory")
            return GivenFile(name, whole, identity(whole))
        return _look_at_file(name, path, whole)
    except (OSError, ValueError) as cause:
        return typed(f"input file {quoted(path)} cannot be used: {cause}")


def _look_at_file(name: str, path: str, whole: str) -> GivenFile | Problem:
    """Asks the disk as little as it can: there may be thousands."""
    try:
        found = os.stat(whole)
    except (OSError, ValueError):
        return typed(f"input file not found: {path}")
    if stat.S_ISDIR(found.st_mode):
        return typed(f"{path} is a directory; a file is needed for the input {quoted(name)}")
    if not stat.S_ISREG(found.st_mode):
        return typed(f"{path} is not a file")
    if not os.access(whole, os.R_OK):
        return typed(f"input file cannot be read: {path}")
    return GivenFile(name, whole, of_stat(found))
