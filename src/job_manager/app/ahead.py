"""What a command that will run something can have done while it imports and reads the rest. Knows no job."""

from __future__ import annotations

from job_manager.worker import ahead


def expect_a_run() -> None:
    """Something is about to be run here. Harmless if nothing comes of it."""
    ahead.begin()
