"""Whether jm takes more beside its peers than it did: small workloads, ratios in one run, never seconds. What CI asks.

A ratio is of processor time, which what else the machine does changes little; jm is well when the median of the rounds
is below the bound. Knows the bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.running import Row, measure
from bench.workloads import WORKLOADS, Workload, installed

ROUNDS = 5


@dataclass(frozen=True)
class Bound:
    """`most`: times as much processor time as that contender jm may take. `title`: how the workload's begins."""

    key: str
    title: str
    n: int
    against: str
    most: float


# A quarter and more above what was measured while both cores had other work, on the machine on which it is most: on an
# EPYC 1.25, 1.6, 0.9, 1.8, 3.6 and 14, on a Xeon with a Python that is not optimized 1.1, 1.93, 1.2, 2.4, 3.2 and 13.
BOUNDS = (
    Bound("W1", "", 1000, "xargs", 1.65),
    Bound("W1", "", 1000, "make", 2.4),
    Bound("W3", "", 400, "ninja", 1.5),
    Bound("W3", "", 400, "make", 3.0),
    Bound("W5", "plan", 20_000, "make", 5.0),
    Bound("W6", "one action, to exit", 1, "python", 18.0),
)


def check(keys: Iterable[str], scratch: Path, say: Callable[[str], None]) -> int:
    """Measure what has bounds (of these workloads, or all); 1 when one is exceeded."""
    wanted = set(keys)
    failed = False
    for number, bounds in enumerate(grouped(bound for bound in BOUNDS if not wanted or bound.key in wanted)):
        row = measured(bounds, scratch / str(number))
        for bound in bounds:
            failed = judge(bound, row, say) or failed
    return int(failed)


def grouped(bounds: Iterable[Bound]) -> list[list[Bound]]:
    """Those of one workload together: it is measured once."""
    groups: dict[tuple[str, str, int], list[Bound]] = {}
    for bound in bounds:
        groups.setdefault((bound.key, bound.title, bound.n), []).append(bound)
    return list(groups.values())


def measured(bounds: list[Bound], scratch: Path) -> Row:
    names = {"jm", *(bound.against for bound in bounds if installed(bound.against))}
    return measure(workload_of(bounds[0]), names, bounds[0].n, ROUNDS, scratch)[-1]


def workload_of(bound: Bound) -> Workload:
    return next(each for each in WORKLOADS if each.key == bound.key and each.title.startswith(bound.title))


def judge(bound: Bound, row: Row, say: Callable[[str], None]) -> bool:
    """Say how it is; True when it is not well."""
    if bound.against not in row.cpu:
        say(f"{bound.key}: {bound.against} is not installed, so not compared")
        return False
    ratio = row.times(bound.against, row.cpu)
    exceeded = ratio > bound.most
    said = f"jm takes {ratio:.2f}x the processor time of {bound.against}, at most {bound.most:.2f}x"
    say(f"{'SLOWER' if exceeded else 'well'}: {bound.key} {row.title}: {said}")
    return exceeded
