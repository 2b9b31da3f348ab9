"""Which Python executes what a job has in Python: the script that is the job, and the files of its functions.

Chosen as for modules (modules.interpreter). Starts none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from job_manager.formats import folder_of
from job_manager.model.errors import Place, Problem
from job_manager.model.job import Function, Job
from job_manager.model.site import Installed, runner
from job_manager.model.survey import survey
from job_manager.modules.interpreter import Choice, choose_python
from job_manager.worker.functions import FOLDER, PROGRAM

RUNNING = "the Python that runs the script"


def script_python(path: str, python: str = "", environ: Mapping[str, str] = os.environ) -> str:
    """The program that executes the script `path` when it is read, or "" for jm's own. `python`: what a person asked
    for; what is wrong with that is said where the functions are."""
    return choose_python(folder_of(path), python or None, environ).interpreter


def function_runners(
    job: Job, python: str, environ: Mapping[str, str], problems: list[Problem], running: bool = False
) -> list[Installed]:
    """What runs the functions of the job, one for each file that registers some. `running`: the job was made in this
    process, so that its own Python is the one that has what they need."""
    found: dict[str, Installed] = {}
    for _, action in survey(job).actions:
        name = runner(action)
        if not isinstance(action.work, Function) or not action.work.script or name in found:
            continue
        if running:
            choice = Choice(sys.executable, RUNNING)
        else:
            choice = choose_python(os.path.dirname(action.work.script), python or None, environ)
        if choice.problem:
            problems.append(Problem(action.place or Place(job.source, 0, 0), choice.problem, choice.hint))
        found[name] = Installed(name, FOLDER, PROGRAM, choice.interpreter, choice.reason, "")
    return list(found.values())
