"""mass's command line. Re-exports only."""

from job_manager.cli.mass import main

cli = main
__all__ = ["cli", "main"]
