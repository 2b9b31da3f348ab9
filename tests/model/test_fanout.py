"""Fan-outs as values: ranges, combinations, what stands in braces, and the actions that a written one stands for.

Knows nothing of when items are known.
"""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st

from job_manager.model.document import job_document, read_job
from job_manager.model.fanout import (
    MOST,
    Combinations,
    Each,
    Filling,
    keys_in,
    numbers,
    spoken,
    written,
)
from job_manager.model.job import FILES, Action, Command, Input, Job, Output, Shell
from job_manager.model.members import Members
from job_manager.model.names import artifact_name, folded
from job_manager.model.record import replace
from job_manager.model.template import fill
from tests.drawn import drawn

CLIP = Each("clip", over="clips")
CRF = Each("crf", ("18", "23"))
FRAME = Each("frame", over="1-10", chunk=4)


# --- ranges -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7", [7]),
        ("1-5", [1, 2, 3, 4, 5]),
        ("1-9x4", [1, 5, 9]),
        ("1-10x4", [1, 5, 9]),
        ("5-1", [5, 4, 3, 2, 1]),
        ("9-1x4", [9, 5, 1]),
        ("-2-2", [-2, -1, 0, 1, 2]),
        ("-3--1", [-3, -2, -1]),
        ("3, 1 ,2", [3, 1, 2]),
        ("1-3,2-4", [1, 2, 3, 4]),
        ("007", [7]),
    ],
)
def test_the_numbers_of_a_range(text, found):
    assert numbers(text) == found
    assert Each("n", over=text).is_range


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no range of numbers; write 1-240, 1-240x2 or 1,5,9"),
        ("1-", "is no range of numbers"),
        ("1,,2", "is no range of numbers"),
        ("1..5", "is no range of numbers"),
        ("a-b", "is no range of numbers"),
        ("1-5x", "is no range of numbers"),
        ("1-5x0", "has a step of 0"),
        (f"1-{MOST + 1}", f"the range has more than {MOST:,} numbers"),
        ("1-999999999999", f"the range has more than {MOST:,} numbers"),
        ("1-600000,600001-1200000", f"the range has more than {MOST:,} numbers"),
        ("1" * 13, "is no range of numbers"),
    ],
)
def test_what_is_no_range(text, why):
    with pytest.raises(ValueError, match=why):
        numbers(text)


@hypothesis.given(st.lists(st.integers(-50, 50), min_size=1, max_size=6, unique=True))
def test_numbers_as_a_range_are_the_same_numbers(whole):
    assert numbers(written(whole)) == whole


@pytest.mark.parametrize(
    ("whole", "text"),
    [([5], "5"), ([1, 2, 3], "1-3"), ([1, 3, 5], "1-5x2"), ([5, 3, 1], "5-1x2"), ([1, 2, 4], "1,2,4")],
)
def test_numbers_are_written_short(whole, text):
    assert written(whole) == text


def test_what_a_key_goes_over():
    assert (CLIP.artifact, CLIP.is_range) == ("clips", False)
    assert (CRF.artifact, CRF.is_range, CRF.items()) == ("", False, ["18", "23"])
    assert (FRAME.artifact, FRAME.is_range, FRAME.items()) == ("", True, ["1-4", "5-8", "9-10"])
    assert Each("f", over="1-10x3", chunk=3).items() == ["1-7x3", "10"]
    assert Each("f", over="1-3").items() == ["1", "2", "3"]
    assert Each("f", over="1,2,5,9", chunk=3).items() == ["1,2,5", "9"]


# --- combinations -----------------------------------------------------------------------------------------------------


def test_the_last_key_changes_quickest():
    found = Combinations([["a", "b"], ["1", "2", "3"]])
    assert list(found) == [("a", "1"), ("a", "2"), ("a", "3"), ("b", "1"), ("b", "2"), ("b", "3")]
    assert found[4] == ("b", "2") and found.positions(4) == (2, 2)
    assert found[1:3] == [("a", "2"), ("a", "3")]
    for at in (6, -1):
        with pytest.raises(IndexError):
            found[at]


def test_of_nothing_there_is_no_combination():
    assert list(Combinations([["a"], []])) == []


@hypothesis.given(st.lists(st.lists(st.sampled_from("abc"), max_size=4), min_size=1, max_size=3))
def test_every_combination_comes_once_and_knows_its_positions(items):
    found = Combinations(items)
    places = [found.positions(at) for at in range(len(found))]
    assert places == sorted(set(places))
    for at, place in enumerate(places):
        assert found[at] == tuple(each[number - 1] for each, number in zip(items, place, strict=True))


def test_a_million_cost_nothing_until_they_are_asked_for():
    thousand = [str(number) for number in range(1000)]
    found = Combinations([thousand, thousand])
    assert len(found) == 1_000_000 and found[999_999] == ("999", "999")


# --- what stands in braces --------------------------------------------------------------------------------------------


def filling(*keys: Each, items: tuple[str, ...], at: tuple[int, ...] | None = None) -> Filling:
    return Filling(keys, items, at or tuple(1 for _ in keys))


@pytest.mark.parametrize(
    ("item", "forms"),
    [
        (
            "clips/a b.tar.gz",
            {"clip": "a b.tar.gz", "clip.name": "a b.tar.gz", "clip.stem": "a b.tar", "clip.suffix": ".gz"},
        ),
        ("clips/noend", {"clip": "noend", "clip.name": "noend", "clip.stem": "noend", "clip.suffix": ""}),
        ("clips/.hidden", {"clip": ".hidden", "clip.name": ".hidden", "clip.stem": ".hidden", "clip.suffix": ""}),
        ("made_1.txt", {"clip": "made_1.txt", "clip.name": "made_1.txt", "clip.stem": "made_1", "clip.suffix": ".txt"}),
    ],
)
def test_the_forms_of_a_file(item, forms):
    assert dict(filling(CLIP, items=(item,), at=(3,))) == forms | {"clip.index": "3"}


@pytest.mark.parametrize(
    ("item", "forms"),
    [
        ("7", {"first": "7", "last": "7", "step": "1", "count": "1"}),
        ("5-9x2", {"first": "5", "last": "9", "step": "2", "count": "3"}),
        ("9-5x2", {"first": "9", "last": "5", "step": "2", "count": "3"}),
    ],
)
def test_the_forms_of_a_range(item, forms):
    found = filling(FRAME, items=(item,), at=(2,))
    assert dict(found) == {"frame": item, "frame.index": "2"} | {f"frame.{form}": text for form, text in forms.items()}


def test_a_width_is_filled_with_zeros():
    found = filling(Each("frame", over="1-9"), items=("-7",))
    assert (found["frame:04"], found["frame:4"], found["frame.first:3"], found["frame:01"]) == (
        "-007",
        "-007",
        "-07",
        "-7",
    )
    assert "frame:04" in found and "frame:x" not in found and "other:04" not in found
    for name in ("other", "other:04", "frame:x", "frame:"):
        with pytest.raises(KeyError):
            found[name]


def test_the_names_that_keys_give():
    known = spoken([CLIP, CRF, FRAME])
    assert {"clip", "clip.stem", "clip.name", "clip.suffix", "clip.index", "crf", "crf.index", "frame.count"} <= known
    for name in ("frame:04", "frame.first:2", "crf:3"):
        assert name in known
    for name in ("clip.first", "crf.count", "frame.stem", "fram", "frame:", "frame:0x4"):
        assert name not in known
    assert "params.x" in known | {"params.x"} and "frame:04" in known | {"params.x"}


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("{clip.stem}_{crf}.mp4", {"clip", "crf"}),
        ("{frame:04}.png", {"frame"}),
        ("{{crf}}_{clip}", {"clip"}),
        ("{clip.nothing}{params.x}", set()),
        ("plain", set()),
    ],
)
def test_the_keys_that_a_name_holds(text, there):
    assert keys_in(text, [CLIP, CRF, FRAME]) == there


# --- members ----------------------------------------------------------------------------------------------------------


def encode(**rest: object) -> Action:
    plain = Action(
        "encode",
        Shell("enc {clip} {crf} {clip.stem} {out}"),
        inputs=(Input("look.json", "look"),),
        outputs=(Output("{clip.stem}_{crf}.mp4", "out", public=True),),
        env=(("CRF", "{crf}"),),
        params=(("title", "{clip.name} {crf:03}"),),
        foreach=(CLIP, CRF),
        needs=("probe",),
        when="probe.succeeded",
    )
    return replace(plain, **rest)


CLIPS = [["clips/a.mp4", "clips/b.mp4"], ["18", "23"]]


def test_a_member_is_a_plain_action():
    members = Members(encode(), CLIPS)
    assert [member.name for member in members] == ["a-18", "a-23", "b-18", "b-23"]
    one = members[2]
    assert one.outputs == (Output("b_18.mp4", "out", public=True, group="{clip.stem}_{crf}.mp4"),)
    assert one.inputs == (Input("look.json", "look"), Input("clips/b.mp4", "clip"))
    assert one.env == (("CRF", "18"),)
    assert dict(one.params) == {"title": "b.mp4 018", "crf": "18", "clip.stem": "b"}
    assert (one.foreach, one.needs, one.when) == ((), None, "")
    assert members[1:3] == [members[1], members[2]]


def test_a_declared_input_of_the_key_is_that_file():
    one = Members(encode(inputs=(Input("clip", "source", "video"),)), CLIPS)[0]
    assert one.inputs == (Input("clips/a.mp4", "source", "video", "file"), Input("clips/a.mp4", "clip"))
    bare = Members(encode(inputs=(Input("clip"),)), CLIPS)[0]
    assert bare.inputs == (Input("clips/a.mp4", "clip", kind="file"),)


def test_an_input_may_have_the_items_in_its_name_or_be_all_files():
    reads = (Input("{clip.stem}.json", "one"), Input("{clip.stem}_{x}.txt", "all", kind=FILES))
    one = Members(encode(inputs=reads, work=Command(("x",))), CLIPS)[3]
    assert [use.artifact for use in one.inputs] == ["b.json", "{clip.stem}_{x}.txt"]


def test_members_come_back_from_a_document():
    job = Job("j", (encode(),))
    assert read_job(job_document(job)) == job
    made = Job("j", tuple(Members(encode(), CLIPS)))
    assert read_job(job_document(made)) == made
    chunked = Job("j", (encode(foreach=(FRAME,)),))
    assert read_job(job_document(chunked)) == chunked


ITEMS = st.lists(
    st.one_of(
        st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=90), st.sampled_from("aAb+-/")
    ),
    min_size=1,
    max_size=6,
)


@drawn(60, 600, st.lists(ITEMS, min_size=1, max_size=2))
def test_names_of_members_are_safe_and_no_two_are_alike(items):
    keys = tuple(Each(f"k{at}", tuple(each)) for at, each in enumerate(items))
    members = Members(Action("a", Shell("x"), foreach=keys), items)
    names = [members.name(at) for at in range(len(members))]
    assert [artifact_name(name) for name in names if artifact_name(name)] == []
    assert len({folded(name) for name in names}) == len(names)


KEYS = st.sampled_from([CLIP, CRF, FRAME, Each("n", over="-1,7-9")])
WORDS = ["clip", "clip.stem", "crf", "crf:03", "frame", "frame.first", "frame.last:4", "n", "n:05", "n.index", "other"]
TEXTS = st.lists(
    st.sampled_from([*(f"{{{word}}}" for word in WORDS), "{{clip}}", "{{other}}", "a", "{", "}"]), max_size=6
)


@drawn(60, 600, st.lists(KEYS, min_size=1, max_size=3, unique_by=lambda each: each.key), TEXTS, st.integers(0, 3))
def test_a_text_in_all_members_at_once_is_that_of_one_after_another(keys, words, files):
    clips = [f"clips/{name}" for name in ("a.mp4", "b", ".c")[:files]]
    members = Members(Action("a", Shell("x"), foreach=tuple(keys)), [e.items() or clips for e in map(plain, keys)])
    text = "".join(words)
    assert list(members.texts(text)) == [fill(text, members.filling(at)) for at in range(len(members))]


def plain(each):
    return Each("none") if each.artifact else each
