"""Warm modules as a person has them: the job does not change, and what cannot be prepared is said and started cold.

How alike the two are is in tests/process/test_warm.py.
"""

from __future__ import annotations

import json

from tests.e2e.person import job

MANIFEST = "name: m\nentrypoint: main.py\noutputs: [{param_name: out, type: text}]\n"
MAIN = """
import os, sys
before = "heavy" in sys.modules
import heavy
print(before, len(heavy.seen), os.environ["OMP_NUM_THREADS"], os.environ.get("JM_CPUS"))
heavy.seen.append(1)
open(sys.argv[2], "w").write("done")
"""


def calls(count: int) -> str:
    entries = [
        f"{{module: m, name: m{n}, outputs: [{{name: o{n}, param_name: out, public: true}}]}}" for n in range(count)
    ]
    return job(f"[{', '.join(entries)}]")


def logs(here, count: int) -> list[str]:
    return [here.jm("logs", f"last/m{n}").out.strip() for n in range(count)]


def test_actions_of_a_warm_module_find_what_it_preloads_and_nothing_of_each_other(here):
    here.write("modules/m/manifest.yaml", MANIFEST + "warm: true\npreload: [heavy]\n")
    here.write("modules/m/main.py", MAIN)
    here.write("modules/m/heavy.py", "seen = []\n")
    here.write("job.yaml", calls(4))
    plan = here.jm("plan", "job.yaml")
    assert "copied from an interpreter that has imported heavy; OMP_NUM_THREADS and its like say one thread" in plan.out
    told = here.jm("run", "job.yaml", "-j", "2")
    assert told.code == 0 and "cold" not in told.out, told
    assert logs(here, 4) == ["True 0 1 None"] * 4
    documents = json.loads(here.jm("modules", "--json").out)["modules"]
    assert [(module["warm"], module["preload"]) for module in documents] == [(True, ["heavy"])]


def test_what_cannot_be_prepared_is_said_once_and_started_cold(here):
    here.write("modules/m/manifest.yaml", MANIFEST + "warm: true\npreload: [heavy, no_such]\ncpus: 2\n")
    here.write("modules/m/main.py", MAIN)
    here.write("modules/m/heavy.py", "seen = []\n")
    here.write("job.yaml", calls(3))
    told = here.jm("run", "job.yaml", "-j", "2")
    why = "importing no_such fails: ModuleNotFoundError: No module named 'no_such'"
    assert told.code == 0 and (told.out + told.err).count(f"started cold, not warm: {why}") == 1
    assert logs(here, 3) == ["False 0 2 2"] * 3
