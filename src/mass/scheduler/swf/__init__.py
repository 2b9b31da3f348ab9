"""mass's worker for AWS SWF. Re-exports only."""

from job_manager.scripting.foreign import SWFWorker

__all__ = ["SWFWorker"]
