"""`python -m job_manager.order CONFIG.yaml [-log job.log]`: what JobManager's Job.py was. Knows nothing else."""

from __future__ import annotations


def main() -> int:
    """Run the order; the exit code."""
    import sys

    from job_manager.cli.main import main as run

    return run(["order", *sys.argv[1:]])


if __name__ == "__main__":
    import sys

    sys.exit(main())
