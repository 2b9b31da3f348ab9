"""mass's own command line: submit runs a job here; what cannot be done yet says so."""

from __future__ import annotations

import pytest

from tests.mass.conftest import MassFolder

SCRIPT = "import mass\nfrom mass import Action, Job\nwith Job('j') as job:\n    Action('hello')\nmass.submit(job)\n"


def test_a_script_is_submitted(here: MassFolder):
    here.write("job.py", SCRIPT)
    ran = here.mass("job", "submit", "job.py")
    assert ran.code == 0 and "1 of 1 action done" in ran.out
    assert here.jm("logs", "last/echo").out == "hello\n"


def test_the_exit_code_is_that_of_jm_run(here: MassFolder):
    here.write("job.py", SCRIPT.replace("'hello'", "cmd='exit 4', _role='shell', _retries=0"))
    assert here.mass("job", "submit", "job.py").code == 1
    assert here.mass("job", "submit", "none.py").code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("job", "submit", "-j", "a.json", "-a", "a.alf"), "give one file: -j, -a, or a path"),
        (("job", "submit", "-j"), "-j needs a file"),
        (("job", "submit"), "a file is missing"),
        (("job", "sumbit"), "there is no command 'job sumbit'"),
    ],
)
def test_a_mistake_in_the_command_is_said(here: MassFolder, words, said):
    ran = here.mass(*words)
    assert ran.code == 2 and said in ran.err and "Traceback" not in ran.err


@pytest.mark.parametrize("words", [("init",), ("worker", "start"), ("monitor", "start")])
def test_what_cannot_be_done_yet_says_so(here: MassFolder, words):
    ran = here.mass(*words)
    assert ran.code == 7 and ran.err.startswith("error: mass ") and "yet" in ran.err


def test_help(here: MassFolder):
    assert here.mass("--help").out.startswith("usage: mass job submit")
    assert here.mass("job", "submit", "--help").code == 0
    assert here.mass().code == 2
