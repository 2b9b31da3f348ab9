"""Params of a job from the command line to the programs: `-p`, files of them, help, mistakes, and another value later.

Knows a module that writes down what it was given; the rules of values are tested with the formats.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.e2e.person import job

MANIFEST = """\
name: note
entrypoint: main.py
inputs: [{param_name: source, type: text, optional: true}]
outputs: [{param_name: out, type: json}]
params:
  crf: {type: int, default: 23, range: [0, 51]}
  title:
  folder: {type: path, default: here}
"""
MAIN = """\
import json, os, sys
words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
with open(words["--out"], "w") as out:
    json.dump({name: words[name] for name in ("--crf", "--title", "--folder")}, out)
with open(os.environ["RUNS"], "a") as runs:
    runs.write(os.path.basename(words["--out"]) + "\\n")
"""
JOB = """\
name: noting
version: 1
inputs: [{name: text, param_name: text, type: text}]
params:
  crf: {type: int, range: [0, 51], default: 20, help: How small the film is}
  title: {help: What it is called}
steps:
  - entries:
      - module: note
        name: first
        params: {title: "{params.title}"}
        outputs: [{name: "first_{params.title}.json", param_name: out, public: true}]
      - module: note
        name: second
        params: {title: fixed, crf: "{params.crf}"}
        outputs: [{name: "second_{params.crf}.json", param_name: out, public: true}]
      - name: third
        shell: echo {params.title} {size} $CRF {text} > {out}; echo third >> "$RUNS"
        params: {size: 3}
        env: {CRF: "<{params.crf}>"}
        inputs: [text]
        outputs: [{name: third.txt, param_name: out, public: true}]
"""


@pytest.fixture
def there(here):
    here.write("jobs/modules/note/manifest.yaml", MANIFEST)
    here.write("jobs/modules/note/main.py", MAIN)
    here.write("jobs/job.yaml", JOB)
    here.write("text", "text\n")
    here.env["RUNS"] = str(here.path / "runs")
    return here


def note(here, name):
    return json.loads(here.read(f"out/{name}"))


def test_the_values_arrive_everywhere(there):
    told = there.jm("run", "jobs/job.yaml", "text", "-p", "title=it's", "--param", "crf=+07", "--out", "out")
    assert told.code == 0, told
    module = f"{there.path}/jobs/modules/note/here"
    assert note(there, "first_it's.json") == {"--crf": "23", "--title": "it's", "--folder": module}
    assert note(there, "second_7.json") == {"--crf": "7", "--title": "fixed", "--folder": module}
    title, size, crf, path = there.read("out/third.txt").split(None, 3)
    assert (title, size, crf) == ("it's", "3", "<7>") and path.endswith("/inputs/text\n")


@pytest.mark.parametrize("title", ["$(touch hacked)", "'; touch hacked; '", "{out}", "{{params.title}}", "a\nb", "--x"])
def test_a_value_stays_a_value_in_a_shell(there, title):
    job = JOB.replace('"first_{params.title}.json"', "first.json")
    there.write("jobs/job.yaml", job)
    told = there.jm("run", "jobs/job.yaml", "text", "-p", f"title={title}", "--out", "out")
    assert told.code == 0, told
    assert note(there, "first.json")["--title"] == title
    assert there.read("out/third.txt").startswith(f"{title} 3 <20> ")
    assert not list(there.path.rglob("hacked"))


def test_a_file_gives_several_and_the_last_word_counts(there):
    there.write("values/v.yaml", "title: from file\ncrf: 30\n")
    told = there.jm(
        "run", "jobs/job.yaml", "text", "-p", "crf=1", "-p", "@values/v.yaml", "-p", "title=T", "--out", "out"
    )
    assert told.code == 0, told
    assert note(there, "first_T.json")["--title"] == "T" and note(there, "second_30.json")["--crf"] == "30"


def test_all_mistakes_are_said_with_the_others_and_nothing_starts(there):
    there.write("v.yaml", "crf: 99\ntitel: x\nlist: [1]\n")
    there.write("jobs/job.yaml", JOB.replace("size: 3", "size: 3, sise: 4").replace('crf: "', 'crv: "'))
    told = there.jm("run", "jobs/job.yaml", "gone", "-p", "crf=x", "-p", "@v.yaml", "-p", "@gone.yaml")
    assert told.code == 2 and "title" in told.err, told
    lines = [line for line in told.err.splitlines() if not line.startswith("   hint")]
    job = "jobs/job.yaml"
    assert lines == [
        "command line: -p @gone.yaml: the file cannot be read: No such file or directory",
        "command line: input file not found: gone",
        f'{job}:6:10: params.title: no value is given for the param "title"',
        f'{job}:15:37: steps[0].entries[1].params.crv: module "note" has no param "crv"',
        f'{job}:19:33: steps[0].entries[2].params.sise: warning: nothing in the command uses the param "sise"',
        "v.yaml:1:6: crf: expected a number from 0 to 51, found 99",
        'v.yaml:2:8: titel: the job has no param "titel"',
        "v.yaml:3:7: list: expected a value, found a list",
        "7 errors, 1 warning; nothing was started",
    ]
    assert not (there.path / "runs").exists()
    there.write("v.yaml", "crf: 99\ntitel: x\n")
    told = there.jm("check", "jobs/job.yaml", "-p", "crf=x", "-p", "@v.yaml", "-p", "title=x")
    assert "v.yaml:1:6: crf: expected a number from 0 to 51, found 99\n   hint: crf: How small the film is" in told.err
    assert 'v.yaml:2:8: titel: the job has no param "titel"\n   hint: did you mean "title"?' in told.err


@pytest.mark.parametrize("word", ["crf", "=1", "@"])
def test_what_is_no_param_on_the_command_line(there, word):
    told = there.jm("run", "jobs/job.yaml", "-p", word)
    assert told.code == 2 and f'expected NAME=VALUE or @FILE.yaml, found "{word}"' in told.err


def test_names_are_checked_with_the_values_in_them(there):
    told = there.jm("run", "jobs/job.yaml", "text", "-p", "title=../x")
    assert (
        told.code == 2
        and 'jobs/job.yaml:12:26: steps[0].entries[0].outputs[0].name: "first_../x.json" contains' in told.err
    )


@pytest.mark.parametrize("verb", ["run", "check", "plan"])
def test_help_of_a_job_lists_what_it_wants(there, verb):
    told = there.jm(verb, "jobs/job.yaml", "--help")
    assert (
        told.code == 0
        and told.out
        == f"""\
usage: jm {verb} jobs/job.yaml TEXT -p title=VALUE [options]

noting 1

inputs (files in this order, or by --input NAME=PATH):
  text  text

params (-p NAME=VALUE, or -p @FILE.yaml with several):
  crf    int from 0 to 51, default 20
         How small the film is
  title  str, to be given
         What it is called

The options: jm {verb} --help
"""
    )
    assert there.jm(verb, "--help").out.startswith(f"usage: jm {verb} JOB.yaml")
    broken = there.jm(verb, "gone.yaml", "--help")
    assert broken.code == 0 and "there is no such file" in broken.out and "options:" in broken.out


def test_plan_shows_the_values(there):
    words = ("plan", "jobs/job.yaml", "-p", "title=a b")
    told = there.jm(*words)
    assert "  param   crf = 20  (the default)\n  param   title = a b\n" in told.out
    assert re.search(
        r"command .* --out .*/first_a b\.json'? --crf 23 --folder .*/note/here'? --title 'a b'\n", told.out
    )
    document = there.jm(*words, "--json").json
    assert [(p["name"], p["value"], p["given"]) for p in document["params"]] == [
        ("crf", "20", False),
        ("title", "a b", True),
    ]
    first, _, third = document["children"][0]["children"]
    assert first["params"] == {"crf": "23", "folder": f"{there.path}/jobs/modules/note/here", "title": "a b"}
    assert third["params"] == {"params.title": "a b", "size": "3"}


# --- going on ---------------------------------------------------------------------------------------------------------


def test_resume_with_another_value_runs_only_what_depends_on_it(there):
    assert there.jm("run", "jobs/job.yaml", "text", "-p", "title=T", "--out", "out").code == 0
    assert sorted(there.lines("runs")) == ["first_T.json", "second_20.json", "third"]
    there.write("runs", "")
    told = there.jm("resume", "last", "-p", "crf=30")  # without the job file, and from what it was
    assert told.code == 0, told
    assert sorted(there.lines("runs")) == ["second_30.json", "third"]
    assert note(there, "second_30.json")["--crf"] == "30" and note(there, "first_T.json")["--title"] == "T"
    there.write("runs", "")
    again = there.jm("resume", "last")
    assert again.code == 0 and "nothing was left to do" in again.out and there.lines("runs") == []


def test_resume_with_an_edited_job_keeps_the_values_that_were_given(there):
    assert there.jm("run", "jobs/job.yaml", "text", "-p", "title=T", "--out", "out").code == 0
    there.write("runs", "")
    there.write("jobs/job.yaml", JOB.replace("default: 20", "default: 21"))
    told = there.jm("resume", "last", "jobs/job.yaml")
    assert told.code == 0, told
    assert sorted(there.lines("runs")) == ["second_21.json", "third"]
    there.write("runs", "")
    there.write(
        "jobs/job.yaml", JOB.replace("title: {help", "name: {default: N, help").replace("params.title", "params.name")
    )
    told = there.jm("resume", "last", "jobs/job.yaml")
    assert told.code == 0 and note(there, "first_N.json")["--title"] == "N"


def test_a_changed_default_of_a_module_runs_its_actions_again(there):
    assert there.jm("run", "jobs/job.yaml", "text", "-p", "title=T", "--out", "out").code == 0
    there.write("runs", "")
    there.write("jobs/modules/note/manifest.yaml", MANIFEST.replace("default: 23", "default: 24"))
    assert there.jm("resume", "last").code == 0
    assert there.lines("runs") == ["first_T.json"]
    assert note(there, "first_T.json")["--crf"] == "24"


def test_a_value_that_is_wrong_at_resume_changes_nothing(there):
    assert there.jm("run", "jobs/job.yaml", "text", "-p", "title=T").code == 0
    there.write("runs", "")
    told = there.jm("resume", "last", "-p", "crf=x", "-p", "titel=y")
    assert told.code == 2 and "2 errors" in told.err and there.lines("runs") == []
    assert there.jm("resume", "last").code == 0 and there.lines("runs") == []


def test_a_relative_path_counts_from_where_it_was_typed(there):
    job = JOB.replace("title: fixed", "title: fixed, folder: mine").replace("{size} $", "{size} {params.place} $")
    there.write("jobs/job.yaml", job.replace("params:\n  crf", "params:\n  place: {type: path, default: sub}\n  crf"))
    assert there.jm("run", "jobs/job.yaml", "text", "-p", "title=T", "--out", "out").code == 0
    assert note(there, "second_20.json")["--folder"] == f"{there.path}/jobs/mine"
    assert f" {there.path}/jobs/sub <20>" in there.read("out/third.txt").replace("'", "")
    assert there.jm("resume", "last", "-p", "place=x").code == 0
    assert f" {there.path}/x <20>" in there.read("out/third.txt")
    assert note(there, "second_20.json")["--folder"] == f"{there.path}/jobs/mine"


def test_what_a_change_makes_run_again_has_its_other_inputs_made_again_too(here):
    here.write(
        "job.yaml",
        job(
            "[{shell: 'echo {params.word} > {a}', outputs: [a]}, {shell: 'echo x > {b}', outputs: [b]}]",
            "[{shell: 'cat {a} {b} > {c}', inputs: [a, b], outputs: [{name: c}]}]",
            "[{shell: 'cat {c} > {d}', inputs: [c], outputs: [{name: d, public: true}]}]",
        ).replace("steps:", "params: {word: one}\nsteps:"),
    )
    assert here.jm("run", "job.yaml", "--out", "r").code == 0  # a, b and c are removed
    told = here.jm("resume", "last", "-p", "word=two")
    assert told.code == 0 and here.read("r/d") == "two\nx\n", told
