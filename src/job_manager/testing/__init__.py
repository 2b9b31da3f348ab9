"""Public fakes and builders for tests: small trees, a clock moved by hand, a worker that follows a script, a farm.

They drive the real core, supervisor and engines, so they cannot lie about what those do. They know no process.
"""

from job_manager.testing.building import action, growing, job, linked, parallel, serial, site
from job_manager.testing.clock import FakeClock
from job_manager.testing.farm import Farm
from job_manager.testing.scripted import HANGS, Outcome, ScriptedWorker, fails, lost, printing, script, succeeds

__all__ = [
    "HANGS",
    "FakeClock",
    "Farm",
    "Outcome",
    "ScriptedWorker",
    "action",
    "fails",
    "growing",
    "job",
    "linked",
    "lost",
    "parallel",
    "printing",
    "script",
    "serial",
    "site",
    "succeeds",
]
