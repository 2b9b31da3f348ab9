"""The JSON job language: mass's form, and our own, which says everything the model can. `"format"` tells them apart.

Knows which form a file is in and what both have in common; knows no module.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from job_manager.formats.checks import check
from job_manager.formats.job_yaml.scope import Scope
from job_manager.formats.json.canonical import FORMAT, JOB_KEYS, JOB_MEANT, LONGEST_TITLE, Canonical
from job_manager.formats.json.fields import JsonReader, Strict, is_text
from job_manager.formats.json.mass import GROUP_KEYS, GROUP_MEANT, Mass
from job_manager.formats.json_reader import load
from job_manager.formats.needs import resolved
from job_manager.formats.params import look_at, settle
from job_manager.formats.reading import Reading
from job_manager.formats.yaml_reader import is_null
from job_manager.formats.yaml_tree import At, Map, Seq, Value, locate
from job_manager.model.bulk import bulk
from job_manager.model.errors import in_order
from job_manager.model.job import Job
from job_manager.model.params import NO_VALUES, Values
from job_manager.model.record import replace
from job_manager.model.wording import quoted

__all__ = ["FORMAT", "draft"]

TOP_KEYS = ("Job", "format", "$schema")
TOP_MEANT = {
    "Job": 'write {"Job": {"title": ..., "children": [...]}}',
    "Task": "a task stands among the children of a Job",
    "Action": "an action stands among the children of a Job",
    "title": 'put it into "Job": {"Job": {"title": ...}}',
    "children": 'put it into "Job": {"Job": {"children": [...]}}',
    "steps": "this is a job.yaml: name it so, or say --format job.yaml",
}


def draft(raw: bytes, file: str, *, loose: bool = False, values: Values = NO_VALUES) -> Reading:
    """The job in `raw` with everything wrong or odd about it. Raises InputError when no job can be made out."""
    reader = JsonReader(file)
    scope = Scope(reader)
    with bulk():
        job, unmet = resolved(_read(raw, file, reader, scope))
        settled = settle(job, values)
        late = [*scope.late, *unmet, *settled.problems, *look_at(job, whole=not reader.failed)]
        late += check(settled.job, loose=loose, partial=reader.failed)

    def places(paths: Iterable[str]) -> dict[str, At]:
        # Read again, not kept: the tree of a big file is many times its text, and seldom asked for.
        again = load(raw, file, flaws=[])
        return {path: at for path in paths if (at := locate(again, path)) is not None}

    reading = Reading(settled.job, (), raw, places, job if job.params else None, settled.values)
    return replace(reading, problems=tuple(in_order([*reader.said(), *reading.placed(late)])))


def _read(raw: bytes, file: str, reader: JsonReader, scope: Scope) -> Job:
    root = load(raw, file, flaws=reader.problems)
    at = root.at if isinstance(root, Map | Seq) else (1, 1)
    top = reader.fields(root, at, "", TOP_KEYS, ("Job",), TOP_MEANT)
    if top is None or not isinstance(top.map.get("Job"), Map):
        if top is not None and "Job" in top.map:
            reader.fields(top.map["Job"], top.at("Job"), "Job", ())
        reader.raise_if_errors()
    assert top is not None
    body = top.map["Job"]
    assert isinstance(body, Map)
    job = _ours(top, body, reader, scope) if _is_ours(top) else _mass(body, reader, scope)
    _look_at_title(job.name, Strict(body, "Job", reader))
    return job


def _is_ours(top: Strict) -> bool:
    """Whether the file says that it is in our form. One of another version is read as ours, and refused."""
    if "format" not in top.map or is_null(top.map["format"]):
        return False
    written = top.text("format")
    if written is not None and written != FORMAT:
        message = f"this jm reads the format {quoted(FORMAT)}, and this is {quoted(written)}"
        top.wrong("format", message, "write it anew with the jm that is to read it")
    return True


def _ours(top: Strict, body: Map, reader: JsonReader, scope: Scope) -> Job:
    fields = reader.fields(body, top.at("Job"), "Job", JOB_KEYS, ("title", "children"), JOB_MEANT)
    assert fields is not None
    return Canonical(scope, reader).job(fields)


def _mass(body: Map, reader: JsonReader, scope: Scope) -> Job:
    fields = reader.fields(body, body.at, "Job", GROUP_KEYS, (), GROUP_MEANT)
    assert fields is not None
    reading = Mass(scope, reader)
    job = reading.job(fields)
    reading.note_order()
    if job.name.strip() or not _may_be_empty(fields.map.get("title", "")):
        return job
    stem = os.path.splitext(os.path.basename(scope.file))[0].strip("<>") or "job"
    reader.warn(fields.at("title"), "Job.title", f"the job has no title; it is called {quoted(stem)}")
    return replace(job, name=stem)


def _may_be_empty(title: Value) -> bool:
    """Whether there is no title, and not something else in its place."""
    return is_null(title) or is_text(title)


def _look_at_title(title: str, fields: Strict) -> None:
    if "title" in fields.map and not title.strip() and fields.text("title") is not None:
        fields.wrong("title", "the job needs a title")
    elif len(title) > LONGEST_TITLE:
        fields.wrong("title", f"the title has {len(title):,} characters; the limit is {LONGEST_TITLE}")
    elif not title.isprintable():
        fields.wrong("title", f"the title {quoted(title)} contains a control character")
