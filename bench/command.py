"""The command line of the benchmark: which workloads, beside whom, how often; and where the figures go.

Runs what is installed and says what it leaves out. It does not know whether a figure is good.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from bench import checking
from bench.compiled import compiled
from bench.peers import PEERS
from bench.running import Row, RunFailed, measure
from bench.showing import disturbed, into_page, machine, picture, table, told, verdict
from bench.workloads import HERE, LIMITS, WORKLOADS, Workload, installed, missing

PAGE = HERE.parent / "docs/explanation/performance.md"
PICTURE = HERE.parent / "docs/images/speed.svg"
QUICK_ROUNDS, ROUNDS = 3, 5
EPILOG = """\
bench/install installs the peers that are missing. --check is what CI does: small sizes, and exit code 1 when jm takes
more beside its peers than it did."""


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    keys = sorted({workload.key for workload in WORKLOADS})
    about = "Measures jm beside its peers, in turn with them. The table is printed, all figures go to bench/results."
    parser = argparse.ArgumentParser(prog="bench/run", description=about, epilog=EPILOG)
    parser.add_argument("keys", nargs="*", metavar="W", help=f"which: {' '.join(keys)} (default: all)")
    parser.add_argument("--against", default=",".join(PEERS), metavar="NAME,...", help="peers (default: %(default)s)")
    parser.add_argument("--n", type=int, help="actions of every workload that has many")
    parser.add_argument("--rounds", type=int, help=f"({ROUNDS}, with --quick {QUICK_ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="small sizes: minutes, not half an hour")
    parser.add_argument("--check", action="store_true", help="beside what is kept in bench/checking.py: exit 0 or 1")
    parser.add_argument("--results", type=Path, default=HERE / "results", metavar="DIR", help="where figures go")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/explanation/performance.md")
    asked = parser.parse_args(words)
    asked.against = list(filter(None, asked.against.split(",")))
    if unknown := [key for key in asked.keys if key not in keys]:
        parser.error(f"no such workload: {' '.join(unknown)}; there are {' '.join(keys)}")
    if unknown := [name for name in asked.against if name not in PEERS]:
        parser.error(f"no such peer: {' '.join(unknown)}; there are {' '.join(PEERS)}")
    return asked


def main(words: Sequence[str] | None = None) -> int:
    asked = arguments(words)
    asked.results.mkdir(parents=True, exist_ok=True)
    place = machine(asked.results)
    say(told(place))
    try:
        with tempfile.TemporaryDirectory(dir=asked.results, prefix="scratch-") as scratch:
            if asked.check:
                return checking.check(asked.keys, Path(scratch), say)
            rows: list[Row] = []
            for some in measured(asked, Path(scratch)):
                rows += some
                keep(asked.results, place, rows)
                say(table(some))
    except RunFailed as error:
        say(str(error))
        return 1
    shown = table(rows)
    print(f"{shown}\n\n{verdict(rows)}", flush=True)
    if asked.quick or asked.n:
        say("these sizes are not those for which it is said what is to be reached")
    if busy := disturbed(place):
        say(busy)
    say(f"every figure, the table and a picture: {asked.results / 'latest.json'}, .md, .svg")
    if asked.write_docs:
        PICTURE.write_text(picture(rows))
        into_page(PAGE, f"\n{told(place)}.\n\n{shown}\n\n{verdict(rows)}\n")
    return 0


def keep(results: Path, place: dict[str, str], rows: list[Row]) -> None:
    """Everything that is known by now: who stops it half-way has the first half."""
    figures = {"machine": place, "rows": [asdict(row) for row in rows]}
    (results / "latest.json").write_text(json.dumps(figures, indent=1) + "\n")
    (results / "latest.md").write_text(f"{told(place)}.\n\n{table(rows)}\n\n{verdict(rows)}\n")
    (results / "latest.svg").write_text(picture(rows))


def measured(asked: argparse.Namespace, scratch: Path) -> Iterator[list[Row]]:
    """The rows of one workload after the other."""
    names = contenders(asked.against)
    for number, workload in enumerate(WORKLOADS):
        if asked.keys and workload.key not in asked.keys:
            continue
        n = (asked.n if asked.n and workload.full > 1 else 0) or (workload.quick if asked.quick else workload.full)
        rounds = min(asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS), workload.most)
        if lacking := missing(workload):
            say(f"{workload.key} {titled(workload, n)}: left out, since there is no {' and no '.join(lacking)}")
            continue
        say(f"{workload.key} {titled(workload, n)}: {rounds} rounds")
        yield measure(workload, names, n, rounds, scratch / str(number))


def contenders(against: Sequence[str]) -> set[str]:
    """Everybody who is there, of the peers only those that are asked for; says who is missing."""
    absent = [name for name in against if not installed(name)]
    if absent:
        say(f"not installed, so left out: {' '.join(absent)}; `bench/install {' '.join(absent)}` installs them")
    if compiled("limit") is None:
        say("there is no C compiler: a loop in Python stands in for the limit")
    everybody = {name for workload in WORKLOADS for name in workload.contenders}
    own = {name for name in everybody if name not in PEERS and (name not in LIMITS or installed(name))}
    return own | (set(against) - set(absent))


def titled(workload: Workload, n: int) -> str:
    return workload.title.format(n=f"{n:,}")


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
