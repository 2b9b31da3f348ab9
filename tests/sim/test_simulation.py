"""Many lives of a farm, each from its seed. JM_SEED draws others; a failure prints how to repeat it.

Knows nothing but that a simulation judges itself.
"""

from __future__ import annotations

from collections import Counter

import pytest

from job_manager.core import events as e
from tests.sim.simulation import Simulation

FEW, MANY, LIVES = 25, 10, 50  # by default, and in the long lane: so many times so many


@pytest.mark.parametrize("number", range(FEW))
def test_whatever_happens_the_promises_hold_and_the_job_ends(number, seed):
    print(f"simulation of seed {seed}")
    Simulation(seed).run_to_the_end()


@pytest.mark.long
@pytest.mark.parametrize("part", range(MANY))
def test_it_is_so_in_many_lives(part, seed):
    for number in range(LIVES):
        print(f"simulation of seed {seed + number}")
        Simulation(seed + number).run_to_the_end()


def test_the_same_seed_gives_the_same_history(seed):
    one, two = Simulation(seed), Simulation(seed)
    one.run_to_the_end()
    two.run_to_the_end()
    assert one.journal == two.journal


def test_the_simulation_meets_what_it_is_there_for(seed):
    """A simulation in which nothing goes wrong proves nothing."""
    met: Counter[type] = Counter()
    for number in range(60):
        farm = Simulation(seed + number)
        farm.run_to_the_end()
        met.update(type(event) for event in farm.journal)
        if set(met) == set(e.NAMES):
            break
    assert set(met) == set(e.NAMES), sorted(e.NAMES[kind] for kind in set(e.NAMES) - set(met))
