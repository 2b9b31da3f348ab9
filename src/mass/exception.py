"""mass's exceptions. Re-exports only."""

from job_manager.scripting.foreign import TaskError, TaskWait, UnsupportedScheduler

__all__ = ["TaskError", "TaskWait", "UnsupportedScheduler"]
