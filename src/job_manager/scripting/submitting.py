"""`mass.submit`: the job run on this machine to its end, or handed over when somebody else reads the script.

Rules: reference seed-systems M10-M13.
"""

from __future__ import annotations

from collections.abc import Mapping

from job_manager.formats.python.tree import record
from job_manager.model.errors import JobManagerError
from job_manager.model.hints import Any
from job_manager.roles import registry
from job_manager.scripting.foreign import UnsupportedScheduler

HERE = (None, "local")


def submit(
    job: Mapping[str, Any],
    protocol: str | None = None,
    priority: float = 1,
    scheduler: str | None = None,
    domain: str | None = None,
    region: str | None = None,
) -> tuple[str, str]:
    """Run the job here, show it as `jm run` does, and return its title and id. `job`: a Job, or a dict like one.

    protocol: how arguments of functions are kept elsewhere, by a saver of InputHandler. domain and region belong to AWS
    SWF and say nothing here. Raises UnsupportedScheduler for another scheduler; an InputError that has been shown when
    the job is wrong. A job that fails is shown and told to the loggers of `error`."""
    if scheduler not in HERE:
        raise UnsupportedScheduler(str(scheduler))
    made = record()
    if made is not None:
        made.hand_over(job, protocol)
    if made is not None or registry.calling:
        return _title(job), ""
    return _run(job, protocol, priority)


def _title(job: Any) -> str:
    body = job.get("Job") if isinstance(job, Mapping) else None
    return str(body.get("title", "")) if isinstance(body, Mapping) else ""


def _run(job: Mapping[str, Any], protocol: str | None, priority: float) -> tuple[str, str]:
    # Imported here: a script that only hands over runs nothing.
    from job_manager.formats.python.rows import Row
    from job_manager.formats.python.saving import saved
    from job_manager.scripting.preparing import Asked, prepare
    from job_manager.scripting.showing import run_shown, said

    def change(rows: list[Row]) -> list[Row]:
        first = rows[0]
        body = first.body if priority == 1 else {"priority": priority, **first.body}
        return saved([first._replace(body=body), *rows[1:]], protocol)

    try:
        prepared = prepare(job, Asked(), change=change)
        outcome = run_shown(prepared)
    except JobManagerError as error:
        raise said(error) from None
    _tell(outcome.job)
    return outcome.job.job.name, outcome.job.id


def _tell(job: Any) -> None:
    """The loggers of errors hear of what failed."""
    if not registry.LOGGERS.get("error"):
        return
    from job_manager.app.cards import brief_card, first_failed

    for index in first_failed(job):
        card = brief_card(job, index)
        registry.Loggers().log("error", f"Reason: {card['message']}\nDetails: {card['path']} ({card['reason']})")
