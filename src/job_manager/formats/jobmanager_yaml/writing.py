"""An order as the YAML of JobManager, which is one order, in the folder of its file, and nothing else.

Knows no other language.
"""

from __future__ import annotations

import json

from job_manager.formats.jobmanager_yaml import NAME
from job_manager.formats.jobmanager_yaml.pool import CLASSES, KEYS, LISTS, PERIODS
from job_manager.formats.writing import Unsaid, unusual
from job_manager.formats.yaml_writing import Flow, Typed, dumped
from job_manager.model.document import plain
from job_manager.model.hints import Any
from job_manager.model.job import POOL, Action, Argument, Call, Job, Order
from job_manager.model.wording import quoted

Body = dict[str, Any]
ONE = "a job is to be one order, and nothing else"


def write(job: Job) -> bytes:
    """The text of the job. Raises InputError with everything that JobManager's YAML cannot say."""
    unsaid = Unsaid("order")
    for key, what in unusual(job, Job("", source=job.source)):
        unsaid.say(job, key, what)
    orders = [child for child in job.children if isinstance(child, Action) and isinstance(child.work, Order)]
    for child in job.children:
        if child not in orders[:1]:
            unsaid.say(child, "", quoted(child.name), ONE)
    if not orders:
        unsaid.say(job, "", "a job without an order", ONE)
    unsaid.raise_if_any()
    body = _order(orders[0], unsaid)
    unsaid.raise_if_any()
    return dumped(body).encode()


def _order(action: Action, unsaid: Unsaid) -> Body:
    work = action.work
    assert isinstance(work, Order)
    usual = Action(NAME, work, workdir=action.workdir, wishes=action.wishes)
    for key, what in unusual(action, usual):
        unsaid.say(action, key, what)
    if work.log:
        unsaid.say(action, "log", f"the log {quoted(work.log)}", "it is an option of the command line: -log")
    known: set[str] = set()
    calls = [_call(call, known, unsaid) for call in work.calls]
    return {**_pool(action, unsaid), "Modules": dict(work.modules), "Order": calls}


def _pool(action: Action, unsaid: Unsaid) -> Body:
    """The wishes as JobManager's keys."""
    wishes = dict(action.wishes)
    kind = next((name for name in CLASSES if name.lower() == wishes.get(POOL, "local")), None)
    for key in wishes:
        if (key != POOL and key not in KEYS) or kind is None:
            unsaid.say(action, f"wishes.{key}", f"the wish {quoted(key)}")
    body: Body = {"ClassType": kind} if POOL in wishes else {}
    for key, text in wishes.items():
        if key in KEYS:
            body[key] = json.loads(text) if key in LISTS else f"{text}s" if key in PERIODS else _scalar(key, text)
    return body


def _scalar(key: str, text: str) -> Any:
    return Typed(json.loads(text)) if key in ("Port", "onDemand") else text


def _call(call: Call, known: set[str], unsaid: Unsaid) -> Body:
    """One call. known: the variables that have a value by then."""
    body: Body = {"Module": call.module, "Function": call.function}
    known.update(one.name for one in call.declares)
    inputs = [_input(one, known, call, unsaid) for one in call.inputs]
    known.update([*(one.name for one in call.inputs if one.value), *call.outputs])
    declares = {one.name: Typed(plain(one.value)) for one in call.declares}
    if len(declares) != len(call.declares):
        unsaid.say(call, "declares", "that a variable is declared twice")
    said = {"Declares": Flow(declares), "Inputs": inputs, "Outputs": list(call.outputs), "Log": call.log}
    nulls = [one.name for one in call.inputs if one.value == "null"]
    for name in {name for name in nulls if nulls.count(name) > 1}:
        unsaid.say(call, "inputs", f"null twice for {quoted(name)} in a call", "use another name")
    values = [one for one in call.inputs if one.value]
    if len({one.name for one in values}) < len({(one.name, one.value) for one in values}):
        unsaid.say(call, "inputs", "two values for one variable in a call", "use another name")
    return body | {key: value for key, value in said.items() if value}


def _input(argument: Argument, known: set[str], call: Call, unsaid: Unsaid) -> Any:
    if argument.value == "null" and argument.name in known:
        unsaid.say(call, "inputs", f"null for {quoted(argument.name)}, which has a value by then", "use another name")
    if not argument.value and argument.name not in known:
        unsaid.say(call, "inputs", f"the value of {quoted(argument.name)}, which has none by then")
    if argument.value in ("", "null"):
        return argument.name
    return Flow({argument.name: Typed(plain(argument.value))})
