"""The mutants of those who run things: the worker and its keeper.

Knows no way of running them.
"""

from __future__ import annotations

from tests.sim.mutant import ADMIT, ADOPTION, CHILD, EVOLVE, FARM, KEEPER, PROCESSES, STORE, WORKER, WORLD, Mutant

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
        "        self._drop_queue()\n        for waiting in (self.unreported,",
        "        for waiting in (self.unreported,",
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
        PROCESSES,
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

OF_CHAINS = (
    Mutant(
        "a chained order begins although what it comes after has failed",
        KEEPER,
        "        if not ended_well(attempt):\n            self._let_down(gates)\n            return\n",
        "",
        ("tests/process/test_chains.py::test_after_an_end_that_may_be_none_all_of_it_comes_back", WORLD),
    ),
    Mutant(
        "a chained order begins when the first of what it comes after has ended",
        KEEPER,
        "            gate.left -= 1\n            if not gate.left:\n",
        "            gate.left -= 1\n            if True:\n",
        ("tests/process/test_chains.py::test_all_that_come_after_a_layer_begin_together", WORLD),
    ),
    Mutant(
        "a chained order begins before the end of what it comes after is on record",
        KEEPER,
        "            if gated:\n",
        "            if False:\n",
        (WORLD,),
    ),
    Mutant(
        "what an attempt has printed says nothing of its end",
        CHILD,
        "    return not any(words in end for words in LAST_WORDS)\n",
        "    return True\n",
        ("tests/process/test_chains.py::test_after_an_end_that_may_be_none_all_of_it_comes_back",),
    ),
    Mutant(
        "what is leased before its turn is ordered like the rest",
        "worker/batch.py",
        "        if not order.after:\n",
        "        if True:\n",
    ),
    Mutant(
        "what makes something is leased before its turn",
        "core/chaining.py",
        " or written.outputs",
        "",
        ("tests/core/test_chaining.py",),
    ),
    Mutant(
        "what must not run twice is leased before its turn",
        "core/chaining.py",
        "    return policy.idempotent(job, written) and",
        "    return",
        ("tests/core/test_chaining.py",),
    ),
    Mutant(
        "what was to begin after an attempt that came back stays leased",
        EVOLVE,
        "    job.astray = strays(job) if job.early else []\n",
        "    pass\n",
        ("tests/core/test_chaining.py", FARM),
    ),
    Mutant(
        "a node of which something has failed is taken for one that ends well",
        "core/chaining.py",
        " or job.ends[parent]:\n",
        ":\n",
        ("tests/core/test_chaining.py", "tests/core/test_random.py"),
    ),
    Mutant(
        "of what ended before its turn the end counts",
        ADMIT,
        "    if said.action in found.early and not (found.ending and followed(found, said.action)):\n",
        "    if False:\n",
        ("tests/core/test_chaining.py",),
    ),
)
