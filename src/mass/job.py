"""mass's builders of jobs. Re-exports only."""

from job_manager.scripting.jobs import Action, Job, Task

__all__ = ["Action", "Job", "Task"]
