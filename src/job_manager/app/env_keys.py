"""Environment keys (`-envkey {nuke-15}` of Alfscript): the variables that the configuration gives to who asks for one.

Knows no language: a job keeps its keys as the wish `envkey`. What a command says of a variable itself stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from job_manager.app.settings import Config
from job_manager.formats.wording import suggestion
from job_manager.model.errors import NOWHERE, Problem
from job_manager.model.job import Action, Job, Pairs, Task, actions
from job_manager.model.record import replace
from job_manager.model.wording import quoted

WISH = "envkey"
Keys = tuple[tuple[str, Pairs], ...]


def _asked(wishes: Pairs) -> list[str]:
    return dict(wishes).get(WISH, "").split()


def check_env_keys(job: Job, config: Config) -> Iterator[Problem]:
    """Which keys mean nothing here, each at the first place that asks for it."""
    known = dict(config.envkeys)
    said: set[str] = set()
    nodes: list[Job | Action] = [job, *(action for _, action in actions(job))]
    for node in nodes:
        for key in _asked(node.wishes):
            if key not in known and key not in said:
                said.add(key)
                yield _unknown(key, known, node)


def _unknown(key: str, known: Iterable[str], node: Job | Action) -> Problem:
    place = node.place or NOWHERE
    place = place._replace(path=f"{place.path}.{WISH}" if place.path else WISH)
    declare = f'say in jm.toml which variables it gives: envkeys = {{"{key}" = {{NAME = "value"}}}}'
    message = f"the environment key {quoted(key)} has no effect here"
    return Problem(place, message, suggestion(key, list(known)) or declare, "note")


def with_env_keys(job: Job, keys: Keys) -> Job:
    """The job with the variables of its keys; the job itself when none of them gives any."""
    given = dict(keys)
    everywhere = _variables(_asked(job.wishes), given)
    asking = (bool(_variables(_asked(action.wishes), given)) for _, action in actions(job))
    if not everywhere and not (given and any(asking)):
        return job
    return replace(job, children=_children(job, everywhere, given))


def _variables(asked: Iterable[str], given: dict[str, Pairs]) -> dict[str, str]:
    return {name: value for key in asked for name, value in given.get(key, ())}


def _children(job: Job, everywhere: dict[str, str], given: dict[str, Pairs]) -> tuple[Task | Action, ...]:
    """Without recursion: the nodes each before what is in it, made again from the last to the first."""
    found: list[tuple[Task | Action, int]] = []
    stack: list[tuple[Task | Action, int]] = [(child, -1) for child in reversed(job.children)]
    while stack:
        node, parent = stack.pop()
        found.append((node, parent))
        if isinstance(node, Task):
            stack.extend((child, len(found) - 1) for child in reversed(node.children))
    below: list[list[Task | Action]] = [[] for _ in range(len(found) + 1)]
    for number in range(len(found) - 1, -1, -1):
        node, parent = found[number]
        if isinstance(node, Task):
            made: Task | Action = replace(node, children=tuple(reversed(below[number])))
        else:
            variables = everywhere | _variables(_asked(node.wishes), given) | dict(node.env)
            made = replace(node, env=tuple(sorted(variables.items())))
        below[parent].append(made)
    return tuple(reversed(below[-1]))
