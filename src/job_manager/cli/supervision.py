"""What a supervisor says of itself and its jobs, line by line with the time; and how it goes to the background.

Knows no rule.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from job_manager.cli.output import Output, Styled, of_state
from job_manager.model.hints import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from job_manager.app.home import Home


class Story:
    """A line when a job comes, begins, fails somewhere or ends (see app.supervising.Log)."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._begun: set[str] = set()

    def up(self, home: Home, jobs: int) -> None:
        """It holds the directory."""
        from job_manager.app.watching import counted

        taken = f", {counted(jobs, 'open job')}" if jobs else ""
        self._line(f"supervising {home.path} (process {os.getpid()}){taken}")

    def told(self, job: Any, events: Sequence[Any]) -> None:
        """Of what has happened only what is worth a line."""
        from job_manager.app.watching import milestones

        for state, words in milestones(job, events):
            self._line(job.job.name, f"  {job.id}  ", of_state(state), f"  {words}" if words else "")

    def noted(self, job: Any, action: int, message: str) -> None:
        """Something is to be known."""
        subject = "" if action < 0 else f"{job.shape.paths[action]}: "
        self._line(job.job.name, f"  {job.id}  ", Styled(f"{subject}{message}", "warn"))

    def trouble(self, job: str, error: Exception) -> None:
        """Something is wrong with one job."""
        self._line(Styled(f"job {job}: ", "bad"), str(error))

    def down(self, how: str) -> None:
        """It has ended."""
        left = "what runs goes on, for the next `jm up`" if how == "leave" else "nothing of it runs any more"
        self._line(f"down; {left}")

    def _line(self, *words: Any) -> None:
        now = time.strftime("%Y-%m-%d %H:%M:%S  ")
        self._out.line(Styled(now, "quiet"), *words)
        self._out.flush()


def detached(home: Home, supervise: Callable[[Callable[[], None]], int], out: Output) -> int:
    """Have the supervisor run in the background, in a session of its own, and wait until it is up; the exit code."""
    from job_manager.cli.reporting import report

    home.make()
    ends = os.pipe()
    pid = os.fork()
    if pid:
        os.close(ends[1])
        return _until_up(home, pid, ends[0], out)
    os.close(ends[0])
    os.setsid()
    _into_the_log(home)
    out.json = out.quiet = False
    try:
        code = 0 if supervise(lambda: _ready(ends[1])) >= 0 else 1
    except Exception as error:
        code = report(error, out)
    out.flush()
    os._exit(code)


def _into_the_log(home: Home) -> None:
    log = os.open(home.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    for stream in (1, 2):
        os.dup2(log, stream)
    for handle in (log, null):
        os.close(handle)


def _ready(end: int) -> None:
    os.write(end, b"up")
    os.close(end)


def _until_up(home: Home, pid: int, end: int, out: Output) -> int:
    came_up = os.read(end, 2) == b"up"
    os.close(end)
    if came_up:
        out.document({"pid": pid, "log": home.log})
        out.value(str(pid))
        out.line(f"supervising {home.path} in the background (process {pid})")
        out.line(Styled("  log: ", "quiet"), home.log)
        return 0
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with open(home.log, encoding="utf-8", errors="replace") as log:
        for line in log.read().splitlines()[-5:]:
            out.error(line)
    return code if code > 0 else 1
