"""The pristine interpreters that a keeper has for warm modules, and how an action is copied from one.

Imported by the keeper when the first order asks for it, carried beside it, standard library only. Knows no queue and no
record; what the other end does stands in warm/sitecustomize.py.
"""

from __future__ import annotations

import os
import select
import time
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import socket
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    quote: Callable[[str], str]
else:
    try:  # as in the keeper
        import _signal as signal
        import _socket as socket
        from _json import encode_basestring_ascii as quote
    except ImportError:
        import signal
        import socket
        from json import dumps as quote

HOOK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "warm")
SOCKET = 255  # as in warm/sitecustomize.py
IDLE = 60.0  # seconds without a copy after which a template is dropped
MOST = 8  # templates at a time; for whatever else asks there is none
PATIENCE = 30.0  # seconds for which orders wait for a template that is coming up
ANSWER = 2.0  # seconds for a copy to be made
AGAIN = 60.0  # seconds after which one that did not work out is tried anew
LARGEST = 100_000  # bytes of an order that fit into one message for sure
KEYS = 4096  # of which it is known how often they were asked for
NEVER = float("inf")
NOWHERE_ELSE = "it takes Linux"
LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC  # as in child.py
RECORD = "templates"  # the file that names them, for whoever finds no keeper any more
FOLDER = "warm-"  # each is made in an empty directory, which begins like that

Key = tuple[object, ...]


class Template:
    """One interpreter: coming up until it has said that it is ready."""

    __slots__ = ("due", "folder", "key", "link", "output", "pid", "ready", "until")

    def __init__(self, key: Key, pid: int, link: socket.socket, output: int, folder: str) -> None:
        self.key, self.pid, self.link, self.output, self.folder = key, pid, link, output, folder
        self.ready, self.until = False, time.monotonic() + PATIENCE


class Templates:
    """The templates of one keeper, which is `keeper`; `environment` tells what its children get."""

    def __init__(self, keeper: Any, environment: Callable[[dict[str, Any], Any, str], dict[str, str]]) -> None:
        self._keeper, self._environment = keeper, environment
        self._pids: set[int] = keeper.children.templates
        self._templates: dict[Key, Template] = {}
        self._links: dict[int, Template] = {}
        self._asked: dict[int, int] = {}  # how often, by the hash of a key
        self._cold: dict[int, tuple[float, str]] = {}  # until when and why there is none
        self._serial = 0

    def meet(self, order: dict[str, Any]) -> None:
        """An order has come in. The first of its kind is started from nothing: it may be the only one."""
        if not order.get("warm"):
            return
        order["key"] = key = key_of(order, self._env(order))
        if len(self._asked) > KEYS:
            self._asked.clear()
        self._asked[hash(key)] = self._asked.get(hash(key), 0) + 1

    def _env(self, order: dict[str, Any]) -> dict[str, str]:
        return self._environment(order, self._keeper.base, self._keeper.incarnation)

    def holds(self, order: dict[str, Any]) -> bool:
        """Whether an order waits for a template that is coming up; one is begun when there is none for it and it is the
        second that asks."""
        if not order.get("warm"):
            return False
        if self._wants(order["key"]):
            self._begin(order)
        template = self._templates.get(order["key"])
        return template is not None and not template.ready

    def _wants(self, key: Key) -> bool:
        if key in self._templates or self._asked.get(hash(key), 0) < 2 or len(self._templates) >= MOST:
            return False
        return time.monotonic() >= self._cold.get(hash(key), (0.0, ""))[0]

    def _begin(self, order: dict[str, Any]) -> None:
        env = self._env(order)
        self._keeper.mark_memory(self._keeper.child_score)
        try:
            why = unfit_for(env) if self._keeper.children.subreaper else NOWHERE_ELSE
            if why:
                raise OSError(why)
            self._spawn(order, env)
        except (OSError, ValueError) as error:
            self._give_up(order["key"], str(error))
        finally:
            self._keeper.mark_memory(self._keeper.own_score)

    def _spawn(self, order: dict[str, Any], env: Mapping[str, str]) -> None:
        os.fchdir(self._keeper.home)
        self._serial += 1
        folder = f"{FOLDER}{self._serial}"
        os.mkdir(folder, 0o700)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        output, outlet = pipe() if order.get("secrets") else memory()
        outputs = [(os.POSIX_SPAWN_DUP2, outlet, number) for number in (1, 2)]
        program, reset = order["argv"][0], self._keeper.reset
        told = {**shared(order, env), **words_for(order, env), "TMPDIR": os.path.abspath(folder)}
        try:
            os.chdir(folder)
            pid = os.posix_spawn(
                program,
                [program, "-c", "pass"],
                told,
                file_actions=[*outputs, (os.POSIX_SPAWN_DUP2, theirs.fileno(), SOCKET)],
                setsid=True,
                setsigmask=(),
                setsigdef=reset,
            )
        except BaseException:
            os.close(output)
            os.rmdir(folder, dir_fd=self._keeper.home)
            raise
        finally:
            theirs.close()
            os.close(outlet)
        template = Template(order["key"], pid, ours, output, folder)
        self._templates[template.key] = self._links[ours.fileno()] = template
        self._pids.add(pid)
        self._keeper.poll.register(ours.fileno(), select.POLLIN)
        self._record(pid)

    def _record(self, pid: int) -> None:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            ticks = stat.read().rpartition(b")")[2].split()[19].decode()
        handle = os.open(RECORD, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600, dir_fd=self._keeper.home)
        try:
            os.write(handle, f'{{"token":"","pid":{pid},"start_ticks":{ticks}}}\n'.encode())
        finally:
            os.close(handle)

    # what they say

    def attend(self, handle: int) -> bool:
        """Whether what has become readable is the end of one of ours; it is heard."""
        template = self._links.get(handle)
        if template is None:
            return False
        said = heard(template.link)
        if said == b"ready":
            self._come_up(template)
        else:
            why = said.removeprefix(b"cold ").decode("utf-8", "replace")
            self._fail(template, why or f"{template.key[0]} cannot be prepared, or has ended")
        return True

    def _come_up(self, template: Template) -> None:
        printed, left = has_content(template.output), self._clear(template)
        if printed or left:
            self._fail(template, "importing what it preloads " + ("prints something" if printed else "leaves files"))
            return
        template.ready, template.until = True, time.monotonic() + IDLE

    def _clear(self, template: Template) -> bool:
        """Whether anything is left in the directory in which it came up."""
        os.close(template.output)
        template.output = -1
        try:
            os.rmdir(template.folder, dir_fd=self._keeper.home)
        except OSError:
            return True
        template.folder = ""
        return False

    def _fail(self, template: Template, why: str) -> None:
        self._drop(template)
        self._give_up(template.key, why)

    def _give_up(self, key: Key, why: str) -> None:
        if len(self._cold) > KEYS:
            self._cold.clear()
        self._cold[hash(key)] = time.monotonic() + AGAIN, why

    def _drop(self, template: Template) -> None:
        if self._links.pop(template.link.fileno(), None) is None:
            return
        del self._templates[template.key]
        self._keeper.poll.unregister(template.link.fileno())
        template.link.close()
        if template.pid in self._pids:  # else it is reaped, and the number may be another's
            os.kill(template.pid, signal.SIGKILL)
        if template.output >= 0:
            self._clear(template)

    # time

    def due(self) -> float:
        """When there is something to be done though nothing happens; monotonic seconds."""
        return min((template.until for template in self._templates.values()), default=NEVER)

    def expire(self, now: float) -> None:
        """Drop those that nobody needs, and those that do not come up."""
        for template in [each for each in self._templates.values() if each.until <= now]:
            if template.ready:
                self._drop(template)
            else:
                self._fail(template, f"what it preloads is not imported after {PATIENCE:.0f} s")

    def close(self) -> None:
        """None is to outlive the keeper."""
        for template in list(self._templates.values()):
            self._drop(template)
        for pid in self._pids:
            os.waitpid(pid, 0)

    # copies

    def copy(self, attempt: Any, order: dict[str, Any], ends: tuple[int, ...]) -> int:
        """The pid of a copy that is the attempt's child, or 0 when it is to be started from nothing. `ends`: where its
        output goes, if not to its logs. Raises OSError for what a spawn would fail of, too."""
        template = self._templates.get(order["key"]) if order.get("warm") else None
        if template is None or not template.ready:
            self._explain(attempt, order)
            return 0
        told = message(order, self._env(order))
        if len(told) > LARGEST:
            return 0
        os.chdir(order["cwd"])
        opened = [] if ends else [os.open(log, LOG_FLAGS, 0o600) for log in attempt.logs]
        pid = self._ask(template, told, ends or opened, attempt.group)
        for handle in opened:
            os.close(handle)
        if pid:
            template.until = time.monotonic() + IDLE
        elif heard(template.link) == b"stale":
            self._drop(template)  # a file from which something was imported has changed
        else:
            self._fail(template, "no copy could be made")
        return pid

    def _explain(self, attempt: Any, order: dict[str, Any]) -> None:
        """Why there is no template, where a person could do something about it."""
        _, why = self._cold.get(hash(order["key"]), (0.0, "")) if order.get("warm") else (0.0, "")
        if why:
            self._keeper.noted.append(f"[{quote(attempt.token)},{quote(f'started cold, not warm: {why}')}]")

    def _ask(self, template: Template, order: bytes, ends: Iterable[int], group: str) -> int:
        """Waits for the answer, as a spawn waits for exec: a moment, or until it is clear that there will be none."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            ours.settimeout(ANSWER)
            ours.send(order)
            files = array("i", [theirs.fileno(), *ends])
            template.link.sendmsg([b"%d" % len(order)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
            theirs.close()
            words = {ours.recv(32), ours.recv(32)}  # of the copy its pid, of the template that it is our child
            words.discard(b".")
            pid = int(words.pop())
            if group:
                join(group, pid)
            ours.send(b"g")
            return pid
        except (OSError, ValueError, KeyError):
            return 0
        finally:
            theirs.close()
            ours.close()


def key_of(order: dict[str, Any], env: Mapping[str, str]) -> Key:
    """What two orders have in common that are copied from the same template: all that may make a difference to what has
    been imported. The environment counts whole, since a module may look at any of it, but for what each attempt has of
    its own."""
    warm = order["warm"]
    variables = frozenset(shared(order, env).items())
    return (*order["argv"][:2], tuple(warm["preload"]), warm.get("digest"), bool(order.get("secrets")), variables)


def words_for(order: dict[str, Any], env: Mapping[str, str]) -> dict[str, str]:
    """What the other end reads before anybody else can, and takes out of its environment."""
    program, main = order["argv"][:2]
    words = {"STAGE": "1", "PROGRAM": program, "MAIN": main, "KEEPER": str(os.getpid())}
    words["PRELOAD"] = ",".join(order["warm"]["preload"])
    path = env.get("PYTHONPATH")
    if path is not None:
        words["PATH"] = path
    return {"PYTHONPATH": f"{HOOK}:{path}" if path else HOOK} | {f"JM_WARM_{name}": words[name] for name in words}


def shared(order: dict[str, Any], env: Mapping[str, str]) -> dict[str, str]:
    """The variables that an attempt does not have for itself. A secret is for the attempt alone."""
    own = {"TMPDIR", *(order.get("secrets") or ())}
    return {name: value for name, value in env.items() if not name.startswith("JM_") and name not in own}


def unfit_for(env: Mapping[str, str]) -> str:
    """Why nothing can be prepared in such an environment, or ""."""
    if not all(path.startswith("/") for path in env.get("PYTHONPATH", "/").split(os.pathsep)):
        return "PYTHONPATH has a path that is not absolute"
    return "" if hasattr(os, "memfd_create") else NOWHERE_ELSE


def message(order: dict[str, Any], env: Mapping[str, str]) -> bytes:
    """What a copy is told: umask and number of words on a line, then its directory, its words and its environment."""
    mask = order.get("umask")
    if mask is None:
        mask = os.umask(0o077)
        os.umask(mask)
    strings = [order["cwd"], *order["argv"], *(f"{name}={value}" for name, value in env.items())]
    return b"%d %d\n" % (mask, len(order["argv"])) + b"".join(os.fsencode(string) + b"\0" for string in strings)


def heard(link: socket.socket) -> bytes:
    """What was said last; nothing when there is nobody any more."""
    try:
        return link.recv(4096, socket.MSG_DONTWAIT)
    except OSError:
        return b""


def join(group: str, pid: int) -> None:
    """Into the cgroup that bounds its memory, before it begins."""
    handle = os.open(f"{group}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, b"%d" % pid)
    finally:
        os.close(handle)


def memory() -> tuple[int, int]:
    """Something that looks like a log, but that nobody reads: to read of it and to write to it."""
    handle = os.memfd_create("log")
    return handle, os.dup(handle)


def pipe() -> tuple[int, int]:
    """The same for an output that goes through a filter."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    return read, write


def has_content(output: int) -> bool:
    """Whether anything was written there."""
    try:
        return os.fstat(output).st_size > 0 or bool(os.read(output, 1))
    except BlockingIOError:
        return False
