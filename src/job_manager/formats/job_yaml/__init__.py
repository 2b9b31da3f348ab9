"""The job.yaml language: steps one after another, the entries of a step in parallel, in either of its two spellings;
or a tree of tasks.

Knows the keys and what they mean; knows no module, and leaves to the checks what does not depend on the language.
"""

from __future__ import annotations

from collections.abc import Iterable

from job_manager.formats.checks import check
from job_manager.formats.job_yaml import more, plain
from job_manager.formats.job_yaml.inputs import bound, read_inputs
from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.needs import resolved
from job_manager.formats.params import look_at, settle
from job_manager.formats.reading import Reading, without_echoes
from job_manager.formats.stuck import spread
from job_manager.formats.yaml_params import read_params
from job_manager.formats.yaml_reader import Fields, Reader, is_null, load
from job_manager.formats.yaml_tree import At, Map, Seq, locate
from job_manager.model.bulk import bulk
from job_manager.model.errors import Place, in_order
from job_manager.model.job import Action, Job, Task
from job_manager.model.names import param_name
from job_manager.model.params import NO_VALUES, Values
from job_manager.model.record import replace
from job_manager.model.wording import quoted

KEYS = (
    "name",
    "version",
    "params",
    "input_artifact",
    "input_artifacts",
    "inputs",
    "steps",
    "tasks",
    "parallel",
    *more.OF_JOB,
)
MEANT = {
    "name": "write name: my_job",
    "version": "write version: 1 (any text will do)",
    "steps": "write steps: with a list of {name: ..., entries: [...]}",
    "entries": "entries belong to a step: steps: [{name: ..., entries: [...]}]",
    "module": "a module is named in an entry of a step: steps: [{name: ..., entries: [{module: ...}]}]",
    "outputs": "outputs belong to the entries; public: true keeps them",
    "output_artifacts": "output_artifacts belong to the entries; public: true keeps them",
}
LONGEST_NAME = 128


def draft(raw: bytes, file: str, *, loose: bool = False, values: Values = NO_VALUES) -> Reading:
    """The job in `raw` with everything wrong or odd about it. Raises InputError when no job can be made out."""
    scope = Scope(Reader(file))
    root = load(raw, file, flaws=scope.reader.problems)
    flaws = frozenset(scope.reader.problems)
    at = root.at if isinstance(root, Map | Seq) else (1, 1)
    required = ("name", "version") if isinstance(root, Map) and "tasks" in root else ("name", "version", "steps")
    fields = scope.reader.fields(root, at, "", KEYS, required, MEANT)
    scope.reader.raise_if_errors() if fields is None else None
    assert fields is not None
    with bulk():
        job, unmet = resolved(_job(fields, scope, at))
        settled = settle(job, values)
        late = [
            *scope.late,
            *(() if scope.reader.failed else scope.idle),
            *unmet,
            *settled.problems,
            *look_at(job, whole=not scope.reader.failed),
        ]
        late += check(settled.job, loose=loose, partial=scope.reader.failed)

    def places(paths: Iterable[str]) -> dict[str, At]:
        # Read again, not kept: the tree of a big file is many times its text, and seldom asked for.
        again = load(raw, file, flaws=[])
        return {path: at for path in paths if (at := locate(again, path)) is not None}

    reading = Reading(settled.job, (), raw, places, job if job.params else None, settled.values)
    return replace(
        reading, problems=tuple(in_order(without_echoes(flaws, [*scope.reader.said(), *reading.placed(late)])))
    )


def _job(fields: Fields, scope: Scope, at: At) -> Job:
    name = fields.text("name") or ""
    _look_at_name(fields, name)
    scope.params = read_params(fields, "params", param_name)
    inputs = read_inputs(fields, scope)
    scope.see(inputs)
    tree = _tree(fields, scope)
    return Job(
        name=name,
        children=spread(tree, fields),
        parallel=_parallel(fields),
        version=fields.text("version") or "",
        inputs=bound(inputs, tree, scope),
        params=scope.params,
        priority=fields.number("priority"),
        paused=bool(fields.flag("paused")),
        after=more.read_after(fields),
        max_active=fields.integer("max_active", 1, more.MOST_ACTIVE),
        timeout=fields.duration("timeout"),
        wait_timeout=fields.duration("wait_timeout"),
        dirmaps=more.read_dirmaps(fields),
        wishes=more.read_wishes(fields),
        source=scope.file,
        place=Place(scope.file, *at, ""),
    )


def _tree(fields: Fields, scope: Scope) -> tuple[Task | Action, ...]:
    ordinary = plain.steps(fields, scope) if fields.map.keys().isdisjoint(("hooks", "tasks")) else None
    if ordinary is not None:
        return ordinary
    # Imported here: what most jobs say is read without all that may be said.
    from job_manager.formats.job_yaml.steps import look_at_public_reads, read_members, read_steps

    tree = read_steps(fields, scope)
    if "tasks" in fields.map:
        if "steps" in fields.map:
            fields.reader.error(
                fields.key_at("tasks"), "tasks", "a job has steps or tasks, not both", "keep one of them"
            )
        tree = (*tree, *read_members(fields, "tasks", scope))
    look_at_public_reads(tree, scope)
    return tree


def _parallel(fields: Fields) -> bool:
    parallel = bool(fields.flag("parallel"))
    if parallel and "tasks" not in fields.map:
        fields.wrong("parallel", "steps run one after another", "write tasks: instead of steps:, or leave it out")
    return parallel


def _look_at_name(fields: Fields, name: str) -> None:
    written = fields.map.get("name")
    if isinstance(written, str) and not is_null(written) and not name.strip():
        fields.wrong("name", "the job needs a name")
    elif len(name) > LONGEST_NAME:
        fields.wrong("name", f"the name has {len(name):,} characters; the limit is {LONGEST_NAME}")
    elif not name.isprintable():
        fields.wrong("name", f"the name {quoted(name)} contains a control character")
