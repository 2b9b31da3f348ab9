"""Who is connected to the holder of a state directory: what they say, and what they are told. Decides nothing.

A caller says that a request waits, that it waits for a job, that it looks on, or that the holder should end. What was
missed is missed: whoever connects looks at the journal for all that was before.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterable

from job_manager.app.wire import Gone, Peer, accept, listen
from job_manager.model.hints import TYPE_CHECKING, Any
from job_manager.model.record import NamedTuple

if TYPE_CHECKING:
    import socket

MOST = 256  # connections at once; what comes beyond is closed, and looks at the journal from time to time
LOOK = 30.0  # seconds after which requests are looked for although nobody says that there are any
POKE, RUN, WATCH, DONE, DOWN, REMOVE, LEFT = "poke", "run", "watch", "done", "down", "remove", "left"
HEARD, MOVED, HERE = "heard", "moved", "here"
FIELDS = {POKE: (str,), RUN: (str, dict, int, int), WATCH: (str,), DONE: (str,), DOWN: (str,), REMOVE: (str, str)}


class Word(NamedTuple):
    """What a caller has said: `kind` is POKE (request id), RUN (job, environment, umask, slots), WATCH (job), DONE
    (job: its end is seen to), DOWN (how), REMOVE (request id, job) or LEFT (job: who ran it is gone)."""

    kind: str
    fields: tuple[Any, ...]


class _Caller:
    __slots__ = ("awaits", "jobs", "late", "peer", "runs")

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.jobs: set[str] = set()  # of which it hears
        self.runs: set[str] = set()  # that it waits for, and sees to their end
        self.awaits: set[str] = set()  # requests whose answer it waits for
        self.late: set[str] = set()  # jobs of which it is to hear as soon as it has read the rest


class Callers:
    """The connections at the socket `path`; nobody can connect before `open`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._listener: socket.socket | None = None
        self._callers: dict[int, _Caller] = {}
        self._look_at = 0.0

    def open(self) -> None:
        """Let others connect. Raises OSError."""
        if self._listener is None:
            self._listener = listen(self._path)

    def readers(self) -> list[Any]:
        """What to wait on for reading."""
        listener = [] if self._listener is None else [self._listener]
        return [*listener, *(caller.peer for caller in self._callers.values())]

    def writers(self) -> list[Any]:
        """What to wait on for writing."""
        return [caller.peer for caller in self._callers.values() if caller.peer.wants_write]

    def next_timeout(self) -> float | None:
        """Seconds until `attend` has something to say although nobody has said anything."""
        return None if self._listener is None else max(0.0, self._look_at - time.monotonic())

    def attend(self) -> list[Word]:
        """Whatever has been said by now, and now and then that requests may wait: whoever put one down may have been
        killed or turned away before saying so. Looks only where there is something."""
        if self._listener is None:
            return []
        return [*self._heard(), *self._unsaid()]

    def _unsaid(self) -> list[Word]:
        now = time.monotonic()
        if now < self._look_at:
            return []
        self._look_at = now + LOOK
        return [Word(POKE, ("",))]

    def _heard(self) -> list[Word]:
        for caller in list(self._callers.values()):
            caller.peer.flush()
            self._catch_up(caller)
        ready, _, _ = select.select(self.readers(), [], [], 0)
        words: list[Word] = []
        for one in ready:
            if one is self._listener:
                self._accept()
            else:
                words += self._listen(self._callers[one.fileno()])
        return words

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            while True:
                peer = accept(self._listener)
                if len(self._callers) < MOST:
                    self._callers[peer.fileno()] = _Caller(peer)
                    peer.send(HERE, os.getpid())
                else:
                    peer.close()
        except OSError:
            pass  # no more, or gone again

    def _listen(self, caller: _Caller) -> list[Word]:
        try:
            said = [_understood(message) for message in caller.peer.receive()]
        except Gone:
            return self._drop(caller)
        for word in said:
            self._note(caller, word)
        return said

    def _note(self, caller: _Caller, word: Word) -> None:
        subject = word.fields[0]
        if word.kind in (POKE, REMOVE):
            caller.awaits.add(subject)
        elif word.kind in (RUN, WATCH):
            caller.jobs.add(subject)
            caller.late.add(subject)  # what has happened before we heard of it
            self._catch_up(caller)
            if word.kind == RUN:
                caller.runs.add(subject)
        elif word.kind == DONE:
            caller.runs.discard(subject)

    def _drop(self, caller: _Caller) -> list[Word]:
        del self._callers[caller.peer.fileno()]
        caller.peer.close()
        return [Word(LEFT, (job,)) for job in sorted(caller.runs)]

    def runs(self, job: str) -> bool:
        """Whether somebody is connected who waits for the job and sees to its end."""
        return any(job in caller.runs for caller in self._callers.values())

    def moved(self, jobs: Iterable[str]) -> None:
        """Something has happened to these jobs, and is in the journal."""
        moved = set(jobs)
        for caller in self._callers.values():
            caller.late |= moved & caller.jobs
            self._catch_up(caller)

    def _catch_up(self, caller: _Caller) -> None:
        # Once is enough, however often a job moves until it is read.
        while caller.late and not caller.peer.wants_write:
            caller.peer.send(MOVED, caller.late.pop())

    def answer(self, request: str, refusal: tuple[str, str] | None) -> None:
        """What has come of a request: None, or why it was refused and what to do."""
        for caller in self._callers.values():
            if request in caller.awaits:
                caller.awaits.discard(request)
                caller.peer.send(HEARD, request, refusal)

    def awaited(self) -> set[str]:
        """Requests whose answer somebody waits for."""
        return {request for caller in self._callers.values() for request in caller.awaits}

    def close(self) -> None:
        """Nobody can connect any more; whoever is connected sees that it is over."""
        if self._listener is None:
            return
        try:
            os.unlink(self._path)
        except OSError:
            pass
        self._listener.close()
        self._listener = None
        for caller in self._callers.values():
            caller.peer.close()
        self._callers.clear()


def _understood(message: list[Any]) -> Word:
    kind, *fields = message
    kinds = FIELDS.get(kind)
    if kinds is None or len(fields) != len(kinds) or not all(map(isinstance, fields, kinds)):
        raise Gone
    return Word(kind, tuple(fields))
