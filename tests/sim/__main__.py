"""`python -m tests.sim --seeds 20000 [--from N]`: that many lives; a failing one is made short, printed and kept.

Knows nothing of what is right; `tests.sim.mutants` shows that what is wrong is found.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src")]  # the code beside these tests, whatever is installed

from tests.sim.telling import Failure, keep, lived, shrunk  # noqa: E402

HANGS = 60.0  # seconds after which one life is taken to hang


def main() -> int:
    words = argparse.ArgumentParser(
        prog="python -m tests.sim", description="Lives in a virtual world, each from its seed."
    )
    words.add_argument("--seeds", type=int, default=1000, help="how many lives (1000)")
    words.add_argument("--from", type=int, default=0, dest="first", help="the first seed (0)")
    words.add_argument("--without", default="", help="names of misfortunes and jobs that are left out: f1,f3,j2")
    words.add_argument("--story", action="store_true", help="print what happens in each life")
    words.add_argument("--keep", action="store_true", help="write failing lives to tests/sim/regressions.txt")
    words.add_argument("--most", type=int, default=5, help="stop after so many failures (5)")
    said = words.parse_args()
    without = tuple(filter(None, said.without.split(",")))
    return _live(range(said.first, said.first + said.seeds), without, said)


def _live(seeds: range, without: tuple[str, ...], said: argparse.Namespace) -> int:
    met: Counter[str] = Counter()
    failed = 0
    began = time.monotonic()
    for number, seed in enumerate(seeds, 1):
        faulthandler.dump_traceback_later(HANGS, exit=True)
        found = lived(seed, without)
        if isinstance(found, Failure):
            failed += 1
            _tell(found if without else shrunk(found), said.keep)
        else:
            met += found.met
            if said.story:
                print("\n".join(found.story))
        if number % 500 == 0 or number == len(seeds):
            print(f"{number} lives, {failed} failed, {time.monotonic() - began:.1f} s", flush=True)
        if failed >= said.most:
            break
    print(", ".join(f"{word} {count}" for word, count in sorted(met.items())))
    return 1 if failed else 0


def _tell(failure: Failure, keeps: bool) -> None:
    print("\n".join([*failure.story[-60:], failure.why, f"again: {failure.line}"]), flush=True)
    if keeps:
        keep(failure)


if __name__ == "__main__":
    sys.exit(main())
