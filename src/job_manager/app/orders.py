"""What orders need on this machine: the Python that runs them; and what is said to those that wish for another place.

Knows no job language; starts nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import job_manager.worker
from job_manager.model.errors import Place, Problem
from job_manager.model.job import POOL, Action, Job, Order, Task
from job_manager.model.record import replace
from job_manager.model.site import Installed, runner
from job_manager.model.survey import survey
from job_manager.model.wording import quoted
from job_manager.modules.interpreter import choose_python

FOLDER = os.path.join(os.path.dirname(os.path.abspath(job_manager.worker.__file__)), "runners")


def as_wished(job: Job, here: bool, log: str) -> Job:
    """The job with its orders as they were asked for: on this machine, printing into that file."""
    if not here and not log:
        return job
    return replace(job, children=tuple(_as_wished(node, here, log) for node in job.children))


def _as_wished(node: Task | Action, here: bool, log: str) -> Task | Action:
    if not isinstance(node, Action) or not isinstance(node.work, Order):
        return node
    wishes = tuple(pair for pair in node.wishes if not here or pair[0] != POOL)
    return replace(node, work=replace(node.work, log=log), wishes=wishes)


def order_runners(job: Job, python: str, environ: Mapping[str, str], problems: list[Problem]) -> list[Installed]:
    """What runs the orders of the job, one for each folder."""
    found: dict[str, Installed] = {}
    for _, action in survey(job).actions:
        name = runner(action)
        if not isinstance(action.work, Order) or name in found:
            continue
        choice = choose_python(action.workdir, python or None, environ)
        if choice.problem:
            problems.append(Problem(action.place or Place(job.source, 0, 0), choice.problem, choice.hint))
        if not os.path.isdir(action.workdir):
            place = action.place or Place(job.source, 0, 0)
            problems.append(Problem(place, f"the folder {quoted(action.workdir)} of the order is not there"))
        found[name] = Installed(name, FOLDER, "order.py", choice.interpreter, choice.reason, "")
    return list(found.values())


def pool_problems(job: Job, severity: str) -> Iterator[Problem]:
    """What is to be said of actions that wish for another place than this machine."""
    for path, action in survey(job).actions:
        wishes = dict(action.wishes)
        if POOL not in wishes:
            continue
        host = wishes.get("Hostname", "")
        where = f"on {host}" if host else "in the cloud"
        text = f"{path} is to run {where} ({wishes[POOL]}); other machines than this one are not served yet"
        place = action.place or Place(job.source, 0, 0)
        yield Problem(place, text, "`jm order FILE` runs it on this machine", severity)
