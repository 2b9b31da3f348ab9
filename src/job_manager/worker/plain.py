"""The most frequent end of an attempt: exit code 0, nothing printed, and nothing that it was to make.

There is nothing to look at then, and it costs next to nothing. Knows nothing of the others.
"""

from __future__ import annotations

from job_manager.core.said import AttemptEnded
from job_manager.model.job import Action, Command, Shell
from job_manager.model.secret import secrets_of
from job_manager.worker.attempt import end_of, read_token
from job_manager.worker.keeper_link import ExitRecord


def went_well(action: Action, record: ExitRecord) -> bool:
    """Whether an attempt of this action has ended so."""
    if record["code"] != 0 or record["why"] is not None or record.get("printed") != 0 or record.get("oom"):
        return False
    if action.inputs or action.outputs or action.expand or action.foreach or action.min_runtime is not None:
        return False
    return isinstance(action.work, Command | Shell) and not secrets_of(action.env)


def well_ended(token: str, worker: str, record: ExitRecord) -> AttemptEnded:
    """The report of such an attempt."""
    usage = (record["utime"], record["stime"], record["maxrss_kib"])
    return AttemptEnded(*read_token(token), worker, record["began"], end_of(record), "", None, "", usage)
