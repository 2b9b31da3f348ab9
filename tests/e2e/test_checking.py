"""`jm check` and `jm plan`: every mistake at its line, nothing started; the plan is what will run.

Knows job.yaml as a person writes it.
"""

from __future__ import annotations

import re

from tests.e2e.person import job

MANIFEST = """\
name: echo_text
description: Copies a text
entrypoint: main.py
inputs: [{param_name: text, type: text}]
outputs: [{param_name: copy, type: text}]
"""

TEN_MISTAKES = """\
name: ten
version: 1.0
color: blue
input_artifacts:
  - {param_name: text, name: text.txt, type: text}
steps:
  - name: one
    entries:
      - module: ecko_text
        inputs: [{name: text.txt, param_name: text, type: text}]
        outputs: [{name: a.txt, param_name: copy, type: text}]
      - module: echo_text
        inputs: [{name: text.txt, param_name: txet, type: text}]
        outputs: [{name: b.txt, param_name: copy, type: text}]
      - module: echo_text
        inputs: [{name: nobody.txt, param_name: text, type: text}]
        outputs: [{name: c.txt, param_name: copy, type: text}]
  - name: two
    entries:
      - module: echo_text
        inputs: [{name: b.txt, param_name: text, type: text}]
        outputs: [{name: b.txt, param_name: copy, type: text}]
      - module: echo_text
        inputs: [{name: b.txt, param_name: text, type: video}]
        outputs: [{name: ../d.txt, param_name: copy, type: text}]
      - cmd: [touch, x]
        timeout: soon
        retries: many
      - cmd: [touch, y]
        shell: touch z
      - module: echo_text
        inputs: [{name: b.txt, param_name: text, type: text}]
        outputs: [{name: text.txt, param_name: copy, type: text}]
"""
WRONG_LINES = (3, 9, 13, 16, 22, 24, 25, 27, 28, 30, 33)


def shelf(here):
    here.write("modules/echo/manifest.yaml", MANIFEST)
    here.write("modules/echo/main.py", "import sys\nopen(sys.argv[4], 'w').write(open(sys.argv[2]).read())\n")


def test_ten_mistakes_are_ten_lines_and_nothing_starts(here):
    shelf(here)
    here.write("ten.yaml", TEN_MISTAKES)
    here.write("text.txt", "hello")
    for verb in ("check", "run"):
        told = here.jm(verb, "ten.yaml", "text.txt")
        assert told.code == 2 and not told.out
        places = [int(line.split(":")[1]) for line in told.err.splitlines() if line.startswith("ten.yaml:")]
        assert places == sorted(places)
        assert set(WRONG_LINES) <= set(places), told
        last = r"^\d\d errors(, 1 warning)?; nothing was started$" if verb == "run" else r"^\d\d errors(, 1 warning)?$"
        assert re.search(last, told.err, re.MULTILINE), told
        assert 'did you mean "echo_text"?' in told.err
        assert not (here.path / ".jm").exists() and not (here.path / "x").exists()


def test_the_same_mistakes_as_data(here):
    shelf(here)
    here.write("ten.yaml", TEN_MISTAKES)
    problems = here.jm("check", "ten.yaml", "--json").json["error"]["problems"]
    assert len([p for p in problems if p["severity"] == "error"]) >= 10
    assert all(set(p) == {"severity", "file", "line", "column", "path", "message", "hint"} for p in problems)
    assert [(p["line"], p["column"]) for p in problems] == sorted((p["line"], p["column"]) for p in problems)


def test_a_good_job_is_said_to_be_good(here):
    shelf(here)
    here.write("job.yaml", job('[{shell: "true"}, {shell: "true"}]', '[{shell: "true"}]', name="fine"))
    told = here.jm("check", "job.yaml")
    assert told.code == 0 and told.out == "ok: 3 actions in 2 steps, job fine\n"
    document = here.jm("check", "job.yaml", "--json").json
    assert document == {"ok": True, "name": "fine", "counts": {"steps": 2, "actions": 3}, "problems": []}
    quiet = here.jm("check", "job.yaml", "-q")
    assert (quiet.code, quiet.both) == (0, "")


def test_a_warning_is_shown_and_stops_nothing(here):
    here.write("job.yaml", job("[{cmd: [no_such_program_here]}]"))
    told = here.jm("check", "job.yaml")
    assert told.code == 0 and "ok: 1 action in 1 step" in told.out
    assert "job.yaml:5:" in told.err and "warning" in told.err and "no_such_program_here" in told.err
    assert here.jm("check", "job.yaml", "--json").json["problems"][0]["severity"] == "warning"


def test_missing_and_superfluous_files_are_found_before_anything_starts(here):
    shelf(here)
    text = "input_artifacts:\n  - {param_name: text, name: text.txt, type: text}\n"
    here.write("job.yaml", job("[{shell: 'touch ran'}]") + text)
    for words, said in (
        ((), 'no file is given for the input "text"'),
        (("nosuch.txt",), "not found: nosuch.txt"),
        (("job.yaml", "more.txt"), "more.txt: nothing to give it to"),
        (("--input", "txet=job.yaml"), "no input of that name"),
        (("modules",), "is a directory"),
    ):
        told = here.jm("run", "job.yaml", *words)
        assert told.code == 2 and said in told.err, told
    assert not (here.path / "ran").exists()
    assert here.jm("check", "job.yaml").code == 0


def test_a_job_may_come_on_standard_input(here):
    told = here.jm("check", "-", given=job('[{shell: "true"}]').encode())
    assert (told.code, "ok: 1 action" in told.out) == (0, True)
    assert "<stdin>:1:1" in here.jm("check", "-", given=b"[").err


# --- plan -------------------------------------------------------------------------------------------------------------


PLANNED = """\
name: planned
version: 2
input_artifacts:
  - {param_name: text, name: text.txt, type: text}
steps:
  - name: copy
    entries:
      - module: echo_text
        timeout: 90s
        retries: 2
        inputs: [{name: text.txt, param_name: text, type: text}]
        outputs: [{name: copy.txt, param_name: copy, type: text}]
      - name: count
        cmd: [wc, "-c", "{text.txt}"]
        inputs: [{name: text.txt}]
        idempotent: false
  - name: publish
    entries:
      - name: upper
        shell: "tr a-z A-Z < {copy.txt} > {loud.txt}"
        inputs: [{name: copy.txt}]
        outputs: [{name: loud.txt, public: true}]
"""


def test_a_plan_shows_order_programs_commands_and_files(here):
    shelf(here)
    here.write("job.yaml", PLANNED)
    here.write("my text.txt", "hello")
    told = here.jm("plan", "job.yaml", "my text.txt", "--out", "results")
    assert told.code == 0 and not told.err
    assert told.out.index("1  copy") < told.out.index("1.2") < told.out.index("2  publish") < told.out.index("2.1")
    for words in (
        "3 actions in 2 steps, one step after another",
        "(2 in parallel)",
        "(the Python that runs jm)",
        "/jobs/ID/",
        "timeout 1m 30s, tried up to 3 times",
        "never started twice",
        "copy.txt (text)  for publish/upper",
        "loud.txt, public",
        f"loud.txt  ->  {here.path}/results/loud.txt",
        f"text.txt (text)  from {here.path}/my text.txt",
    ):
        assert words in told.out, words
    assert not (here.path / ".jm").exists() and not (here.path / "results").exists()


def test_the_plan_of_a_big_job_is_its_beginning_and_what_is_left_out_is_said(here):
    entry = "      - {{name: a{0}, cmd: [cp, x, '{{f{0}}}'], outputs: [{{name: f{0}, public: true}}]}}\n"
    reads = ", ".join(f"f{number}" for number in range(300))
    text = "name: big\nversion: 1\nsteps:\n  - entries:\n" + "".join(map(entry.format, range(300)))
    here.write("job.yaml", text + f"  - entries: [{{name: last, cmd: [cat], inputs: [{reads}]}}]\n")
    told, everything = here.jm("plan", "job.yaml"), here.jm("plan", "job.yaml", "--all")
    for words in ("1  step1  (300 in parallel)", "  and 295 cmd more (--all lists them)", "reads    and 295 more"):
        assert words in told.out, words
    assert "1.5  a4" in told.out and "1.6  a5" not in told.out and told.out.endswith("f4\n  and 295 more\n")
    assert "1.300  a299" in everything.out and "more" not in everything.out
    assert len(here.jm("plan", "job.yaml", "--json").json["children"][0]["children"]) == 300
    assert len(here.jm("plan", "-q", "job.yaml").out.splitlines()) == 300


def test_a_plan_is_data_and_says_what_will_run(here):
    shelf(here)
    here.write("job.yaml", PLANNED)
    here.write("text.txt", "hello")
    plan = here.jm("plan", "job.yaml", "text.txt", "--json").json
    assert plan["counts"] == {"steps": 2, "actions": 3, "open": []}
    assert [step["number"] for step in plan["children"]] == ["1", "2"]
    copy, count = plan["children"][0]["children"]
    (upper,) = plan["children"][1]["children"]
    assert (copy["timeout"], copy["retries"], count["idempotent"]) == (90.0, 2, False)
    assert copy["argv"][1:3] == [f"{here.path}/modules/echo/main.py", "--text"]
    assert copy["argv"][0] == copy["interpreter"]
    assert count["cwd"] == str(here.path) and count["argv"][:2] == ["wc", "-c"]
    assert upper["reads"][0]["from"] == copy["path"] == "copy/echo_text"
    assert upper["writes"][0]["path"].endswith("/jobs/ID/public/loud.txt")
    ran = here.jm("run", "job.yaml", "text.txt", "--json", "--keep-temp").json
    assert [action["path"] for action in ran["actions"]] == [copy["path"], count["path"], upper["path"]]


def test_a_plan_without_files_is_a_plan(here):
    shelf(here)
    here.write("job.yaml", PLANNED)
    assert "from a file you give" in here.jm("plan", "job.yaml").out


def test_a_plan_counts_in_words_and_shows_what_is_set(here):
    here.write("job.yaml", job("[{cmd: [env], env: {DEPTH: 'a b', LANG: C}, timeout: 5s, retries: 1}]"))
    told = here.jm("plan", "job.yaml").out
    assert told.startswith("sample 1: 1 action in 1 step\n")
    assert "env      DEPTH='a b'" in told and "env      LANG=C" in told and "timeout 5.0s, tried up to 2 times" in told


def test_a_shelf_that_is_not_there_is_said_to_be_missing(here):
    here.write("job.yaml", job("[{module: echo_text}]"))
    told = here.jm("check", "job.yaml")
    assert f"the modules folder {here.path}/modules does not exist" in told.err and "--modules" in told.err
    assert "shelf is empty" not in told.err
    assert f"there is no folder {here.path}/modules" in here.jm("modules").out


def test_a_param_that_is_named_twice_is_one_mistake(here):
    shelf(here)
    inputs = "{name: text.txt, param_name: text}, {name: text.txt, param_name: text}"
    entry = f"{{module: echo_text, inputs: [{inputs}], outputs: [{{name: o, param_name: copy, public: true}}]}}"
    here.write("job.yaml", job(f"[{entry}]") + "input_artifacts: [{name: text.txt}]\n")
    problems = here.jm("check", "job.yaml", "--json").json["error"]["problems"]
    assert [problem["message"] for problem in problems] == ['the parameter "text" is named twice (5:44)']
