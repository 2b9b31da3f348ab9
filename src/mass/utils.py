"""mass's `submit` where its code keeps it. Re-exports only."""

from job_manager.scripting.submitting import submit

__all__ = ["submit"]
