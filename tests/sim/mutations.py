"""The mutants: one thing made wrong in a copy of the source, and what has to notice it.

Those of the faults' list first, then the rules' own. Knows no way of running them.
"""

from __future__ import annotations

from tests.sim.mutant import (
    ADMIT,
    CHILDREN,
    COPYING,
    DECIDE,
    ENGINE,
    EVOLVE,
    FARM,
    HOME,
    HOST,
    INBOX,
    JOURNAL,
    KEEPER,
    POLICY,
    STORE,
    SUPERVISOR,
    WORLD,
    Mutant,
)
from tests.sim.mutations_worker import OF_CHAINS, OF_THE_KEEPER, OF_THE_WORKER

OF_FAULTS = (
    Mutant(
        "ack before commit: a request is dropped before what follows is in the journal",
        HOST,
        "        refused = self._admitted(requests)\n",
        "        for request in requests:\n            self._inbox.drop(request.request)\n"
        "        refused = self._admitted(requests)\n",
    ),
    Mutant(
        "ack before commit: a request is not on disk when it is said to be",
        INBOX,
        "                os.fsync(handle)\n",
        "",
    ),
    Mutant(
        "sync NORMAL",
        JOURNAL,
        "PRAGMA synchronous=FULL",
        "PRAGMA synchronous=NORMAL",
        ("tests/contract/test_sqlite_file.py",),
    ),
    Mutant(
        "no dir fsync: of the store",
        STORE,
        "            os.fsync(directory)\n        # An artifact is",
        "            pass\n        # An artifact is",
    ),
    Mutant(
        "no dir fsync: of what is published together",
        "artifacts/settling.py",
        "        troubles = settle(list(dict",
        "        troubles: dict[Settles, Exception] = {}\n        (list(dict",
        ("tests/artifacts/test_settling.py",),
    ),
    Mutant("no dir fsync: of the inbox", INBOX, "            _sync_folder(self.path)\n", ""),
    Mutant(
        "no dir fsync: of the state directory",
        HOME,
        "        _make_durable(os.path.dirname(self.path), self.path)\n",
        "        pass\n",
    ),
    Mutant(
        "rename before fsync",
        COPYING,
        "            yield [Content(handle)]\n            if _renamed",
        "            if _renamed",
    ),
    Mutant(
        "publish before exit check",
        "worker/attempt.py",
        "    if not ending.reason:\n        try:",
        "    if True:\n        try:",
    ),
    Mutant("publish while processes are left", CHILDREN, "if not tidy and self._left(attempt):", "if False:"),
    Mutant(
        "event before rename without adopting",
        STORE,
        " and self._lies(output) is not None):",
        " and False):",
        (
            "tests/artifacts/test_store.py::test_publishing_again_after_a_crash_halfway_finishes_it",
            WORLD,
        ),
    ),
    Mutant(
        "drop AND attempt=?",
        ADMIT,
        "job.leases.get(said.action) != Lease(said.worker, said.attempt)",
        "job.leases.get(said.action, Lease('', 0)).worker != said.worker",
        ("tests/core/test_admit.py", FARM),
    ),
    Mutant(
        "drop epoch check: of the core",
        ADMIT,
        "job.leases.get(said.action) != Lease(said.worker, said.attempt)",
        "job.leases.get(said.action, Lease('', 0)).attempt != said.attempt",
        ("tests/core/test_admit.py",),
    ),
    Mutant(
        "killpg only",
        CHILDREN,
        "                if process.group != attempt.pid:\n                    send_signal(process, number)\n",
        "                pass\n",
        (
            "tests/process/test_ending.py::test_a_daemon_ends_with_its_main_process",
            WORLD,
        ),
    ),
    Mutant(
        "pidfile instead of flock",
        HOME,
        "            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "            pass\n",
    ),
    Mutant(
        "wall clock leases: timeouts",
        KEEPER,
        "attempt.began, attempt.start = time.time(), time.monotonic()",
        "attempt.began, attempt.start = time.time(), time.time()",
    ),
    Mutant(
        "wall clock leases: retries",
        DECIDE,
        "job.timers[0][0] > now + policy.longest_wait(job, job.timers[0][1])",
        "False",
        (
            "tests/core/test_decide.py::test_a_retry_planned_before_the_clock_was_set_back_does_not_wait_for_the_old_time",
            WORLD,
        ),
    ),
    Mutant(
        "blind retry of unknown",
        POLICY,
        "        if not idempotent(job, action):\n",
        "        if False:\n",
        (WORLD, FARM),
    ),
    Mutant(
        "delete temp of all jobs at start",
        HOST,
        "        self._hosted[job.id] = Hosted(job, layout, observer, own)\n",
        "        self._hosted[job.id] = Hosted(job, layout, observer, own)\n        layout.store.retire()\n",
    ),
    Mutant(
        "BUSY swallowed",
        "engines/sqlite/faults.py",
        "        raise explained(path, cause) from cause\n",
        "        if 'locked' not in str(cause):\n            raise explained(path, cause) from cause\n",
        (
            "tests/contract/test_sqlite_beside.py::test_a_file_held_by_another_program_is_said_to_be_and_nothing_is_lost",
        ),
    ),
    Mutant(
        "request-id ignored",
        ADMIT,
        "return [] if job is not None and said.request in job.requests else rule(state, said, now)",
        "return rule(state, said, now)",
        ("tests/core/test_wishes.py",),
    ),
    Mutant(
        "escape removed in one place",
        "cli/output.py",
        " if code else escape(part)",
        " if code else part",
        ("tests/cli/test_escaping.py",),
    ),
)

# name in faults.md -> why there is nothing yet that it could be applied to
NOT_YET = {
    "pdeathsig from thread": "nothing sets PR_SET_PDEATHSIG: the keeper ends what is left",
    "readline reader": "nobody reads along: children write their logs themselves (tests/process/test_log_bounds.py)",
    "BLPOP claim": "there is no engine on Valkey or Redis yet",
    "Host check removed": "there is no server yet",
    "AutoAddPolicy": "there are no SSH hosts yet",
    "yaml.load full": "YAML is read by a reader of our own that makes plain values only (tests/house bans yaml.load)",
}

OF_THE_LINE = (
    Mutant(
        "nobody looks whether a request waits of which nothing was said",
        "app/callers.py",
        "self._look_at = now + LOOK",
        "self._look_at = now + 1e9",
        (
            "tests/app/test_callers.py::test_now_and_then_requests_are_looked_for_although_nobody_says_that_there_are_any",
            WORLD,
        ),
    ),
    Mutant(
        "half a message is heard",
        "worker/lines.py",
        '        end = self._inbox.rfind(b"\\n") + 1\n',
        "        end = len(self._inbox)\n",
        ("tests/app/test_callers.py",),
    ),
)

OF_THE_CORE = (
    Mutant(
        "a held job is leased", "core/leasing.py", "and job.due and not job.held and", "and job.due and", (FARM, WORLD)
    ),
    Mutant(
        "one retry too many",
        POLICY,
        "if failure.reason == DISK else 0) <= allowed:",
        "if failure.reason == DISK else 0) <= allowed + 1:",
        ("tests/core/test_decide.py",),
    ),
    Mutant("a retry is forgotten", DECIDE, "return bool(job.timers) or not", "return not", (WORLD, FARM)),
    Mutant(
        "losses without end",
        POLICY,
        "job.losses.get(index, 0) > MAX_LOSSES",
        "False",
        ("tests/core/test_decide.py::test_losses_have_a_budget_of_their_own",),
    ),
    Mutant(
        "a slot is not given back",
        EVOLVE,
        "        worker.held -= _give",
        "        worker.held -= 0 * _give",
        (FARM, WORLD),
    ),
    Mutant(
        "an attempt's number is used again",
        EVOLVE,
        "    if event.attempt <= job.attempts[action]:\n",
        "    if False:\n",
        ("tests/core/test_table.py",),
    ),
    Mutant(
        "what was stopped counts as failed",
        ADMIT,
        '    if reason == "stopped":\n',
        '    if reason == "never":\n',
        ("tests/core/test_hold_and_resume.py",),
    ),
    Mutant(
        "given back while it runs",
        ADMIT,
        "job.states[said.action] != table.LEASED:\n        return []\n    return [e.LeaseReturned",
        "False:\n        return []\n    return [e.LeaseReturned",
        ("tests/core/test_admit.py",),
    ),
)

OF_THE_SUPERVISOR = (
    Mutant(
        "a worker that announces itself hears only what is new",
        SUPERVISOR,
        "for worker in sorted(announced) for order",
        "for worker in sorted(announced)[:0] for order",
        (
            "tests/core/test_supervisor.py::test_an_announcement_brings_every_order_of_that_worker_again",
            WORLD,
        ),
    ),
    Mutant(
        "workers of before are taken to live",
        SUPERVISOR,
        "for job in sorted(unmet) for worker",
        "for job in sorted(unmet)[:0] for worker",
        ("tests/core/test_decide.py", WORLD),
    ),
    Mutant("decisions are not committed", SUPERVISOR, "self._commit(turn, events,", "self._commit(turn, events[:-1],"),
    Mutant(
        "orders before the commit",
        ENGINE,
        "        if events and not self._journal.append(",
        "        self._orders.extend(orders)\n        if events and not self._journal.append(",
        ("tests/contract/test_engine.py",),
    ),
    Mutant(
        "what was said is dropped when it is given out",
        ENGINE,
        '        return Turn("", self._version, events, tuple(self._mailbox))\n',
        '        said, self._mailbox = self._mailbox, []\n        return Turn("", self._version, events, said)\n',
        ("tests/contract/test_engine.py",),
    ),
    Mutant(
        "orders given out while a job is loaded are lost",
        HOST,
        "self._orders += [order for order in self._engine.take() if order.job != job]",
        "self._engine.take()",
        (
            "tests/app/test_host.py",
            WORLD,
        ),
    ),
    Mutant(
        "a request is dropped when the journal fails",
        HOST,
        "        self._advance()\n        said = (",
        "        try:\n            self._advance()\n        except EngineError:\n            pass\n        said = (",
        (
            "tests/sim/test_sweeps.py::test_the_disk_fails_at_every_call_after_a_submission",
            WORLD,
        ),
    ),
    Mutant(
        "a job is left alone when the journal fails",
        "app/supervising.py",
        "            if host.failed:\n                raise  # that the disk fails is no trouble",
        "            if False:\n                raise  # that the disk fails is no trouble",
        (
            "tests/sim/test_sweeps.py::test_the_disk_fails_as_it_comes_up_after_a_power_cut",
            WORLD,
        ),
    ),
    Mutant(
        "a job that a request ends is not seen to",
        HOST,
        "        elif job.finished and id in self._moved:",
        "        elif False:",
    ),
    Mutant(
        "an exit is forgotten before it is in the journal",
        HOST,
        "            self._advance()\n            self.worker.committed(reports)\n",
        "            self.worker.committed(reports)\n            self._advance()\n",
        (
            "tests/sim/test_sweeps.py::test_killed_at_every_call_around_the_record_of_an_end",
            WORLD,
        ),
    ),
    Mutant(
        "jobs of before are not taken up", "app/supervising.py", "    for job in jobs:\n", "    for job in jobs[1:]:\n"
    ),
)

OF_THE_ENGINE = (
    Mutant(
        "the chain is not looked at",
        JOURNAL,
        "            if at != seq or found != hash:\n",
        "            if at != seq:\n",
        ("tests/contract/test_sqlite_file.py",),
    ),
    Mutant(
        "who was faster is not noticed",
        ENGINE,
        "        if turn.version != self._version:\n",
        "        if False:\n",
        ("tests/contract/test_engine.py",),
    ),
    Mutant(
        "a head that has moved on is overwritten",
        JOURNAL,
        "        if added.rowcount != 1:\n            return None\n",
        "",
        ("tests/contract/test_engine.py",),
    ),
    Mutant(
        "a request is written in its place",
        INBOX,
        '        fresh = f"{target}.{os.getpid()}{FRESH}"\n',
        "        fresh = target\n",
        ("tests/app/test_inbox.py::test_nobody_reads_a_request_before_it_is_whole_and_on_disk",),
    ),
)

ALL = (
    *(*OF_FAULTS, *OF_THE_LINE, *OF_THE_CORE, *OF_THE_SUPERVISOR),
    *(*OF_THE_WORKER, *OF_THE_KEEPER, *OF_CHAINS, *OF_THE_ENGINE),
)
