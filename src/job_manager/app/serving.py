"""Who serves the roles that a job asks for: ours on this machine, functions by the scripts that register them.

A role that nobody serves is said before anything starts. Calls nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from job_manager.model.errors import Place, Problem
from job_manager.model.job import ROLES, Action, Function, Job
from job_manager.model.survey import survey
from job_manager.model.wording import quoted

MOST = 20  # roles that are listed


def unserved(job: Job, roles: Iterable[str]) -> Iterator[Problem]:
    """An error for each role that nobody serves, at the first action that asks for it. `roles`: those served beside
    ours."""
    said: set[str] = set()
    for _, action in survey(job).actions:
        work = action.work
        if isinstance(work, Function) and work.role not in said:
            problem = _problem(action, work, job, roles)
            if problem is not None:
                said.add(work.role)
                yield problem


def _problem(action: Action, work: Function, job: Job, roles: Iterable[str]) -> Problem | None:
    place = action.place or Place(job.source, 0, 0)
    if not work.script:
        known = sorted({*roles, *ROLES.values()} - {"module", "order"})
        import difflib  # a role that nobody serves is seldom asked for

        near = difflib.get_close_matches(work.role, known, 1, 0.6)
        listed = f"served here: {', '.join(known[:MOST])}"
        return Problem(place, f"nobody here serves the role {quoted(work.role)}", _near_hint(near) or listed)
    if not os.path.isfile(work.script):
        return Problem(place, f"the file that serves the role {quoted(work.role)} is gone: {work.script}")
    return None


def _near_hint(near: Iterable[str]) -> str:
    """`did you mean "encode"?` for the first word, or ""."""
    return next((f'did you mean "{word}"?' for word in near), "")
