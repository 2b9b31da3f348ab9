"""The program in odd surroundings: umasks, environments, limits, names and texts nobody would choose (F47, F66, F70).

It works, or says in a line of its own why not; what it writes is its owner's alone. Knows shell commands as actions.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import pytest

from tests.cli.test_escaping import CORPUS
from tests.e2e.person import PATIENCE, PROGRAM, Ended, Folder, job
from tests.e2e.test_terminal import foreign

EVERYTHING = job(
    "[{shell: 'cat {in}; echo 1 > {x}; mkdir {d}/sub; echo 2 > {d}/sub/y; echo 3 > {f}/1.txt; echo 4 > {x}.more',"
    " inputs: [in], outputs: [{name: x, public: true}, {name: d, kind: directory}, {name: f, kind: files}]}]",
    "[{shell: 'cat {f} {x} > {z}; echo $TOKEN; exit ${FAIL:-0}', env: {TOKEN: {secret: deploy}},"
    " inputs: [{name: f, kind: files}, x], outputs: [{name: z, public: true}]}]",
).replace("version: 1", "version: 1\ninputs: [in]")


def begun(here: Folder) -> Folder:
    here.write("job.yaml", EVERYTHING)
    here.write("in.txt", "given\n")
    assert here.jm("secret", "set", "deploy", given=b"12345678").code == 0
    return here


def shell(here: Folder, text: str, **env: str) -> Ended:
    """A shell text in which `$JM` is the program."""
    program = " ".join(f"'{word}'" for word in PROGRAM)
    done = subprocess.run(
        ["/bin/sh", "-c", text.replace("$JM", program)],
        cwd=here.path, env=here.env | env, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)


def said(told: Ended) -> bool:
    """Whether it says something of its own, and is no fault of ours."""
    return bool(told.both.strip()) and "Traceback" not in told.both and "internal" not in told.both


# --- what others may see ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", ["000", *(pytest.param(mask, marks=pytest.mark.long) for mask in ("027", "077"))])
def test_nothing_that_is_kept_is_anybodys_whatever_the_umask(here, mask):
    begun(here)
    shutil.rmtree(here.path / ".jm")
    here.write("plain.yaml", job("[{shell: 'true'}]"))
    run = "$JM run plain.yaml; $JM run job.yaml in.txt --keep-temp"
    told = shell(here, f"umask {mask}; echo 12345678 | $JM secret set deploy; {run} --out results && FAIL=1 {run}")
    assert said(told) and len(list((here.path / ".jm/jobs").iterdir())) == 4, told
    open_to_others = [
        str(path)
        for path in (here.path / ".jm", *(here.path / ".jm").rglob("*"))
        if not path.is_symlink() and path.stat().st_mode & 0o077
    ]
    assert not open_to_others
    assert stat.S_IMODE((here.path / "results/x").stat().st_mode) == 0o666 & ~int(mask, 8)


# --- texts ------------------------------------------------------------------------------------------------------------

TEXTS = [text for text in CORPUS if "\0" not in text and not any(0xD800 <= ord(c) < 0xE000 for c in text)]


@pytest.mark.parametrize("verbs", [("run job.json", "status"), pytest.param(
    ("plan job.json", "check job.json", "ls", "logs", "show", "status last/a0", "logs last/a1", "graph last"),
    marks=pytest.mark.long,
)], ids=["few", "many"])  # fmt: skip
def test_hostile_texts_are_shown_as_codes_by_every_command_that_looks(here, verbs):
    actions = [{"name": f"a{n}", "title": text[:100], "echo": text} for n, text in enumerate(TEXTS)]
    actions.append({"name": "last", "shell": "printf 'openjd_fail: \\033]0;title\\007\\n'; exit 1"})
    children = [{"Action": action} for action in actions]
    body = {"format": "job_manager/1", "Job": {"title": "j", "parallel": True, "children": children}}
    here.write("job.json", json.dumps(body))
    if verbs[0] != "run job.json":
        here.jm("run", "job.json")
    for words in verbs:
        typed = here.type(*words.split(), rows=200)
        assert typed.end() in (0, 1), typed.text
        assert not foreign(typed.text), words


# --- environments -----------------------------------------------------------------------------------------------------


def test_files_of_ones_own_on_pythonpath_are_not_taken_for_ours(here):
    for name in ("yaml", "json", "base64", "sqlite3", "argparse", "subprocess", "msgspec"):
        here.write(f"own/{name}.py", "raise SystemExit('poisoned')\n")
    here.write("job.yaml", job("[{shell: 'echo $PYTHONPATH > seen'}]"))
    path = f"{here.path}/own:{here.env['PYTHONPATH']}"
    told = shell(here, "$JM run job.yaml && $JM status --json && echo 12345678 | $JM secret set a", PYTHONPATH=path)
    assert told.code == 0 and "poisoned" not in told.both, told
    assert here.read("seen") == f"{path}\n"  # the programs that are run get it as it is


LIMITS = {
    "few descriptors": "ulimit -n 32; $JM run job.yaml in.txt",
    "next to no descriptors": "ulimit -n 14; $JM run job.yaml in.txt",
    "too few to begin": "ulimit -n 8; $JM run job.yaml in.txt",
    "no home": "unset HOME; $JM run job.yaml in.txt",
    "a home that is not there": "HOME=/no/such/home $JM run job.yaml in.txt",
    "a home that is a file": "HOME=/dev/null $JM run job.yaml in.txt",
    "no temporary directory": "TMPDIR=/no/such $JM run job.yaml in.txt",
    "a read-only temporary directory": "TMPDIR=/proc $JM run job.yaml in.txt",
    "an old locale": "LC_ALL=C LANG=C $JM run job.yaml in.txt",
    "no such locale": "LC_ALL=xx_XX.none $JM run job.yaml in.txt",
    "nothing open": "$JM run job.yaml in.txt <&- >&- 2>&-; code=$?; echo ended; exit $code",
    "no directory any more": "mkdir gone; cd gone; rmdir ../gone; $JM run ../job.yaml ../in.txt",
    "no directory, but a home": 'mkdir gone; cd gone; rmdir ../gone; $JM ls --home "$OLDPWD/.jm"',
    "small files only": "ulimit -f 8; $JM run job.yaml in.txt",
    "no PATH": "PATH= $JM run job.yaml in.txt",
    "a closed umask": "umask 777; $JM run job.yaml in.txt",
    "signals that are ignored": "trap '' INT TERM HUP PIPE CHLD USR1; $JM run job.yaml in.txt",
    "no core dumps": "ulimit -c 0; $JM run job.yaml in.txt",
}
MAY_FAIL = {"next to no descriptors", "too few to begin", "no directory any more", "small files only", "no PATH"}


@pytest.mark.long
@pytest.mark.parametrize("limit", LIMITS)
def test_in_odd_surroundings_it_works_or_says_why_not(here, limit):
    told = shell(begun(here), LIMITS[limit])
    assert said(told), told
    assert told.code == 0 or (limit in MAY_FAIL | {"a closed umask"} and told.code in (1, 2, 5)), told
    after = here.jm("ls")
    assert after.code == 0 and said(after)


@pytest.mark.parametrize("kilobytes", [16_000, 26_000, 40_000])
def test_too_little_memory_is_said_and_no_fault_of_ours(here, kilobytes):
    here.write("job.yaml", job("[{shell: 'echo 1 >> ran'}]"))
    told = shell(here, f"ulimit -v {kilobytes}; $JM run job.yaml")
    assert told.code == 5 and "there is not enough memory" in told.err and said(told), told
    here.jm("resume", "last")
    assert here.jm("run", "job.yaml").code == 0 and here.lines("ran")


AS_NOBODY = (
    "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search", "--bounding-set=-all,+dac_read_search", "env", "PYTHONDONTWRITEBYTECODE=1",
)  # fmt: skip


@pytest.mark.long
@pytest.mark.needs("setpriv")
@pytest.mark.skipif(os.geteuid() != 0, reason="the tests do not run as root, and so as nobody special already")
def test_it_needs_no_rights_of_root():
    """As somebody who may read what root may (Python lies in root's home here), and nothing else."""
    with tempfile.TemporaryDirectory(prefix="jm-test-") as path:  # below tmp_path only root may look
        here = Folder(Path(path))
        here.write("job.yaml", EVERYTHING)
        here.write("in.txt", "given\n")
        os.chmod(path, 0o755)
        os.chown(path, 65534, 65534)
        nobody = " ".join(AS_NOBODY)
        told = shell(here, f"echo 12345678 | {nobody} $JM secret set deploy; {nobody} $JM run job.yaml in.txt")
        assert told.code == 0 and said(told), told
        assert {found.lstat().st_uid for found in (here.path / ".jm").rglob("*")} == {65534}
        refused = here.jm("resume", "last")
        assert refused.code == 2 and "belongs to" in refused.err


# --- names ------------------------------------------------------------------------------------------------------------

NAMES = {
    "composed": unicodedata.normalize("NFC", "é.txt"),
    "decomposed": unicodedata.normalize("NFD", "é.txt"),
    "blank": "a b.txt",
    "blanks around": " a ",
    "newline": "a\nb",
    "tab": "a\tb",
    "option": "-rf",
    "long option": "--help",
    "star": "*",
    "variable": "$HOME",
    "command": "`id`$(id)",
    "quotes": "a'b\"c",
    "backslash": "a\\b",
    "semicolon": "a;b&c|d",
    "braces": "{a}{params.b}",
    "percent": "%j%s%n",
    "hash": "#a: b, [c]",
    "right to left": "\u202egpj.exe",
    "hebrew": "שלום.txt",
    "emoji": "👩\u200d🚀.txt",
    "dots": "...",
    "escape": "a\x1b[31mb",
    "255 bytes": "x" * 255,
    "no text": "a\udcff\udcfe",
}


def in_state(here: Folder, name: str) -> Ended:
    return here.jm("run", "job.yaml", "in.txt", "--home", f"./{name}")


def in_work(here: Folder, name: str) -> Ended:
    folder = os.path.join(here.path, name)
    os.mkdir(folder)
    inner = Folder(here.path)
    inner.path = Path(folder)
    return inner.jm("run", "../job.yaml", "../in.txt")


def as_artifact(here: Folder, name: str) -> Ended:
    entry = {"name": "a", "argv": ["cp", "{in}", "{out}"], "inputs": [{"name": "in"}],
             "outputs": [{"name": name, "param": "out", "public": True}]}  # fmt: skip
    body = {"title": "j", "inputs": [{"name": "in"}], "children": [{"Action": entry}]}
    here.write("job.json", json.dumps({"format": "job_manager/1", "Job": body}).encode("ascii"))
    return here.jm("run", "job.json", "in.txt", "--out", "results")


def as_module(here: Folder, name: str) -> Ended:
    folder = os.path.join(here.path, "shelf", name)
    os.makedirs(folder)
    with open(os.path.join(folder, "manifest.yaml"), "w") as manifest:
        manifest.write("name: m\nentrypoint: main.sh\ninputs: [{param_name: in}]\noutputs: []\n")
    with open(os.path.join(folder, "main.sh"), "w") as main:
        main.write('#!/bin/sh\nexec cat "$2"\n')
    os.chmod(os.path.join(folder, "main.sh"), 0o755)
    text = (
        "name: j\nversion: 1\ninputs: [in]\nsteps: [{entries: [{module: m, inputs: [{name: in, param_name: in}]}]}]\n"
    )
    here.write("job.yaml", text)
    return here.jm("run", "job.yaml", "in.txt", "--modules", "shelf")


def as_job_file(here: Folder, name: str) -> Ended:
    os.rename(here.path / "job.yaml", os.path.join(here.path, name[:250]))
    return here.jm("run", f"./{name[:250]}", "./in.txt")


def as_input(here: Folder, name: str) -> Ended:
    os.rename(here.path / "in.txt", os.path.join(here.path, name))
    return here.jm("run", "job.yaml", f"./{name}")


PLACES = {"state": in_state, "work": in_work, "artifact": as_artifact, "module": as_module, "job": as_job_file,
          "input": as_input}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", PLACES)
def test_any_name_works_or_is_refused_in_words(here, place, name):
    here.write("job.yaml", EVERYTHING.replace(", env: {TOKEN: {secret: deploy}}", ""))
    here.write("in.txt", "given\n")
    here.write("canary/file", "untouched")
    told = PLACES[place](here, NAMES[name])
    assert said(told) and told.code in (0, 2), told
    assert not foreign(told.both) - {"\x1b"}
    if told.code:
        assert "hint" in told.err or "error" in told.err
    assert here.read("canary/file") == "untouched" and len(os.listdir(here.path)) <= 7
    assert sys.getfilesystemencoding() == "utf-8"
