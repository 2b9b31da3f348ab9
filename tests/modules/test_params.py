"""Params in manifests and in jobs that call modules: what is taken, what is wrong at its place, what a module gets."""

from __future__ import annotations

import pytest

from job_manager.formats import draft
from job_manager.model.errors import InputError, Place
from job_manager.model.job import Action, Command, Job, ModuleCall, Task, actions
from job_manager.model.params import Param
from job_manager.modules.agree import check_action, check_modules
from job_manager.modules.manifest import read_manifest
from job_manager.modules.params import with_defaults
from job_manager.modules.shelf import find

PARAMS = """\
params:
  crf: {type: int, default: 23, range: [0, 51], help: Lower is better}
  preset: {choices: [slow, fast], default: fast}
  look: {type: path, default: looks/plain.cube}
  title:
"""
BARE = "name: m\nentrypoint: main.py\n"


@pytest.fixture
def shelf(make, tmp_path):
    make("s/encode", manifest="name: encode\nentrypoint: main.py\n", more=PARAMS)
    make("s/plain", manifest="name: plain\nentrypoint: main.py\ninputs: [{param_name: video, type: video}]\n")
    return find([str(tmp_path / "s")])


def test_a_manifest_declares_params(make):
    module = read_manifest(str(make("m", more=PARAMS)))
    assert module.params == (
        Param("crf", "int", "23", "Lower is better", 0, 51),
        Param("preset", "choice", "fast", choices=("slow", "fast")),
        Param("look", "path", "looks/plain.cube"),
        Param("title"),
    )


@pytest.mark.parametrize(
    ("params", "line", "column", "path", "message"),
    [
        ("params: {input: 1}", 10, 10, "params.input", 'parameter "input" is repeated; first at 5:17'),
        ("params: [{name: output}]", 10, 17, "params[0]", 'parameter "output" is repeated; first at 8:17'),
        ("params: {help: 1}", 10, 10, "params.help", ("a parameter cannot be called help: --help makes most programs "
         "print their help and leave")),
        ("params: [a, a]", 10, 13, "params[1]", 'the param "a" is repeated; it is first named at 10:10'),
        ("params: {1x: 1}", 10, 10, "params.1x", ('"1x" is not a parameter name; it must match '
         "[A-Za-z][A-Za-z0-9_-]{0,63}")),
        ("params: {a: {type: int, default: x}}", 10, 34, "params.a.default", 'expected a whole number, found "x"'),
        ("params: {a: {type: int, default: 9, range: [0, 5]}}", 10, 34, "params.a.default",
         "expected a number from 0 to 5, found 9"),
        ("params: {a: {typ: int}}", 10, 14, "params.a.typ", 'unknown key "typ"'),
        ("params: {a: {type: integer}}", 10, 20, "params.a.type", 'there is no type "integer" of params'),
        ("params: {a: {choices: []}}", 10, 23, "params.a.choices", "a choice needs something to choose from"),
        ("params: {a: {type: str, range: [0, 1]}}", 10, 32, "params.a.range",
         "only a number has a range, and this param is of type str"),
        ("params: 3", 10, 9, "params", "expected params by name, or a list of them, found 3"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_params_of_a_manifest(make, params, line, column, path, message):
    with pytest.raises(InputError) as caught:
        read_manifest(str(make("m", more=f"{params}\n")))
    (problem,) = caught.value.problems
    assert (problem.place.line, problem.place.column, problem.place.path) == (line, column, path)
    assert problem.message == message


# --- a job against its modules ----------------------------------------------------------------------------------------


def call(module, **params):
    place = Place("job.yaml", 4, 9, "steps[0].entries[0]")
    return Action("a", ModuleCall(module), params=tuple(sorted(params.items())), place=place)


def said(action, shelf):
    return [(p.place.path.removeprefix("steps[0].entries[0]"), p.message, p.hint) for p in
            check_modules(Job("j", (action,)), shelf)]  # fmt: skip


def test_values_that_a_module_takes_have_no_problem(shelf):
    assert said(call("encode", crf="+7", preset="slow", title=""), shelf) == []
    assert said(call("encode", title="{params.title}"), shelf) == []  # one without a value, of which has been said so


def test_every_value_that_it_does_not_take_is_said_at_its_place(shelf):
    assert said(call("encode", crf="52", presett="slow", preset="fats", title="x"), shelf) == [
        (".params.crf", 'param "crf" of module "encode": expected a number from 0 to 51, found 52', "Lower is better"),
        (".params.preset", ('param "preset" of module "encode": expected one of slow, fast, found "fats"; '
         'did you mean "fast"?'), ""),
        (".params.presett", 'module "encode" has no param "presett"', 'did you mean "preset"?'),
    ]  # fmt: skip


def test_a_value_that_is_missing_is_said_with_what_to_write(shelf):
    message = 'module "encode" needs a value for its param "title" (str)'
    assert said(call("encode"), shelf) == [("", message, "add params: {title: VALUE}")]
    problems = check_action(Action("a", ModuleCall("encode")), shelf.get("encode"), path="steps/a")
    assert [(p.place.path, p.message) for p in problems] == [("steps/a", message)]


def test_a_param_of_a_module_without_any_or_one_that_is_a_file_is_told_so(shelf):
    told = said(call("plain", crf="1", video="x"), shelf)
    assert (
        "",
        'module "plain" needs input "video" (video)',
        "add {name: FILE, param_name: video} to its inputs",
    ) in told
    assert (".params.crf", 'module "plain" has no param "crf"', "it has no params at all") in told
    hint = '"video" is an input of this module: list it there'
    assert (".params.video", 'module "plain" has no param "video"', hint) in told


def test_the_place_of_a_value_is_its_line_and_column(shelf, tmp_path):
    file = tmp_path / "job.yaml"
    file.write_text("name: j\nversion: 1\nsteps:\n- entries:\n  - module: encode\n    params: {title: x, crf: 99}\n")
    reading = draft(str(file))
    (problem,) = reading.placed(check_modules(reading.job, shelf))
    assert (problem.place.line, problem.place.column) == (6, 29)


# --- what the module gets ---------------------------------------------------------------------------------------------


def test_defaults_are_put_in_and_values_made_canonical(shelf, tmp_path):
    other = Action("b", Command(("x",)))
    job = Job("j", (Task("t", (call("encode", title="x", crf="+07"), other)),))
    (_, one), (_, untouched) = actions(with_defaults(job, shelf, "/jobs"))
    look = f"{tmp_path}/s/encode/looks/plain.cube"
    assert one.params == (("crf", "7"), ("look", look), ("preset", "fast"), ("title", "x"))
    assert untouched is other


def test_a_path_in_the_job_counts_from_the_jobs_folder(shelf):
    job = Job("j", (call("encode", title="x", look="warm.cube"),))
    ((_, one),) = actions(with_defaults(job, shelf, "/jobs"))
    assert dict(one.params)["look"] == "/jobs/warm.cube"


def test_a_job_without_such_modules_is_left_as_it_is(shelf):
    job = Job("j", (call("plain"), call("unknown")))
    assert with_defaults(job, shelf, "/jobs") is job
