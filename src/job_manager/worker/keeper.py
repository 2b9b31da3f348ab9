"""The keeper: the small process that owns the children of one worker, which with its supervisor may die at any instant.

Takes orders as JSON lines from one master connection; spawns, times, ends and reaps; keeps two append-only records.
Knows nothing of jobs, modules or engines. It needs the files that it imports and nothing else of job_manager: together
they can be carried anywhere.

What is written when: `starts` gets a line with the token before a spawn, and one with pid and start time when the child
still lives some milliseconds later. Neither is forced to disk: both matter only while this boot lasts, since no child
survives a power cut. `exits` gets its line when the child is reaped, at most LONG_BEAT later while other orders are
waiting, and always before `starts` gets that of what was to begin after it.
For an order marked durable (an action that may not run twice) it is written at once and forced to disk before the exit
is reported. All others are forced together when the loop is idle, or after two seconds of work: an action that may run
again loses only time when a kill or a power cut takes its record, and an fsync for each would cost more than its spawn.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import socket
    from collections import deque
    from collections.abc import Callable
    from typing import Any

    scan: Callable[[str, int], tuple[Any, int]]
    quote: Callable[[str], str]
else:
    try:  # the C halves of standard modules: their Python halves double the start-up time (20 ms against 8)
        import _signal as signal
        import _socket as socket
        from _collections import deque
        from _json import encode_basestring_ascii as quote
        from _json import make_scanner

        class _Plain:
            strict, object_hook, object_pairs_hook, parse_float, parse_int, parse_constant = (
                True,
                None,
                None,
                float,
                int,
                float,
            )

        scan = make_scanner(_Plain)
    except ImportError:
        import signal
        import socket
        from collections import deque
        from json import JSONDecoder
        from json import dumps as quote

        scan = JSONDecoder().raw_decode

if TYPE_CHECKING or __package__:
    from job_manager.worker.cgroups import Confinement, judge_memory
    from job_manager.worker.child import (
        LOG_FLAGS,
        NEVER,
        UNWRITTEN,
        Attempt,
        close_all,
        ended_well,
        environment,
        record_of,
        spawn,
        spawn_filter,
        understood,
        why_not,
    )
    from job_manager.worker.children import Children
    from job_manager.worker.connection import Connection
    from job_manager.worker.logs import LOG_CAP, Logs, Spares
    from job_manager.worker.processes import (
        Alarms,
        become_subreaper,
        become_undumpable,
        boot_id,
        complain,
        leave_no_cores,
        process_of,
    )
    from job_manager.worker.records import Past, Record
else:  # a program of its own: they stand beside it
    from cgroups import Confinement, judge_memory
    from child import (
        LOG_FLAGS,
        NEVER,
        UNWRITTEN,
        Attempt,
        close_all,
        ended_well,
        environment,
        record_of,
        spawn,
        spawn_filter,
        understood,
        why_not,
    )
    from children import Children
    from connection import Connection
    from logs import LOG_CAP, Logs, Spares
    from processes import Alarms, become_subreaper, become_undumpable, boot_id, complain, leave_no_cores, process_of
    from records import Past, Record

LINGER = 60.0  # seconds without child and master after which the keeper leaves
BEAT = 0.01  # seconds by which a report may be late while there is other work queued,
LONG_BEAT = 0.03  # and while there is so much of it that nobody waits for a report
BUSY = 4  # orders for each slot, from which on there is so much
BATCH = 32  # spawns in one turn, so that exits never wait behind a long queue
COMPACT_AT = 1 << 24  # bytes of records from which on the journaled ones are dropped
LOG_LOOK = 1.0  # seconds between two looks at the logs, while there are children
STATE = (
    '["state",{"incarnation":%s,"boot":%s,"pid":%d,"begun":[%s],"exits":[%s],"queued":[%s],"leaving":%s,'
    '"chains":true}]\n'
)


class Gate:
    """Orders that wait for the end of `left` attempts."""

    __slots__ = ("left", "tokens")

    def __init__(self) -> None:
        self.left, self.tokens = 0, []  # type: int, list[str]


class Keeper:
    """Queue, slots, records and connections around the children; one thread, one poll(2), nothing polled when idle."""

    def __init__(self, directory: str, linger: float) -> None:
        os.umask(0o077)
        os.closerange(3, 4096)
        os.chdir(directory)
        first = os.dup(0)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)  # what every child inherits as its standard input
        os.close(null)
        self.home = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.starts, self.exits = Record("starts"), Record("exits")
        self.children = Children(become_subreaper(), self._finished)
        self.boot, self.incarnation, self.linger = boot_id(), "", linger
        self.base: dict[str, str] = {}  # the environment that all children have in common
        self.slots = self.used = 0
        self.queue: deque[str] = deque()
        self.queued: dict[str, tuple[Attempt, dict[str, Any]]] = {}
        self.gates: dict[str, list[Gate]] = {}  # by the token of an attempt that has not ended
        self.recent: dict[str, Attempt] = {}  # those of `records` that ended while this process was there
        self.records: dict[str, str] = {}
        self.past = Past()
        self.fresh: list[Attempt] = []
        self.ended: list[Attempt] = []  # their slots are free, all else is to be done yet
        self.finished: list[Attempt] = []
        self.unwritten: list[str] = []
        self.unreported: list[str] = []
        self.returned: list[str] = []
        self.refused: list[str] = []
        self.noted: list[str] = []
        self.templates: Any = None  # what warm modules are copied from, once there is an order of one
        self.durable = self.more = self.leaving = self.over = self.undumpable = False
        self.beat = self.sync_at = self.dirty_since = self.retry_at = self.leave_at = NEVER
        self.poll = select.poll()
        self.peers: dict[int, Connection] = {}
        self.speaking: set[Connection] = set()
        self.master: Connection | None = None
        self._guard_memory()
        leave_no_cores()
        self._catch_signals()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind("s")  # relative: a long state path does not fit a socket address
        self.confinement = Confinement()
        self.spares = Spares(self.home)
        self.logs, self.look_at = Logs(int(os.environ.get("JM_LOG_CAP", LOG_CAP))), NEVER
        self.listener.listen(8)
        self.listener.setblocking(False)
        self.poll.register(self.listener.fileno(), select.POLLIN)
        self._join(first)
        self._describe()

    def serve(self) -> None:
        while not self.over:
            self.go_round(self.poll.poll(self.pause()))
        self.leave()

    def go_round(self, ready: list[tuple[int, int]]) -> None:
        """What has become readable or writable is attended to, and what follows from it and from the time is done."""
        now = time.monotonic()
        for handle, event in ready:
            self._attend(handle, now)
            # Before anything begins: what a dead master had ordered is taken back; who comes next may know of none.
            while event & select.POLLHUP and handle in self.peers:
                self._listen(self.peers[handle], now)
        self._turn(now)

    def leave(self) -> None:
        if self.records:  # of the others the worker has what it needs
            self._sync()
        if self.templates:
            self.templates.close()
        try:
            os.unlink("s", dir_fd=self.home)
        except OSError as error:
            complain("the socket cannot be removed", error)

    def _turn(self, now: float) -> None:
        """While orders wait, a free slot comes first: what can be written and told together is, at the next beat."""
        if self.children.next_due() <= now:
            self.children.expire(now)
        if self.templates:
            self.templates.expire(now)
        if self.durable:
            self._write_exits(now)
        if self.queue:
            self._begin()
        if self.ended:
            self._close_books()
        if not (self.queue or self.gates) or now >= self._due() or self.speaking or self.returned or self.refused:
            self._settle(now)
        if self.beat == NEVER and (self.fresh or self.finished or self.unreported or self.children.noticed):
            self.beat = now + (BEAT if len(self.queued) < BUSY * self.slots else LONG_BEAT)
        if now >= self.look_at or (self.look_at == NEVER and self.children.running):
            self._bound_logs(now)
        if not self.children.live:
            self._judge_end(now)

    def _due(self) -> float:
        return min(self.beat, self.sync_at, self.retry_at)

    def _bound_logs(self, now: float) -> None:
        if now >= self.look_at:
            for attempt in list(self.children.running.values()):
                self.logs.bound(attempt)
        self.look_at = now + LOG_LOOK if self.children.running else NEVER

    def pause(self) -> int | None:
        """Milliseconds after which a round is due though nothing happens; None when nothing is."""
        if self.more and self.queue:
            return 0
        due = min(self._due(), self.leave_at, self.look_at, self.children.next_due())
        due = min(due, self.templates.due()) if self.templates else due
        return None if due == NEVER else max(0, min(3_600_000, int((due - time.monotonic()) * 1000) + 1))

    def _attend(self, handle: int, now: float) -> None:
        if handle == self.wakeup:
            caught = self.alarms.caught()
            self.children.reap(now)
            self.over |= signal.SIGTERM in caught and not self.children.live  # with children it stays: they need it
        elif handle in self.peers:
            self._listen(self.peers[handle], now)
        elif not (self.templates and self.templates.attend(handle)):
            try:
                self._join(self.listener._accept()[0])  # type: ignore[attr-defined]  # both halves of socket have it
            except OSError:
                pass

    # connections

    def _join(self, handle: int) -> None:
        self.peers[handle] = Connection(handle)
        self.poll.register(handle, select.POLLIN)

    def _drop(self, peer: Connection) -> None:
        if self.peers.pop(peer.handle, None) is None:
            return
        self.speaking.discard(peer)
        self.poll.unregister(peer.handle)
        os.close(peer.handle)
        if peer is self.master:
            self._depose()

    def _depose(self) -> None:
        """Without its master the queue is nobody's: what was not begun is given out anew by whoever comes next."""
        self.master = None
        self._drop_queue()
        for waiting in (self.unreported, self.returned, self.refused, self.noted):
            waiting.clear()

    def _listen(self, peer: Connection, now: float) -> None:
        lines = peer.lines()
        try:
            if lines is None:
                raise ValueError("gone")
            for line in lines:
                message, end = scan(line, 0)
                if end != len(line):
                    raise ValueError("more than one value on a line")
                self._obey(peer, now, *message)
        except (LookupError, ValueError, TypeError, AttributeError, OverflowError, RecursionError, StopIteration):
            self._drop(peer)

    def _obey(self, peer: Connection, now: float, kind: str, content: Any = None) -> None:
        if kind == "hello":
            self._greet(peer, content, now)
        elif peer is not self.master:
            raise ValueError("no hello")
        elif kind == "start":
            self.queue += [order["token"] for order in content if self._take(order)]
        elif kind == "chain":
            for tokens, orders in content:
                self._take_chained(tokens, orders)
        elif kind == "stop":
            for token, grace in content:
                self._stop(token, float(grace), now)
        elif kind == "forget":
            self._forget(content)
        else:
            self._heed(kind, content)

    def _heed(self, kind: str, content: Any) -> None:
        """What is said of no order that is here."""
        if kind == "foresee":
            for order in content:
                self._warm_up().foresee(order, {**self.base, **order["env"]})
        elif kind == "slots":
            self.slots = int(content)
        elif kind in ("leave", "give back"):
            self.leaving |= kind == "leave"
            self.returned += map(quote, self.queued)
            self._drop_queue()
        else:
            raise ValueError(kind)

    def _forget(self, tokens: list[str]) -> None:
        for token in tokens:
            if self.records.pop(token, None) is not None:
                self.past.add(token)
                self.recent.pop(token, None)

    def _drop_queue(self) -> None:
        for waiting in (self.queue, self.queued, self.gates):
            waiting.clear()

    def _greet(self, peer: Connection, hello: dict[str, Any], now: float) -> None:
        incarnation = hello["incarnation"] + ""
        if self.incarnation and incarnation != self.incarnation:
            peer.closing = True
            self._say(peer, "refused", ['[null,"this keeper serves another incarnation"]'])
            return
        self._write_exits(now)
        slots, umask = int(hello["slots"]), int(hello["umask"])
        base = dict(hello["env"].items())
        if self.master not in (None, peer):
            self._drop(self.master)
        self.master, self.slots, self.base, self.leave_at = peer, slots, base, NEVER
        if not self.incarnation:
            self.incarnation = self.children.incarnation = incarnation
            self._describe()
        os.umask(umask)
        self._announce(NEVER)
        self.unreported.clear()
        begun = ",".join(self._begun(attempt) for attempt in self.children.live.values())
        exits, queued = ",".join(self.records.values()), ",".join(map(quote, self.queued))
        leaving = "true" if self.leaving else "false"
        state = STATE % (quote(incarnation), quote(self.boot), os.getpid(), begun, exits, queued, leaving)
        peer.outbox += state.encode()
        self.speaking.add(peer)
        self.children.noticed += [attempt for attempt in self.children.live.values() if attempt.still]

    def _say(self, peer: Connection, kind: str, items: list[str]) -> None:
        peer.outbox += f'["{kind}",[{",".join(items)}]]\n'.encode()
        self.speaking.add(peer)

    def _tell(self, kind: str, items: list[str]) -> None:
        if items and self.master:
            self._say(self.master, kind, items)
        items.clear()

    # orders

    def _take(self, order: dict[str, Any]) -> bool:
        """Whether it is new, and waits from now on."""
        token = order["token"]
        if not token or "\0" in token:
            raise ValueError("a token that names nothing")
        if token in self.queued:
            return False
        if token in self.children.live or token in self.records or token in self.past:
            self._refuse(token, "already begun")
        elif self.leaving:
            self.returned.append(quote(token))
        else:
            try:
                attempt = self._made_ready(order)
                self.queued[token] = (attempt, order)
                self._warm(order, attempt)
                return True
            except (LookupError, ValueError, TypeError, AttributeError, OverflowError) as error:
                self._refuse(token, f"not an order: {error!r}")
        return False

    def _made_ready(self, order: dict[str, Any]) -> Attempt:
        """All that can be done before its turn: most orders are heard while there is nothing else to do."""
        attempt = understood(order)
        attempt.env = environment(order, self.base, self.incarnation)
        attempt.logs = (order["log"], order["err"]) if order.get("err") else (order["log"],)
        attempt.sparing = len(attempt.logs) == 1 and not order.get("secrets") and self.spares.will_do(order["log"])
        return attempt

    def _take_chained(self, awaited: list[str], orders: list[dict[str, Any]]) -> None:
        """Orders that begin when all of these attempts have ended well; or not at all."""
        if self.ended:
            self._close_books()
        gate = Gate()
        gate.tokens = [order["token"] for order in orders if self._take(order)]
        for token in awaited:
            if token in self.queued or token in self.children.live:
                gate.left += 1
                self.gates.setdefault(token, []).append(gate)
            elif token not in self.recent or not ended_well(self.recent[token]):
                self._let_down([gate])
                return
        if not gate.left:
            self._open(gate)

    def _open(self, gate: Gate) -> None:
        tokens = [token for token in gate.tokens if token in self.queued]
        for token in tokens:
            self.queued[token][0].gated = True
        self.queue.extend(tokens)

    def _let_down(self, gates: list[Gate]) -> None:
        """What was to begin then never can, nor what was to begin after that."""
        while gates:
            for token in gates.pop().tokens:
                if self.queued.pop(token, None) is not None:
                    self.returned.append(quote(token))
                gates += self.gates.pop(token, ())

    def _pass_gates(self, attempt: Attempt) -> None:
        gates = self.gates.pop(attempt.token, [])
        if not ended_well(attempt):
            self._let_down(gates)
            return
        for gate in gates:
            gate.left -= 1
            if not gate.left:
                self._open(gate)

    def _warm(self, order: dict[str, Any], attempt: Attempt) -> None:
        if self.templates or order.get("warm"):
            self._warm_up().meet(order, attempt.env)

    def _warm_up(self) -> Any:
        if not self.templates:
            import templates  # type: ignore[import-not-found]  # beside this file; few jobs have such modules

            self.templates = templates.Templates(self)
        return self.templates

    def _refuse(self, token: str, why: str) -> None:
        self.refused.append(f"[{quote(token)},{quote(why)}]")

    def _stop(self, token: str, grace: float, now: float) -> None:
        self.children.reap(now)  # what has ended by itself was not stopped
        attempt = self.children.live.get(token)
        if attempt is not None:
            self.children.terminate(attempt, "stopped", grace, now)
        elif self.queued.pop(token, None) is not None or not (token in self.records or token in self.past):
            self.returned.append(quote(token))
            self._let_down(self.gates.pop(token, []))

    def _admissible(self) -> list[tuple[Attempt, dict[str, Any]]]:
        """The head of the queue as far as slots are free; what weighs more than all slots runs alone, and what waits
        for its template lets others go first."""
        batch: list[tuple[Attempt, dict[str, Any]]] = []
        held = []
        while self.queue and len(batch) < BATCH:
            token = self.queue[0]
            attempt, order = self.queued.get(token, (None, None))
            if self.templates and attempt and self.templates.holds(order, attempt.env):
                held.append(token)
            elif attempt:
                weight = attempt.weight
                if self.used + weight > self.slots and (self.used or self.slots < 1):
                    break
                self.used += weight
                batch.append(self.queued.pop(token))
            self.queue.popleft()
        self.queue.extendleft(reversed(held))
        return batch

    def _begin(self) -> None:
        batch = self._admissible()
        self.more = len(batch) == BATCH
        if not batch:
            return
        began, gated = time.time(), False
        self.confinement.look(time.monotonic())
        for attempt, _ in batch:
            gated |= attempt.gated
            self.confinement.name(attempt)
            if attempt.sparing:
                attempt.spare = self.spares.take()
        try:
            if gated:
                self._record_ends()
            self.starts.append("".join([self._start_line(attempt, began) for attempt, _ in batch]))
        except OSError as error:
            for attempt, _ in batch:
                self.used -= attempt.weight
                if attempt.spare is not None:
                    self.spares.settle(attempt)
                self._refuse(attempt.token, f"{UNWRITTEN}: {error.strerror}")
                self._let_down(self.gates.pop(attempt.token, []))
            return
        self.mark_memory(self.child_score)
        for attempt, order in batch:
            self._spawn(attempt, order)
        self.mark_memory(self.own_score)

    def _spawn(self, attempt: Attempt, order: dict[str, Any]) -> None:
        attempt.began, attempt.start = time.time(), time.monotonic()
        try:
            pipes = self._filter(attempt, order) if order.get("secrets") else ()
        except (OSError, ValueError, TypeError) as error:
            self._not_spawned(attempt, order, error)
            return
        if attempt.group:
            self.confinement.enter(attempt)
        try:
            ends = pipes if attempt.spare is None else (attempt.spare[0],)
            copied = self.templates.copy(attempt, order, ends) if self.templates else 0
            attempt.pid = copied or spawn(order, attempt.env, self.reset, ends)
            attempt.env = {}
        except (OSError, ValueError, TypeError) as error:
            if attempt.group:
                self.confinement.leave(attempt)
            self._not_spawned(attempt, order, error)
        else:
            if attempt.group:
                self.confinement.leave(attempt)
            self.children.add(attempt)
            self.fresh.append(attempt)
        close_all(pipes)

    def _not_spawned(self, attempt: Attempt, order: dict[str, Any], error: Exception) -> None:
        attempt.why, attempt.error, attempt.ended = "spawn", why_not(order, error), attempt.began
        self._finished(attempt)
        self.more = True  # its slot is free again

    def _filter(self, attempt: Attempt, order: dict[str, Any]) -> tuple[int, ...]:
        if not self.undumpable:
            self.undumpable = become_undumpable()
        attempt.filter, pipes = spawn_filter(order, self.incarnation, self.reset)
        self.children.filters[attempt.filter] = attempt
        return pipes

    # records and reports

    def _start_line(self, attempt: Attempt, began: float) -> str:
        group = f',"group":{quote(attempt.group)}' if attempt.group else ""
        group += f',"log":"{attempt.spare[1]}"' if attempt.spare else ""
        return f'{{"token":{quote(attempt.token)},"boot":"{self.boot}","began":{began:.6f}{group}}}\n'

    def _pid_line(self, attempt: Attempt) -> str:
        group = f',"group":{quote(attempt.group)}' if attempt.group else ""
        return f'{{"token":{quote(attempt.token)},"pid":{attempt.pid},"start_ticks":{attempt.ticks}{group}}}\n'

    def _begun(self, attempt: Attempt) -> str:
        return f"[{quote(attempt.token)},{attempt.pid},{attempt.ticks},{attempt.began:.6f}]"

    def _tell_still(self) -> None:
        """Since when nothing moves (Unix time), null when it does again; and for whoever only looks, all in a file."""
        wall, now = time.time(), time.monotonic()
        noticed = dict.fromkeys(self.children.noticed)
        self.children.noticed.clear()
        since = {one: f"{wall - (now - one.moved):.3f}" if one.still and not one.done else "null" for one in noticed}
        self._tell("still", [f"[{quote(one.token)},{text}]" for one, text in since.items()])
        still = [one for one in self.children.live.values() if one.still]
        lines = [f'{{"token":{quote(one.token)},"since":{wall - (now - one.moved):.3f}}}\n' for one in still]
        try:
            self._replace("still", "".join(lines))
        except OSError as error:
            complain("what does not move cannot be written down", error)

    def _finished(self, attempt: Attempt) -> None:
        self.used -= attempt.weight
        if attempt.copy is not None:
            self.templates.copy_ended(attempt)
        self.durable |= attempt.durable
        self.records[attempt.token] = ""
        if attempt.status or attempt.group or attempt.token in self.gates:
            self._close_book(attempt)
        else:
            self.ended.append(attempt)  # what waits for the slot begins first

    def _close_books(self) -> None:
        ended, self.ended = self.ended, []
        for attempt in ended:
            self._close_book(attempt)

    def _close_book(self, attempt: Attempt) -> None:
        """See to all that an attempt leaves behind."""
        if attempt.still:
            self.children.noticed.append(attempt)
        if attempt.group or attempt.status:
            judge_memory(attempt)
        if attempt.spare is not None or attempt.named:
            self.spares.settle(attempt)
        attempt.printed = self.logs.bound(attempt)
        self.recent[attempt.token] = attempt
        self.finished.append(attempt)
        if attempt.token in self.gates:
            self._pass_gates(attempt)

    def _record_ends(self) -> None:
        """All ends are on record when this returns. Raises OSError."""
        self.retry_at = min(self.retry_at, now := time.monotonic())
        self._write_exits(now)
        if self.unwritten:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _write_exits(self, now: float) -> None:
        if self.ended:
            self._close_books()
        if not self.finished and (not self.unwritten or now < self.retry_at):
            return
        for attempt in self.finished:
            self.records[attempt.token] = text = record_of(attempt)
            self.unwritten.append(text + "\n")
            self.unreported.append(text)
        self.finished.clear()
        try:
            self.exits.append("".join(self.unwritten))
            self.unwritten.clear()
            self.retry_at, self.dirty_since = NEVER, min(self.dirty_since, now)
            self.sync_at = min(now + 0.05, self.dirty_since + 2.0)
        except OSError as error:  # the worker is told all the same: its journal is the better place
            complain("exits cannot be written", error)
            self.retry_at = now + 1.0
        if self.durable:
            self._sync()

    def _sync(self) -> None:
        self.durable = False
        self.sync_at = self.dirty_since = NEVER
        try:
            self.exits.sync()
        except OSError as error:  # never repeated: the kernel has forgotten which pages were bad
            complain("exits cannot be forced to disk", error)

    def _announce(self, before: float) -> None:
        """Pid and start time of what still lives some milliseconds after its spawn; a short child costs neither."""
        alive = [attempt for attempt in self.fresh if attempt.pid in self.children.running]
        self.fresh = [attempt for attempt in alive if attempt.start > before]
        settled = [attempt for attempt in alive if attempt.start <= before]
        if not settled:
            return
        for attempt in settled:
            process = process_of(attempt.pid)
            attempt.ticks = process.ticks if process else 0
            self.confinement.hold(attempt)
            self.children.watch(attempt)
            if attempt.spare is not None:
                self.spares.give_name(attempt)
        try:
            self.starts.append("".join(map(self._pid_line, settled)))
        except OSError as error:
            complain("starts cannot be written", error)
        self._tell("began", [self._begun(attempt) for attempt in settled])

    def _settle(self, now: float) -> None:
        self._write_exits(now)
        if now >= self.sync_at:
            self._sync()
        self._tell("exited", self.unreported)  # before it is told what has begun after them
        if now >= self.beat:
            self.beat = NEVER
            self._announce(now - BEAT)
            self._compact()
        if self.children.noticed:
            self._tell_still()
        self._tell("returned", self.returned)
        self._tell("refused", self.refused)
        self._tell("noted", self.noted)
        for peer in sorted(self.speaking, key=lambda peer: peer.handle):
            self._push(peer)

    def _push(self, peer: Connection) -> None:
        alive = peer.flush()
        if not peer.outbox:
            self.speaking.discard(peer)
        if alive:
            self.poll.modify(peer.handle, select.POLLIN | select.POLLOUT if peer.outbox else select.POLLIN)
        else:
            self._drop(peer)

    def _compact(self) -> None:
        """Long-lived keepers: only what lives or is not yet journaled has to stay on file."""
        if self.starts.size + self.exits.size < COMPACT_AT:
            return
        live = self.children.live.values()
        os.fchdir(self.home)
        try:
            self.starts.rewrite("".join(self._start_line(one, one.began) + self._pid_line(one) for one in live))
            self.exits.rewrite("".join(text + "\n" for text in self.records.values()))
        except OSError as error:
            complain("records cannot be shortened", error)

    def _judge_end(self, now: float) -> None:
        if self.unwritten and self.records:
            return  # the disk is full: how attempts ended stands nowhere else yet
        if self.leaving and not (self.master and self.master.outbox):
            self.over = True
        elif not self.master:
            self.leave_at = min(self.leave_at, now + self.linger)
            self.over |= now >= self.leave_at

    # set-up

    def _describe(self) -> None:
        """keeper.json: by these a later process tells whether this one still lives."""
        myself = process_of(os.getpid())
        words = (quote(self.boot), quote(self.incarnation), quote(sys.executable))
        text = '{"pid":%d,"start_ticks":%d,"boot_id":%s,"incarnation":%s,"python":%s}\n'
        text %= (os.getpid(), myself.ticks if myself else 0, *words)
        self._replace("keeper.json", text)

    def _replace(self, name: str, text: str) -> None:
        handle = os.open("keeper.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=self.home)
        try:
            os.write(handle, text.encode())
        finally:
            os.close(handle)
        os.rename("keeper.new", name, src_dir_fd=self.home, dst_dir_fd=self.home)

    def _catch_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self.alarms = Alarms((signal.SIGCHLD, signal.SIGTERM))
        self.wakeup = self.alarms.handle
        self.poll.register(self.wakeup, select.POLLIN)
        # All, and not only those that are ignored here: of the others libc would first ask the kernel in every child.
        self.reset = sorted(int(number) for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})

    def _guard_memory(self) -> None:
        self.score = -1
        try:
            self.score = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
            own = min(500, int(os.read(self.score, 16)))
            self.own_score, self.child_score = b"%d" % own, b"%d" % (own + 500)
        except (OSError, ValueError):
            self.own_score = self.child_score = b"0"

    def mark_memory(self, score: bytes) -> None:
        """Children inherit the mark of the moment they are spawned: when memory runs out they go first."""
        try:
            os.pwrite(self.score, score, 0)
        except OSError:
            pass


def told() -> str:
    """The directory, when it was not known yet as we were started; "" when nobody tells any more."""
    size = os.read(0, 8)
    name = b""
    while size and len(name) < int(size) and (part := os.read(0, int(size) - len(name))):
        name += part
    if name:
        log = os.open(os.path.join(name, b"keeper.log"), LOG_FLAGS | os.O_CLOEXEC, 0o600)
        os.dup2(log, 2)
        os.close(log)
    return os.fsdecode(name)


def main(argv: list[str]) -> None:
    directory = told() if argv[1] == "-" else argv[1]
    if directory:
        Keeper(directory, float(argv[2]) if len(argv) > 2 else LINGER).serve()
    os._exit(0)  # somebody waits for the end, and there is nothing left to clear up


if __name__ == "__main__":
    main(sys.argv)
