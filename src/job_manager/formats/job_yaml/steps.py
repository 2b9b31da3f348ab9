"""The steps of a job.yaml: each a task whose entries run in parallel.

Knows nothing of what an entry holds.
"""

from __future__ import annotations

from job_manager.formats.job_yaml.entries import read_entries
from job_manager.formats.job_yaml.naming import Wanted, named, wanted_name
from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.yaml_reader import Fields
from job_manager.formats.yaml_tree import Plain, Seq
from job_manager.model.errors import Place
from job_manager.model.job import Action, Task

KEYS = ("name", "entries")
_ENTRY = "this belongs to an entry: write it under entries:, as entries: [{{{}: ...}}]"
_ENTRY_KEYS = ("module", "cmd", "shell", "inputs", "outputs", "params", "env", "timeout", "retries")
MEANT = {key: _ENTRY.format(key) for key in _ENTRY_KEYS}


def read_steps(fields: Fields, scope: Scope) -> tuple[Task, ...]:
    """One serial task a step, each with its entries in parallel."""
    wanted: list[Wanted] = []
    entries: list[tuple[Action, ...]] = []
    places: list[Place] = []
    steps = fields.map.get("steps")
    for number, value, at, path in fields.items("steps"):
        step = scope.reader.fields(value, at, path, KEYS, ("entries",), MEANT)
        if step is not None:
            wanted.append(wanted_name(step, f"step{number + 1}"))
            places.append(scope.place(at, path))
            entries.append(read_entries(step, scope))
        if isinstance(steps, Seq):
            # The tree of a big file is given back while the job grows.
            steps[number] = Plain("")
    _look_at_public_reads(entries, scope)
    return tuple(
        Task(name, children, parallel=True, title=title, place=place)
        for place, (name, title), children in zip(places, named(wanted, "step"), entries, strict=True)
    )


def _look_at_public_reads(entries: list[tuple[Action, ...]], scope: Scope) -> None:
    # In the original an input had to repeat the flag to find its file; here it says nothing, unless it contradicts.
    if not scope.public_reads:
        return
    kept = {output.artifact: output.public for step in entries for action in step for output in action.outputs}
    for name, at, path in scope.public_reads:
        if kept.get(name) is False:
            hint = "write public: true at the output that makes it, if it is to be kept"
            scope.reader.warn(
                at, path, f'public is set where an artifact is produced; "{name}" is not public there', hint
            )
