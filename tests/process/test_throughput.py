"""Thousands of short children through link and keeper, beside a bare posix_spawn loop: figures, not judgements."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

import pytest

AHEAD = 64
SAMPLE = 100


def bare(count: int) -> float:
    """Seconds per child of posix_spawn and waitpid alone, two at a time."""
    begin, live = time.perf_counter(), 0
    for _ in range(count):
        if live == 2:
            os.waitpid(-1, 0)
            live -= 1
        os.posix_spawn("/bin/true", ["/bin/true"], os.environ)
        live += 1
    for _ in range(live):
        os.waitpid(-1, 0)
    return (time.perf_counter() - begin) / count


def through(keeper, count: int) -> float:
    """Seconds per child through the keeper, two slots, a queue that is kept filled."""
    begin, sent = time.perf_counter(), 0
    while len(keeper.exits) < count:
        if sent < count and sent - len(keeper.exits) <= AHEAD * 3 // 4:
            until = min(count, len(keeper.exits) + AHEAD)
            keeper.link.start([keeper.order(str(one), "/bin/true", log="/dev/null") for one in range(sent, until)])
            sent = until
        select.select([keeper.link], [], [])
        for kind, content in keeper.link.receive():
            if kind == "exited":
                keeper.exits.update((record["token"], record) for record in content)
                keeper.link.forget([record["token"] for record in content])
    return (time.perf_counter() - begin) / count


def processor_time(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


@pytest.mark.parametrize("actions", [500, pytest.param(10_000, marks=pytest.mark.long)])
def test_thousands_of_short_actions(keeping, capsys, actions):
    keeper = keeping()
    keeper.hello(slots=2)
    first, used = bare(SAMPLE), processor_time(keeper.link.pid)
    each = through(keeper, actions)
    used = (processor_time(keeper.link.pid) - used) / actions
    alone = (first + bare(SAMPLE)) / 2
    with capsys.disabled():
        print(f"\n{actions} x /bin/true, 2 at a time: {each * 1e6:.0f} us each through the keeper (its own CPU")
        print(f"{used * 1e6:.0f} us), {alone * 1e6:.0f} us with posix_spawn alone: {each / alone:.2f}")
    assert {record["code"] for record in keeper.exits.values()} == {0}
    assert len(keeper.exits) == actions == len([line for line in keeper.lines("starts") if "began" in line])
