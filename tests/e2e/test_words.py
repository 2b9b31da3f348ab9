"""The command line itself: help for people, mistakes in words and options, exit codes, the shape of errors.

Knows the verbs and their promises; no job is run here.
"""

from __future__ import annotations

import json
import signal

import pytest

from tests.e2e.person import job

VERBS = (
    "run", "resume", "check", "plan", "modules", "init", "new", "ls", "status", "logs", "rm", "config", "schema",
    "version",
)  # fmt: skip


def test_help_names_every_verb_and_how_to_begin(here):
    told = here.jm("--help")
    assert told.code == 0 and not told.err
    assert all(f"\n  {verb} " in told.out for verb in VERBS if verb != "version")
    assert "examples:" in told.out and "exit codes:" in told.out and "python -m job_manager job.yaml" in told.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_examples_and_the_options_of_all(here, verb):
    told = here.jm(verb, "--help")
    assert told.code == 0 and not told.err
    examples = told.out.split("examples:\n")[1].strip().splitlines()
    assert 2 <= len(examples) <= 4
    assert all(option in told.out for option in ("--home DIR", "-q, --quiet", "--json"))
    assert max(map(len, told.out.splitlines())) <= 120
    assert here.jm("-q", verb, "-h").out == told.out


def test_help_is_a_command_too(here):
    assert here.jm("help").out == here.jm("--help").out
    told = here.jm("help", "run")
    assert (told.code, told.out) == (0, here.jm("run", "--help").out)
    assert 'there is no command "rnu"' in here.jm("help", "rnu").err


def test_help_of_help_is_help(here):
    assert here.jm("help", "help").out == here.jm("help").out


@pytest.mark.parametrize("verb", ["run", "plan", "check"])
@pytest.mark.parametrize("film", ["clip.mp4", "not-there.mp4"])
def test_a_job_file_behind_its_input_is_noticed(here, verb, film):
    here.write("clip.mp4", "x")
    here.write("job.yaml", "name: j\nversion: 1\nsteps: []\n")
    told = here.jm(verb, film, "job.yaml")
    assert told.code == 2 and f"{film} is no job file" in told.err
    assert f"the job file comes first: job.yaml {film}" in told.err


@pytest.mark.parametrize("path", ["/", "//"])
def test_the_root_is_no_job_file_and_is_called_by_its_name(here, path):
    assert "there is no job file in /; `jm init`" in here.jm("run", path).err


def test_a_job_file_in_place_of_an_id_is_noticed(here):
    told = here.jm("resume", "job.yaml")
    assert told.code == 2 and "jm resume last job.yaml" in told.err


# Ctrl-C at the moment when the command line is being imported.
TOO_EARLY = """
import os, signal, sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name == "job_manager.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder)
"""


def test_ctrl_c_before_anything_could_begin_is_silent(here):
    here.write("patched/sitecustomize.py", TOO_EARLY)
    told = here.jm("ls", env={"PYTHONPATH": f"{here.path}/patched:{here.env['PYTHONPATH']}"})
    assert (told.code, told.both) == (-signal.SIGINT, "")


def test_no_word_at_all_shows_the_help_and_is_a_mistake(here):
    told = here.jm()
    assert (told.code, "usage: jm COMMAND" in told.out) == (2, True)


@pytest.mark.parametrize("words", [("version",), ("--version",)])
def test_version(here, words):
    assert here.jm(*words).out.startswith("job_manager 0.")
    assert here.jm(*words, "-q").out.strip()[0].isdigit()
    assert set(here.jm(*words, "--json").json) == {"version", "python", "executable"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rnu", "job.yaml"), "did you mean run?"),
        (("stauts",), "did you mean status?"),
        (("rum", "job.yaml"), "did you mean run?"),
        (("statu",), "did you mean status?"),
        (("run", "job.yaml", "--keep-tmep"), "did you mean --keep-temp?"),
        (("ls", "--jsno"), "did you mean --json?"),
        (("--jsno", "ls"), "did you mean --json?"),
        (("run",), "JOB.yaml is missing"),
        (("run", "--ot", "results"), "there is no option --ot"),
        (("run", "--jsno"), "did you mean --json?"),
        (("run", "--keep-temp"), "JOB.yaml is missing"),
        (("run", "job.yaml", "-j", "0"), '-j: expected a whole number from 1 to 4096, found "0"'),
        (("run", "job.yaml", "-j", "two"), 'found "two"'),
        (("run", "job.yaml", "-j", "\u0662"), "expected a whole number"),
        (("run", "job.yaml", "-j", "9" * 5000), "expected a whole number"),
        (("run", "job.yaml", "-j"), "-j: expected one argument"),
        (("run", "job.yaml", "--input", "clip.mp4"), 'expected NAME=PATH, found "clip.mp4"'),
        (("logs", "last", "-n", "-3"), "-n"),
        (("logs", "last", "--attempt", "0"), "--attempt: expected a whole number"),
        (("ls", "more"), '"more" is one argument too many'),
        (("rm",), "ID is missing"),
        (("modules", "check"), "the folder of the module is missing"),
    ],
)
def test_mistakes_are_explained_in_a_line_with_the_usage(here, words, said):
    told = here.jm(*words)
    assert told.code == 2 and not told.out
    assert said in told.err, told
    assert "usage: jm " in told.err and "Traceback" not in told.err
    assert list(here.path.iterdir()) == []


def test_wrong_values_are_said_together_with_the_mistakes_of_the_job(here):
    here.write("ten.yaml", job("[{cmd: [true], timeout: soon}]", "[{cmd: [true], inputs: [nobody]}]"))
    words = ("ten.yaml", "nofile.txt", "-j", "0", "--input", "foo=bar", "--input", "clip.mp4")
    for verb in ("run", "check", "plan"):
        told = here.jm(verb, *words)
        assert told.code == 2 and not told.out and "\n6 errors" in told.err, told
        for said in ("command line: -j: expected a whole", "command line: --input: expected NAME=PATH", "usage: jm "):
            assert told.err.count(said) == 1
        for said in ("--input foo: the job has no input", "nofile.txt", "ten.yaml:5:", "ten.yaml:7:"):
            assert said in told.err
    told = here.jm("resume", "last", "ten.yaml", "-j", "0", "--input", "x")
    assert told.code == 2 and "2 errors" in told.err
    wrong = here.jm("run", "ten.yaml", "-j", "0", env={"JM_RETRIES": "x", "JM_JOBS": "many"})
    assert wrong.code == 2 and "-j: expected" in wrong.err and "JM_JOBS" in wrong.err
    here.write("fine.yaml", job("[{cmd: ['true']}]"))
    assert here.jm("run", "fine.yaml", "-j", "0").code == 2
    assert here.jm("run", "fine.yaml", "--json", "-j", "0").json["error"]["problems"][0]["file"] == "command line"
    assert not (here.path / ".jm").exists()


def test_after_two_dashes_everything_is_a_file(here):
    here.write("-x.yaml", job("[{cmd: [cat, '{v}'], inputs: [v]}]").replace("steps:", "inputs: [{name: v}]\nsteps:"))
    here.write("-y.mp4", "film")
    assert here.jm("check", "--", "-x.yaml").code == 0
    assert here.jm("check", "-q", "--", "-x.yaml", "-y.mp4").code == 0
    assert here.jm("run", "-j", "1", "--", "-x.yaml", "-y.mp4").code == 0
    assert "--json: nothing to give it to" in here.jm("check", "--", "-x.yaml", "-y.mp4", "--json").err
    assert '"--json" is one argument too many' in here.jm("ls", "--", "--json").err


def test_an_abbreviated_option_is_no_option(here):
    assert "there is no option --keep" in here.jm("run", "job.yaml", "--keep").err


@pytest.mark.parametrize(
    "words", [("rnu", "--json"), ("--json", "ls", "--nosuch"), ("status", "--json"), ("check", "x.yaml", "--json")]
)
def test_errors_are_a_document_too(here, words):
    told = here.jm(*words)
    assert not told.err
    error = told.json["error"]
    assert set(error) == {"kind", "exit", "message", "hint", "problems"}
    assert error["exit"] == told.code != 0 and error["message"]


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [
        (("check", "none.yaml"), 2, "input"),
        (("ls", "--nosuch"), 2, "usage"),
        (("status", "zzz"), 7, "not-found"),
        (("rm", "last"), 7, "not-found"),
        (("logs",), 7, "not-found"),
        (("resume", "last"), 7, "not-found"),
    ],
)
def test_exit_codes_say_whose_fault_it_is(here, words, code, kind):
    told = here.jm(*words, "--json")
    assert (told.code, told.json["error"]["kind"]) == (code, kind)
    assert here.jm(*words).code == code
    assert not (here.path / ".jm").exists()  # looking makes nothing


def test_the_state_directory_that_cannot_be_made_is_the_persons_to_mend(here):
    here.write("job.yaml", 'name: a\nversion: 1\nsteps: [{name: s, entries: [{shell: "true"}]}]\n')
    here.write("file", "")
    told = here.jm("run", "job.yaml", "--home", "file/x")
    assert told.code == 2 and "--home" in told.err and "Traceback" not in told.err


def test_a_damaged_journal_is_the_worlds_fault(here):
    here.write(".jm/journal.db", "not a database at all, but long enough to look like a file of some kind\n" * 20)
    told = here.jm("ls")
    assert told.code == 5 and "journal" in told.err and "Traceback" not in told.err


def test_our_own_fault_is_one_line_and_a_traceback_only_for_those_who_ask(here):
    # A file in place of one of the package's: something that only a fault of ours could cause.
    extended = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n__version__ = '0'\n"
    here.write("broken/job_manager/__init__.py", extended)
    here.write("broken/job_manager/app/__init__.py", extended)
    here.write("broken/job_manager/app/looking.py", "raise RuntimeError('no \\x1b[31m jobs')\n")
    broken = {"PYTHONPATH": f"{here.path}/broken:{here.env['PYTHONPATH']}"}
    told = here.jm("ls", env=broken)
    assert told.code == 5 and "Traceback" not in told.err and "\x1b" not in told.err
    assert "internal error: RuntimeError" in told.err and "report" in told.err
    assert "Traceback" in here.jm("ls", env=broken | {"JM_DEBUG": "1"}).err
    assert json.loads(here.jm("ls", "--json", env=broken).out)["error"]["kind"] == "internal"


def test_options_stand_on_either_side_of_the_verb(here):
    assert here.jm("--json", "--home", "elsewhere", "ls").json == {"jobs": []}
    assert here.jm("ls", "--home=elsewhere", "--json").json == {"jobs": []}
    assert "elsewhere" in here.jm("--home", "elsewhere", "ls").out
    assert "elsewhere" in here.jm("ls", env={"JM_HOME": "elsewhere"}).out


def test_a_job_file_without_a_verb_is_the_originals_command_line(here):
    told = here.jm("job.yaml", "clip.mp4")
    assert told.code == 1 and "not found" in told.both


@pytest.mark.parametrize("words", [("ls",), ("status",), ("logs",), ("rm", "last"), ("run", "job.yaml"), ("ls", "-q")])
def test_a_state_directory_that_is_none_is_said(here, words):
    here.write("job.yaml", job("[{shell: 'true'}]"))
    here.write("file", "")
    for home in ("file", "file/below", "/dev/null"):
        told = here.jm(*words, "--home", home)
        assert told.code == 2 and "is not a directory" in told.err and not told.out, told


def test_the_originals_log_gives_each_problem_its_own_level(here):
    here.write("clip.mp4", "film")
    outputs = "outputs: [{name: v}, {name: z}]"
    text = job(f"[{{shell: 'true {{v}} {{z}}', {outputs}}}]")
    here.write("job.yaml", text.replace("steps:", "inputs: [{name: v}]\nsteps:"))
    told = here.jm("job.yaml", "clip.mp4", "--storage_dir", ".", "--modules_dir", ".")
    assert told.code == 1 and told.err.count("Failed to run job") == told.err.count(" - ERROR - ") == 1
    level = {words: line.split(" - ")[2] for line in told.err.splitlines() for words in LOGGED if words in line}
    assert [level[words] for words in LOGGED] == ["ERROR", "WARNING", "INFO"], told


LOGGED = ("over the job input", "nothing reads the job input", 'nothing reads "z"')


def test_mistakes_without_room_are_counted_and_come_last(here):
    here.write("job.yaml", job("[" + ", ".join(["{shell: x, timeout: never}"] * 2500) + "]"))
    *_, before, last = here.jm("check", "job.yaml").err.splitlines()
    assert before == "job.yaml: 1,500 more mistakes are not shown" and last == "2,500 errors"
