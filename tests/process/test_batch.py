"""What is sent to a keeper in one go, and what is not to wait for the rest of it."""

from __future__ import annotations

from typing import Any

from job_manager.core.decide import StartAttempt
from job_manager.core.state import Lease
from job_manager.worker.batch import FEW, PROMPT, TOGETHER, Batch


class Link:
    """Notes how many orders come at a time."""

    def __init__(self) -> None:
        self.sent: list[int] = []

    def start(self, orders: list[Any]) -> None:
        self.sent.append(len(orders))

    def chain(self, gates: list[Any]) -> None:
        self.sent.append(len(gates))


def sent(count: int, idle: int, each: float, after: bool = False) -> list[int]:
    """How many orders come at a time when each takes so long (seconds) to be made ready."""
    link: Any = Link()
    batch = Batch(0.0, idle)
    for number in range(count):
        follows = ((number, 1),) if after else ()
        order: Any = {"token": f"j/{number}/1"}
        batch.start(StartAttempt("j", number + 1, 1, "w", follows), order, {0: Lease("w", 1)})
        batch.send_in_time(link, (number + 1) * each)
    assert batch.send(link, {}) == bool(count)
    found: list[int] = link.sent
    return found


def test_what_slots_have_nothing_to_do_without_is_sent_at_once():
    assert sent(20, idle=2, each=0.0001) == [2, 18]
    assert sent(20, idle=0, each=0.0001) == [20]
    assert sent(2, idle=2, each=0.0001) == [2] and sent(1, idle=2, each=0.0001) == [1]


def test_few_orders_belong_together_and_of_many_what_is_ready_is_sent():
    each = 2 * PROMPT
    assert FEW * each < TOGETHER
    assert sent(FEW, idle=0, each=each) == [FEW]
    assert sent(FEW + 3, idle=0, each=each) == [FEW + 1, 2]
    assert sent(4, idle=2, each=TOGETHER) == [1, 1, 1, 1]


def test_what_comes_after_something_fills_no_slot():
    assert sent(20, idle=2, each=0.0001, after=True) == [20]
