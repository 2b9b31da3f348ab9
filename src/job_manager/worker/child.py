"""One child: the attempt that an order asks for, how it is begun, and what is put on record of its end.

Standard library only: it is carried beside the keeper, and the worker knows the children of a dead keeper by it. Knows
no queue and no other child.
"""

from __future__ import annotations

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    quote: Callable[[str], str]
else:
    try:  # as in the keeper
        from _json import encode_basestring_ascii as quote
    except ImportError:
        from json import dumps as quote

if TYPE_CHECKING or __package__:
    from job_manager.worker.processes import KEEPER_VARIABLE, TOKEN_VARIABLE
else:
    from processes import KEEPER_VARIABLE, TOKEN_VARIABLE

NEVER = float("inf")
LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
FILTER = "import sys; sys.path.append({folder!r}); import redaction; redaction.main()"
UNWRITTEN = "the start record cannot be written"  # so begins why an order is refused; the worker knows it by that
RECORD = (
    '{"token":%s,"code":%s,"signal":%s,"why":%s,"error":%s,"began":%.6f,"ended":%.6f,"elapsed":%.6f,'
    '"utime":%.6f,"stime":%.6f,"maxrss_kib":%d,"left":%d,"oom":%s,"peak":%d,"still":%.3f,"printed":%d,"tidy":%s}'
)
MAXRSS_UNIT = 1024 if sys.platform == "darwin" else 1
LAST_WORDS = (b"_EXIT_STATUS", b"openjd_fail")  # a log with one of these at its end may say how its attempt has ended
PIECE = 64 * 1024  # bytes at the end of a log that are looked at for them


class Attempt:
    """One child and all it starts. `began` and `ended` are wall clock, the rest monotonic; no `status` until reaped."""

    weight, durable, done, draining = 1, False, False, False
    pid = ticks = blows = 0
    began = start = ended = elapsed = 0.0
    deadline = kill_at = NEVER
    why: str | None = None
    error: str | None = None
    status: int | None = None
    usage: Any = None
    logs: tuple[str, ...] = ()
    sparing = False  # whether an empty log that is there already will do
    spare: tuple[int, str] | None = None
    copy: Any = None  # of a template, until it has ended
    printed = -1  # bytes in its logs when it is over, -1: nobody knows
    tidy = False  # whether there was surely nothing left of it when its main process had ended
    named = gated = False  # gated: it began when others had ended, whose ends have to be on record before that
    memory = peak = 0
    group = ""
    kills = -1
    oom: str | None = None
    outlived: frozenset[int] = frozenset()
    filter = 0  # the pid of what takes secrets out of its output, as long as that lives
    stuck = NEVER  # seconds without output and processor time after which it counts as stuck; `deadly`: and is ended
    deadly = still = False
    look_at = NEVER
    moved = 0.0  # when there was a sign of life, `written` and `used` being the bytes and clock ticks of that moment
    written = used = 0

    def __init__(self, token: str, grace: float = 10.0, timeout: float | None = None) -> None:
        self.token, self.grace, self.timeout = token, grace + 0.0, None if timeout is None else timeout + 0.0
        self.env: dict[str, str] = {}  # all that it gets; forgotten once it has that
        if self.grace != self.grace or self.timeout != self.timeout:
            raise ValueError("a time that is not a number")


def understood(order: dict[str, Any]) -> Attempt:
    """The attempt an order asks for; LookupError, TypeError, ValueError or AttributeError when it is no order."""
    attempt = Attempt(order["token"], order.get("grace", 10.0), order.get("timeout"))
    attempt.weight, attempt.durable = int(order.get("weight", 1)), bool(order.get("durable"))
    attempt.memory = int(order.get("memory") or 0)
    if order.get("stuck"):
        attempt.stuck, attempt.deadly = max(0.0, order["stuck"][0] + 0.0) or NEVER, bool(order["stuck"][1])
    if attempt.weight < 0 or not order["argv"][0]:
        raise ValueError("a negative weight or an empty argv")
    if not 0 <= (order.get("umask") or 0) <= 0o777:
        raise ValueError("a umask that is none")
    if not (order["cwd"].startswith("/") and order["log"].startswith("/")):
        raise ValueError("a path that is not absolute")
    if not all(order["env"][name] for name in order.get("secrets") or ()):
        raise ValueError("an empty secret")
    return attempt


def record_of(attempt: Attempt) -> str:
    """The exit record, one JSON object. `maxrss_kib` cannot be below the keeper's own size: exec inherits the mark."""
    code = None if attempt.status is None else os.waitstatus_to_exitcode(attempt.status)
    usage = attempt.usage
    return RECORD % (
        quote(attempt.token),
        "null" if code is None or code < 0 else code,
        "null" if code is None or code >= 0 else -code,
        quote(attempt.why) if attempt.why else "null",
        quote(attempt.error) if attempt.error else "null",
        attempt.began,
        attempt.ended,
        attempt.elapsed,
        usage.ru_utime if usage else 0.0,
        usage.ru_stime if usage else 0.0,
        usage.ru_maxrss // MAXRSS_UNIT if usage else 0,
        len(attempt.outlived),
        quote(attempt.oom) if attempt.oom else "null",
        attempt.peak,
        max(0.0, attempt.start + attempt.elapsed - attempt.moved) if attempt.still else 0.0,
        attempt.printed,
        "true" if attempt.tidy and not attempt.outlived else "false",
    )


def ended_well(attempt: Attempt) -> bool:
    """Whether there is no doubt that it has succeeded, its log included."""
    if attempt.status != 0 or attempt.why is not None or len(attempt.logs) != 1 or attempt.oom:
        return False
    if attempt.printed <= 0:
        return not attempt.printed
    try:
        handle = os.open(attempt.logs[0], os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            end = os.pread(handle, PIECE, max(0, attempt.printed - PIECE))
        finally:
            os.close(handle)
    except OSError:
        return False
    return not any(words in end for words in LAST_WORDS)


def spawn(order: dict[str, Any], env: dict[str, str], reset: list[int], ends: tuple[int, ...] = ()) -> int:
    """The pid of the child in a session of its own, output appended to its log or written to open files, of which there
    are one or two; OSError, ValueError or TypeError."""
    os.chdir(order["cwd"])
    if ends:
        outputs: Any = ((os.POSIX_SPAWN_DUP2, ends[0], 1), (os.POSIX_SPAWN_DUP2, ends[-1], 2))
    else:
        err = order.get("err")
        outputs = (appended(1, order["log"]), appended(2, err) if err else (os.POSIX_SPAWN_DUP2, 1, 2))
    own = order.get("umask")
    before = None if own is None else os.umask(own)
    try:
        return os.posix_spawn(
            program_of(order["argv"][0], env),
            order["argv"],
            env,
            file_actions=outputs,
            setsid=True,
            setsigmask=(),
            setsigdef=reset,
        )
    finally:
        if before is not None:
            os.umask(before)


def environment(order: dict[str, Any], base: dict[str, str], keeper: str) -> dict[str, str]:
    """What a child gets: `base`, which all have in common, if it is not `bare`; what it has for itself counts more."""
    return {**({} if order.get("bare") else base), **order.get("env", {}), **marks_for(order, keeper)}


def marks_for(order: dict[str, Any], keeper: str) -> dict[str, str]:
    return {TOKEN_VARIABLE: order["token"], KEEPER_VARIABLE: keeper}


def spawn_filter(order: dict[str, Any], keeper: str, reset: list[int]) -> tuple[int, tuple[int, ...]]:
    """The pid of the program that takes the secrets of an order out of what its child prints, and the ends of pipes
    that the child is to write into. It knows the secrets as the child does, by its environment. Raises OSError."""
    logs = [order["log"], order["err"]] if order.get("err") else [order["log"]]
    pipes = [os.pipe() for _ in logs]
    actions: list[Any] = [(os.POSIX_SPAWN_DUP2, 0, 2)]  # of its mistakes nobody hears: they might say too much
    for log, (read, _), source in zip(logs, pipes, (0, 3), strict=False):
        actions += [(os.POSIX_SPAWN_DUP2, read, source), appended(source + 1, log)]
    folder = os.path.dirname(os.path.abspath(__file__))
    own = {name: order["env"][name] for name in order["secrets"]} | {"JM_SECRETS": ",".join(order["secrets"])}
    argv = [sys.executable, "-I", "-S", "-X", "utf8", "-c", FILTER.format(folder=folder)]
    env = {**os.environ, **own, **marks_for(order, keeper)}
    try:
        pid = os.posix_spawn(argv[0], argv, env, file_actions=actions, setsigmask=(), setsigdef=reset)
    except BaseException:
        close_all(write for _, write in pipes)
        raise
    finally:
        close_all(read for read, _ in pipes)
    return pid, tuple(write for _, write in pipes)


def close_all(handles: Iterable[int]) -> None:
    for handle in handles:
        os.close(handle)


def appended(number: int, path: str) -> tuple[int, int, str, int, int]:
    return (os.POSIX_SPAWN_OPEN, number, path, LOG_FLAGS, 0o600)


def program_of(name: str, env: dict[str, str]) -> str:
    """As execvp(3), but on the PATH the child will have."""
    if "/" in name:
        return name
    for folder in env.get("PATH", os.defpath).split(":"):
        program = f"{folder or '.'}/{name}"
        if os.access(program, os.X_OK) and not os.path.isdir(program):
            return program
    raise FileNotFoundError(errno.ENOENT, "not found on the action's PATH", name)


def why_not(order: dict[str, Any], error: Exception) -> str:
    """What a failed spawn is told as; posix_spawn(3) gives one number for whatever went wrong in the child."""
    if not isinstance(error, OSError):
        return f"cannot start {order['argv'][0]}: {error}"
    if error.filename == order["cwd"]:
        return f"cannot enter the working directory {order['cwd']}: {error.strerror}"
    for path in filter(None, (order["log"], order.get("err"))):
        try:
            os.close(os.open(path, LOG_FLAGS, 0o600))
        except OSError as refusal:
            return f"cannot open the log {path}: {refusal.strerror}"
    hint = ""
    if error.errno == errno.ENOENT and os.path.exists(error.filename):
        hint = " (the interpreter its first line names)"
    elif error.errno == errno.ENOEXEC:
        hint = " (neither a program nor a script with a #! line)"
    return f"cannot start {order['argv'][0]}: {error.strerror}{hint}"
