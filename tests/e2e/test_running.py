"""`jm run` to its end: what is kept and shown, what a failure says, what runs at once; names as people choose them.

Knows shell commands as actions; modules only where the seed's README has them.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time

import pytest

from tests.e2e.person import PATIENCE, PROGRAM, job

FAILING = job(
    '[{name: bad, shell: "echo first; seq 1 30; echo oops >&2; exit 3"}, {name: good, shell: "true"}]',
    '[{shell: "touch later"}]',
)


def test_a_job_runs_and_its_public_artifacts_are_kept_and_copied(here):
    here.write("job.yaml", job(
        "[{shell: 'echo one > {a}', outputs: [{name: a}]}]",
        "[{shell: 'cat {a} {a} > {b}', inputs: [{name: a}], outputs: [{name: b, public: true}]}]",
    ))  # fmt: skip
    told = here.jm("run", "job.yaml", "--out", "results/deep")
    assert told.code == 0 and not told.err, told
    lines = told.out.splitlines()
    assert re.fullmatch(r"job sample  [0-9a-f]{12}: 2 actions in 2 steps", lines[0])
    id = lines[0].split()[2].rstrip(":")
    assert [line.split("  ")[-1].split(":")[0] for line in lines[1:-3]] == ["s1", "s1/echo", "s1", "s2", "s2/cat", "s2"]
    assert re.fullmatch(rf"job sample  {id} succeeded after .*: 2 of 2 actions done", lines[-3])
    assert lines[-2:] == ["result:", "  results/deep/b"]
    assert here.read("results/deep/b") == "one\none\n" == here.read(f".jm/jobs/{id}/public/b")
    assert not any((here.path / ".jm/jobs" / id / folder).exists() for folder in ("temp", "work", "inputs"))
    assert "\x1b" not in told.both


def test_results_that_cannot_be_copied_are_kept_and_the_way_to_them_is_said(here):
    entry = "[{shell: 'echo one > {a}; echo > r', outputs: [{name: a, public: true}]}]"
    here.write("job.yaml", job(entry))
    told = here.jm("run", "job.yaml", "--out", "r")
    hint = re.search(r"results are kept: `jm (resume [0-9a-f]{12} --out )DIR` copies", told.err)
    assert told.code == 7 and hint
    done = here.jm(*hint[1].split(), "elsewhere")
    assert done.code == 0 and here.read("elsewhere/a") == "one\n"


def test_without_out_the_result_is_named_where_it_is_kept(here):
    here.write("job.yaml", job("[{shell: 'echo one > {a}', outputs: [{name: a, public: true}]}]"))
    told = here.jm("run", "job.yaml")
    assert re.search(r"\nresult:\n  \.jm/jobs/[0-9a-f]{12}/public/a\n$", told.out)


def test_quiet_prints_the_id_and_json_one_document(here):
    here.write("job.yaml", job("[{shell: 'echo one > {a}', outputs: [{name: a, public: true}]}]"))
    quiet = here.jm("run", "-q", "job.yaml")
    assert quiet.code == 0 and re.fullmatch(r"[0-9a-f]{12}\n", quiet.out) and not quiet.err
    told = here.jm("run", "job.yaml", "--json", "--out", "o")
    document = told.json
    assert not told.err and told.code == document["exit"] == 0
    assert {
        "id",
        "name",
        "state",
        "submitted",
        "finished",
        "counts",
        "actions",
        "results",
        "failures",
        "resume",
    } <= set(document)
    assert (
        document["state"] == "succeeded" and document["results"] == [f"{here.path}/o/a"] and document["resume"] is None
    )
    jobs = here.jm("ls", "--json").json["jobs"]
    assert [entry["id"] for entry in jobs] == [document["id"], quiet.out.strip()]


# --- failures ---------------------------------------------------------------------------------------------------------


def test_the_failure_card_is_the_last_thing_printed(here):
    here.write("job.yaml", FAILING)
    told = here.jm("run", "job.yaml")
    assert told.code == 1
    assert (
        "s1/bad: failed after" in told.out and "1 of 3 actions done, 1 failed, 1 skipped" in told.out.splitlines()[-1]
    )
    card = told.err.splitlines()
    assert card[1].endswith("failed: s1/bad")
    assert any(re.match(r"  reason   exit code 3 \(attempt 1, after .*\)$", line) for line in card)
    command = next(line for line in card if line.startswith("  command  "))
    assert shlex.split(command)[1:] == ["/bin/sh", "-c", "echo first; seq 1 30; echo oops >&2; exit 3"]
    assert f"  in       {here.path}" in card
    log = next(line for line in card if line.startswith("  log ")).split(maxsplit=1)[1]
    assert here.read(os.path.relpath(log, here.path)).startswith("first\n")
    shown = [line[4:] for line in card if line.startswith("  | ")]
    assert shown == [*map(str, range(12, 31)), "oops"]
    assert "  1 action was skipped because of that" in card
    assert card[-1].startswith("  go on when it is mended: ")
    assert not (here.path / "later").exists()


def test_the_resume_command_of_the_card_works_as_it_stands(here):
    here.write("job.yaml", job("[{shell: 'echo x >> marks; test -e mended'}]"))
    told = here.jm("run", "job.yaml", "--home", "my state")
    command = shlex.split(told.err.splitlines()[-1].split(": ", 1)[1])
    assert command[-2:] == ["--home", "my state"]
    here.write("mended", "")
    done = subprocess.run(command, cwd=here.path, env=here.env, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done
    assert here.lines("marks") == ["x", "x"]


@pytest.mark.parametrize(
    ("text", "shells"),
    [
        ('echo first >> told\n  echo "it\'s" >> told\n\nfalse', ("sh", "bash")),
        ("printf '%s\\n' 'a\tb\\' \x07 >> told\nfalse", ("bash",)),  # a tab would be lost where it is copied
    ],
)
def test_the_command_of_the_card_can_be_pasted(here, text, shells):
    here.write("job.yaml", job(f"[{json.dumps({'shell': text})}]"))
    card = here.jm("run", "job.yaml").err
    told = (here.path / "told").read_bytes()
    pasted = card.split("  command  ")[1].split("\n  in   ")[0]
    assert "\t" not in pasted and "\x07" not in pasted
    for shell in shells:
        (here.path / "told").unlink()
        subprocess.run([shell, "-c", pasted], cwd=here.path, env=here.env, timeout=PATIENCE)
        assert (here.path / "told").read_bytes() == told
    here.write("good.yaml", job(f"[{json.dumps({'shell': text})}]"))
    assert pasted in here.jm("plan", "good.yaml").out


def test_an_output_that_was_written_beside_its_place_is_explained_once(here):
    here.write("job.yaml", job("[{name: a, shell: 'echo x > o.txt', outputs: [{name: o.txt, public: true}]}]"))
    card = here.jm("run", "job.yaml").err.split("  reason  ")[1]
    assert f"a file of that name is in {here.path}: write it to the path given as {{o.txt}}" in card
    assert card.count("{o.txt}") == 1 and "hint:" not in card


@pytest.mark.parametrize(
    ("entry", "reason", "said"),
    [
        ("{shell: 'kill -9 $$'}", "signal", ("killed by SIGKILL", "out of memory")),
        ("{shell: 'exec sleep 60', timeout: 300ms}", "timeout", ("timeout of 0.3 s", "timeout:")),
        ("{cmd: [no_such_program_here]}", "spawn", ("no_such_program_here", "not found")),
        ("{shell: 'true', outputs: [{name: o}]}", "output-missing", ('output "o" was not written', "{o}")),
        ("{shell: ': > {o}', outputs: [{name: o}]}", "output-invalid", ("is empty", "allow_empty: true")),
        ("{shell: 'no_such_command_here'}", "code", ("exit code 127", "not found")),
    ],
)
def test_every_reason_is_said_in_words_with_a_hint(here, entry, reason, said):
    here.write("job.yaml", job(f"[{entry}]"))
    told = here.jm("run", "job.yaml")
    assert told.code == 1
    assert all(words in told.err for words in said), told
    (card,) = here.jm("run", "job.yaml", "--json").json["failures"]
    assert card["reason"] == reason and card["hints"]
    assert {
        "path",
        "reason",
        "code",
        "message",
        "attempt",
        "argv",
        "command",
        "cwd",
        "directory",
        "log",
        "tail",
    } <= set(card)


def test_a_missing_package_says_which_python_and_how_to_choose_another(here):
    here.write("modules/m/manifest.yaml", "name: m\nentrypoint: main.py\n")
    here.write("modules/m/main.py", "import no_such_package\n")
    here.write("job.yaml", job("[{module: m}]"))
    told = here.jm("run", "job.yaml")
    hints = [line for line in told.err.splitlines() if line.startswith("  hint: ")]
    assert '"no_such_package"' in hints[0] and sys.executable in hints[0] and "the Python that runs jm" in hints[0]
    assert all(way in hints[1] for way in ("python:", "manifest.yaml", ".venv", "--python"))
    assert "ModuleNotFoundError" in told.err


def test_other_failures_are_listed_and_retries_counted(here):
    entries = ", ".join(f"{{name: e{n}, shell: 'exit {n}'}}" for n in range(1, 14))
    here.write("job.yaml", job(f"[{entries}]"))
    told = here.jm("run", "job.yaml", "-j", "1")
    assert "failed: s1/e1\n" in told.err and "  12 more failed:" in told.err
    assert "s1/e11: exit code 11" in told.err and "and 2 more:" in told.err
    here.write("job.yaml", job("[{shell: 'echo x >> marks; exit 1', retries: 1}]"))
    again = here.jm("run", "job.yaml")
    assert "attempt 1 failed after" in again.out and "it is tried again" in again.out
    assert "(attempt 2 of 2, after " in again.err and here.lines("marks") == ["x", "x"]


# --- at once ----------------------------------------------------------------------------------------------------------


def test_entries_of_a_step_run_at_once(here):
    for name in ("a", "b"):
        here.fifo(name)
    # Each waits for the other: one after another they would never end.
    entries = "[{shell: 'echo x > a; read y < b', timeout: 30s}, {shell: 'read y < a; echo x > b', timeout: 30s}]"
    here.write("job.yaml", job(entries))
    assert here.jm("run", "job.yaml", "-j", "2").code == 0


def test_no_more_than_j_run_at_once(here):
    said = here.fifo("said").listen()
    gates = [here.fifo(f"gate{n}") for n in range(3)]
    entries = ", ".join(f"{{name: e{n}, shell: 'echo {n} > said; read x < gate{n}'}}" for n in range(3))
    here.write("job.yaml", job(f"[{entries}]"))
    running = here.start("run", "job.yaml", "-j", "2")
    assert sorted(said.hear(2)) == ["0", "1"]
    # That they run is known a moment later than they do.
    states: list[str] = []
    until = time.monotonic() + PATIENCE
    while states.count("running") < 2 and time.monotonic() < until:
        states = [action["state"] for action in here.jm("status", "--json").json["actions"]]
    assert states.count("running") == 2 and said.silent()
    gates[0].release()
    assert said.hear() == ["2"]
    gates[1].release()
    gates[2].release()
    assert running.wait(PATIENCE) == 0


def test_one_at_a_time_overlaps_nothing(here):
    entries = ", ".join("{shell: 'mkdir lock && rmdir lock'}" for _ in range(8))
    here.write("job.yaml", job(f"[{entries}]"))
    assert here.jm("run", "job.yaml", "-j", "1").code == 0


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "a b.txt",
        "it's.txt",
        'say "hi".txt',
        "line\nbreak.txt",
        "-n.txt",
        "--out",
        "Grüße 日本.txt",
        "$HOME `id`.txt",
        "*?[x].txt",
        b"\xff\xfe.txt",
    ],
)
def test_files_are_called_what_people_call_them(here, name):
    path = os.path.join(os.fsencode(here.path), os.fsencode(name))
    with open(path, "w") as stream:
        stream.write("content")
    given = "input_artifacts:\n  - {name: text.txt, param_name: text}\n"
    here.write(
        "job.yaml",
        job("[{cmd: [cp, '{text.txt}', '{o}'], inputs: [{name: text.txt}], outputs: [{name: o, public: true}]}]")
        + given,
    )
    told = here.jm("run", "job.yaml", "--out", "r", "--", name)
    assert told.code == 0, told
    assert here.read("r/o") == "content"
    (here.path / "r/o").unlink()
    assert here.jm("run", "job.yaml", "--out", "r", "--input", os.fsencode("text=") + os.fsencode(name)).code == 0
    assert here.read("r/o") == "content"


def test_artifacts_and_entries_may_have_blanks_quotes_and_other_letters(here):
    name = "my 'own' 日本.txt"
    entry = {"name": "step one", "shell": "echo x > {" + name + "}", "outputs": [{"name": name, "public": True}]}
    here.write("job.yaml", job(json.dumps([entry], ensure_ascii=False), name='a "job" of mine'))
    told = here.jm("run", "job.yaml", "--out", "r")
    assert told.code == 0 and here.read(f"r/{name}") == "x\n", told
    assert f"  r/{name}" in told.out


# --- the README of the seed -------------------------------------------------------------------------------------------

README_MANIFEST = """\
name: example_module    # Name of the module
description: Doing some stuff with the video # User-friendly description of the module
entrypoint: main.py     # Entry point of the module, python script placed in the same folder

# Accepted input files
inputs:
  - param_name: input 
    type: video

# Produced output files
outputs:
  - param_name: output
    type: audio
"""  # noqa: W291

README_JOB = """\
name: example_job   # Name of the job
version: 1.0        # Version of the job
input_artifacts:    # Main input file for the job, follows module's specification
  - param_name: input
    type: video
steps:
  - name: step1   # Name of the step
    entries:      # List of entries to run in parallel
      - module: example_module  # Name of the module to run
        input_artifacts:        # Input artifacts for the module
          - name: video.mp4
            param_name: input
            type: video
        output_artifacts:       # Output artifacts for the module
          - name: audio.wav     # Name of the file
            param_name: output  # Name of the CLI parameter
            type: audio         # Type of the artifact, sanity check only
            public: true        # Whether the artifact should not be removed after the job is done
"""

README_PROGRAM = """\
import argparse, helper, wave
parser = argparse.ArgumentParser()
parser.add_argument("--input")
parser.add_argument("--output")
paths = parser.parse_args()
assert open(paths.input, "rb").read(1)
with wave.open(paths.output, "wb") as sound:
    sound.setparams((1, 2, 8000, 0, "NONE", ""))
    sound.writeframes(helper.silence(800))
"""


def test_the_readme_of_the_seed_runs_as_it_is_printed(here):
    here.write("modules/example_module/manifest.yaml", README_MANIFEST)
    here.write("modules/example_module/main.py", README_PROGRAM)
    here.write("modules/example_module/helper.py", "def silence(frames):\n    return bytes(2 * frames)\n")
    here.write("job.yaml", README_JOB)
    here.write("video.mp4", b"\x00\x00\x00\x18ftypisom" + bytes(64))
    told = here.jm("run", "job.yaml", "video.mp4", "--modules", "modules", "--out", "r")
    assert told.code == 0, told
    assert (here.path / "r/audio.wav").read_bytes().startswith(b"RIFF")
    assert here.jm("run", "job.yaml", "--input", "input=video.mp4", env={"JM_MODULES": "modules"}).code == 0


def test_the_card_of_a_program_that_got_too_much_says_how_much(here):
    here.write("job.yaml", job(f"[{{name: big, cmd: ['true'], env: {{BIG: {'x' * 200_000}}}}}]"))
    told = here.jm("run", "job.yaml")
    assert told.code == 1 and "Argument list too long" in told.err
    assert "(the longest variable 200,005)" in told.err and "131,072 in one" in told.err
    assert "PATH" not in told.err.split("hint: ")[1]


def test_the_card_does_not_print_a_command_of_many_kilobytes(here):
    here.write("job.yaml", job(f"[{{name: long, shell: 'exit 3 # {'x' * 20_000}'}}]"))
    told = here.jm("run", "job.yaml")
    assert told.code == 1 and len(told.err) < 6000
    assert "xxx...  (cut: it has 20,0" in told.err
    failure = here.jm("resume", "last", "--json").json["failures"][0]
    assert len(failure["command"]) > 20_000


def test_a_folder_with_a_line_end_in_its_name_makes_no_line_of_the_card_or_the_plan(here):
    here.write("odd\n  reason   all is well/job.yaml", job("[{shell: 'exit 3', outputs: [{name: o, public: true}]}]"))
    folder = here.path / "odd\n  reason   all is well"
    for words in (("run",), ("plan",)):
        told = subprocess.run([*PROGRAM, *words, "job.yaml"], cwd=folder, env=here.env, capture_output=True, text=True)
        shown = (told.stdout + told.stderr).splitlines()
        assert not any(line.startswith("  reason   all") for line in shown), told
        assert any("odd\\n  reason   all is well" in line for line in shown)


def test_the_card_of_a_module_says_where_it_ran_and_its_attempt_directory(here):
    here.write("modules/m/manifest.yaml", "name: m\nentrypoint: main.py\n")
    here.write("modules/m/main.py", "raise SystemExit(3)\n")
    here.write("job.yaml", job("[{module: m}]"))
    lines = here.jm("run", "job.yaml").err.splitlines()
    (ran,) = [line for line in lines if line.startswith("  in       ")]
    (attempt,) = [line for line in lines if line.startswith("  attempt  ")]
    assert ran.split()[-1] == attempt.split()[-1] and ran.endswith("s1+m.1")
