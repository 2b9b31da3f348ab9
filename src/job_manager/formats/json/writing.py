"""A job as JSON in our own form, which says everything there is.

Knows no other form.
"""

from __future__ import annotations

import json

from job_manager.formats.json.canonical import FORMAT
from job_manager.formats.json_reader import DEPTH_LIMIT
from job_manager.formats.writing import Unsaid, too_deep
from job_manager.model.document import job_document
from job_manager.model.job import Job

# An object and its list for the job and for each task take three levels each, what an action holds a few more.
MOST_DEEP = (DEPTH_LIMIT - 20) // 3


def write(job: Job) -> bytes:
    """The text of the job. Raises InputError for tasks in tasks that nothing could read."""
    unsaid = Unsaid("JSON")
    for task in too_deep(job, MOST_DEEP):
        unsaid.say(task, "", f"tasks nested deeper than {MOST_DEEP}", "make some of them one")
    unsaid.raise_if_any()
    document = {"format": FORMAT, **job_document(job)}
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
