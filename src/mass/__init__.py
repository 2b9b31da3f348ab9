"""mass under its own names, so that its scripts run unchanged: re-exports of job_manager, and nothing else."""

from job_manager.scripting.jobs import Action, Job, Task
from job_manager.scripting.submitting import submit

__all__ = ["Action", "Job", "Task", "submit"]
