"""From the rows of a tree to the job, with every mistake at its line: names, order, needs, defaults.

What an action may say is what an entry of a job.yaml may, and is read by the same code. Knows no script and no process.
Rules: reference seed-systems M2, M6, M8, D27-D33.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from job_manager.formats.checks import check
from job_manager.formats.job_yaml.entries import read_when
from job_manager.formats.job_yaml.inputs import bound, read_inputs
from job_manager.formats.job_yaml.more import MOST_ACTIVE, read_after, read_dirmaps, read_wishes
from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.naming import names_of
from job_manager.formats.needs import resolved
from job_manager.formats.params import look_at, settle
from job_manager.formats.python.actions import NAMED, ActionFields, read_action, renamed
from job_manager.formats.python.dataflow import with_needs
from job_manager.formats.python.fields import fields_of, known, placed, read_row_needs
from job_manager.formats.python.rows import Row
from job_manager.formats.reading import Reading
from job_manager.formats.stuck import spread
from job_manager.formats.yaml_params import read_params
from job_manager.formats.yaml_reader import Fields, Reader
from job_manager.formats.yaml_tree import Plain
from job_manager.model.bulk import bulk
from job_manager.model.errors import InputError, Place, Problem, in_order
from job_manager.model.job import Action, Job, Task
from job_manager.model.names import artifact_name, param_name
from job_manager.model.params import NO_VALUES, Values
from job_manager.model.record import NamedTuple, replace
from job_manager.model.wording import quoted

JOB_KEYS = (
    *("title", "name", "version", "inputs", "params", "priority", "paused", "after", "max_active", "timeout"),
    *("wait_timeout", "stuck", "dirmaps", "wishes"),
)
TASK_KEYS = ("title", "name", "needs", "when", "priority", "stuck", "wishes")
ORDER_KEYS = ("parallel", "serialsubtasks", "children")
LONGEST_TITLE = 128
Nodes = list[Task | Action]


class Context(NamedTuple):
    """What a reading is made with: the scope of its problems, the file, and which script serves each role."""

    scope: Scope
    file: str
    scripts: Mapping[str, str]


def drafted(
    rows: Sequence[Row],
    file: str,
    scripts: Mapping[str, str],
    *,
    raw: bytes = b"",
    loose: bool = False,
    values: Values = NO_VALUES,
    noted: Iterable[Problem] = (),
) -> Reading:
    """The job of the rows, with everything wrong or odd about it. `file`: the script as it was typed, "" without one;
    `scripts`: by role the file that registers its function. Raises InputError when no job can be made out."""
    context = Context(Scope(Reader(file)), file, scripts)
    _look_at_shape(rows, context)
    with bulk():
        job, unmet = resolved(with_needs(_job(rows, context)))
        settled = settle(job, values)
        failed = context.scope.reader.failed
        late = [*context.scope.late, *unmet, *settled.problems, *look_at(job, whole=not failed)]
        late += check(settled.job, loose=loose, partial=failed)
    said = [placed(problem) for problem in (*noted, *context.scope.reader.said(), *late)]
    return Reading(
        settled.job,
        tuple(in_order(said)),
        raw,
        template=job if job.params else None,
        values=settled.values,
        roles=tuple(sorted(scripts)),
    )


def _look_at_shape(rows: Sequence[Row], context: Context) -> None:
    reader = context.scope.reader
    for at, row in enumerate(rows):
        if (row.kind == "Job") is (at > 0):
            fields = fields_of(row, reader, row.body)
            what = "a job stands in a job" if at else f"expected a job, found {_an(row.kind)}"
            reader.error(fields.map.at, row.path, what, "a job has tasks and actions in it")
    if rows[0].kind != "Job":
        raise InputError([placed(problem) for problem in reader.said()])


def _an(kind: str) -> str:
    return "an action" if kind == "Action" else f"a {kind.lower()}"


# --- the tree ---------------------------------------------------------------------------------------------------------


def _job(rows: Sequence[Row], context: Context) -> Job:
    fields = _group_fields(rows[0], JOB_KEYS, context)
    scope = context.scope
    scope.params = read_params(fields, "params", param_name)
    inputs = read_inputs(fields, scope)
    scope.see(inputs)
    at = fields.map.at
    job = Job(
        name=_title(fields, rows[0], context),
        version=fields.text("version") or "",
        parallel=_parallel(fields, rows[0]),
        params=scope.params,
        priority=fields.number("priority"),
        paused=bool(fields.flag("paused")),
        after=read_after(fields),
        max_active=fields.integer("max_active", 1, MOST_ACTIVE),
        timeout=fields.duration("timeout"),
        wait_timeout=fields.duration("wait_timeout"),
        dirmaps=read_dirmaps(fields),
        wishes=read_wishes(fields),
        source=context.file,
        place=Place(scope.file, *at, rows[0].path),
    )
    artifacts = {given.artifact for given in inputs} | set(_written(rows))
    read = [None, *(_read(row, artifacts, context) for row in rows[1:])]  # a job in the job, which is told, is a task
    _note_order(rows, context)
    children = _tree(rows, read, context)
    scope.reader.file = rows[0].place.file if rows[0].place else scope.file
    children = spread(children, fields)
    return replace(job, children=children, inputs=bound(inputs, children, scope))


def _written(rows: Iterable[Row]) -> Iterator[str]:
    """The names of what actions write, as far as they can be made out."""
    for row in rows:
        outputs = row.body.get("outputs", row.body.get("_outputs")) if row.kind == "Action" else None
        for each in outputs if isinstance(outputs, list) else ():
            name = each.get("name") if isinstance(each, dict) else each
            if isinstance(name, str):
                yield name


def _read(row: Row, artifacts: set[str], context: Context) -> Fields | ActionFields:
    if row.kind == "Action":
        return read_action(row, artifacts, context.scope, context.scripts)
    return _group_fields(row, TASK_KEYS, context)


def _group_fields(row: Row, keys: tuple[str, ...], context: Context) -> Fields:
    body = {key: value for key, value in row.body.items() if value is not None}
    if isinstance(body.get("inputs"), list):
        body["inputs"] = [renamed(use) for use in body["inputs"]]
    return known(row, context.scope.reader, body, (*keys, *ORDER_KEYS))


def _tree(
    rows: Sequence[Row], read: Sequence[Fields | ActionFields | None], context: Context
) -> tuple[Task | Action, ...]:
    """The nodes under their names, made from the last row to the first; hooks behind their siblings."""
    names = _names(rows, read, context)
    paths = [""]
    for row, (name, _) in zip(rows[1:], names[1:], strict=True):
        paths.append(f"{paths[row.parent]}/{name}".lstrip("/"))
    below: list[Nodes] = [[] for _ in rows]
    for at in range(len(rows) - 1, 0, -1):
        row, one, (name, title) = rows[at], read[at], names[at]
        if isinstance(one, ActionFields):
            node: Task | Action = one.action(name, title, paths)
        else:
            assert one is not None
            node = _task(one, row, name, title, _in_order(below[at]), paths, context)
        below[row.parent].append(node)
        below[at] = []
    return _in_order(below[0])


def _names(
    rows: Sequence[Row], read: Sequence[Fields | ActionFields | None], context: Context
) -> list[tuple[str, str]]:
    members: dict[int, list[int]] = {}
    for at, row in enumerate(rows[1:], 1):
        members.setdefault(row.parent, []).append(at)
    names = [("", "")] * len(rows)
    for siblings in members.values():
        wanted = [_wanted(rows[at], read[at]) for at in siblings]
        found = names_of([(each.name or each.title, each.default) for each in wanted], "task")
        for at, each, (name, title) in zip(siblings, wanted, found, strict=True):
            names[at] = (name, title) if not each.name else (name, "" if each.title == name else each.title)
            if each.name and each.name != name:
                _say_name(each.name, rows[at], context)
    return names


class _Wanted(NamedTuple):
    """What a node is to be called: its title, what to call it without one, and its name, if it has one beside it."""

    title: str
    default: str
    name: str


def _wanted(row: Row, read: Fields | ActionFields | None) -> _Wanted:
    if isinstance(read, ActionFields):
        return _Wanted(read.title, read.default_name, read.name)
    name, title = (str(value) if isinstance(value := row.body.get(key), str | int | float) else "" for key in NAMED)
    return _Wanted(title, "task", name) if title and name else _Wanted(title or name, "task", "")


def _say_name(name: str, row: Row, context: Context) -> None:
    """A name beside a title has to be one, and no other's."""
    fields = fields_of(row, context.scope.reader, {})
    why = artifact_name(name) or f"the name {quoted(name)} is another's beside it"
    key = "_name" if row.kind == "Action" else "name"
    fields.reader.error(fields.map.at, f"{row.path}.{key}", why, "leave it out, and one is made of the title")


def _in_order(reverse: Nodes) -> tuple[Task | Action, ...]:
    members = list(reversed(reverse))
    hooks = [node for node in members if isinstance(node, Action) and node.hook]
    return (
        (*(node for node in members if not (isinstance(node, Action) and node.hook)), *hooks)
        if hooks
        else tuple(members)
    )


def _task(
    fields: Fields,
    row: Row,
    name: str,
    title: str,
    children: tuple[Task | Action, ...],
    paths: Sequence[str],
    context: Context,
) -> Task:
    context.scope.reader.file = row.place.file if row.place else context.file
    return Task(
        name,
        spread(children, fields),
        _parallel(fields, row),
        title,
        read_row_needs(fields, paths),
        read_when(fields),
        fields.number("priority"),
        read_wishes(fields),
        place=context.scope.place(fields.map.at, row.path),
    )


# --- what is said of a job or a task ----------------------------------------------------------------------------------


def _title(fields: Fields, row: Row, context: Context) -> str:
    title = fields.text("name") or fields.text("title") or ""
    if not title.strip():
        stem = os.path.splitext(os.path.basename(context.file))[0].strip("<>") or "job"
        fields.reader.warn(fields.map.at, f"{row.path}.title", f"the job has no title; it is called {quoted(stem)}")
        return stem
    if len(title) > LONGEST_TITLE:
        fields.wrong("title", f"the title has {len(title):,} characters; the limit is {LONGEST_TITLE}")
    elif not title.isprintable():
        fields.wrong("title", f"the title {quoted(title)} contains a control character")
    return title


def _parallel(fields: Fields, row: Row) -> bool:
    parallel, serial = (_flag(fields, key) for key in ("parallel", "serialsubtasks"))
    if parallel is not None and parallel is serial:
        message = f"parallel={parallel} and serialsubtasks={serial} contradict each other"
        fields.wrong("serialsubtasks", message, "keep one of them")
    return parallel if parallel is not None else serial is False


def _flag(fields: Fields, key: str) -> bool | None:
    value = fields.map.get(key)
    return value == "1" if isinstance(value, Plain) and value in ("0", "1") else fields.flag(key)


def _note_order(rows: Sequence[Row], context: Context) -> None:
    """Says once that it was not said in which order children run, and which it is then."""
    count = [0] * len(rows)
    for row in rows[1:]:
        count[row.parent] += 1
    silent = [
        row
        for row, children in zip(rows, count, strict=True)
        if children > 1 and row.body.get("parallel") is None and row.body.get("serialsubtasks") is None
    ]
    if silent:
        fields = fields_of(silent[0], context.scope.reader, {})
        others = f", nor of {len(silent) - 1} more" if len(silent) > 1 else ""
        title = str(silent[0].body.get("title") or silent[0].kind)
        message = f"nothing is said of the order in {quoted(title)}{others}: one after another, Python's default"
        hint = "parallel=True runs them at once, parallel=False says it"
        context.scope.reader.note(fields.map.at, silent[0].path, message, hint)
