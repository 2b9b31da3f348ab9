"""`python -m tests.formats.fuzz job.yaml --seconds 30 --seed 7`: one search over one reader, or one input again.

Knows the command line; `--list` prints the readers, one a line.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from tests.formats.fuzz.explore import Current, Explorer, bound_memory, outcome
from tests.formats.fuzz.targets import Target, targets
from tests.formats.fuzz.watch import FOUND, fuzz


def main() -> int:
    known = targets()
    if os.environ.get("FUZZ_PLANTED"):
        from tests.formats.fuzz.planted import PLANTED

        known |= {target.name: target for target in PLANTED.values()}
    parser = argparse.ArgumentParser(prog="python -m tests.formats.fuzz")
    parser.add_argument("reader", nargs="?", choices=known, help="what is fuzzed")
    parser.add_argument("--list", action="store_true", help="print the readers, one a line")
    parser.add_argument("--seconds", type=float, default=30, help="how long (30)")
    parser.add_argument("--seed", type=int, default=0, help="other inputs (0)")
    parser.add_argument("--found", type=Path, default=FOUND, help="where inputs that break something are written")
    parser.add_argument("--one", type=Path, metavar="FILE", help="read this input once, within the same bounds")
    parser.add_argument("--inside", type=Path, nargs=2, metavar=("CURRENT", "RESULT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.list:
        print("\n".join(known))
        return 0
    if asked.reader is None:
        parser.error(f"which reader? {', '.join(known)}")
    target = known[asked.reader]
    if asked.one:
        return one(target, asked.one.read_bytes())
    if asked.inside:
        return inside(target, asked.seconds, asked.seed, *asked.inside)
    return min(1, fuzz(target, asked.seconds, asked.seed, asked.found))


def one(target: Target, raw: bytes) -> int:
    """Reads one input; the first line printed is the kind of its failure."""
    target.read(b"")  # imports are not the input's
    bound_memory()
    failure = outcome(target.read, raw)
    print(f"{failure.kind}\n{failure.shown}" if failure else "nothing wrong")
    return failure is not None


def inside(target: Target, seconds: float, seed: int, current: Path, result: Path) -> int:
    """The search itself, in the child."""
    explorer = Explorer(target, seed, Current(current))
    target.read(b"")
    bound_memory()
    found = explorer.search(seconds)
    failures = [{"kind": one.kind, "raw": one.raw.hex(), "shown": one.shown} for one in found.failures.values()]
    said = {"runs": found.runs, "kept": found.kept, "steps": found.steps, "failures": failures}
    result.write_text(json.dumps(said))
    return 0


sys.exit(main())
