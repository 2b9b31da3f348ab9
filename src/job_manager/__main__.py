"""`jm` and `python -m job_manager`: the command line, ours or the original's. Knows nothing else.

Until the command line can say what a Ctrl-C means, one ends the process and prints nothing, as it ends any program.
"""

from __future__ import annotations

# Not `signal`: the enums it brings take longer than the rest of `jm --help`.
import _signal  # type: ignore[import-not-found]
import os
import sys

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


def main() -> int:
    """Run the command line and end the process with its exit code; returns that only where somebody looks on."""
    try:
        from job_manager.cli.main import main as run

        code = run()
    except MemoryError:  # so little that not even that could be said
        os.write(2, b"error: there is not enough memory\n")
        code = 5
    return code if _is_awaited() else _end(code)


def _is_awaited() -> bool:
    """Whether a profiler or a debugger wants to see the end, or a thread is still at work."""
    threading = sys.modules.get("threading")
    threads = threading.enumerate()[1:] if threading else ()
    return bool(sys.getprofile() or sys.gettrace() or not all(thread.daemon for thread in threads))


def _end(code: int) -> int:
    """At once: that Python takes apart all that was imported takes a seventh of a short run."""
    import atexit

    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return code  # Python has its own way of saying that
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
