"""Params: canonical values, values given to a job, and where they are put in, whatever they hold.

Knows job.yaml only as a way to write jobs down; what is said of bad ones stands in `bad/`.
"""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import strategies as st

from job_manager import formats
from job_manager.formats.params import settle
from job_manager.model.document import digest, job_document, read_job
from job_manager.model.errors import InputError
from job_manager.model.expand import rebuilt, with_params
from job_manager.model.job import Action, Command, Input, Job, JobInput, ModuleCall, Output, Shell, Task, actions
from job_manager.model.params import Given, Param, Values
from job_manager.model.site import Installed, Site
from job_manager.model.site_document import read_site, site_document
from job_manager.worker.command import argv
from tests.drawn import drawn

INT = Param("n", "int", low=0, high=51)
FLOAT = Param("x", "float", high=10)
CHOICE = Param("c", "choice", choices=("slow", "Fast"))


@pytest.mark.parametrize(
    ("param", "text", "canonical"),
    [
        (INT, "+07", "7"),
        (INT, "51", "51"),
        (Param("n", "int"), "-12", "-12"),
        (FLOAT, "0.50", "0.5"),
        (FLOAT, "1e0", "1"),
        (FLOAT, "-.5", "-0.5"),
        (FLOAT, "-1e20", "-1e+20"),
        (Param("b", "bool"), "True", "true"),
        (Param("b", "bool"), "false", "false"),
        (CHOICE, "Fast", "Fast"),
        (Param("s"), " 1.10 ", " 1.10 "),
        (Param("s"), "", ""),
        (Param("p", "path"), "a/../b", "/base/b"),
        (Param("p", "path"), "/x//y/", "/x/y"),
    ],
)
def test_a_value_has_one_way_to_be_written(param, text, canonical):
    assert param.canonical(text, "/base") == canonical
    assert param.canonical(canonical, "/elsewhere") == canonical


@pytest.mark.parametrize(
    ("param", "text", "sentence"),
    [
        (INT, "", 'expected a whole number, found ""'),
        (INT, "1.0", 'expected a whole number, found "1.0"'),
        (INT, "٣", 'expected a whole number, found "٣"'),
        (INT, "1_0", 'expected a whole number, found "1_0"'),
        (INT, "9" * 5000, 'expected a whole number, found "' + "9" * 57 + '..."'),
        (INT, "52", "expected a number from 0 to 51, found 52"),
        (INT, "-1", "expected a number from 0 to 51, found -1"),
        (FLOAT, "nan", 'expected a number, found "nan"'),
        (FLOAT, "inf", 'expected a number, found "inf"'),
        (FLOAT, "1e999", 'expected a number, found "1e999"'),
        (FLOAT, "10.5", "expected a number of at most 10, found 10.5"),
        (Param("n", "int", low=1), "0", "expected a number of at least 1, found 0"),
        (Param("b", "bool"), "yes", 'expected true or false, found "yes"'),
        (Param("b", "bool"), "1", 'expected true or false, found "1"'),
        (CHOICE, "Fastt", 'expected one of slow, Fast, found "Fastt"; did you mean "Fast"?'),
        (CHOICE, "x\n", 'expected one of slow, Fast, found "x?"'),
        (Param("p", "path"), "", "expected a path, found nothing"),
        (Param("s"), "a\0b", "the value contains a NUL character"),
        (Param("s"), "ü" * 40_000, "the value is longer than 65,536 bytes"),
    ],
)
def test_what_is_no_value_is_said_in_a_sentence(param, text, sentence):
    with pytest.raises(ValueError) as caught:
        param.canonical(text)
    assert str(caught.value) == sentence


# --- values given -----------------------------------------------------------------------------------------------------


def job(*params: Param) -> Job:
    return Job("j", params=params)


def test_the_last_word_counts_and_a_default_fills_in():
    settled = settle(
        job(INT, Param("s", default="x"), Param("p", "path", default="data")),
        Values((Given("n", "1"), Given("n", "+2")), "/jobs"),
    )
    assert settled.values == {"n": "2", "s": "x", "p": "/jobs/data"} and settled.problems == []


def test_a_path_counts_from_where_it_was_given(monkeypatch):
    monkeypatch.setenv("HOME", "/home/anna")
    settled = settle(
        job(*(Param(name, "path") for name in "abc")),
        Values(
            (Given("a", "x", base="/one"), Given("b", "../x", base="/two"), Given("c", "~/x", base="/one")), "/jobs"
        ),
    )
    assert settled.values == {"a": "/one/x", "b": "/x", "c": "/home/anna/x"}


def test_all_that_is_wrong_with_values_is_said_at_once():
    settled = settle(job(INT, Param("s")), Values((Given("n", "x"), Given("ss", "1"), Given("gone", "1", former=True))))
    assert [(p.message, p.severity) for p in settled.problems] == [
        ('the job has no param "ss"', "error"),
        ('the job has no param "gone" any more; the value given for it is not used', "note"),
        ('expected a whole number, found "x"', "error"),
        ('no value is given for the param "s"', "error"),
    ]


# --- put in -----------------------------------------------------------------------------------------------------------

FILES = {"clip.mp4": "/in/it's a clip.mp4", "out": "/out"}
HOSTILE = [
    "$(touch hacked)", "`touch hacked`", "'; touch hacked; '", '" && touch hacked', "a\nb", "{in}", "{{in}}", "{out}}",
    "{params.other}", "{{params.title}}", "--help", "", "\\", "*", "~", "ü €", "{", "}", "{in", "in}",
]  # fmt: skip


def command(work: Command | Shell, *values: tuple[str, str], params: tuple[tuple[str, str], ...] = ()) -> list[str]:
    action = Action("a", work, (Input("clip.mp4", "in"),), (Output("out"),), params=params)
    filled = with_params(Job("j", (action,)), dict(values))
    ((_, one),) = actions(filled)
    return argv(one, None, FILES)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_word_gets_the_value_as_it_is(value):
    work = Command(
        ("echo", "{params.title}", "<{params.title}{x}>", "{{params.title}}", "{in}", "{{params.title}", "{x}{in}")
    )
    words = command(work, ("title", value), ("other", "no"), params=(("x", "{params.title}"),))
    clip = FILES["clip.mp4"]
    assert words == ["echo", value, f"<{value}{value}>", "{params.title}", clip, "{" + value, f"{value}{clip}"]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_shell_gets_the_value_as_one_word_whatever_is_in_it(value, tmp_path):
    words = command(
        Shell("printf '%s|' {params.title} {x} {in}"),
        ("title", value),
        ("other", "no"),
        params=(("x", "{params.title}"),),
    )
    told = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)
    assert told.stdout.decode() == f"{value}|{value}|{FILES['clip.mp4']}|"
    assert list(tmp_path.iterdir()) == []


@drawn(60, 400, st.text(st.sampled_from("{}'\"$ab. \\ip")), st.text(st.sampled_from("{} ab")))
def test_no_value_is_ever_taken_for_a_name(value, around):
    (_, _, text) = command(Shell(around + " {params.a} {in} " + around), ("a", value))
    quoted_value, quoted_clip = shlex.quote(value), shlex.quote(FILES["clip.mp4"])
    assert f" {quoted_value} {quoted_clip} " in text


def test_names_env_and_params_are_filled_before_the_run():
    module = Action(
        "a", ModuleCall("m"), (Input("{params.a}.in", "i"),), (Output("{params.a}_{params.b}.out", "o"),),
        env=(("E", "<{params.a}>"), ("F", "{{params.a}}")), params=(("p", "{params.b}"), ("q", "{other}")),
    )  # fmt: skip
    plain = Action("b", Command(("true",)))
    template = Job("j", (Task("t", (Task("u", (module,), needs=()), plain)),), inputs=(JobInput("{params.a}.in"),))
    filled = with_params(template, {"a": "1", "b": "{params.a}"})
    (_, one), (_, other) = actions(filled)
    assert other is plain
    assert (one.inputs[0].artifact, one.outputs[0].artifact) == ("1.in", "1_{params.a}.out")
    assert dict(one.env) == {"E": "<1>", "F": "{params.a}"} and dict(one.params) == {"p": "{params.a}", "q": "{other}"}
    assert filled.inputs[0].artifact == "1.in"
    assert rebuilt(filled, lambda action: action) == filled


def test_a_job_is_filled_however_deep_it_is():
    node: Task | Action = Action("a", Command(("echo", "{params.a}")))
    for _ in range(20_000):
        node = Task("t", (node,))
    ((_, one),) = actions(with_params(Job("j", (node,)), {"a": "1"}))
    assert one.params == (("params.a", "1"),)


def test_a_value_makes_another_action_of_those_that_use_it_only():
    uses, not_used = Action("a", Command(("echo", "{params.a}"))), Action("b", Command(("echo",)))
    one, two = (with_params(Job("j", (uses, not_used)), {"a": text}) for text in "12")
    assert one.children[0] != two.children[0] and one.children[1] == two.children[1]


def test_a_module_gets_its_params_after_its_files():
    module = Installed("m", "/m", "main.sh", "", "", "")
    action = Action(
        "a", ModuleCall("m"), (Input("clip.mp4", "in"),), (Output("out", "to"),), params=(("n", "-1"), ("s", ""))
    )
    words = argv(action, module, FILES)
    assert words == ["/m/main.sh", "--in", FILES["clip.mp4"], "--to", "/out", "--n", "-1", "--s", ""]


# --- documents --------------------------------------------------------------------------------------------------------


def test_the_documents_of_jobs_and_sites_carry_params():
    params = (
        Param("a", "int", "0", "help", 0, None),
        Param("b", "choice", "", "", choices=("", "x")),
        Param("c", "float", high=0.5),
        Param("d"),
    )
    written = Job("j", (Action("a", Command(("x", "{params.a}")), params=(("q", ""), ("z", "1"))),), params=params)
    assert read_job(job_document(written)) == written
    site = Site("/w", "", base="/jobs", params=(("a", ""), ("b", "1")), template=written)
    assert read_site(site_document(site)) == site
    assert read_site({"workdir": "/w", "store": ""}) == Site("/w", "")


def test_a_job_without_params_has_the_digest_it_always_had():
    plain = Job("j", (Action("a", Command(("x",))),), version="1")
    assert job_document(plain) == {
        "Job": {"title": "j", "version": "1", "children": [{"Action": {"name": "a", "argv": ["x"]}}]}
    }


def test_the_two_ways_to_write_params_are_one(tmp_path):
    listed = "[{name: a, type: int, default: 1}, {name: b, type: str}, {name: c, type: bool, default: false}]"
    texts = (listed, "{a: 1, b: , c: False}", "[{name: a, default: 1}, b, {name: c, default: false}]")
    digests = set()
    for params in texts:
        file = tmp_path / "job.yaml"
        file.write_text(
            f"name: j\nversion: 1\nparams: {params}\nsteps: [{{entries: [{{cmd: [echo, '{{params.a}}']}}]}}]\n"
        )
        reading = formats.read(str(file), given=(Given("b", "x"), Given("a", "5")))
        assert reading.template is not None and reading.values == {"a": "5", "b": "x", "c": "false"}
        digests.add(digest(job_document(reading.template)))
    assert len(digests) == 1


def test_what_is_expected_is_of_its_kind_when_params_stand_for_it(tmp_path):
    file = tmp_path / "job.yaml"
    file.write_text(
        "name: j\nversion: 1\nparams: {w: 640, sound: true, long: 1m30s, size: 1K, last: 9, rate: 25.0, name: title}\n"
        "steps:\n  - entries:\n      - shell: make {a} {b} {c}\n        outputs:\n"
        '          - {name: a, type: video, public: true, expect: {width: "{params.w}", audio: "{params.sound}", '
        'min_duration: "{params.long}", min_size: "{params.size}", fps: "{params.rate}", frames: "24{params.last}"}}\n'
        '          - {name: b, type: image, kind: files, public: true, expect: {frames: "1-{params.last}"}}\n'
        '          - {name: c, type: csv, public: true, expect: {columns: ["{params.name}", "x"]}}\n'
    )
    reading = formats.read(str(file))
    assert not reading.problems
    outputs = next(actions(reading.job))[1].outputs
    assert [dict(output.expect) for output in outputs] == [
        {"width": 640, "audio": True, "min_duration": 90.0, "min_size": 1024, "fps": 25.0, "frames": 249},
        {"frames": "1-9"},
        {"columns": ("title", "x")},
    ]
    with pytest.raises(InputError) as wrong:
        formats.read(str(file), given=(Given("w", "0"), Given("long", "soon")))
    assert "expect.width: expected a whole number from 1 to" in str(wrong.value) and "8:" in str(wrong.value)
