"""What a submission does before its job is written down: a person's files go into the store, `--out` is looked at.

Knows no state and no journal.
"""

from __future__ import annotations

import os

from job_manager.app.home import Home
from job_manager.model.errors import InputError
from job_manager.model.job import DIRECTORY, Job
from job_manager.model.site import Site
from job_manager.worker.layout import Layout


def bring_in(layout: Layout, job: Job, site: Site) -> None:
    """Put a person's files into the store of a job, under their names there."""
    directories = {wanted.artifact for wanted in job.inputs if wanted.kind == DIRECTORY}
    for given in site.inputs:
        name, _, file = given.name.partition("/")
        layout.store.bring_in(name, given.path, file, directory=name in directories)


def refuse_inside(home: Home, out: str) -> None:
    """Results never go into the state directory: there they would stand in place of its own files."""
    if out and os.path.commonpath([os.path.realpath(out), os.path.realpath(home.path)]) == os.path.realpath(home.path):
        raise InputError(f"--out {out} is inside the state directory {home.path}", "choose another --out")
