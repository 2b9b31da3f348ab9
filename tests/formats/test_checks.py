"""The checks of a whole job on trees of every shape, against the definition of what is certain to be finished when."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_manager.formats import checks, read
from job_manager.formats.checks import check
from job_manager.model.job import Action, Command, Input, Job, JobInput, Output, Task

Tree = tuple[bool, list["Tree"]] | int
LEAF = 0


def action(name: str, reads: tuple[str, ...] = (), writes: tuple[str, ...] = ()) -> Action:
    return Action(name, Command(("x",)), tuple(map(Input, reads)), tuple(Output(w, public=True) for w in writes))


def said(job: Job, *, loose: bool = False) -> list[str]:
    return [f"{problem.severity}: {problem.message}" for problem in check(job, loose=loose)]


def test_a_pipeline_is_in_order():
    job = Job("j", (action("a", ("in",), ("x",)), action("b", ("x",), ("y",))), inputs=(JobInput("in"),))
    assert said(job) == []


def test_a_job_may_itself_be_parallel():
    job = Job("j", (action("a", (), ("x",)), action("b", ("x",))), parallel=True)
    assert said(job) == ['error: "x" is written in parallel, by a; parallel entries cannot depend on each other']


def test_what_a_parallel_task_wrote_is_there_for_the_next_and_not_for_its_own():
    both = Task(
        "t", (action("a", (), ("x",)), Task("s", (action("b", (), ("y",)), action("c", ("y", "x"))))), parallel=True
    )
    job = Job("j", (both, action("d", ("x", "y"))))
    assert said(job) == ['error: "x" is written in parallel, by t/a; parallel entries cannot depend on each other']


def test_a_writer_is_named_by_the_end_of_its_path():
    node: Task | Action = action("deep", (), ("x",))
    for n in range(9, 0, -1):
        node = Task(f"t{n}", (node,))
    assert said(Job("j", (action("first", ("x",)), node))) == ['error: "x" is only written later, by .../t7/t8/t9/deep']


def _leaves(tree: Tree, path: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    if isinstance(tree, int):
        yield path
        return
    for n, child in enumerate(tree[1]):
        yield from _leaves(child, (*path, n))


def _finished(tree: Tree, one: tuple[int, ...], other: tuple[int, ...]) -> str:
    """By definition: where their ways part, one is sure to be finished before the other if that node is serial."""
    node = tree
    for mine, theirs in zip(one, other, strict=False):
        assert not isinstance(node, int)
        if mine != theirs:
            return "parallel" if node[0] else "before" if mine < theirs else "after"
        node = node[1][mine]
    return "same"


def _built(tree: Tree, reads: tuple[str, ...], reader: tuple[int, ...], path: tuple[int, ...] = ()) -> Task | Action:
    name = "n" + "-".join(map(str, path))
    if isinstance(tree, int):
        return action(name, reads if path == reader else (), (f"of-{name}",))
    return Task(name, tuple(_built(c, reads, reader, (*path, n)) for n, c in enumerate(tree[1])), parallel=tree[0])


TREES: st.SearchStrategy[Tree] = st.recursive(
    st.just(LEAF), lambda children: st.tuples(st.booleans(), st.lists(children, min_size=1, max_size=4)), max_leaves=12
)
SAYS = {
    "before": None,
    "after": "is only written later",
    "parallel": "is written in parallel",
    "same": "is read and written",
}


@given(TREES, st.data())
def test_every_read_is_judged_by_where_the_two_ways_part(tree, data):
    leaves = list(_leaves(tree))
    reader = data.draw(st.sampled_from(leaves))
    names = {leaf: "of-n" + "-".join(map(str, leaf)) for leaf in leaves}
    root = _built(tree, tuple(names.values()), reader)
    found = said(Job("j", (root,)))
    expected = {names[leaf]: SAYS[_finished(tree, leaf, reader)] for leaf in leaves}
    assert len(found) == sum(1 for says in expected.values() if says)
    for name, says in expected.items():
        matching = [one for one in found if f'"{name}" ' in one]
        assert len(matching) == (1 if says else 0)
        assert all(says and says in one for one in matching)


@pytest.mark.parametrize("depth", [5_000, pytest.param(20_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("parallel", [False, True])
def test_a_chain_of_tasks_deeper_than_any_stack(parallel, depth):
    children: tuple[Task | Action, ...] = ()
    for n in range(depth, 0, -1):
        first = action(f"a{n}", (f"f{n - 1}",) if n > 1 else (), (f"f{n}",))
        children = (Task(f"t{n}", (first, *children), parallel=parallel),)
    found = said(Job("j", children))
    assert len(found) == (1001 if parallel else 0)
    assert all(len(one) < 300 for one in found)


def test_more_actions_than_allowed_are_refused_without_spreading_them_out(monkeypatch):
    monkeypatch.setattr(checks, "ACTION_LIMIT", 999)
    node = Task("t", (action("a"),) * 10)
    for n in range(60):
        node = Task(f"t{n}", (node,) * 10)
    assert said(Job("j", (node,))) == [f"error: the job has {10**61:,} actions; the limit is 999"]


def test_types_must_agree_and_may_be_left_out():
    def job(of_input: str | None, wanted: str | None, made: str | None, read: str | None) -> Job:
        first = Action("a", Command(("x",)), (Input("v", None, wanted),), (Output("w", None, made, public=True),))
        second = Action("b", Command(("x",)), (Input("w", None, read),))
        return Job("j", (first, second), inputs=(JobInput("v", None, of_input),))

    assert said(job("video", "video", "audio", "audio")) == []
    assert said(job("video", "Video ", None, "audio")) == []
    assert said(job(None, "video", "audio", None)) == []
    assert said(job("video", "audio", "audio", "video")) == [
        'error: "v" is read as "audio" here, but the job input is "video"',
        'error: "w" is read as "video" here, but a writes it as "audio"',
    ]
    assert said(job("video", "audio", "audio", "audio"), loose=True) == [
        'warning: "v" is read as "audio" here, but the job input is "video"'
    ]


def test_a_partial_job_is_not_blamed_for_what_may_be_in_the_rest():
    job = Job("j", (Task("t"),), inputs=(JobInput("v"),))
    assert check(job, partial=True) == []
    assert said(job) == ["warning: this is a job with nothing to do"]


def test_names_without_a_name_are_left_to_whoever_read_them():
    job = Job("j", (action("a", ("",), ("", "")),), inputs=(JobInput(""),))
    assert check(job, partial=True) == []


def test_a_name_that_is_changed_is_noted(tmp_path):
    (tmp_path / "job.yaml").write_text(
        "name: j\nversion: 1\nsteps:\n"
        "  - name: a/b\n    entries: [{name: .., shell: 'true'}, {name: fine, shell: 'true'}]\n"
    )
    notes = [problem for problem in read(str(tmp_path / "job.yaml")).problems if problem.severity == "note"]
    assert [(note.place.line, note.message) for note in notes] == [
        (4, 'the step "a/b" is called "a-b" here'),
        (5, 'the entry ".." is called "entry" here'),
    ]
    assert notes[0].hint == 'names are part of paths, and "a/b" contains a path separator'
