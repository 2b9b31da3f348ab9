"""What a mutant is, and the files of the product that have some. Knows none of them."""

from __future__ import annotations

from typing import NamedTuple

WORLD, FARM = "world", "farm"  # lives of world.py and of simulation.py; anything else is a test for pytest


class Mutant(NamedTuple):
    """`file` below src/job_manager; `old` stands there once. `killers`: WORLD, FARM or tests."""

    name: str
    file: str
    old: str
    new: str
    killers: tuple[str, ...] = (WORLD,)


HOST, WORKER, KEEPER, ADOPTION = "app/host.py", "worker/worker.py", "worker/keeper.py", "worker/adoption.py"
PROCESSES, CHILD, CHILDREN = "worker/processes.py", "worker/child.py", "worker/children.py"
JOURNAL, ENGINE, STORE, COPYING = (
    "engines/sqlite/journal.py",
    "engines/sqlite/engine.py",
    "artifacts/store.py",
    "artifacts/copying.py",
)
ADMIT, DECIDE, POLICY, EVOLVE = "core/admit.py", "core/decide.py", "core/policy.py", "core/evolve.py"
SUPERVISOR, INBOX, HOME = "supervisor/supervisor.py", "app/inbox.py", "app/home.py"
