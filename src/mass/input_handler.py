"""mass's savers and loaders of arguments. Re-exports only."""

from job_manager.roles.registry import Protocols as InputHandler

__all__ = ["InputHandler"]
