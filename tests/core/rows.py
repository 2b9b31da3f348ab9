"""Histories that together take every row of the transition table, and which rows a history takes.

Knows the farm; what must be covered is core.table's own word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from job_manager.core import events as e
from job_manager.core import table
from job_manager.core.evolve import evolve
from job_manager.core.said import AttemptEnded, CancelAction, CancelJob, ReleaseJob, RetryActions, SkipAction
from job_manager.core.state import State
from job_manager.model.document import children_document
from job_manager.model.fanout import Each
from job_manager.model.job import ALWAYS
from job_manager.model.record import replace
from job_manager.testing import (
    HANGS,
    Farm,
    action,
    fails,
    growing,
    job,
    linked,
    lost,
    parallel,
    printing,
    script,
    serial,
    succeeds,
)

Row = tuple[type, int, int]  # event, state before, state after


def every_row() -> set[Row]:
    return {(event, before, after) for event, row in table.TABLE.items() for before, after in row.items()}


def rows_taken(journal: Iterable[e.Event]) -> set[Row]:
    """Rows seen by looking at every action before and after every event."""
    state, taken = State(), set()
    for event in journal:
        before = bytes(state.jobs[event.job].states) if event.job in state.jobs else None
        evolve(state, event)
        after = state.jobs[event.job].states
        for at, now in enumerate(after):
            was = table.WAITING if before is None or at >= len(before) else before[at]
            known_from_the_start = before is None and now == table.FANNED
            taken |= set() if known_from_the_start else set(_rows(event, at, was, now))
    return taken


def _rows(event: e.Event, at: int, before: int, after: int) -> Iterable[Row]:
    concerns = at == getattr(event, "action", None) or isinstance(event, e.JobResumed)
    if isinstance(event, e.ActionsSkipped | e.ActionsOmitted):
        concerns = event.first <= at < event.end and before != after
    if isinstance(event, e.JobCancelled | e.JobTimedOut):
        concerns = before != after
    if isinstance(event, e.JobRetried):
        concerns = any(first <= at < end for first, end in event.actions) and before not in (0, 1)
    if not concerns:
        yield from _besides(event, before, after)
        return
    if isinstance(event, e.JobResumed) and after == table.WAITING and before in table.TABLE[table.Repeated]:
        yield table.Repeated, before, after
        before = after
    middle = table.TABLE[type(event)][before]
    yield type(event), before, middle
    if middle != after:
        concluded = {table.CANCELLED: table.Dropped, table.WAITING: table.Revived}  # back before its turn has come
        yield concluded.get(after, table.Unblocked), middle, after


def _besides(event: e.Event, before: int, after: int) -> Iterable[Row]:
    """What became of an action that the event does not name."""
    if isinstance(event, e.JobRetried | e.ActionExcused) and (before, after) == (table.READY, table.READY):
        yield table.Revived, table.READY, table.WAITING
        yield table.Unblocked, table.WAITING, table.READY
    elif before == table.SKIPPED and after != before:
        yield table.Revived, before, table.WAITING
        before = table.WAITING
    if before != after:
        yield (table.Dropped if after == table.CANCELLED else table.Unblocked), before, after


def all_goes_well() -> Farm:
    farm = Farm(job(serial("s", "a", "b"), "c"))
    farm.run()
    return farm


def ends_are_heard_before_begins() -> Farm:
    """The report that an attempt began comes late or never."""
    one = job(action("good"), action("bad", retries=1), action("gone"), action("held"), at_once=True)
    farm = Farm(one, slots=4, outcomes=script({1: fails(after=0.0), 2: lost(0.0), 3: HANGS}))
    farm.turn()
    worker = farm.workers[0]
    worker.work(farm.clock.wall())
    farm.clock.advance(1)
    ends = worker.work(farm.clock.wall())
    farm.say(*ends)
    farm.turn()
    farm.hold(grace=0.0)
    farm.settle()
    return farm


def retries_and_losses() -> Farm:
    one = job(action("flaky", retries=1), action("gone"), action("once", idempotent=False), at_once=True)
    farm = Farm(one, slots=3, outcomes=script({0: [fails(), fails()], 1: [lost(), fails()], 2: lost()}))
    farm.run()
    farm.resume()
    farm.run()
    return farm


def held_at_every_point() -> Farm:
    """Held with actions waiting, ready, leased, running, retrying, succeeded; taken up before and after they end."""
    six = job(action("good"), "ready", "running", "queued", action("flaky", retries=3), at_once=True)
    farm = Farm(
        job(parallel("p", *six.children), "last"), slots=3, ahead=1, outcomes=script({2: HANGS, 4: [fails()] * 9})
    )
    farm.turn()
    farm.work()
    farm.hold(grace=5.0)
    farm.turn()
    farm.resume()
    farm.settle()
    for _ in range(4):
        farm.pass_time()
        farm.settle()
    farm.hold(grace=0.0)
    farm.settle()
    farm.resume()
    farm.settle()
    return farm


def resumed_while_open() -> Farm:
    """Asked to go on although nothing had stopped: what is open stays open."""
    farm = Farm(
        job(parallel("p", "running", "leased", action("flaky", retries=3), "ready"), "last"),
        slots=2,
        ahead=1,
        outcomes=script({0: HANGS, 2: [fails()] * 9}),
    )
    farm.settle()
    farm.pass_time()
    farm.settle()
    farm.pass_time()
    farm.settle()
    farm.resume()
    farm.turn()
    return farm


def leased_and_asked_again() -> Farm:
    farm = Farm(job("a", "b", at_once=True), slots=1, ahead=1)
    farm.turn()
    farm.resume()
    farm.turn()
    return farm


def failed_and_taken_up() -> Farm:
    farm = Farm(job(serial("s", "a", "b", "c")), outcomes=script({1: [fails(), HANGS]}))
    farm.run()
    farm.resume()
    farm.settle()
    return farm


def ready_without_a_worker() -> Farm:
    farm = Farm(job("a"), workers=[])
    farm.turn()
    farm.resume()
    farm.turn()
    return farm


def fans_out_and_leaves_out() -> Farm:
    """Files fan out, two items want one name, a condition does not hold; then it is taken up."""
    over = (Each("x", over="made"),)
    one = job(
        linked("makes", writes=("made/",)),
        parallel("p", linked("each", reads=("x",), writes=("{x}.out",), foreach=over), linked("no", when="false")),
        linked(
            "clash", reads=("x",), writes=("out.{x.count}",), foreach=(Each("x", over="1-2"), Each("y", over="made"))
        ),
    )
    files = [["made", 1, 1, 1, 1, "", {"files": [["1", 1, 1, 1], ["2", 2, 1, 1]]}]]
    farm = Farm(one, outcomes=script({0: succeeds()._replace(outputs=files)}))
    farm.run()
    farm.resume()
    farm.run()
    return farm


def hooks_and_taken_up() -> Farm:
    """A hook has run, or is to be tried again, when the job is taken up."""
    tidy, sorry = replace(action("tidy"), hook=ALWAYS), replace(action("sorry", retries=3), hook=ALWAYS)
    farm = Farm(job("a", tidy, sorry), slots=1, outcomes=script({0: fails(), 2: [fails()] * 9}))
    for _ in range(3):
        farm.settle()
        farm.pass_time()
    farm.settle()
    farm.resume()
    farm.run()
    return farm


def grows() -> Farm:
    """A command prints more of them, which run."""
    farm = Farm(job(growing("a"), "b"), outcomes=script({0: printing(parallel("new", "c"))}))
    farm.run()
    return farm


def cancelled_in_every_state() -> Farm:
    """Cancelled while actions wait, are ready, leased, running and to be tried again; then run again."""
    one = parallel("p", action("flaky", retries=3), "running", "queued", "ready", "too")
    farm = Farm(job(one, "last"), slots=2, outcomes=script({0: [fails(), HANGS], 1: HANGS, 2: HANGS}))
    farm.settle()
    farm.pass_time()
    farm.settle()
    farm.say(CancelJob(farm.id, 5.0))
    farm.run()
    farm.say(RetryActions(farm.id, "failed"))
    farm.settle()
    farm.say(CancelJob(farm.id, 5.0))
    farm.run()
    farm.resume()
    farm.settle()
    return farm


def actions_cancelled() -> Farm:
    """The same one by one; a lease comes back, an attempt fails, one is stopped."""
    one = parallel("p", action("flaky", retries=3), "running", "queued", "ready", serial("s", "t", "waits", "too"))
    farm = Farm(job(one, "last"), slots=2, outcomes=script({0: [fails(), HANGS], 1: HANGS}))
    farm.settle()
    farm.pass_time()
    farm.settle()
    farm.turn()
    for index in (7, 5, 3, 0, 1):
        farm.say(CancelAction(farm.id, index, 5.0))
        farm.turn()
    farm.settle()
    farm.run()
    return farm


def cancelled_under_lease() -> Farm:
    farm = Farm(job("a", "b", at_once=True))
    farm.turn()
    farm.say(CancelAction(farm.id, 0, 5.0))
    farm.supervisor.turn(farm.clock.wall())
    farm.say(AttemptEnded(farm.id, 0, 1, "w1", 0.0, 0.0, "code", 1))
    farm.run()
    return farm


def grown_after_the_end() -> Farm:
    """A command prints more after its job was cancelled."""
    farm = Farm(job(growing("a"), "b"), outcomes=script({0: printing(parallel("new", "c"))}))
    farm.settle()
    farm.say(CancelJob(farm.id, 5.0))
    farm.supervisor.turn(farm.clock.wall())
    printed = children_document((action("new"),))
    farm.say(AttemptEnded(farm.id, 0, 1, "w1", 0.0, 0.0, grown=printed))
    farm.supervisor.turn(farm.clock.wall())
    return farm


def out_of_time() -> Farm:
    """Time runs out while actions wait, are ready and to be tried again."""
    one = parallel("p", action("flaky", retries=3), "running", "ready")
    farm = Farm(replace(job(one, "last"), timeout=1.25), slots=2, outcomes=script({0: [fails()] * 9, 1: HANGS}))
    farm.settle()
    farm.hold(grace=None)
    farm.pass_time()
    farm.settle()
    farm.clock.advance(1.0)
    farm.say(ReleaseJob(farm.id))
    farm.run()
    return farm


def never_begun() -> Farm:
    """Nobody came to run it in time."""
    farm = Farm(replace(job("a", "b"), wait_timeout=60.0), workers=[])
    farm.turn()
    farm.clock.advance(60.0)
    farm.turn()
    return farm


def retried_and_skipped() -> Farm:
    """People have something run again, and go on without something, in every state in which they may."""
    farm = Farm(
        job(parallel("p", action("a"), action("flaky", retries=3), action("once", idempotent=False)), "b", "c"),
        slots=3,
        outcomes=script({0: [fails()], 1: [fails()] * 9, 2: lost()}),
    )
    farm.settle()
    farm.pass_time()
    farm.settle()
    farm.say(RetryActions(farm.id, "only", 1))
    farm.settle()
    farm.pass_time()
    farm.settle()
    for index in (1, 2, 0, 4):
        farm.say(SkipAction(farm.id, index))
        farm.settle()
    farm.run()
    return farm


def left_out_by_people() -> Farm:
    """Ready, waiting and cancelled actions are skipped; what succeeded, failed and was lost runs again."""
    farm = Farm(
        job(parallel("p", "a", action("once", idempotent=False), "bad", "ready", "dropped"), "b", "c"),
        slots=2,
        outcomes=script({1: [lost(), succeeds()], 2: [fails(), succeeds()]}),
    )
    farm.turn()
    farm.say(CancelAction(farm.id, 4, 0.0), SkipAction(farm.id, 4), SkipAction(farm.id, 3), SkipAction(farm.id, 6))
    farm.turn()
    farm.run()
    farm.say(RetryActions(farm.id, "from", 0, lost=True))
    farm.run()
    farm.say(RetryActions(farm.id, "failed", lost=True))
    farm.run()
    return farm


SCENARIOS: list[Callable[[], Farm]] = [
    all_goes_well,
    ends_are_heard_before_begins,
    retries_and_losses,
    held_at_every_point,
    resumed_while_open,
    leased_and_asked_again,
    failed_and_taken_up,
    ready_without_a_worker,
    fans_out_and_leaves_out,
    hooks_and_taken_up,
    grows,
    cancelled_in_every_state,
    actions_cancelled,
    cancelled_under_lease,
    grown_after_the_end,
    out_of_time,
    never_begun,
    retried_and_skipped,
    left_out_by_people,
]


def told(row: Row) -> str:
    event, before, after = row
    return f"{event.__name__}: {table.NAMES[before]} -> {table.NAMES[after]}"
