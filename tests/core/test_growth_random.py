"""Random trees that grow, held against the same trees written out: an action that grows is a task of two, itself and
then all that it prints at once.

Knows nothing of how growth is done: the second opinion is the core on a job in which nothing grows.
"""

from __future__ import annotations

from random import Random

import hypothesis
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from job_manager.core.decide import StartAttempt
from job_manager.model.job import Action, Task
from job_manager.model.record import replace
from job_manager.testing import Farm, Outcome, fails, job, printing, succeeds
from tests.core import trees

Node = Task | Action
DEEPEST = 3
Nodes = tuple[Node, ...]


class Drawn:
    """A tree in both forms. `printed`: by path what the command there prints; `bad`: paths of what fails."""

    def __init__(self, pick: Random, tree: Nodes, more: list[Nodes]) -> None:
        self.pick, self.more = pick, more
        self.printed: dict[str, Nodes] = {}
        self.bad: set[str] = set()
        self.grown, self.written = self.both(tree, "", 0)

    def both(self, tree: Nodes, above: str, depth: int) -> tuple[Nodes, Nodes]:
        pairs = [self.one(node, f"{above}{node.name}", depth) for node in tree]
        return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)

    def one(self, node: Node, path: str, depth: int) -> tuple[Node, Node]:
        if isinstance(node, Task):
            grown, written = self.both(node.children, f"{path}/", depth)
            return replace(node, children=grown), replace(node, children=written)
        plain = replace(node, retries=None, idempotent=None)
        if self.pick.random() < 0.15:
            self.bad.add(path)
        if node.hook or depth == DEEPEST or self.pick.random() < 0.6:
            return plain, plain
        self.printed[path], new = self.both(self.pick.choice(self.more), f"{path}/", depth + 1)
        both = (replace(plain, name="self"), Task("new", new, parallel=True))
        return replace(plain, expand=True), Task(node.name, both)

    def outcome(self, path: str, after: float) -> Outcome:
        if path in self.bad:
            return fails(after=after)
        return printing(*self.printed[path], after=after) if path in self.printed else succeeds(after)


def run(drawn: Drawn, children: Nodes, at_once: bool, slots: int, resumed: bool) -> tuple[dict[str, str], str]:
    def outcome(order: StartAttempt) -> Outcome:
        path = folded(farm.job.shape.paths[order.action])
        return drawn.outcome(path, float(len(path) % 3))

    farm = Farm(job(*children, at_once=at_once), slots=slots, outcomes=outcome)
    farm.run()
    if resumed and farm.job.finished == "failed":
        drawn.bad -= set(sorted(drawn.bad)[::2])
        farm.crash()
        farm.turn()
        farm.resume()
        farm.run()
    assert trees.all_final(farm.job), farm.states()
    listed = [folded(farm.job.shape.paths[at]) for at in farm.job.shape.listed()]
    assert sorted(listed) == sorted(folded(path) for path in farm.states())
    states = {folded(path): state for path, state in farm.states().items()}
    return {path: states[path] for path in listed}, farm.job.finished


def folded(path: str) -> str:
    """The path as it is where things grow."""
    return "/".join(name for name in path.split("/") if name not in ("self", "new"))


SOME = st.lists(st.lists(trees.nodes, max_size=3).map(trees.numbered), min_size=1, max_size=3)
GROWTH = hypothesis.given(trees.jobs, SOME, st.randoms(use_true_random=False), st.integers(1, 4), st.booleans())


def held_against_each_other(one, more, pick, slots, resumed):
    drawn = Drawn(pick, one.children, [tuple(n for n in new if not getattr(n, "hook", "")) for new in more])
    bad = set(drawn.bad)
    grown = run(drawn, drawn.grown, one.parallel, slots, resumed)
    drawn.bad = bad
    written = run(drawn, drawn.written, one.parallel, slots, resumed)
    assert grown[0] == {path: state for path, state in written[0].items() if path in grown[0]}
    # What was not printed was not to run.
    assert {state for path, state in written[0].items() if path not in grown[0]} <= {"skipped"}
    assert list(grown[0]) == [path for path in written[0] if path in grown[0]]
    assert grown[1] == written[1]


@GROWTH
@settings(max_examples=12)
def test_what_grows_ends_as_if_it_had_been_written_out(one, more, pick, slots, resumed):
    held_against_each_other(one, more, pick, slots, resumed)


@pytest.mark.long
@GROWTH
@settings(max_examples=300)
def test_it_does_in_many_trees(one, more, pick, slots, resumed):
    held_against_each_other(one, more, pick, slots, resumed)
