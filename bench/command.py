"""The command line of the benchmark: which workloads, beside whom, how often; and where the figures go.

Runs what is installed and says what it leaves out. It does not know whether a figure is good.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

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
    parser.add_argument("--n", type=positive, help="actions of every workload that has many")
    parser.add_argument("--rounds", type=positive, help=f"({ROUNDS}, with --quick {QUICK_ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="small sizes: minutes, not half an hour")
    parser.add_argument("--check", action="store_true", help="beside what is kept in bench/checking.py: exit 0 or 1")
    parser.add_argument("--results", type=Path, default=HERE / "results", metavar="DIR", help="where figures go")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/explanation/performance.md")
    asked = parser.parse_args(words)
    asked.against = list(filter(None, map(str.strip, asked.against.split(","))))
    wrong = unknown("workload", asked.keys, keys) or unknown("peer", asked.against, list(PEERS)) or misfit(asked)
    if wrong:
        parser.error(wrong)
    return asked


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def unknown(what: str, names: Sequence[str], known: Sequence[str]) -> str:
    """What is to be said of names that nobody has."""
    if not (strange := [name for name in names if name not in known]):
        return ""
    near = get_close_matches(strange[0].upper() if what == "workload" else strange[0], known, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {' '.join(known)}"
    return f"no such {what}: {' '.join(strange)}; {hint}"


def misfit(asked: argparse.Namespace) -> str:
    """What does not go together."""
    smaller = asked.quick or asked.n or asked.rounds or asked.against != list(PEERS)
    if asked.write_docs and (asked.keys or smaller or asked.check):
        return "--write-docs replaces the whole table: it goes with --results and nothing else"
    if asked.check and (smaller or asked.write_docs):
        return "--check has sizes and peers of its own: it goes with workloads and --results only"
    bounded = {bound.key for bound in checking.BOUNDS}
    if asked.check and (free := [key for key in asked.keys if key not in bounded]):
        return f"there is no bound to check for {' '.join(free)}, but for {' '.join(sorted(bounded))}"
    return ""


def main(words: Sequence[str] | None = None) -> int:
    asked = arguments(words)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        return run(asked)
    except KeyboardInterrupt:
        kept = asked.results / "latest.json"
        say(f"interrupted; what had been measured before is in {kept}" if kept.exists() else "interrupted")
        return 130
    except OSError as error:
        say(f"bench/run: {error.filename or asked.results}: {error.strerror}")
        return 1


def interrupted(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def run(asked: argparse.Namespace) -> int:
    """Measure what is asked for and show it; the exit code. Raises OSError where the figures cannot be kept."""
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
        say(f"{workload.key} {titled(workload, n)}: {rounds} round{'s' * (rounds > 1)}")
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
