"""`python -m job_manager`: the command line, ours or the original's. Knows nothing else."""

from __future__ import annotations

import sys

from job_manager.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
