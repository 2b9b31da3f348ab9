"""Secrets of jobs as a person uses them; and a canary that is looked for wherever `jm` writes or says anything.

Knows the program and the state directory; what the filter does in detail is in tests/process/test_filter.py.
"""

from __future__ import annotations

import base64
import os
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.person import Folder, job

CANARY = "s3cr3t+CANARY 4711&?"
FORMS = (
    b"CANARY",
    *(base64.b64encode(b"x" * shift + CANARY.encode())[4:20] for shift in (0, 1, 2)),
    urllib.parse.quote(CANARY, safe="").encode()[:12],
    CANARY.encode().hex().encode()[:20],
)
ENV = "env: {TOKEN: {secret: deploy}}"
URL = 'printf %s "$TOKEN" | sed "s/+/%2B/g; s/ /%20/g; s/&/%26/g; s/?/%3F/g"'
LEAKS = {
    "plain": 'echo "it is $TOKEN, $TOKEN."; echo "$TOKEN" >&2',
    "coded": f'printf %s "$TOKEN" | base64; printf "user:%s" "$TOKEN" | base64; {URL}',
    "halves": 'printf %s "${TOKEN%4711*}"; echo x > said; read y < go; printf "%s" "${TOKEN#*Y }"',
    "argv": 'sh -c \'tr "\\0" " " < /proc/$$/cmdline\' x "$TOKEN"',
    "says": 'echo "openjd_fail: no $TOKEN here"; exit 1',
    "file": 'echo "not $TOKEN" > "$JM_ERROR_FILE"; : > {o}; exit 1',
    "name": 'touch {f}/"$TOKEN.png"',
    "status": 'echo "openjd_progress: 10"; echo "openjd_status: at $TOKEN"; kill -9 $$',
}


def leaking(here: Folder) -> None:
    outputs = {
        "file": ", outputs: [{name: o, public: true}]",
        "name": ", outputs: [{name: f, kind: files, public: true}]",
    }
    entries = [
        f"      - name: {name}\n        shell: |-\n          {text}\n        {ENV}\n"
        + "".join(f"        {line}\n" for line in [outputs.get(name, "").removeprefix(", ")] if line)
        for name, text in LEAKS.items()
    ]
    here.write("job.yaml", "name: leaks\nversion: 1\nsteps:\n  - name: s\n    entries:\n" + "".join(entries))
    assert here.jm("secret", "set", "deploy", given=CANARY.encode() + b"\n").code == 0


def found_in(text: bytes) -> list[bytes]:
    return [form for form in FORMS if form in text]


def files(here: Folder) -> Iterator[Path]:
    return (path for path in (here.path / ".jm").rglob("*") if path.name != "secrets")


VERBS = ("status --json", "logs", "status last/s/file", "plan job.yaml --json")
MORE_VERBS = (
    *("status", "show", "ls", "graph last", "config", "secret ls", "plan job.yaml", "check job.yaml"),
    *("convert job.yaml job.json", "convert job.yaml other.py", "logs last/s/plain", "status last/s/name", "ls --json"),
)


@pytest.mark.parametrize("verbs", [VERBS, pytest.param(MORE_VERBS, marks=pytest.mark.long)], ids=["few", "many"])
def test_a_canary_is_nowhere_but_in_the_file_of_secrets(here, verbs):
    leaking(here)
    said, go = here.fifo("said").listen(), here.fifo("go")
    running = here.start("run", "job.yaml", "-j", "8")
    said.hear()
    commands = [command_line(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert any(commands) and not [line for line in commands if found_in(line)]
    go.release()
    assert running.stdout is not None and running.wait(60) == 1
    told = running.stdout.read() + b"".join(here.jm(*words.split()).both.encode() for words in verbs)
    assert not found_in(told)
    assert b"no *** here" in told and b"not ***" in told
    wrong = {str(path) for path in [*files(here), *here.path.glob("*.*")] if path.is_file() and leaks(path)}
    assert not wrong
    # What the program called its own file stays where only its owner looks.
    assert not [path for path in files(here) if found_in(os.fsencode(path)) and "work" not in path.parts]
    if verbs is VERBS:
        assert b"it is ***, ***.\n***\n" in told
        assert b"has a secret in its name" in told


def command_line(path: Path) -> bytes:
    """Empty for a process that has ended meanwhile, be it while it is read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def leaks(path: Path) -> bool:
    return bool(found_in(path.read_bytes()))


def test_a_secret_that_is_not_there_is_said_before_anything_starts(here):
    here.write("job.yaml", job(f"[{{shell: 'true', {ENV}}}, {{shell: 'touch began', {ENV}}}]"))
    for verb in ("check", "plan", "run"):
        told = here.jm(verb, "job.yaml", "--home", "my state")
        assert told.code == 2 and told.err.count("error") == 1
        assert 'env.TOKEN.secret: there is no secret "deploy"' in told.err
        assert f"hint: jm secret set deploy --home '{here.path}/my state'" in told.err
    here.jm("secret", "set", "deploi", "--home", "my state", given=b"12345678")
    assert 'did you mean "deploi", or `jm secret' in here.jm("check", "job.yaml", "--home", "my state").err
    assert not (here.path / "began").exists()


def test_the_plan_shows_the_name_and_never_the_value(here):
    here.write("job.yaml", job(f"[{{shell: 'true', {ENV}}}]"))
    here.jm("secret", "set", "deploy", given=CANARY.encode())
    assert re.search(r"env +TOKEN=\*\*\*  \(the secret deploy\)", here.jm("plan", "job.yaml").out)
    (step,) = here.jm("plan", "job.yaml", "--json").json["children"]
    assert step["children"][0]["env"] == {"TOKEN": {"secret": "deploy"}}


def test_a_secret_may_be_set_anew_while_a_job_runs_and_the_next_attempt_gets_it(here):
    wait = "echo x > said; read y < go"
    here.write(
        "job.yaml",
        job(
            f"[{{shell: 'echo a $TOKEN; {wait}; echo b $TOKEN', {ENV}}}]",
            f"[{{shell: 'printf %s \"$TOKEN\" | wc -c', {ENV}}}]",
        ),
    )
    here.jm("secret", "set", "deploy", given=b"first CANARY")
    said, go = here.fifo("said").listen(), here.fifo("go")
    running = here.start("run", "job.yaml")
    said.hear()
    assert here.jm("secret", "set", "deploy", given=b"the second CANARY").code == 0
    go.release()
    assert running.wait(60) == 0
    assert here.jm("logs", "last/s1/echo").out == "a ***\nb ***\n"
    assert here.jm("logs", "last/s2/printf").out.strip() == "17"


def test_one_that_is_removed_meanwhile_fails_its_action_in_words(here):
    here.write("job.yaml", job("[{shell: 'jm=1; rm .jm/secrets'}]", f"[{{shell: 'true', {ENV}}}]"))
    here.jm("secret", "set", "deploy", given=b"12345678")
    told = here.jm("run", "job.yaml")
    assert told.code == 1 and "s2/true: failed" in told.out
    assert 'there is no secret "deploy" for TOKEN; jm secret set deploy keeps one' in told.out


def test_what_a_killed_jm_left_running_is_concluded_without_its_error_file(here):
    text = 'echo "$TOKEN" > $JM_ERROR_FILE; echo x > said; read y < go; : > {o}; exit 1'
    entry = f"[{{name: a, shell: '{text}', outputs: [{{name: o, public: true}}], {ENV}}}]"
    here.write("job.yaml", job(entry))
    here.jm("secret", "set", "deploy", given=CANARY.encode())
    said, go = here.fifo("said").listen(), here.fifo("go")
    running = here.start("run", "job.yaml")
    said.hear()
    running.kill()
    running.wait()
    here.jm("secret", "set", "deploy", given=b"another value")
    go.release()
    told = here.jm("resume", "last")
    assert told.code in (0, 1), told
    assert not found_in(told.both.encode())
    assert not [path for path in files(here) if path.is_file() and found_in(path.read_bytes())]


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (("set", "a", "12345678"), b"", "takes one NAME and no value"),
        (("set",), b"", "NAME is missing"),
        (("set", "a/b"), b"12345678", "is not the name of a secret"),
        (("set", "a"), b"1234567", "is shorter than 8 bytes"),
        (("set", "a", "--from-file", "none"), b"", "none cannot be read"),
        (("rm",), b"", "NAME is missing"),
        (("ls", "a"), b"", "one argument too many"),
        (("ls", "--from-file", "a"), b"", "--from-file is for"),
        (("get", "a"), b"", "expected set, ls or rm"),
    ],
)
def test_mistakes_are_said(here, words, given, said):
    told = here.jm("secret", *words, given=given)
    assert told.code == 2 and said in told.err and "1234567" not in told.both.replace("1234567'", "")


def test_scripts_get_names_and_documents(here):
    assert here.jm("secret", "ls", "--json").json == {"secrets": []}
    assert here.jm("secret", "set", "a", "--json", given=b"12345678").json == {"set": "a", "replaced": False}
    assert here.jm("secret", "set", "a", "-q", given=b"12345678").out == "a\n"
    assert here.jm("secret", "ls", "-q").out == "a\n"
    gone = here.jm("secret", "rm", "b", "--json")
    assert gone.code == 7 and gone.json["error"]["kind"] == "not-found"
    assert here.jm("secret", "rm", "a", "--json").json == {"removed": ["a"]}


def test_on_a_terminal_it_is_asked_for_and_not_shown(here):
    typed = here.type("secret", "set", "deploy")
    typed.see("value of deploy (it is not shown): ")
    typed.write(f"{CANARY}\n")
    assert typed.end() == 0 and "CANARY" not in typed.text.replace("SUMMARY", "")
    here.write("job.yaml", job(f"[{{shell: 'printf %s \"$TOKEN\" | wc -c', {ENV}}}]"))
    here.jm("run", "job.yaml")
    assert here.jm("logs").out.strip().splitlines()[-1] == str(len(CANARY))


def test_an_order_cannot_have_one(here):
    text = '{"format": "job_manager/1", "Job": {"children": [{"Action": {"name": "o", "order": [{"module": "m", '
    text += '"function": "f"}], "modules": [["m", "m.py"]], "env": {"TOKEN": {"secret": "deploy"}}}}]}}'
    here.write("job.json", text)
    here.write("m.py", "def f(): pass\n")
    told = here.jm("check", "job.json")
    assert told.code == 2 and "an order writes logs of its own" in told.err, told


def test_a_script_names_them_with_secret_and_what_functions_return_is_masked(here):
    here.write("job.py", """\
import os
from job_manager import Action, Job, Secret, worker

@worker.role("leak")
def leak():
    print("it is", os.environ["TOKEN"])
    return {"it": os.environ["TOKEN"]}

@worker.role("number")
def number():
    return [int(os.environ["PIN"])]

with Job("leaks", parallel=False) as job:
    Action(_role="leak", _env={"TOKEN": Secret("deploy")})
    Action(_role="number", _env={"PIN": {"secret": "pin"}})

if __name__ == "__main__":
    job.run()
""")  # fmt: skip
    here.jm("secret", "set", "deploy", given=CANARY.encode())
    here.jm("secret", "set", "pin", given=b"1234567890")
    assert here.jm("run", "job.py").code == 0
    assert here.jm("logs", "last/leak").out.splitlines()[-1] == "it is ***"
    results = sorted((here.path / ".jm/jobs").glob("*/results/*.json"))
    assert [result.read_text() for result in results] == ['{"it": "***"}', '"***"']


def test_a_secret_that_is_an_ordinary_word_changes_no_name(here):
    entry = "{name: a, shell: 'echo composer; echo composer,composer > {composer.csv}', " + ENV
    here.write("job.yaml", job(f"[{entry}, outputs: [{{name: composer.csv, type: csv, public: true}}]}}]"))
    here.jm("secret", "set", "deploy", given=b"composer")
    told = here.jm("run", "job.yaml", "--out", "results")
    assert told.code == 0 and here.read("results/composer.csv") == "composer,composer\n"
    shown = here.jm("show", "last/composer.csv", "--json")
    assert shown.code == 0 and "***" in shown.out and "composer.csv" in shown.out


def test_its_log_is_written_through_the_filter_alone(here):
    here.write(
        "job.yaml",
        job(f"[{{name: a, shell: 'echo \"log=$JM_LOG\"', {ENV}}}, {{name: b, shell: 'echo \"log=$JM_LOG\"'}}]"),
    )
    here.jm("secret", "set", "deploy", given=CANARY.encode())
    assert here.jm("run", "job.yaml").code == 0
    assert here.jm("logs", "last/s1/a").out == "log=\n" and ".log" in here.jm("logs", "last/s1/b").out


def test_what_was_lost_with_its_keeper_shows_nothing_of_its_error_file(here):
    text = 'echo "$TOKEN" > $JM_ERROR_FILE; echo $PPID > said; read y < go; : > {o}'
    entry = f"[{{name: a, idempotent: false, shell: '{text}', outputs: [{{name: o, public: true}}], {ENV}}}]"
    here.write("job.yaml", job(entry))
    here.jm("secret", "set", "deploy", given=CANARY.encode())
    said = here.fifo("said").listen()
    here.fifo("go")
    running = here.start("run", "job.yaml")
    (keeper,) = said.hear()
    running.kill()
    running.wait()
    os.kill(int(keeper), 9)
    told = [here.jm("resume", "last"), here.jm("status", "last/s1/a"), here.jm("status", "--json")]
    assert "lost" in told[1].out and not found_in("".join(one.both for one in told).encode())
    assert not [path for path in files(here) if path.is_file() and leaks(path)]


def test_tasks_that_are_printed_inherit_a_secret_and_cannot_have_it_in_their_text(here):
    text = 'echo "Task {t} -cmds {RemoteCmd {sh -c {echo WHAT}}}"'
    entry = f"[{{name: a, expand: true, shell: '{text}', {ENV}}}]"
    here.jm("secret", "set", "deploy", given=CANARY.encode())
    here.write("job.yaml", job(entry.replace("WHAT", "\\$TOKEN")))
    assert here.jm("run", "job.yaml").code == 0
    assert here.jm("logs", "last/s1/a/t/sh").out == "***\n"
    here.write("job.yaml", job(entry.replace("WHAT", "$TOKEN")))
    told = here.jm("run", "job.yaml")
    assert told.code == 1 and "it printed a secret among its tasks" in told.err
