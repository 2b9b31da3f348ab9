"""Scripts of mass run unchanged: submit runs here, roles are called, hooks run, mistakes are said without tracebacks.

Every script is started as its author starts it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.formats.python.corpus import HERE as CORPUS
from tests.mass.conftest import MassFolder

ROLES = """
import json
from mass.scheduler.swf import SWFWorker

worker = SWFWorker()

@worker.role('double')
def double(number, factor=2):
    print('doubling', number)
    return {'result': number * factor}

@worker.role('large')
def large(size):
    return 'x' * size

@worker.role('bad')
def bad(**arguments):
    raise ValueError(f'no good: {sorted(arguments)}')
"""
HEAD = "import mass\nfrom mass import Action, Job, Task\nimport roles\n\n"


def submit(here: MassFolder, body: str, more: str = "") -> str:
    """A script that submits this job and prints what came of it; its name."""
    here.write("roles.py", ROLES)
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    here.write("nightly.py", f"{HEAD}{more}\nwith Job('Nightly') as job:\n{lines}\nprint(mass.submit(job))\n")
    return "nightly.py"


def status(here: MassFolder) -> dict:
    document: dict = here.jm("status", "--json").json
    return document


def by_path(here: MassFolder) -> dict[str, dict]:
    return {action["path"]: action for action in status(here)["actions"]}


def test_the_readmes_script_runs_to_its_end_and_is_shown(here):
    text = (CORPUS / "golden" / "readme_echo.script").read_text()
    here.write("echo_job.py", text + "\nprint(mass.submit(a_job))\n")
    ran = here.python("echo_job.py")
    assert ran.code == 0, ran
    last = ran.out.splitlines()[-1]
    title, id = re.fullmatch(r"\('(.*)', '([0-9a-f]{12})'\)", last).groups()  # type: ignore[union-attr]
    found = status(here)
    assert (title, id, found["state"]) == ("Echo Job", found["id"], "succeeded")
    assert "job Echo Job" in ran.out and "6 of 6 actions done" in ran.out
    assert here.jm("logs", f"{id}/Task #1/echo").out == "[Task #1] Let's initiate something here first.\n"
    begins = {path: action["began"] for path, action in by_path(here).items()}
    assert next(iter(begins)) == "Task #1/echo" and max(begins, key=begins.__getitem__) == "Task #3/echo"


def test_functions_run_in_processes_of_their_own_and_their_results_stay(here):
    script = submit(here, "Action(number=21, _role='double')\nAction(size=300_000, _role='large')")
    ran = here.python(script)
    assert ran.code == 0, ran
    actions = by_path(here)
    assert json.loads(Path(actions["double"]["result"]).read_text()) == {"result": 42}
    assert len(json.loads(Path(actions["large"]["result"]).read_text())) == 300_000
    assert "doubling 21" in here.jm("logs", "last/double").out


def test_arguments_may_be_of_any_size(here):
    script = submit(here, "Action(number=list(range(100_000)), factor=1, _role='double')")
    assert here.python(script).code == 0
    assert len(json.loads(Path(by_path(here)["double"]["result"]).read_text())["result"]) == 100_000


def test_an_exception_is_kept_with_its_traceback_and_heads_the_card(here):
    ran = here.python(submit(here, "Action(a=1, _role='bad', _retries=0)\nAction('never')"))
    assert "reason   ValueError: no good: ['a'] (exit code 1)" in ran.err, ran
    log = here.jm("logs", "last/bad").both
    assert "Traceback (most recent call last):" in log and 'roles.py", line 18, in bad' in log
    assert "calling.py" not in log
    assert by_path(here)["echo"]["state"] == "skipped"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("number=1, faktor=2", "double() got an unexpected keyword argument 'faktor'"),
        ("factor=2", "double() missing a required argument: 'number'"),
    ],
)
def test_wrong_arguments_fail_as_mass_does_and_are_not_tried_again(here, arguments, words):
    ran = here.python(submit(here, f"Action({arguments}, _role='double')"))
    action = by_path(here)["double"]
    assert words in ran.err and action["attempts"] == 1, ran
    assert action["failure"]["reason"] == "arguments"


def test_wrong_arguments_are_tried_again_when_that_is_asked_for(here):
    here.python(submit(here, "Action(factor=2, _role='double', _retries=1, _retry_on=['arguments'])"))
    assert by_path(here)["double"]["attempts"] == 2


def test_a_role_that_fails_twice_works_the_third_time(here):
    more = (
        "import os\n@roles.worker.role('third')\ndef third():\n    os.open(f'{len(os.listdir())}.try', os.O_CREAT)\n"
        "    assert sum(name.endswith('.try') for name in os.listdir()) == 3\n"
    )
    here.python(submit(here, "Action(_role='third')", more))
    assert (by_path(here)["third"]["state"], by_path(here)["third"]["attempts"]) == ("succeeded", 3)


def test_error_hooks_run_at_each_level_and_the_reason_stays(here):
    body = (
        "with Task('outer'):\n    with Task('inner'):\n"
        "        Action(cmd='exit 3', _role='shell', _retries=0)\n        Action('after')\n"
        "        Action('inner failed', _whenerror=True, _name='hook')\n"
        "    Action('outer failed', _whenerror=True, _name='hook')\nAction('all failed', _whenerror=True, _name='hook')"
    )
    here.python(submit(here, body))
    actions = by_path(here)
    states = {path: action["state"] for path, action in actions.items()}
    assert states == {
        "outer/inner/exit": "failed",
        "outer/inner/echo": "skipped",
        "outer/inner/hook": "succeeded",
        "outer/hook": "succeeded",
        "hook": "succeeded",
    }
    begins = [actions[path]["began"] for path in ("outer/inner/hook", "outer/hook", "hook")]
    assert begins == sorted(begins) and status(here)["state"] == "failed"


def test_what_fails_is_told_to_the_loggers_of_errors(here):
    more = (
        "from mass.log_handler import LogHandler\n@LogHandler().logger('error')\ndef told(message):\n"
        "    open('told', 'a').write(message + '|')\n"
    )
    here.python(submit(here, "Action(_role='bad', x=1, _retries=0)", more))
    assert here.read("told") == "Reason: ValueError: no good: ['x'] (exit code 1)\nDetails: bad (code)|"


def test_arguments_go_through_saver_and_loader(here):
    more = (
        "import json\nfrom mass.input_handler import InputHandler\nhandler = InputHandler('local')\n"
        "@handler.saver('local')\ndef save(data, genealogy):\n    name = '-'.join(genealogy) + '.job'\n"
        "    open(name, 'w').write(json.dumps(data))\n    return name\n\n"
        "@handler.loader('local')\ndef load(token):\n    return json.load(open(token))\n"
    )
    script = submit(here, "with Task('t'):\n    Action(number=5, _role='double')", more)
    here.write(script, here.read(script).replace("submit(job)", "submit(job, protocol='local')"))
    assert here.python(script).code == 0
    assert json.loads(here.read("Nightly-t-Action2.job")) == {"number": 5}
    assert json.loads(Path(by_path(here)["t/double"]["result"]).read_text()) == {"result": 10}


def test_an_own_function_takes_the_place_of_a_role_of_ours(here):
    more = "@roles.worker.role('echo')\ndef echo(msg):\n    return msg[::-1]\n"
    here.python(submit(here, "Action(msg='abc', _role='echo')\nAction('def', _role='echo')", more))
    results = [json.loads(Path(action["result"]).read_text()) for action in status(here)["actions"]]
    assert results == ["cba", "fed"]


def test_a_script_that_runs_as_main_only_serves_its_roles_all_the_same(here):
    here.write(
        "main.py",
        "import mass, sys\nfrom mass import Action, Job\nfrom mass.scheduler.swf import SWFWorker\n"
        "worker = SWFWorker()\n@worker.role('f')\ndef f(x):\n    return x\n\n"
        "def main():\n    with Job('j') as job:\n        Action(_role='f', x=1)\n    mass.submit(job)\n"
        "if __name__ == '__main__':\n    sys.exit(main())\n",
    )
    assert here.python("main.py").code == 0 and here.jm("run", "main.py").code == 0
    assert here.jm("ls", "-q").out.count("\n") == 2


def test_a_plain_dict_is_submitted(here):
    here.write(
        "dict.py",
        "import mass\nprint(mass.submit({'Job': {'title': 't', 'children': [{'Action': {'input': 'hello'}}]}}))\n",
    )
    ran = here.python("dict.py")
    assert ran.code == 0 and "('t', '" in ran.out
    assert here.jm("logs", "last/echo").out == "hello\n"


def test_mistakes_are_said_at_once_with_their_lines_and_no_traceback(here):
    ran = here.python(submit(here, "Action('a', timeout='never')\nAction(_role='duble', x=1)\nAction('b', _rol=1)"))
    assert ran.code == 2 and "Traceback" not in ran.both
    assert "nightly.py:7:5: Action.timeout: expected a duration" in ran.err
    assert 'nightly.py:8:5: Action: nobody here serves the role "duble"' in ran.err
    assert 'hint: did you mean "double"?' in ran.err
    assert "3 errors, 1 note; nothing was started" in ran.err


def test_a_script_may_catch_that_its_job_is_wrong(here):
    script = submit(here, "Action('a', timeout='never')")
    here.write(
        script, here.read(script).replace("print(mass", "try:\n    print(mass") + "except Exception:\n    print('x')\n"
    )
    assert here.python(script).out == "x\n"


@pytest.mark.parametrize("call", ["mass.submit(job, scheduler='swf')", "roles.worker.start()"])
def test_what_needs_swf_says_so(here, call):
    script = submit(here, "Action('a')")
    text = here.read(script).replace("print(mass.submit(job))", f"from mass.exception import UnsupportedScheduler\n"
        f"try:\n    {call}\nexcept UnsupportedScheduler as error:\n    print(error)\n")  # fmt: skip
    here.write(script, text)
    ran = here.python(script)
    assert "there is no engine for AWS SWF here yet" in ran.out and "jm run" in ran.out
    assert not (here.path / ".jm").exists()


def test_the_exceptions_of_mass():
    from mass.exception import TaskError, TaskWait, UnsupportedScheduler

    error = TaskError("reason", "details")
    assert (error.reason, error.details) == ("reason", "details")
    assert issubclass(TaskWait, Exception) and issubclass(UnsupportedScheduler, Exception)


def test_jm_reads_the_same_script_and_resumes_an_edited_one(here):
    script = submit(here, "Action(number=1, _role='double')\nAction(cmd='test -e there', _role='shell', _retries=0)")
    assert here.jm("check", script).code == 0
    planned = here.jm("plan", script, "--json").json
    assert [child["role"] for child in planned["children"]] == ["double", "shell"]
    assert [child["retries"] for child in planned["children"]] == [2, 0]
    assert here.jm("run", script).code == 1
    here.write(script, here.read(script).replace("test -e there", "true"))
    again = here.jm("resume", "last", script)
    assert again.code == 0, again
    assert by_path(here)["double"]["attempts"] == 1


def test_an_unserved_role_is_said_by_check_plan_and_run(here):
    script = submit(here, "Action(_role='nobody')")
    for verb in ("check", "plan", "run"):
        ran = here.jm(verb, script)
        assert ran.code == 2 and 'nobody here serves the role "nobody"' in ran.err, ran
    assert not (here.path / ".jm").exists()
