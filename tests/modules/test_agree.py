"""A job held against the shelf: every parameter, every type, every module that cannot be used, at its place."""

from __future__ import annotations

import pytest

from job_manager.model.errors import Place
from job_manager.model.job import Action, Command, Input, Job, JobInput, ModuleCall, Output, Task
from job_manager.modules.agree import check_action, check_modules
from job_manager.modules.shelf import Shelf, find


def place(line, path=""):
    return Place("job.yaml", line, 9, path)


def call(module, inputs=(), outputs=(), line=1):
    return Action("a", ModuleCall(module), tuple(inputs), tuple(outputs), place=place(line))


def given(param, type=None, line=2, artifact=None):
    return Input(artifact or "v.mp4", param, type, place=place(line))


def made(param, type=None, line=3, artifact="a.wav"):
    return Output(artifact, param, type, place=place(line))


def job(*nodes):
    return Job("j", tuple(nodes), inputs=(JobInput("v.mp4", "input", "video"),))


@pytest.fixture
def shelf(make, tmp_path):
    make("s/extract", more="  - {param_name: log, type: text, optional: true}\n")
    return find([str(tmp_path / "s")])


def said(problems):
    return [(p.place.line, p.message, p.severity) for p in problems]


def test_an_action_that_agrees_has_no_problem(shelf):
    good = call("extract", [given("input", "video")], [made("output", "audio")])
    untyped = call("extract", [given("input")], [made("output", artifact="b"), made("log", artifact="l")])
    assert check_modules(job(Task("t", (good, untyped))), shelf) == []


def test_what_is_missing_and_what_is_too_much_is_said_with_a_hint(shelf):
    problems = check_modules(job(call("extract", [given("inptu")], [made("output"), made("extra", line=4)])), shelf)
    assert said(problems) == [
        (2, 'module "extract" has no input "inptu"', "error"),
        (1, 'module "extract" needs input "input" (video)', "error"),
        (4, 'module "extract" has no output "extra"', "error"),
    ]
    assert problems[0].hint == 'did you mean "input"?'
    assert problems[1].hint == "add {name: FILE, param_name: input} to its inputs"
    assert problems[2].hint == "its outputs: output, log"


def test_a_parameter_on_the_wrong_side_is_told_where_it_belongs(shelf):
    problems = check_modules(job(call("extract", [given("input"), given("log")], [made("output")])), shelf)
    assert [p.hint for p in problems] == ['"log" is an output of this module: list it there']


def test_an_artifact_without_a_parameter_is_said_once_and_leads_to_no_other_complaint(shelf):
    read = call("extract", [given(None, line=8)], [made("output")])
    assert check_modules(job(read), shelf) == []  # the reader of the file has said it
    built = Action("a", ModuleCall("extract"), (Input("v.mp4"),), (Output("a.wav", "output"),))
    (problem,) = check_modules(job(built), shelf)
    assert problem.message == '"v.mp4" does not say which input of module "extract" it is'
    assert problem.hint == "give it a param: input" and problem.place.path == "a"


def test_types_must_agree_with_the_manifest_unless_loose(shelf):
    action = call("extract", [given("input", "image")], [made("output", "AUDIO")])
    for loose, severity in ((False, "error"), (True, "warning")):
        problems = check_modules(job(action), shelf, loose)
        assert (2, 'type image of "v.mp4" is not what module "extract" declares', severity) in said(problems)
        assert {p.severity for p in problems} == {severity}
    assert check_modules(job(action), shelf)[0].hint == 'input "input" is video there'


def test_types_that_only_manifests_know_must_agree_from_maker_to_reader(shelf):
    first = call("extract", [given("input")], [made("output")])
    second = call("extract", [given("input", artifact="a.wav", line=12)], [made("output", artifact="b.wav")], line=11)
    (problem,) = check_modules(job(Task("one", (first,)), Task("two", (second,))), shelf)
    assert problem.place.line == 12 and problem.severity == "error"
    by = 'manifest of "extract"'
    assert problem.message == f'"a.wav" is made as audio ({by}) and read as video ({by})'


def test_a_command_that_reads_what_a_module_makes_is_held_to_the_manifest_too(shelf):
    first = call("extract", [given("input")], [made("output")])
    command = Action("c", Command(("cat", "{x}")), (given("x", "video", 12, "a.wav"),), place=place(11))
    (problem,) = check_modules(job(first, command), shelf)
    assert problem.place.line == 12 and "read as video" in problem.message


def test_what_two_entries_write_against_each_other_is_left_to_the_reader_of_the_file(shelf):
    first = call("extract", [given("input")], [made("output", "audio")])
    command = Action("c", Command(("cat",)), (given("x", "video", 12, "a.wav"),), place=place(11))
    assert check_modules(job(first, command), shelf) == []


def test_an_unknown_module_is_told_what_is_there_and_where_was_looked(shelf, tmp_path):
    (problem,) = check_modules(job(call("extrakt", line=5)), shelf)
    assert problem.message == f'no module "extrakt"; known: extract; searched: {tmp_path}/s'
    assert problem.hint == 'did you mean "extract"?' and problem.place.line == 5
    (problem,) = check_modules(job(call("x")), find([]))
    assert problem.message == 'no module "x"; the shelf is empty; searched: nowhere: there is no modules folder'


def test_an_unusable_module_is_told_why_wherever_it_is_used(make, tmp_path):
    make("s/broken", entrypoint="mian.py", more="retries: -1\n")
    shelf = find([str(tmp_path / "s")])
    problems = check_modules(job(call("broken", line=4), call("broken", line=8)), shelf)
    assert [p.place.line for p in problems] == [4, 8]
    message = problems[0].message
    assert message.startswith('module "broken" cannot be used: ') and "manifest.yaml:3:13: entrypoint" in message
    assert "does not exist" in message and "retries" in message and problems[0].hint == 'did you mean "main.py"?'


def test_twins_are_told_at_the_job_too(make, tmp_path):
    one, two = make("s/one", "m"), make("s/two", "m")
    (problem,) = check_modules(job(call("m")), find([str(tmp_path / "s")]))
    assert str(one) in problem.message and str(two) in problem.message


def test_a_slip_in_the_manifest_is_warned_of_once_when_the_module_is_used(make, tmp_path):
    make("s/m", more="timout: 5m\nauthor: me\n")
    use = call("m", [given("input")], [made("output")])
    again = call("m", [given("input")], [made("output", artifact="b.wav")])
    (problem,) = check_modules(job(use, again), find([str(tmp_path / "s")]))
    assert problem.severity == "warning" and problem.hint == 'did you mean "timeout"?'


def test_one_action_can_be_held_against_one_module(shelf):
    problems = check_action(Action("a", ModuleCall("extract")), shelf.get("extract"), path="steps/a")
    assert [p.message for p in problems] == [
        'module "extract" needs input "input" (video)',
        'module "extract" needs output "output" (audio)',
    ]
    assert problems[0].place.path == "steps/a"


def test_many_actions_look_each_module_up_once(shelf):
    class Counting(Shelf):
        asked = 0

        def get(self, name):
            self.asked += 1
            return shelf.get(name)

    counting = Counting([], shelf.searched)
    action = call("extract", [given("input", "video")], [made("output", "audio")])
    assert check_modules(job(*[action] * 20_000), counting) == []
    assert counting.asked == 1


def test_what_can_never_be_checked_on_the_type_of_the_manifest(shelf):
    wrong = Output("a.wav", "output", expect=(("min_duration", 3.0), ("width", 3)), place=place(3))
    (problem,) = check_modules(job(call("extract", [given("input")], [wrong])), shelf)
    assert (problem.place.line, problem.message) == (
        3, 'expect of "a.wav": width can never be checked on the type audio',
    )  # fmt: skip
    assert check_action(call("extract", [given("input")], [wrong]), shelf.get("extract")) == [problem]
