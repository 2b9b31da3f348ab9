"""Work that goes on only when folders are durable, and many pieces of such work that wait for a disk together.

A piece is a generator: it yields the folders, is resumed when they are forced to disk, or gets the OSError that says
why they are not, and returns its result. Nothing of it is done before somebody takes it up. Knows no artifact.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator

from job_manager.model.hints import TYPE_CHECKING, Generic, TypeVar

R = TypeVar("R")

if TYPE_CHECKING:
    from typing import Protocol

    class Settles(Protocol):
        """A folder in which names have changed; equal to any other that is the same folder."""

        def settle(self) -> None:
            """Have its names outlive a power cut. Raises OSError."""

        def __hash__(self) -> int: ...

    Steps = Generator[Iterable[Settles], None, R]


def whole(work: Callable[[], R]) -> Steps[R]:
    """Work that waits for no folder."""
    return work()
    yield ()


def at_once(steps: Steps[R]) -> R:
    """Do it and wait. Raises what it raises."""
    [result] = together([steps])
    if isinstance(result, BaseException):
        raise result
    return result


def together(many: Iterable[Steps[R]]) -> Iterator[R | BaseException]:
    """What each comes to, or raises, in their order and as soon as it has. A folder for which several wait is forced to
    disk once."""
    pieces: deque[_Piece[R]] = deque()
    for steps in many:
        pieces.append(_Piece(steps))
        yield from _done(pieces)
    while pieces:
        waiting = [piece for piece in pieces if not piece.done]
        troubles = _settled(waiting)
        for piece in waiting:
            piece.go_on(next((troubles[folder] for folder in piece.folders if folder in troubles), None))
        yield from _done(pieces)


def _done(pieces: deque[_Piece[R]]) -> Iterator[R | BaseException]:
    while pieces and pieces[0].done:
        yield pieces.popleft().result


class _Piece(Generic[R]):
    """One on its way: `folders` are those for which it waits, unless it is done."""

    __slots__ = ("done", "folders", "result", "steps")

    result: R | BaseException

    def __init__(self, steps: Steps[R]) -> None:
        self.steps, self.done = steps, False
        self.folders: Iterable[Settles] = ()
        self.go_on(None)

    def go_on(self, trouble: OSError | None) -> None:
        """As far as it goes: its folders are durable, or there is trouble with one of them."""
        try:
            self.folders = next(self.steps) if trouble is None else self.steps.throw(trouble)
        except StopIteration as end:
            self.done, self.result = True, end.value
        except BaseException as error:
            self.done, self.result = True, error


def _settled(waiting: Iterable[_Piece[R]]) -> dict[Settles, OSError]:
    """Force the folders of all to disk; what went wrong with which."""
    troubles: dict[Settles, OSError] = {}
    for folder in dict.fromkeys(folder for piece in waiting for folder in piece.folders):
        try:
            folder.settle()
        except OSError as error:
            troubles[folder] = error
    return troubles
