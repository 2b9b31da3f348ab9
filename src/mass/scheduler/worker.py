"""mass's workers. Re-exports only."""

from job_manager.scripting.foreign import BaseWorker

__all__ = ["BaseWorker"]
