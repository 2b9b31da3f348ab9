"""`when:` in any job language: read as it stands, and held against the job's params and what the node needs.

Knows no file format.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from job_manager.formats.wording import suggestion
from job_manager.formats.words import no_param
from job_manager.model.condition import STATES, Condition, Ended, alone, asked, parse, renamed, text_of
from job_manager.model.errors import NOWHERE, Place, Problem
from job_manager.model.job import Action, Job, Task
from job_manager.model.survey import survey
from job_manager.model.wording import quoted

PLAIN = ("true", "false", "1", "0")  # a node may be switched on and off by hand
EXAMPLE = 'write when: params.quality == high, or when: encode.failed (and "encode" under needs:)'


def fault(text: str) -> str:
    """Why this is no condition, or ""."""
    try:
        condition = parse(text)
    except ValueError as error:
        return str(error)
    return next((_asks_nothing(value.text) for value in alone(condition) if value.text.lower() not in PLAIN), "")


def _asks_nothing(word: str) -> str:
    if "." in word.strip("."):
        return f"{quoted(word)} asks nothing; after a name stands {', '.join(f'.{state}' for state in STATES)}"
    return f"{quoted(word)} asks nothing: it would always hold"


def look_at_when(job: Job) -> Iterator[Problem]:
    """Params that the conditions of a job ask for and that it has not."""
    declared = [param.name for param in job.params]
    for node in survey(job).nodes:
        for name in asked(node.when)[0] if node.when else ():
            if name not in declared:
                yield Problem(when_place(node), *no_param(name, declared))


def asks_params(job: Job) -> set[str]:
    """The params that conditions ask for."""
    return {name for node in survey(job).nodes if node.when for name in asked(node.when)[0]}


def when_place(node: Task | Action) -> Place:
    """Where the condition of a node stands."""
    place = node.place or NOWHERE
    return place._replace(path=f"{place.path}.when" if place.path else "when") if place.file else place


def by_path(node: Task | Action, paths: dict[str, str]) -> tuple[str, list[Problem]]:
    """The node's condition with the paths of what it asks for instead of the names written, and what is wrong with
    these. paths: what may be asked for, the node's needs, by each of their names."""
    if not node.when:
        return "", []
    _, names = asked(node.when)
    problems = [_not_needed(node, name, paths) for name in names if name not in paths]
    if problems:
        return "", problems
    return text_of(_with_paths(parse(node.when), paths)) if names else node.when, []


def _with_paths(condition: Condition, paths: dict[str, str]) -> Condition:
    return renamed(condition, lambda ended: Ended(paths[ended.name], ended.state))


def _not_needed(node: Task | Action, name: str, paths: Collection[str]) -> Problem:
    hint = suggestion(name, list(paths)) or f"write needs: [{name}] beside it"
    return Problem(when_place(node), f"{quoted(name)} is not among what this needs", hint)
