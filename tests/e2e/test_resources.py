"""CPUs, memory and limits through the real command: what never runs at once, what is refused, what a program is told.

Knows the words a person writes; how leases are counted is in tests/core/test_resources.py.
"""

from __future__ import annotations

import json
import os
import re
import time

import pytest

from tests.e2e.person import PATIENCE, Folder, job

# A directory can be made once: two that run at the same time would not both succeed.
ALONE = "mkdir {name} && sleep 0.15 && rmdir {name}"


def wait_for(here: Folder, name: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not (here.path / name).exists():
        assert time.monotonic() < give_up, f"{name} does not come"
        time.sleep(0.01)


def alone(what: str, name: str, **keys: str) -> str:
    more = "".join(f", {key}: {value}" for key, value in keys.items())
    return f"{{name: {name}, shell: '{ALONE.format(name=what)}'{more}}}"


def test_two_of_two_cpus_never_run_at_once_in_two_slots(here):
    here.write("job.yaml", job(f"[{alone('busy', 'a', cpus='2')}, {alone('busy', 'b', cpus='2')}]"))
    assert here.jm("run", "job.yaml", "-j", "2").code == 0


def test_a_limit_of_one_serialises_and_others_go_on(here):
    entries = ", ".join(alone("gpu", f"g{n}", limits="{gpu: 1}") for n in range(3))
    here.write("job.yaml", job(f"[{entries}, {{name: free, shell: 'until [ -d gpu ]; do sleep 0.01; done'}}]"))
    here.write("jm.toml", "limits.gpu = 1\n")
    told = here.jm("run", "job.yaml", "-j", "4")
    assert told.code == 0, told


def test_status_says_for_what_something_waits(here):
    entries = [
        "{name: a, shell: 'touch began; until [ -e go ]; do sleep 0.02; done', limits: {gpu: 1}, memory: 3G}",
        "{name: b, shell: 'true', limits: {gpu: 1}}",
        "{name: c, shell: 'true', limits: {gpu: 1}}",
        "{name: d, shell: 'true', memory: 2G}",
        "{name: e, shell: 'true', cpus: 2}",
    ]
    here.write("job.yaml", job(f"[{', '.join(entries)}]"))
    here.write("jm.toml", 'memory = "4G"\nlimits.gpu = 1\n')
    run = here.start("run", "job.yaml", "-j", "2")
    wait_for(here, "began")
    actions = here.jm("status", "--json").json["actions"]
    assert {action["path"].partition("/")[2]: action["waits_for"] for action in actions} == {
        "a": None,
        "b": "gpu: 1 of 1 in use by s1/a",
        "c": "gpu: s1/b comes before it",
        "d": "memory: takes 2G, and 3G of 4G in use by s1/a",
        "e": "cpus: takes 2, and 1 of 2 in use",
    }
    assert "ready  b  waits for gpu: 1 of 1 in use by s1/a" in here.jm("status").out
    here.write("go", "")
    assert run.wait(60) == 0
    assert {action["waits_for"] for action in here.jm("status", "--json").json["actions"]} == {None}


def test_memory_is_reserved(here):
    here.write("job.yaml", job(f"[{alone('ram', 'a', memory='60M')}, {alone('ram', 'b', memory='60M')}]"))
    assert here.jm("run", "job.yaml", "-j", "4", env={"JM_MEMORY": "100M"}).code == 0


def test_what_a_killed_jm_left_running_still_holds_its_licence(here):
    first = "touch began; while [ ! -e go ]; do sleep 0.02; done; test ! -e second"
    entries = (
        f"{{name: a, shell: '{first}', limits: {{gpu: 1}}}}, {{name: b, shell: 'touch second', limits: {{gpu: 1}}}}"
    )
    here.write("job.yaml", job(f"[{entries}, {{name: c, shell: 'touch third'}}]"))
    here.write("jm.toml", "limits.gpu = 1\n")
    run = here.start("run", "job.yaml", "-j", "2")
    wait_for(here, "began")
    run.kill()
    run.wait()
    resumed = here.start("resume", "last")
    wait_for(here, "third")
    assert not (here.path / "second").exists()
    here.write("go", "")
    assert resumed.wait(60) == 0
    assert (here.path / "second").exists()


MANIFEST = (
    "name: hungry\nentrypoint: main.sh\ncpus: 9\nmemory: 2G\nlimits: {gpu: 3, nuke: 1}\nenv: {OMP_NUM_THREADS: 5}\n"
)


@pytest.mark.parametrize(
    ("entry", "place", "message"),
    [
        ("cpus: 3", "steps[0].entries[0].cpus", "3 cpus can never be had: there are 2 (-j 2)"),
        ("memory: 2G", "steps[0].entries[0].memory", "2G of memory can never be had: there is 1G (the setting memory)"),
        ("limits: {gpu: 3}", "steps[0].entries[0].limits.gpu", '3 of "gpu" can never be had: there are 2 (the setting'),
        ("limits: {gpv: 1}", "steps[0].entries[0].limits.gpv", 'nobody has said how many there are of "gpv"'),
    ],
)
@pytest.mark.parametrize("verb", ["check", "plan", "run"])
def test_what_can_never_be_had_is_said_at_its_place(here, verb, entry, place, message):
    here.write("job.yaml", job(f"[{{shell: 'true', {entry}}}]"))
    here.write("jm.toml", 'memory = "1G"\nlimits.gpu = 2\n')
    told = here.jm(verb, "job.yaml", "-j", "2")
    assert told.code == 2
    said = re.search(rf"job\.yaml:(\d+):(\d+): {re.escape(f'{place}: {message}')}", told.both)
    assert said, told
    rest = here.read("job.yaml").splitlines()[int(said[1]) - 1][int(said[2]) - 1 :]
    assert rest.startswith(entry.rpartition(": ")[2])
    assert ('did you mean "gpu"?' in told.both) is ("gpv" in entry)
    assert not (here.path / ".jm").exists()


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"JM_CPUS": "0"}, "JM_CPUS: expected a whole number from 1 to 4096"),
        ({"JM_MEMORY": "lots"}, 'JM_MEMORY: expected a size like 512M, 8G or 1.5G, found "lots"'),
        ({"JM_LIMITS": "gpu"}, "JM_LIMITS: expected NAME=VALUE"),
        ({"JM_LIMITS": "gpu=x"}, "JM_LIMITS: expected a whole number from 0 to 1000000"),
        ({"JM_LIMITS": "memory=4"}, "JM_LIMITS: memory is no limit but a key of its own"),
    ],
)
def test_totals_that_are_none_are_refused(here, env, message):
    here.write("job.yaml", job("[{shell: 'true'}]"))
    told = here.jm("check", "job.yaml", env=env)
    assert told.code == 2 and message in told.both, told


def test_a_job_without_j_has_the_cpus_of_the_setting(here):
    here.write("job.yaml", job("[{shell: 'true', cpus: 3}]"))
    assert "there are 2 (the setting cpus)" in here.jm("check", "job.yaml", env={"JM_CPUS": "2"}).both
    assert here.jm("check", "job.yaml", env={"JM_CPUS": "3"}).code == 0


def test_what_a_manifest_asks_for_is_said_of_the_module_and_taken_back_by_the_entry(here):
    here.write("modules/hungry/manifest.yaml", MANIFEST)
    here.write("modules/hungry/main.sh", "#!/bin/sh\nenv > seen\n", 0o755)
    here.write("job.yaml", job("[{module: hungry}]"))
    told = here.jm("check", "job.yaml", "-j", "2", env={"JM_LIMITS": "gpu=3"})
    assert told.code == 2
    assert 'entries[0].cpus: module "hungry": 9 cpus can never be had' in told.both
    assert 'entries[0].limits.nuke: module "hungry": nobody has said' in told.both
    assert "limits.gpu" not in told.both
    here.write("job.yaml", job("[{module: hungry, cpus: 1, memory: 1M, limits: {nuke: 0}}]"))
    told = here.jm("plan", "job.yaml", "--json", env={"JM_LIMITS": "gpu=3"})
    (planned,) = told.json["children"][0]["children"]
    assert (planned["cpus"], planned["memory"], planned["limits"]) == (1, 1 << 20, {"gpu": 3})


def seen(here, entry: str) -> dict[str, str]:
    here.write("job.yaml", job(f"[{{shell: 'env > {{env.txt}}', outputs: [{{name: env.txt, public: true}}]{entry}}}]"))
    told = here.jm("run", "job.yaml", "--out", "out", "-j", "2", env={"JM_LIMITS": "gpu=1", "OMP_NUM_THREADS": "64"})
    assert told.code == 0, told
    return dict(line.split("=", 1) for line in here.read("out/env.txt").splitlines() if "=" in line)


def test_a_program_is_told_what_it_may_use(here):
    found = seen(here, ", cpus: 2, memory: 100M, limits: {gpu: 1}, env: {MKL_NUM_THREADS: 1}")
    assert (found["JM_CPUS"], found["JM_MEM_MB"], json.loads(found["JM_LIMITS_JSON"])) == ("2", "100", {"gpu": 1})
    threads = {name: value for name, value in found.items() if name.endswith("_THREADS")}
    assert threads == {
        **dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"], "2"),
        **dict.fromkeys(["VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS"], "2"),
        "MKL_NUM_THREADS": "1",
    }


def test_one_that_asks_for_nothing_is_told_nothing(here):
    found = seen(here, "")
    assert not {"JM_CPUS", "JM_MEM_MB", "JM_LIMITS_JSON", "RAYON_NUM_THREADS"} & set(found)
    assert found["OMP_NUM_THREADS"] == "64"
    assert seen(here, ", cpus: 1")["JM_CPUS"] == "1"


def test_jm_config_says_what_is_found_here(here):
    there = here.jm("config", "--json").json["here"]
    assert 1 <= there["cpus"] <= len(os.sched_getaffinity(0))
    assert there["memory"] > 0
    text = here.jm("config").out
    assert f"{there['cpus']}, as found here" in text
    assert ("is enforced here" if there["memory_enforced"] else "is only reserved here") in text


def test_whether_memory_is_enforced_is_said_once_and_only_where_it_matters(here):
    enforced = here.jm("config", "--json").json["here"]["memory_enforced"]
    here.write("job.yaml", job("[{shell: 'true', memory: 1M}, {shell: 'true', memory: 1M}]"))
    for verb in ("check", "plan", "run"):
        assert here.jm(verb, "job.yaml").both.count("only reserved here") == (0 if enforced else 1)
    here.write("job.yaml", job("[{shell: 'true', cpus: 1}]"))
    assert "reserved" not in here.jm("check", "job.yaml").both


def test_the_card_of_what_ran_out_of_memory(here):
    if not here.jm("config", "--json").json["here"]["memory_enforced"]:
        pytest.skip("no cgroup (v2) here that jm may write")
    here.write("job.yaml", job("[{name: eat, shell: 'tail /dev/zero', memory: 32M}]"))
    told = here.jm("run", "job.yaml")
    assert told.code == 1 and "out of memory: it used" in told.both and "memory: 32M" in told.both, told
    assert "more `memory:` on the entry" in told.both
