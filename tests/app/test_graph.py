"""A job folded to boxes and edges: what becomes one, what is cut, what is left out because it says nothing new.

Given trees, then boxes and edges; how they are drawn is in test_drawing.py.
"""

from __future__ import annotations

import time

import pytest

from job_manager.app.drawing.boxes import FAN, GROUP, MORE, Box, Graph
from job_manager.app.drawing.reduction import implied, in_turn
from job_manager.app.drawing.sketch import Sketch
from job_manager.app.graph import _graph, document, drawn, graph_of_job
from job_manager.core import table
from job_manager.core.state import JobState
from job_manager.model.fanout import Each
from job_manager.model.job import ALWAYS, ON_ERROR
from job_manager.model.record import replace
from job_manager.testing import action, job, parallel, serial, site
from job_manager.testing.building import linked
from tests.app.graph_jobs import FRAMES, hook, in_letters, many, various


def boxes(graph: Graph) -> list[str]:
    """The labels of all boxes, indented by how deep they stand."""
    return [f"{'  ' * (sum(1 for _ in box.above()) - 2)}{box.label}" for box in graph.job.all()][1:]


def box(graph: Graph, label: str) -> Box:
    (found,) = (each for each in graph.job.all() if each.label == label)
    return found


def edges(graph: Graph, *kinds: str, drawn: bool = True) -> list[str]:
    return [
        f"{edge.source.label} > {edge.target.label}" + (f" ({', '.join(edge.artifacts)})" if edge.artifacts else "")
        for edge in graph.edges
        if (not kinds or edge.kind in kinds) and (edge.drawn or not drawn)
    ]  # fmt: skip


# --- boxes --------------------------------------------------------------------------------------------------------


def test_a_small_job_is_shown_whole():
    graph = graph_of_job(job("a", parallel("p", "f 1", "f 2", "f 3", "f 4", "f 5"), serial("s", "b", "c")))
    assert boxes(graph) == ["a", "p", "  f 1", "  f 2", "  f 3", "  f 4", "  f 5", "s", "  b", "  c"]


def test_siblings_that_differ_in_numbers_become_one_box():
    graph = graph_of_job(many(10_000))
    assert boxes(graph) == ["render", "  frame *", "  odd", "join"]
    group = box(graph, "frame *")
    assert (group.kind, group.members, group.actions, group.program) == (GROUP, 9998, 9998, "true")
    assert graph.job.actions == 10_000


def test_tasks_that_are_alike_inside_become_one_box():
    shots = [serial(f"shot {number}", "model", "light") for number in range(50)]
    graph = graph_of_job(job(parallel("shots", *shots, serial("shot 99", "model", "other"))))
    group = box(graph, "shot *")
    assert (group.members, group.actions) == (50, 100)
    assert boxes(graph) == ["shots", "  shot *", "  shot 99", "    model", "    other"]


def test_of_what_runs_one_after_another_only_neighbours_become_one_box():
    chain = [action(f"a {number}") for number in range(30)] + ["b"] + [action(f"a {n}") for n in range(30, 60)]
    assert boxes(graph_of_job(job(serial("s", *chain), "end"))) == ["s", "  a *", "  b", "  a *", "end"]


def test_of_many_that_differ_some_are_shown_and_the_rest_is_counted():
    graph = graph_of_job(various(10_000))
    assert boxes(graph) == [*"abcdefghi", "and 9,989 more", in_letters(9998), in_letters(9999)]
    more = box(graph, "and 9,989 more")
    assert (more.kind, more.members, more.actions) == (MORE, 9989, 9989)
    assert edges(graph)[8:10] == ["i > and 9,989 more", f"and 9,989 more > {in_letters(9998)}"]


def test_what_holds_one_thing_is_shown_as_that():
    graph = graph_of_job(job(serial("step", serial("inner", "work")), parallel("p", "a", "b")))
    assert boxes(graph) == ["work", "p", "  a", "  b"]
    assert (box(graph, "work").within, box(graph, "work").path) == ("step / inner", "step/inner/work")
    assert ">step / inner / work<" in drawn(graph, "svg")


def test_a_fan_out_is_one_box_with_as_many_actions_as_are_known():
    graph = graph_of_job(job(linked("render", writes=("f_{frame}",), foreach=FRAMES), "next"))
    fan = box(graph, "render")
    assert (fan.kind, fan.actions, fan.unknown) == (FAN, 240, False)
    both = (*FRAMES, Each("eye", ("left", "right")))
    assert box(graph_of_job(job(linked("render", foreach=both))), "render").actions == 480


def test_nobody_knows_how_many_files_an_action_will_make():
    split = linked("split", writes=("clips/",))
    fan = linked("each", foreach=(Each("clip", over="clips"),))
    graph = graph_of_job(job(split, fan))
    assert box(graph, "each").unknown and graph.job.unknown
    assert edges(graph) == ["split > each (clips)"]


def test_large_tasks_stay_closed_when_there_is_no_room():
    groups = [parallel(f"group {a}", *[f"{a}{b}" for b in "abcdefghijkl"]) for a in "abcdefghijkl"]
    graph = graph_of_job(job(*groups), boxes=40)
    assert len(boxes(graph)) <= 40
    assert box(graph, "group a").actions == 12 and not box(graph, "group a").open


@pytest.mark.parametrize("count", [10, 150, 2000])
def test_there_are_never_more_boxes_than_wanted(count):
    trees = [parallel(in_a, *[serial(f"{in_a}{b}", *"xyz") for b in "abcdefgh"]) for in_a in "abcdefgh"]
    assert len(boxes(graph_of_job(job(*trees), boxes=count))) <= max(count, 12)


def test_a_deep_tree_takes_no_recursion():
    node = action("leaf")
    for number in range(5000):
        node = serial(f"t{number}", node, "beside") if number % 100 else serial(f"t{number}", node)  # type: ignore[assignment]
    assert len(boxes(graph_of_job(job(node)))) <= 150


def test_a_job_of_nothing():
    graph = graph_of_job(job())
    assert boxes(graph) == [] and graph.edges == []
    assert all(drawn(graph, format) for format in ("svg", "dot", "mermaid", "json"))
    assert boxes(graph_of_job(job(serial("empty"), "a"))) == ["empty", "a"]


# --- edges --------------------------------------------------------------------------------------------------------


def test_turns_are_edges_of_what_runs_one_after_another():
    assert edges(graph_of_job(job("a", parallel("p", "b", "c"), "d"))) == ["a > p", "p > d"]


def test_a_node_with_needs_waits_for_these_and_not_for_its_turn():
    graph = graph_of_job(job("a", "b", linked("c", needs=("a",)), "d"))
    assert edges(graph) == ["a > b", "a > c", "b > d"]
    assert edges(graph, "needs") == ["a > c"]


def test_an_edge_that_others_say_is_not_drawn():
    graph = graph_of_job(job("a", linked("b", needs=("a",)), linked("c", needs=("a", "b")), at_once=True))
    assert edges(graph) == ["a > b", "b > c"]
    assert [edge["implied"] for edge in document(graph)["edges"]] == [False, True, False]


def test_files_are_said_on_edges_also_where_the_order_is_known():
    first = parallel("first", linked("a", writes=("x", "y")), linked("b", writes=("z",)))
    graph = graph_of_job(job(first, parallel("second", linked("c", reads=("x", "y")), linked("d", reads=("z",)))))
    assert edges(graph) == ["first > second", "a > c (x, y)", "b > d (z)"]


def test_many_files_are_said_along_the_tasks():
    first = parallel("first", *[linked(a, writes=(f"{a}.txt",)) for a in "abcdefgh"])
    second = parallel("second", *[linked(a, reads=tuple(f"{b}.txt" for b in "abcdefgh")) for a in "ijklmnop"])
    graph = graph_of_job(job(first, second))
    assert edges(graph) == [f"first > second ({', '.join(f'{a}.txt' for a in 'abcdefgh')})"]
    assert len(document(graph)["edges"]) == 65


def test_hooks_follow_what_ends_their_task():
    graph = graph_of_job(job("a", "b", hook("sorry", ON_ERROR), hook("tidy", ALWAYS)))
    assert edges(graph, "hook") == ["b > sorry", "sorry > tidy"]
    assert edges(graph, "order") == ["a > b"]
    assert box(graph, "sorry").hook == "error"


@pytest.mark.parametrize(
    ("follow", "known"),
    [
        ([[1, 2], [2], []], {(0, 2)}),
        ([[1], [2], [0]], set()),
        ([[1, 2, 3], [3], [3], []], {(0, 3)}),
        ([[]], set()),
    ],
)
def test_what_is_implied(follow, known):
    assert implied(follow) == known
    assert sorted(in_turn(follow)) == list(range(len(follow)))


# --- states -------------------------------------------------------------------------------------------------------


def ran(tree, **states: int) -> Graph:
    """The graph of a job some of whose actions have these states; the others have done well."""
    state = JobState("j1", tree, site(), 0.0)
    state.states = bytearray([table.SUCCEEDED]) * len(state.states)
    for name, value in states.items():
        state.states[list(state.shape.paths).index(name.replace("__", "/"))] = value
    return _graph(Sketch(tree, state.shape, state), 150)


def test_counts_go_up_to_the_job():
    graph = ran(many(100), join=table.RUNNING)
    assert box(graph, "frame *").counts == {"succeeded": 98} and box(graph, "join").state == "running"
    assert graph.job.counts == {"running": 1, "succeeded": 99}


def test_the_worst_is_seen_from_outside_and_named():
    graph = ran(many(100), **{"render__frame 7": table.FAILED, "render__frame 9": table.LOST})
    group = box(graph, "frame *")
    assert group.state == box(graph, "render").state == "failed"
    assert group.counts == {"succeeded": 96, "failed": 1, "lost": 1}
    assert group.failed == ("render/frame 7", "render/frame 9")


def test_of_many_those_that_failed_are_shown_first():
    tree = job(parallel("p", *[f"x{a}{b}" for a in "abcdefghij" for b in "abcdefghij"]))
    shown = boxes(ran(tree, p__xhh=table.FAILED, p__xcc=table.RUNNING))
    assert "  xhh" in shown and "  xcc" in shown and shown[-1] == "  and 89 more"


def test_what_is_over_in_part_has_begun():
    graph = ran(job(serial("s", "a", "b"), "c"), s__b=table.WAITING, c=table.WAITING)
    assert box(graph, "s").state == "begun" and box(graph, "c").state == "waiting"


# --- size and time ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["svg", "dot", "mermaid", "json"])
@pytest.mark.parametrize("make", [many, various])
def test_ten_thousand_actions_are_drawn_small_and_soon(make, format):
    tree = make(10_000)
    begun = time.process_time()
    text = drawn(graph_of_job(tree), format)
    assert time.process_time() - begun < 4
    assert len(text) < 200_000
    assert drawn(graph_of_job(tree), format) == text


@pytest.mark.long
@pytest.mark.parametrize("make", [many, various])
def test_a_hundred_thousand_too(make):
    tree = make(100_000)
    begun = time.process_time()
    text = drawn(graph_of_job(tree), "svg")
    assert time.process_time() - begun < 20
    assert len(text) < 200_000


def test_titles_are_shown_in_place_of_names():
    tree = job(replace(action("a"), title="Über alles\n\x1b[31m"))
    assert "Über alles" in drawn(graph_of_job(tree), "svg") and "\x1b" not in drawn(graph_of_job(tree), "svg")
