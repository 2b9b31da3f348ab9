"""The installed `jm`, started as a person starts it: every command once. What they say has tests of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from job_manager.cli.main import COMMANDS
from tests.e2e.person import PATIENCE

SCRIPT = os.path.join(os.path.dirname(sys.executable), "jm")
TYPED = """
version
schema
init first
check first/job.yaml
plan first/job.yaml
modules first/modules
config
run first/job.yaml first/sample.txt --keep-temp
ls
status
show last
logs last
why last
story last
secret set key --from-file first/sample.txt
secret ls
secret rm key
resume last --out results
graph last
convert first/job.yaml first/job.json
new module second
rm last
up --detach
submit first/job.yaml first/sample.txt -q --paused
prio last 2
pause last
cancel last
retry last
wait last
submit first/job.yaml first/sample.txt -q --paused
skip last/count
wait last
watch last
unpause last
down
gc -n
doctor
repair --dry-run
merge calls.yaml more.yaml --name order.yaml
order order.yaml
"""
ORDER = {"calls.yaml": "Order: [{Module: a, Function: f}]", "more.yaml": "Modules: {a: a.py}", "a.py": "def f(): pass"}


@pytest.mark.skipif(not os.path.exists(SCRIPT), reason="jm is not installed beside this Python")
def test_every_command_starts_and_ends_well(here):
    typed = [line.split() for line in TYPED.strip().splitlines()]
    assert {words[0] for words in typed} == set(COMMANDS)
    for name, text in ORDER.items():
        here.write(name, f"{text}\n")
    for words in typed:
        done = subprocess.run(
            [SCRIPT, *words], cwd=here.path, env=here.env, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0 and not done.stderr, (words, done)
