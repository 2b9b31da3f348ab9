"""Many lives of the supervisor as it is installed, in a virtual world; see world.py. JM_SEED draws others.

Knows nothing but that a life judges itself. By command: `python -m tests.sim --seeds 20000`.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.sim.disk import Disk
from tests.sim.plan import FAULTS, LINES
from tests.sim.telling import Failure, kept, lived, shrunk
from tests.sim.world import World

PARTS, LIVES, MANY = 8, 125, 32  # 1,000 lives by default, and four times as many in the long lane


def judged(seed, without=()):
    """A life that has to be well; else how it is told again, as short as can be."""
    found = lived(seed, without)
    if isinstance(found, Failure):
        short = found if without else shrunk(found)
        pytest.fail("\n".join([*short.story[-60:], short.why, f"again: {short.line}"]), pytrace=False)
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_dies_and_whenever_all_promises_hold_and_all_comes_to_its_end(part, seed):
    for number in range(LIVES):
        judged(seed + number)


@pytest.mark.long
@pytest.mark.parametrize("part", range(MANY))
def test_it_is_so_in_many_lives(part, seed):
    for number in range(LIVES):
        judged(seed + number)


@pytest.mark.parametrize(("life", "without"), kept())
def test_what_has_failed_once_does_not_fail_again(life, without):
    judged(life, without)


def test_the_same_seed_is_the_same_life(seed):
    for number in range(5):
        assert World(seed + number).run().digest == World(seed + number).run().digest


def test_the_world_meets_what_it_is_there_for(seed):
    """A world in which nothing goes wrong proves nothing."""
    met: Counter[str] = Counter()
    wanted = {*FAULTS, *LINES} | {"refused", "attempt-lost", "lost", "returned"}
    for number in range(400):
        met += World(seed + number).run().met
        if wanted <= met.keys():
            break
    assert wanted <= met.keys(), sorted(wanted - met.keys())


def test_a_disk_that_syncs_nothing_is_found_out_and_the_life_is_made_short(seed, monkeypatch):
    """The control: a world that would not see this is blind."""
    monkeypatch.setattr(Disk, "sync", lambda self, node: True)
    failures = (lived(seed + number) for number in range(400))
    first = next(found for found in failures if isinstance(found, Failure))
    short = shrunk(first)
    assert len(short.without) >= len(first.without)
    assert isinstance(lived(short.seed, short.without), Failure)
    assert f"--from {short.seed} " in short.line + " "
