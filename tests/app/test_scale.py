"""The work that a big job is grows with its size and no faster: calls for each action are counted, not seconds.

Knows nothing of what is printed.
"""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from job_manager.app.home import Home
from job_manager.app.loading import Loaded, Wish, load
from job_manager.app.planning import Plan
from job_manager.core.decide import quiet
from job_manager.model.document import job_document, read_job
from job_manager.model.job import Job
from job_manager.testing.building import action
from job_manager.testing.farm import Farm

HEAD = 'name: big\nversion: "1"\nsteps:\n'
FEW, MANY = 2000, 6000


def fan(count: int) -> str:
    """One, then all the others at once, then one."""
    entry = "      - {{name: {0}, cmd: [/bin/true, {0}]}}\n"
    step = "  - entries:\n"
    return HEAD + step.join(["", entry.format("first"), "".join(map(entry.format, range(count))), entry.format("last")])


def chain(count: int) -> str:
    """A step for each."""
    return HEAD + "".join(f"  - entries:\n      - {{name: a{number}, cmd: [/bin/true]}}\n" for number in range(count))


def calls(work: Callable[[], object]) -> int:
    with cProfile.Profile() as profile:
        work()
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def loaded(text: str, folder: Path) -> Loaded:
    (folder / "job.yaml").write_text(text)
    return load(Wish(str(folder / "job.yaml")), {"PATH": "/bin"}, str(folder))


@pytest.mark.parametrize(("shape", "most"), [(fan, 90), (chain, 260)])
def test_each_action_more_is_as_little_work_to_read_and_check_as_the_others(shape, most, tmp_path):
    counted = [calls(partial(loaded, shape(count), tmp_path)) for count in (FEW, MANY)]
    assert counted[1] - counted[0] < most * (MANY - FEW)
    assert counted[1] < 1.1 * counted[0] * MANY / FEW


def test_the_beginning_of_a_plan_costs_little_of_the_whole(tmp_path):
    found = loaded(fan(FEW), tmp_path)
    plan = Plan(found, Home(str(tmp_path / ".jm")))
    short: list[dict] = []
    assert calls(lambda: short.append(plan.document(5))) < 25 * FEW
    first, second, last = short[0]["children"]
    assert [len(child["children"]) for child in (first, second, last)] == [1, 6, 1]
    assert second["children"][-1] == {"more": FEW - 5, "steps": 0, "kinds": {"cmd": FEW - 5}}
    whole = plan.document()
    assert short[0]["counts"] == whole["counts"] and last == whole["children"][2]
    assert second["children"][:5] == whole["children"][1]["children"][:5]


def test_a_job_and_its_document_are_little_work_for_each_action():
    job = Job("j", tuple(action(f"a{number}") for number in range(FEW)))
    document = job_document(job)
    assert calls(lambda: job_document(job)) < 15 * FEW
    assert calls(lambda: read_job(document)) < 15 * FEW


def test_nobody_asks_the_jobs_that_are_over_for_their_timers():
    farm = Farm(Job("j", (action("a"),), timeout=5.0))
    for number in range(20):
        farm.submit(Job("j", (action("a"),), timeout=5.0), f"k{number}")
    farm.run()
    assert all(job.finished for job in farm.jobs)
    quiet(farm.supervisor.state)
    assert farm.supervisor.state.touched == set()
    farm.submit(Job("j", (action("a"),), timeout=5.0), "last")
    farm.turn()
    assert farm.supervisor.state.touched == {"last"}
