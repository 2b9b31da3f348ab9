"""A job file in another job language: read, written, read back, and only kept when it is the same job.

Runs nothing of the job. Knows no language: each brings its own writer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from job_manager.app.pythons import script_python
from job_manager.formats import LANGUAGES, Language, draft, folder_of, language
from job_manager.formats.params import NO_VALUE
from job_manager.formats.reading import Reading
from job_manager.formats.writing import nodes
from job_manager.model.document import Document, action_document, digest, job_document
from job_manager.model.errors import NOWHERE, InputError, Place, Problem, in_order
from job_manager.model.job import Action, Job, ModuleCall, Task, actions
from job_manager.model.params import Values
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

HINTS = {
    "title": "there a job is called like its file",
    "workdir": "there it runs in the folder of its file",
}


class Converted(NamedTuple):
    """The job, its file in the other language, which that is, and what is odd about it (warnings and notes)."""

    job: Job
    text: bytes
    language: str
    problems: tuple[Problem, ...]

    @property
    def actions(self) -> int:
        """How many actions are written there; one with `foreach` is one."""
        return sum(1 for _ in actions(self.job))


def convert(source: str, target: str, to: str | None = None, format: str | None = None) -> Converted:
    """The job in the file `source` (`-`: standard input) as the file `target` is to be; nothing is written.

    to: a language, by its name or ending; by default the ending of `target` tells. Raises InputError with every mistake
    of the source, or with everything in it that the other language cannot say.
    """
    into = _language(target, to)
    reading = draft(source, format, loose=True, python=script_python(source))
    _raise_if_wrong(reading)
    job = reading.template or reading.job
    text = _written(into, reading, job)
    # What some languages have from the file's name a file on standard output can still be given.
    name = f"{job.name}{into.endings[0]}" if target == "-" else target
    wrong = _read_back(into, text, name, job)
    if wrong:
        raise InputError(reading.placed(wrong))
    notes = [problem for problem in reading.problems if not _lacks_value(problem)]
    problems = [*notes, *_elsewhere(job, source, target)]
    return Converted(job, text, into.name, tuple(in_order(problems)))


def save(converted: Converted, target: str, *, force: bool = False) -> None:
    """Write the file; one that is there is only replaced with `force`. Raises InputError when it cannot be written."""
    try:
        if not force:
            with open(target, "xb") as stream:
                stream.write(converted.text)
            return
        new = f"{target}.new-{os.getpid()}"
        with open(new, "xb") as stream:
            stream.write(converted.text)
        os.replace(new, target)
    except FileExistsError:
        raise InputError(f"{target} is there already", "--force replaces it") from None
    except (OSError, ValueError) as cause:
        said = cause.strerror if isinstance(cause, OSError) else str(cause)
        raise InputError(f"{target} cannot be written: {said}") from cause


def targets() -> tuple[str, ...]:
    """The languages that a job can be written in."""
    return tuple(each.name for each in LANGUAGES if each.write is not None)


def _language(target: str, to: str | None) -> Language:
    if to is None:
        fits = (each for each in LANGUAGES if each.write and target.lower().endswith(each.endings))
        found = next(fits, None)
        if found is None:
            what = "standard output has no ending" if target == "-" else f"no job language has the ending of {target}"
            raise InputError(f"{what} that tells the language", f"say it: --to {' or --to '.join(targets())}")
        return found
    by_ending = (each for each in LANGUAGES if f".{to}" in each.endings)
    found = next((each for each in LANGUAGES if each.name == to), None) or next(by_ending, None) or language(to)
    if found.write is None:
        raise InputError(f"no job can be written as {found.name}", f"those that can: {', '.join(targets())}")
    return found


def _raise_if_wrong(reading: Reading) -> None:
    """Values of params are not needed to say the same in another language; all else is."""
    wrong = [problem for problem in reading.problems if problem.severity == "error" and not _lacks_value(problem)]
    if wrong:
        raise InputError(problem for problem in reading.problems if problem.severity != "note")


def _lacks_value(problem: Problem) -> bool:
    return problem.message.startswith(NO_VALUE)


def _written(into: Language, reading: Reading, job: Job) -> bytes:
    assert into.write is not None
    try:
        return into.write(job)
    except InputError as error:
        raise InputError(reading.placed(error.problems)) from None


def _read_back(into: Language, text: bytes, name: str, job: Job) -> list[Problem]:
    """What is wrong with what has been written, read as anybody would read it: it is another job, or none."""
    try:
        reading = into.draft(text, name, loose=True, values=Values((), folder_of(name)))
    except InputError as error:
        return [_refused(job, problem, into.name) for problem in error.problems]
    errors = [one for one in reading.problems if one.severity == "error" and not _lacks_value(one)]
    back = reading.template or reading.job
    return [*_differences(job, back, into.name), *(_refused(job, problem, into.name) for problem in errors)]


def _refused(job: Job, problem: Problem, into: str) -> Problem:
    return Problem(job.place or NOWHERE, f"{into} cannot say it: {problem.message}", problem.hint)


# --- whether it is the same job ---------------------------------------------------------------------------------------


def _differences(job: Job, back: Job, into: str) -> Iterator[Problem]:
    """What was read back as something else."""
    if digest(job_document(job)) == digest(job_document(back)):
        return
    yield from _of_node(job.place, _body(job), _body(back), into)
    for node, other in zip(nodes(job), nodes(back), strict=False):
        yield from _of_node(node.place, _body(node), _body(other), into)


def _body(node: Job | Task | Action) -> Document:
    """What is said of a node itself."""
    if isinstance(node, Action):
        return action_document(node)
    if isinstance(node, Job):
        return dict(job_document(Job(**{**_fields(node), "children": ()}))["Job"], children=len(node.children))
    shell = Job("", (Task(**{**_fields(node), "children": ()}),))
    (child,) = job_document(shell)["Job"]["children"]
    return dict(child["Task"], children=len(node.children))


def _fields(node: Job | Task) -> Document:
    return {name: getattr(node, name) for name in type(node).__match_args__}


def _of_node(place: Place | None, body: Document, other: Document, into: str) -> Iterator[Problem]:
    for key in [*body, *(key for key in other if key not in body)]:
        if body.get(key) != other.get(key):
            at = place or NOWHERE
            message = f"{into} cannot say this: {_shown(key, body)} would be {_shown(key, other)}"
            yield Problem(at._replace(path=f"{at.path}.{key}".strip(".")), message, HINTS.get(key, ""))


def _shown(key: str, body: Document) -> str:
    if key == "children":
        return f"{body.get(key)} children"
    return f"{key} {quoted(str(body[key]))}" if key in body else f"no {key}"


def _elsewhere(job: Job, source: str, target: str) -> Iterator[Problem]:
    """What counts from the folder of the job file, when the other one stands in another folder."""
    if "-" in (source, target) or folder_of(source) == folder_of(target):
        return
    place = job.place or NOWHERE
    for param in job.params:
        if param.type == "path" and param.default and not param.default.startswith("/"):
            message = f"the default of the param {quoted(param.name)} counts from the folder of the job file"
            yield Problem(param.place or place, message, f"{quoted(target)} is in another folder", "warning")
    if any(isinstance(action.work, ModuleCall) for _, action in actions(job)):
        message = "modules are looked for beside the job file, and that is another folder now"
        yield Problem(place, message, "say where they are: --modules DIR", "note")
