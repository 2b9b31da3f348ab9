"""The YAML of Cogwell/JobManager: `Modules` of Python and an `Order` in which functions of them are called.

Reads an order into one action that makes all its calls in one process. Knows the keys; calls nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from job_manager.formats.jobmanager_yaml.calls import read_calls
from job_manager.formats.jobmanager_yaml.code import read_modules
from job_manager.formats.jobmanager_yaml.pool import KEYS as POOL_KEYS
from job_manager.formats.jobmanager_yaml.pool import SETTINGS, read_pool
from job_manager.formats.jobmanager_yaml.scope import Scope
from job_manager.formats.reading import Reading, without_echoes
from job_manager.formats.yaml_reader import Fields, Reader, load
from job_manager.formats.yaml_tree import At, Map, Seq, locate
from job_manager.model.bulk import bulk
from job_manager.model.errors import Place, in_order
from job_manager.model.job import Action, Job, Order
from job_manager.model.params import NO_VALUES, Values
from job_manager.model.record import replace

KEYS = ("Modules", "Order", "ClassType", "Filename")
REQUIRED = ("Modules", "Order")
MEANT = {
    "Modules": "write Modules: {ALIAS: FILE.py}",
    "Order": "write Order: with a list of {Module: ALIAS, Function: NAME}",
    "Function": "Function belongs to a call: Order: [{Module: ALIAS, Function: NAME}]",
    "Module": 'did you mean "Modules"?',
    "Orders": 'did you mean "Order"?',
    "Log": "Log belongs to a call; all that is printed goes to job.log",
    "steps": "a file has Modules and Order, or steps as in job.yaml, not both",
    "Password": "a password does not belong in a file; use a key",
}
NAME = "order"
LONGEST_NAME = 128


def draft(raw: bytes, file: str, *, loose: bool = False, values: Values = NO_VALUES) -> Reading:
    """The job in `raw` with everything wrong or odd about it. Raises InputError when no job can be made out.

    values.base: the folder in which the calls are made; by default that of the file.
    """
    reader = Reader(file)
    root = load(raw, file, flaws=reader.problems)
    flaws = frozenset(reader.problems)
    at = root.at if isinstance(root, Map | Seq) else (1, 1)
    fields = reader.fields(root, at, "", (*KEYS, *POOL_KEYS, *SETTINGS), REQUIRED, MEANT)
    reader.raise_if_errors() if fields is None else None
    assert fields is not None
    with bulk():
        job = _job(fields, Scope(reader, fields.map, _base(file, values)), at)

    def places(paths: Iterable[str]) -> dict[str, At]:
        # Read again, not kept: the tree of a big file is many times its text, and seldom asked for.
        again = load(raw, file, flaws=[])
        return {path: at for path in paths if (at := locate(again, path)) is not None}

    reading = Reading(job, (), raw, places)
    return replace(reading, problems=tuple(in_order(without_echoes(flaws, reader.said()))))


def _base(file: str, values: Values) -> str:
    return values.base or os.path.dirname(os.path.abspath(file))


def _job(fields: Fields, scope: Scope, at: At) -> Job:
    modules = read_modules(fields, scope)
    calls = read_calls(fields, scope)
    if "Filename" in fields.map:
        text = "Filename is not needed: the calls are made where this file lies"
        fields.reader.note(fields.key_at("Filename"), "Filename", text)
    place = Place(fields.reader.file, *at, "")
    wishes = read_pool(fields)
    action = Action(NAME, Order(modules, calls), workdir=scope.base, wishes=wishes, place=place)
    return Job(_name(fields.reader.file), (action,), source=fields.reader.file, place=place)


def _name(file: str) -> str:
    stem = os.path.splitext(os.path.basename(file))[0]
    if file.startswith("<") or not stem.strip():
        return NAME
    return "".join(c if c.isprintable() else "?" for c in stem)[:LONGEST_NAME]
