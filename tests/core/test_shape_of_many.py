"""A tree is the same in flat arrays whether its actions come one by one or very many at once. Knows no states."""

from __future__ import annotations

from hypothesis import strategies as st

from job_manager.core.shape import FEW, Shape
from job_manager.model.job import Action, Job, Task
from job_manager.model.record import replace
from job_manager.testing.building import action
from tests.drawn import drawn

ACTIONS = st.builds(
    lambda priority, hook: replace(action("a"), priority=priority, hook=hook),
    st.sampled_from([None, None, None, 2.0]),
    st.just(""),
)
NODES = st.recursive(
    st.lists(ACTIONS, max_size=2 * FEW + 2),
    lambda inner: st.lists(st.one_of(ACTIONS, st.builds(lambda c: Task("t", tuple(c)), inner)), max_size=2 * FEW),
    max_leaves=30,
)


def nodes(children: tuple[Task | Action, ...], parent: int, found: list[tuple[Task | Action, int]]) -> None:
    """Every node below `parent` with the number of that, in listing order."""
    for child in children:
        found.append((child, parent))
        if isinstance(child, Task):
            nodes(child.children, len(found), found)


@drawn(60, 1000, NODES)
def test_any_tree_is_laid_out_in_listing_order(children):
    named = tuple(replace(child, name=f"{child.name}{number}") for number, child in enumerate(children))
    shape, found = Shape(Job("j", named)), list[tuple[Task | Action, int]]()
    nodes(named, 0, found)
    leaves = [number for number, (node, _) in enumerate(found, start=1) if isinstance(node, Action)]
    assert list(shape.parent[1:]) == [parent for _, parent in found]
    assert list(shape.node_of) == leaves
    assert [shape.leaf[node] for node in leaves] == list(range(len(leaves)))
    assert list(shape.actions) == [found[node - 1][0] for node in leaves]
    for node in range(len(found) + 1):
        below = [number for number, (_, parent) in enumerate(found, start=1) if parent == node]
        assert list(shape.children(node)) == below
        inside = [index for index, leaf in enumerate(leaves) if leaf == node or _is_below(found, leaf, node)]
        assert list(range(shape.low[node], shape.high[node])) == inside
    assert shape.priorities == {n: each.priority for n, (each, _) in enumerate(found, 1) if each.priority is not None}


def _is_below(found: list[tuple[Task | Action, int]], node: int, above: int) -> bool:
    while node:
        node = found[node - 1][1]
        if node == above:
            return True
    return False
