"""What is made of the figures: ratios, verdicts on targets and bounds, the table and the picture. Knows no program."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from bench.checking import BOUNDS, Bound, grouped, judge, workload_of
from bench.running import Row
from bench.showing import cells, into_page, picture, table, verdict
from bench.targets import Target, faster, ratio


def row(targets=(), figure="wall", **more):
    wall = {"jm": [3.0, 2.0, 2.0], "C": [2.0, 2.0, 1.0], "slow": [1.0, 1.0, 1.0]}
    cpu = {"jm": [1.0, 1.0, 1.0], "C": [2.0, 2.0, 2.0], "slow": [1.0, 1.0, 1.0]}
    actions = {"jm": 100, "C": 100, "slow": 10}
    made = {"wall": wall, "cpu": cpu, "actions": actions, "peak": {"jm": 20.0, "C": 1.0, "slow": 90.0}, **more}
    return Row("W1", "many", figure, targets=targets, **made)


def test_the_median_of_the_ratios_counts_and_an_action_where_not_all_had_as_many():
    one = row()
    assert one.times("C", one.wall) == 1.5
    assert one.times("slow", one.wall) == pytest.approx(0.2)
    assert one.times("C", one.cpu) == 0.5


@pytest.mark.parametrize(
    ("target", "against", "said"),
    [
        (ratio("C", 1.5, 1.2), "C", "must 1.50x: yes; aim 1.20x: NO"),
        (ratio("C", None, 1.25), "C", "aim 1.25x: NO"),
        (faster("C", "cpu"), "C", "must CPU <1.00x: yes"),
        (Target("wall", 2.0, 0.1), "jm", "must 2.00 s: yes; aim 100 ms: NO"),
        (Target("peak", 19.0), "jm", "must peak 19 MiB: NO"),
    ],
)
def test_a_target_says_whether_it_is_reached(target, against, said):
    assert row((target,)).judged(against) == [said]


def test_less_than_is_not_as_much_as():
    assert faster("C").reached(1.0) == "must <1.00x: NO"
    assert ratio("C", 1.0).reached(1.0) == "must 1.00x: yes"


def test_where_there_is_no_c_the_loop_stands_in():
    figures = {"jm": [2.0], "loop": [1.0]}
    one = row(
        (ratio("C", 1.5),), wall=figures, cpu=figures, peak={"jm": 1.0, "loop": 1.0}, actions={"jm": 1, "loop": 1}
    )
    assert one.judged("loop") == ["must 1.50x: NO"]


def test_idle_is_shown_as_a_share():
    one = row((Target("idle", 0.01),), "idle", wall={"jm": [0.002]}, cpu={"jm": [0.02]})
    assert [line[3] for line in cells(one)] == ["0.20%"]
    assert one.judged("jm") == ["must CPU 1%: yes"]


def test_the_table_names_each_contender_and_the_verdict_counts():
    one = row((ratio("C", 1.5, 1.2), Target("peak", 19.0)))
    lines = table([one]).splitlines()
    assert len(lines) == 2 + 3 and {line.count("|") for line in lines} == {10}
    assert [line.split("|")[3].strip() for line in lines[2:]] == ["jm", "C", "slow (10)"]
    assert verdict([one]).splitlines() == [
        "1 of the 2 that have to be reached are.",
        "- not W1 many: must peak 19 MiB: NO",
    ]


def test_what_is_much_longer_is_cut_off_in_the_picture():
    tree = ElementTree.fromstring(picture([row(actions={"jm": 100, "C": 100, "slow": 1})]))
    assert "(cut off)" in "".join(tree.itertext())
    widths = [float(each.attrib["width"]) for each in tree.iter() if each.tag.endswith("rect") and "x" in each.attrib]
    assert max(widths) == 420 and len(widths) == 3


def test_the_table_goes_between_the_marks_of_a_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures -->\nold\n<!-- /figures -->\nafter\n")
    into_page(page, "new")
    assert page.read_text() == "before\n<!-- figures -->\nnew\n<!-- /figures -->\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="no <!-- figures -->"):
        into_page(page, "new")


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_every_bound_has_a_workload_in_which_both_take_part():
    for bound in BOUNDS:
        assert {"jm", bound.against} <= workload_of(bound).contenders.keys()
    assert sum(map(len, grouped(BOUNDS))) == len(BOUNDS)
    assert {bound.key for bound in BOUNDS} == {"W1", "W3", "W5", "W6"}


@pytest.mark.parametrize(("most", "slower"), [(0.6, False), (0.4, True)])
def test_more_than_the_bound_is_said_and_counts(most, slower):
    said: list[str] = []
    assert judge(Bound("W1", "", 100, "C", most), row(), said.append) is slower
    assert said == [
        f"{'SLOWER' if slower else 'well'}: W1 many: jm takes 0.50x the processor time of C, at most {most:.2f}x"
    ]


def test_a_peer_that_is_not_there_is_no_reason_to_fail():
    said: list[str] = []
    assert not judge(Bound("W1", "", 100, "ninja", 0.1), row(), said.append)
    assert said == ["W1: ninja is not installed, so not compared"]
