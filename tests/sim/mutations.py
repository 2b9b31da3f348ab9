"""The mutants: one thing made wrong in a copy of the source, and what has to notice it.

Those of the faults' list first, then the rules' own. Knows no way of running them.
"""

from __future__ import annotations

from typing import NamedTuple

WORLD, FARM = "world", "farm"  # lives of world.py and of simulation.py; anything else is a test for pytest


class Mutant(NamedTuple):
    """`file` below src/job_manager; `old` stands there once. `killers`: WORLD, FARM or tests."""

    name: str
    file: str
    old: str
    new: str
    killers: tuple[str, ...] = (WORLD,)


HOST, WORKER, KEEPER, ADOPTION = "app/host.py", "worker/worker.py", "worker/keeper.py", "worker/adoption.py"
JOURNAL, ENGINE, STORE, COPYING = (
    "engines/sqlite/journal.py",
    "engines/sqlite/engine.py",
    "artifacts/store.py",
    "artifacts/copying.py",
)
ADMIT, DECIDE, POLICY, EVOLVE = "core/admit.py", "core/decide.py", "core/policy.py", "core/evolve.py"
SUPERVISOR, INBOX, HOME = "supervisor/supervisor.py", "app/inbox.py", "app/home.py"

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
        "                os.fsync(target)\n            self._settle(folder)\n",
        "                pass\n",
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
        "    _settle(handle, mode)\n    try:\n        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)\n",
        "    try:\n        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)\n",
    ),
    Mutant(
        "publish before exit check",
        "worker/attempt.py",
        "    if not ending.reason:\n        try:",
        "    if True:\n        try:",
    ),
    Mutant("publish while processes are left", KEEPER, "if not tidy and self._left(attempt):", "if False:"),
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
        KEEPER,
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
        "timers[0][0] > now + policy.LONGEST_WAIT",
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
        "app/wire.py",
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
    Mutant("a retry is forgotten", DECIDE, "if job.timers or not", "if not", (WORLD, FARM)),
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
        "state.workers[lease.worker].held -= ",
        "state.workers[lease.worker].held -= 0 * ",
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
        (FARM, "tests/core"),
    ),
    Mutant(
        "given back while it runs",
        ADMIT,
        "job.states[said.action] != table.LEASED:\n        return []\n    return [e.LeaseReturned",
        "False:\n        return []\n    return [e.LeaseReturned",
        ("tests/core/test_admit.py", FARM),
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
            "tests/sim/test_sweeps.py::test_the_disk_fails_at_every_call_of_the_next_start",
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

OF_THE_WORKER = (
    Mutant(
        "what an old keeper left is not ended",
        WORKER,
        "        trace = self._traces.settled(trace, briefing)\n",
        "",
    ),
    Mutant(
        "what a keeper had begun is read before its end",
        ADOPTION,
        "    trace = trace._replace(begun=read_trace(trace.directory).begun)  # as much as it had begun by then\n",
        "",
        (
            "tests/process/test_adoption.py::test_what_was_begun_after_somebody_looked_is_ended_too",
            WORLD,
        ),
    ),
    Mutant(
        "torn outputs are published after a power cut",
        WORKER,
        "not (other_boot and may_be_torn(brief, briefing.layout))",
        "True",
        ("tests/sim/test_sweeps.py", WORLD),
    ),
    Mutant(
        "after a power cut what is not recorded never began",
        WORKER,
        "or (other_boot and not brief.idempotent)",
        "",
        ("tests/sim/test_sweeps.py", WORLD),
    ),
    Mutant(
        "an order of before is prepared",
        WORKER,
        "!= Lease(order.worker, order.attempt):\n            return  # an order",
        "== 0:\n            return  # an order",
        (
            "tests/process/test_hosting.py::test_an_order_of_before_clears_nothing_away",
            WORLD,
        ),
    ),
    Mutant(
        "a keeper that did not say who it is",
        "worker/keeper_link.py",
        " or os.path.basename(directory)\n",
        "\n",
        (
            "tests/process/test_serving.py::test_a_keeper_whose_master_died_before_its_first_word_is_known_by_its_directory",
        ),
    ),
    Mutant(
        "all are given back when the keeper dies",
        WORKER,
        "for name in sorted(self._sent) if name not in told\n",
        "for name in self._sent\n",
        (
            "tests/sim/test_sweeps.py::test_at_every_call_after_a_child_began",
            WORLD,
        ),
    ),
    Mutant(
        "the children of the keeper before are forgotten",
        WORKER,
        "        self._orphans.append((old, orphans))\n",
        "        self._orphans = [(old, orphans)]\n",
        (
            "tests/process/test_hosting.py::test_the_children_of_two_keepers_that_died_one_after_the_other_are_heard",
            WORLD,
        ),
    ),
    Mutant(
        "an end counts twice",
        WORKER,
        "        if name in self._ends:\n            return None\n",
        "",
        ("tests/process/test_hosting.py::test_an_end_that_is_heard_again_before_it_is_recorded_is_said_once",),
    ),
    Mutant(
        "the outputs of an attempt before stay",
        STORE,
        "            self._clear(outputs)\n        return self.attempt_path(label)",
        "        return self.attempt_path(label)",
        ("tests/artifacts/test_store.py::test_a_new_attempt_never_takes_the_earlier_ones_outputs_for_its_own",),
    ),
    Mutant(
        "what was published stays when its keeper left no trace",
        WORKER,
        "                briefing.layout.store.withdraw(brief.declared)\n            yield WorkerGone",
        "                pass\n            yield WorkerGone",
        ("tests/sim/test_sweeps.py::test_at_every_call_after_the_first_end", WORLD),
    ),
    Mutant(
        "what was published in part stays",
        "worker/attempt.py",
        "        layout.store.withdraw(outputs)  # some",
        "        pass  # some",
        ("tests/sim/test_sweeps.py::test_the_disk_fails_at_every_call_of_the_next_start", WORLD),
    ),
    Mutant(
        "what was published without an end on record stays",
        WORKER,
        "                briefing.layout.store.withdraw(brief.declared)  # what",
        "                ()  # what",
        ("tests/process/test_hosting.py::test_what_an_attempt_had_published_that_is_lost_is_taken_away",),
    ),
)

OF_THE_KEEPER = (
    Mutant(
        "it begins without a record",
        KEEPER,
        '            self.starts.append("".join([self._start_line(attempt, began) for attempt, _ in batch]))\n',
        "            pass\n",
        (
            "tests/sim/test_sweeps.py::test_at_every_call_after_a_child_began",
            WORLD,
        ),
    ),
    Mutant(
        "it begins what its dead master ordered",
        KEEPER,
        "while event & select.POLLHUP and handle",
        "while False and handle",
        (
            "tests/process/test_serving.py::test_what_a_master_ordered_that_has_died_since_is_not_begun",
            WORLD,
        ),
    ),
    Mutant(
        "it keeps the queue of its dead master",
        KEEPER,
        "for waiting in (self.queue, self.queued, self.unreported,",
        "for waiting in (self.unreported,",
        (
            "tests/process/test_serving.py::test_the_queue_is_dropped_with_its_master",
            WORLD,
        ),
    ),
    Mutant(
        "it begins again what it has begun",
        KEEPER,
        "        if token in self.children.live or token in self.records or token in self.past:\n",
        "        if False:\n",
        ("tests/process/test_serving.py::test_a_repeated_order_is_refused_for_ever",),
    ),
    Mutant(
        "it leaves with ends that are nowhere else",
        KEEPER,
        "        if self.unwritten and self.records:\n            return",
        "        if False:\n            return",
        (
            "tests/process/test_serving.py::test_a_keeper_does_not_leave_while_how_something_ended_stands_nowhere",
            WORLD,
        ),
    ),
    Mutant(
        "it signals whoever has the pid now",
        KEEPER,
        "if now is None or now.ticks != process.ticks:",
        "if now is None:",
        ("tests/process/test_adoption.py::test_a_process_that_has_got_the_pid_since_is_not_signalled",),
    ),
    Mutant(
        "its ends are not forced to disk",
        KEEPER,
        "        if self.durable:\n            self._sync()\n",
        "",
        ("tests/sim/test_sweeps.py::test_how_that_ended_which_may_not_run_twice_is_on_disk_before_anybody_is_told",),
    ),
    Mutant(
        "any child of that pid is an old one",
        ADOPTION,
        "mains.get((pid, process.ticks))",
        "{key[0]: value for key, value in mains.items()}.get(pid)",
        ("tests/process/test_adoption.py::test_processes_of_others_are_no_leftovers",),
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
        "        if added.rowcount != 1:\n            return False\n",
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

ALL = (*OF_FAULTS, *OF_THE_LINE, *OF_THE_CORE, *OF_THE_SUPERVISOR, *OF_THE_WORKER, *OF_THE_KEEPER, *OF_THE_ENGINE)
