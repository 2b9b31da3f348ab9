"""`jm` and `python -m job_manager`: the command line, ours or the original's. Knows nothing else.

Until the command line can say what a Ctrl-C means, one ends the process and prints nothing, as it ends any program.
"""

from __future__ import annotations

# Not `signal`: the enums it brings take longer than the rest of `jm --help`.
import _signal  # type: ignore[import-not-found]

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


def main() -> int:
    """Run the command line; the exit code."""
    try:
        from job_manager.cli.main import main as run

        return run()
    except MemoryError:  # so little that not even that could be said
        import os

        os.write(2, b"error: there is not enough memory\n")
        return 5


if __name__ == "__main__":
    import sys

    sys.exit(main())
