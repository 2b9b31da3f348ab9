"""The pristine interpreters that a keeper has for warm modules, and how an action is copied from one.

Imported by the keeper when the first order asks for it, carried beside it, standard library only. Knows no queue and no
record; what the other end does stands in warm/sitecustomize.py.
"""

from __future__ import annotations

import os
import select
import sys
import time
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import socket
    from collections import deque
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    quote: Callable[[str], str]
else:
    try:  # as in the keeper
        import _signal as signal
        import _socket as socket
        from _collections import deque
        from _json import encode_basestring_ascii as quote
    except ImportError:
        import signal
        import socket
        from collections import deque
        from json import dumps as quote

if TYPE_CHECKING or __package__:
    from job_manager.worker.copies import COULD_NOT, LARGEST, Copy, heard, is_child, message
    from job_manager.worker.processes import signal_child
else:  # as in the keeper
    from copies import COULD_NOT, LARGEST, Copy, heard, is_child, message
    from processes import signal_child

HOOK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "warm")
SOCKET = 255  # as in warm/sitecustomize.py
IDLE = 60.0  # seconds without a copy after which a template is dropped
ENOUGH = 2  # orders of a kind for which one is begun
MOST = 8  # templates at a time; for whatever else asks there is none
PATIENCE = 30.0  # seconds for which orders wait for a template that is coming up
ANSWER = 2.0  # seconds for a copy to be made
STOCK = 8  # copies that wait for their orders, at most; half as many are made at once
FRESH = 0.5  # seconds for which one may wait, and within which the last must have been taken for more to be made
AGAIN = 60.0  # seconds after which one that did not work out is tried anew
KEYS = 4096  # of which it is known how often they were asked for
NEVER = float("inf")
NOWHERE_ELSE = "it takes Linux"
LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC  # as in child.py
RECORD = "templates"  # the file that names them, for whoever finds no keeper any more
FOLDER = "warm-"  # each is made in an empty directory, which begins like that

Key = tuple[object, ...]


class Template:
    """One interpreter: coming up until it has said that it is ready. `making` are the batches of copies that it has
    been asked for and has not done with, `stock` those that wait for an order."""

    __slots__ = ("folder", "key", "last", "link", "making", "output", "pid", "ready", "said", "stock", "until")

    def __init__(self, key: Key, pid: int, link: socket.socket, output: int, folder: str) -> None:
        self.key, self.pid, self.link, self.output, self.folder = key, pid, link, output, folder
        self.ready, self.until, self.last = False, time.monotonic() + PATIENCE, -FRESH
        self.making, self.stock = deque(), deque()  # type: deque[list[Copy]], deque[Copy]
        self.said = b""  # last, before it ended


class Templates:
    """The templates of one keeper, which is `keeper`."""

    def __init__(self, keeper: Any) -> None:
        self._keeper = keeper
        self._pids: set[int] = keeper.children.apart  # of templates and of copies without an order
        self._coming: set[int] = keeper.children.coming  # of copies that are not surely our children yet
        keeper.children.hear = self.hear
        self._keys: dict[Key, Key] = {}
        self._templates: dict[Key, Template] = {}
        self._links: dict[int, Template] = {}
        self._asked: dict[int, int] = {}  # how often, by the hash of a key
        self._cold: dict[int, tuple[float, str]] = {}  # until when and why there is none
        self._serial = 0

    def meet(self, order: dict[str, Any], env: Mapping[str, str]) -> None:
        """An order has come in, and this is what its child gets. The first of its kind is started from nothing: it may
        be the only one."""
        if not order.get("warm"):
            return
        if len(self._asked) > KEYS or len(self._keys) > KEYS:
            self._asked.clear()
            self._keys.clear()
        key = key_of(order, env)
        order["key"] = key = self._keys.setdefault(key, key)
        self._asked[hash(key)] = self._asked.get(hash(key), 0) + 1

    def foresee(self, order: dict[str, Any], env: Mapping[str, str]) -> None:
        """Several like this one will come in."""
        for _ in range(ENOUGH):
            self.meet(order, env)
        if self._wants(order["key"]):
            self._begin(order, env)

    def holds(self, order: dict[str, Any], env: Mapping[str, str]) -> bool:
        """Whether an order waits for a template that is coming up; one is begun when there is none for it and it is the
        second that asks."""
        if not order.get("warm"):
            return False
        if self._wants(order["key"]):
            self._begin(order, env)
        template = self._templates.get(order["key"])
        return template is not None and not template.ready

    def _wants(self, key: Key) -> bool:
        if key in self._templates or self._asked.get(hash(key), 0) < ENOUGH or len(self._templates) >= MOST:
            return False
        return time.monotonic() >= self._cold.get(hash(key), (0.0, ""))[0]

    def _begin(self, order: dict[str, Any], env: Mapping[str, str]) -> None:
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
        known = is_our_own(program)
        argv = order["argv"][:2] if known else [program, "-c", "pass"]
        told = {**shared(order, env), **words_for(order, env, known), "TMPDIR": os.path.abspath(folder)}
        try:
            os.chdir(folder)
            pid = os.posix_spawn(
                program,
                argv,
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
        if template.ready:
            self._listen(template, said)
        elif said == b"ready":
            self._come_up(template)
        elif said is not None:
            why = said.removeprefix(b"cold ").decode("utf-8", "replace")
            self._fail(template, why or f"{template.key[0]} cannot be prepared, or has ended")
        return True

    def _listen(self, template: Template, said: bytes | None) -> None:
        while said:
            self._note(template, said)
            said = heard(template.link)
        if said is not None:
            self._lose(template, f"{template.key[0]} has ended")

    def hear(self) -> None:
        """What they have said since they were last listened to. Nobody is woken by it; but who wonders whose child a
        process is has to know."""
        for template in self._templates.values():
            while template.ready and (said := heard(template.link)):  # before that somebody is woken
                self._note(template, said)

    def _note(self, template: Template, said: bytes) -> None:
        """`made` comes before the process ends between template and copies, and so before these are our children; `.`
        after that, and `lost` if it could not make them all."""
        kind, *words = said.split()
        if kind == b"made" and template.making:
            for copy, word in zip(template.making[0], words, strict=False):
                copy.pid = int(word)
                self._coming.add(copy.pid)
        elif kind in (b".", b"lost") and template.making:
            for copy in template.making.popleft():
                self._coming.discard(copy.pid)
                if is_child(copy.pid):
                    self._pids.add(copy.pid)
                    copy.since = time.monotonic()
                    template.stock.append(copy)
                else:
                    copy.link.close()
        else:
            template.said = said

    def _lose(self, template: Template, why: str) -> None:
        if template.said == b"stale":
            self._drop(template)  # a file from which something was imported has changed
        else:
            self._fail(template, why)

    def _come_up(self, template: Template) -> None:
        printed, left = has_content(template.output), self._clear(template)
        if printed or left:
            self._fail(template, "importing what it preloads " + ("prints something" if printed else "leaves files"))
            return
        template.ready, template.until = True, time.monotonic() + IDLE
        self._keeper.poll.modify(template.link.fileno(), 0)  # from now on only its end is news

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
        for copy in [*template.stock, *[copy for batch in template.making for copy in batch]]:
            copy.link.close()  # and so it ends,
            if copy.pid in self._pids:
                signal_child(copy.pid, signal.SIGKILL)  # even if somebody has stopped it
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
        for pid in self._pids:  # what was let go may have been stopped by somebody
            signal_child(pid, signal.SIGKILL)
        while self._pids:
            os.waitpid(self._pids.pop(), 0)

    # copies

    def copy(self, attempt: Any, order: dict[str, Any], ends: tuple[int, ...]) -> int:
        """The pid of a copy that is the attempt's child, or 0 when it is to be started from nothing. `ends`: where its
        output goes, if not to its logs. Raises OSError for what a spawn would fail of, too."""
        template = self._templates.get(order["key"]) if order.get("warm") else None
        if template is None or not template.ready:
            self._explain(attempt, order)
            return 0
        told = message(order, attempt.env)
        if len(told) > LARGEST:
            return 0
        os.chdir(order["cwd"])
        opened = [] if ends else [os.open(log, LOG_FLAGS, 0o600) for log in attempt.logs]
        try:
            return self._hand_over(template, attempt, told, ends or opened)
        finally:
            for handle in opened:
                close_quietly(handle)

    def _hand_over(self, template: Template, attempt: Any, told: bytes, ends: Sequence[int]) -> int:
        now = time.monotonic()
        copy = self._taken(template, now)
        if copy is None:
            self._lose(template, "no copy could be made")
            return 0
        if not copy.give(told, ends, attempt.group):
            copy.link.close()  # and so it ends, if it has not yet
            return 0
        self._pids.discard(copy.pid)
        attempt.copy = copy
        self._restock(template, now)
        template.last, template.until = now, now + IDLE
        return copy.pid

    def copy_ended(self, attempt: Any) -> None:
        """The copy of an attempt has ended. One that could not become the action has not been started."""
        said = heard(attempt.copy.link)
        attempt.copy.link.close()
        attempt.copy = None
        if not said and attempt.why is None and attempt.status == COULD_NOT:
            attempt.why, attempt.error, attempt.status = "spawn", "a copy of the warm interpreter could not begin", None

    def _taken(self, template: Template, now: float) -> Copy | None:
        """A copy that waits for an order, made now if there is none. That is waited for, as a spawn waits for exec: a
        moment, or until it is clear that there will be none."""
        while template.stock:
            copy = template.stock.popleft()
            if now - copy.since <= FRESH and copy.pid in self._pids:  # else it has ended, whoever still has its link
                return copy
            copy.link.close()
        try:
            if not template.making:
                self._ask(template, 1)
            template.link.settimeout(ANSWER)
            while template.making and not template.stock:
                said = template.link.recv(4096)
                if not said:
                    break
                self._note(template, said)
        except OSError:
            return None
        finally:
            template.link.settimeout(None)
        return template.stock.popleft() if template.stock else None

    def _ask(self, template: Template, count: int) -> None:
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(count)]
        template.making.append([Copy(ours) for ours, _ in pairs])
        files = array("i", [theirs.fileno() for _, theirs in pairs])
        try:
            template.link.sendmsg([b"%d" % count], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
        except OSError:
            for copy in template.making.pop():
                copy.link.close()
            raise
        finally:
            for _, theirs in pairs:
                theirs.close()

    def _restock(self, template: Template, now: float) -> None:
        """Have copies made ahead, if there are orders for them and the last was not taken long ago: the making of one
        takes as long as a short action, and both processors are to be at work."""
        ahead = len(template.stock) + sum(map(len, template.making))
        if ahead > STOCK // 2 or now - template.last > FRESH:
            return
        queue, queued = self._keeper.queue, self._keeper.queued
        orders = [queued[queue[place]][1] for place in range(min(STOCK, len(queue))) if queue[place] in queued]
        wanted = min(STOCK // 2, sum([order.get("key") is template.key for order in orders]) - ahead)
        if wanted > 0:
            try:
                self._ask(template, wanted)
            except OSError:
                pass  # its end is told otherwise

    def _explain(self, attempt: Any, order: dict[str, Any]) -> None:
        """Why there is no template, where a person could do something about it."""
        _, why = self._cold.get(hash(order["key"]), (0.0, "")) if order.get("warm") else (0.0, "")
        if why:
            self._keeper.noted.append(f"[{quote(attempt.token)},{quote(f'started cold, not warm: {why}')}]")


def key_of(order: dict[str, Any], env: Mapping[str, str]) -> Key:
    """What two orders have in common that are copied from the same template: all that may make a difference to what has
    been imported. The environment counts whole, since a module may look at any of it, but for what each attempt has of
    its own."""
    warm = order["warm"]
    variables = frozenset(shared(order, env).items())
    return (*order["argv"][:2], tuple(warm["preload"]), warm.get("digest"), bool(order.get("secrets")), variables)


def is_our_own(program: str) -> bool:
    """Whether it is the interpreter that runs this, under whatever name, and so surely hears what it is told. Of
    another one that is found out first."""
    try:
        return os.path.samefile(program, sys.executable)
    except OSError:
        return False


def words_for(order: dict[str, Any], env: Mapping[str, str], known: bool) -> dict[str, str]:
    """What the other end reads before anybody else can, and takes out of its environment. `known`: the entrypoint is
    named at once."""
    program, main = order["argv"][:2]
    words = {"STAGE": "2" if known else "1", "PROGRAM": program, "MAIN": main, "KEEPER": str(os.getpid())}
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
    if 0 <= os.sysconf("SC_OPEN_MAX") <= SOCKET:  # -1: there is no limit
        return f"fewer than {SOCKET + 1} files may be open here (ulimit -n)"
    return "" if hasattr(os, "memfd_create") else NOWHERE_ELSE


def close_quietly(handle: int) -> None:
    """A log that has been handed on: what goes wrong now is no news of the action, which may have begun."""
    try:
        os.close(handle)
    except OSError:
        pass


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
