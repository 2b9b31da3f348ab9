"""mass's loggers. Re-exports only."""

from job_manager.roles.registry import Loggers as LogHandler

__all__ = ["LogHandler"]
