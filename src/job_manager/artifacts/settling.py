"""Work that goes on only when something is durable, and many pieces of such work that wait for a disk together.

A piece is a generator: it yields what is to be forced to disk, is resumed when it is, or gets the error (OSError) that
says why it is not, and returns its result. Nothing of it is done before somebody takes it up. Knows no artifact.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial

from job_manager.model.hints import TYPE_CHECKING, Generic, TypeVar

R = TypeVar("R")

if TYPE_CHECKING:
    import threading
    from queue import SimpleQueue
    from typing import Protocol

    class Settles(Protocol):
        """What is to be forced to disk; equal to any other that is the same."""

        def settle(self) -> None:
            """Have it outlive a power cut. Raises OSError."""

        def __hash__(self) -> int: ...

    Steps = Generator[Iterable[Settles], None, R]
    Settle = Callable[[list[Settles]], dict[Settles, Exception]]


def whole(work: Callable[[], R]) -> Steps[R]:
    """Work that waits for no disk."""
    return work()
    yield ()


def at_once(steps: Steps[R]) -> R:
    """Do it and wait. Raises what it raises."""
    [result] = together([steps])
    if isinstance(result, BaseException):
        raise result
    return result


def one_by_one(things: list[Settles]) -> dict[Settles, Exception]:
    """Force them to disk; what went wrong with which."""
    troubles: dict[Settles, Exception] = {}
    for thing in things:
        _settle(thing, troubles)
    return troubles


def _settle(thing: Settles, troubles: dict[Settles, Exception]) -> None:
    try:
        thing.settle()
    except Exception as error:  # whoever waits for it gets it, whatever it is, and nobody waits for ever
        troubles[thing] = error


def together(many: Iterable[Steps[R]], settle: Settle = one_by_one) -> Iterator[R | BaseException]:
    """What each comes to, or raises, in their order and as soon as it has. A folder for which several wait is forced to
    disk once. `settle`: who does that."""
    pieces: deque[_Piece[R]] = deque()
    for steps in many:
        pieces.append(_Piece(steps))
        yield from _done(pieces)
    while pieces:
        waiting = [piece for piece in pieces if not piece.done]
        troubles = settle(list(dict.fromkeys(thing for piece in waiting for thing in piece.things)))
        for piece in waiting:
            piece.go_on(next((troubles[thing] for thing in piece.things if thing in troubles), None))
        yield from _done(pieces)


def _done(pieces: deque[_Piece[R]]) -> Iterator[R | BaseException]:
    while pieces and pieces[0].done:
        yield pieces.popleft().result


class _Piece(Generic[R]):
    """One on its way: `things` are what it waits for, unless it is done."""

    __slots__ = ("done", "result", "steps", "things")

    result: R | BaseException

    def __init__(self, steps: Steps[R]) -> None:
        self.steps, self.done = steps, False
        self.things: Iterable[Settles] = ()
        self.go_on(None)

    def go_on(self, trouble: Exception | None) -> None:
        """As far as it goes: its things are durable, or there is trouble with one of them."""
        try:
            self.things = next(self.steps) if trouble is None else self.steps.throw(trouble)
        except StopIteration as end:
            self.done, self.result = True, end.value
        except BaseException as error:
            self.done, self.result = True, error


def begun(work: Callable[[], None], name: str) -> threading.Thread | None:
    """A thread that does this; None where there can be no more of them."""
    import threading  # few have anything to wait for

    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


class SettlePool:
    """Forces several things to disk at the same time, in threads that are started when first needed: most of the time
    of each goes by in waiting, for the disk and then for a processor."""

    def __init__(self, most: int = 4) -> None:
        self._most, self._helpers = most, 0

    def __call__(self, things: list[Settles]) -> dict[Settles, Exception]:
        """Do it; what went wrong with which."""
        if len(things) < 2:
            return one_by_one(things)
        troubles: dict[Settles, Exception] = {}
        left = deque(things)
        helped = self._help(min(self._most, len(things)) - 1, partial(_settle_all, left, troubles))
        _settle_all(left, troubles)
        for ended in helped:
            ended.get()
        return troubles

    def _help(self, count: int, work: Callable[[], None]) -> list[SimpleQueue[None]]:
        """Have so many others do it, too, or as many as there can be; where each says that it has."""
        from queue import SimpleQueue

        if not self._helpers:
            self._asked: SimpleQueue[tuple[Callable[[], None], SimpleQueue[None]] | None] = SimpleQueue()
        while self._helpers < count and begun(self._run, "settling") is not None:
            self._helpers += 1
        ended: SimpleQueue[None] = SimpleQueue()
        helped = [ended] * min(count, self._helpers)
        for _ in helped:
            self._asked.put((work, ended))
        return helped

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            work, ended = asked
            work()
            ended.put(None)

    def close(self) -> None:
        """Let the threads go."""
        for _ in range(self._helpers):
            self._asked.put(None)


def _settle_all(left: deque[Settles], troubles: dict[Settles, Exception]) -> None:
    while left:
        try:
            thing = left.popleft()
        except IndexError:
            return
        _settle(thing, troubles)
