"""Reads one big job in every language: `.venv/bin/python bench/languages.py`, a table of seconds and MiB.

With `--beside DIR` the same by the code of another checkout, in turn, and the ratio of the two. Each figure is that of
a whole `jm check`, with the process in which a script is executed. It does not know whether a figure is good.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:1] = [str(ROOT), str(ROOT / "src")]

from bench.showing import machine, told  # noqa: E402
from tests.formats.big import WRITERS, big  # noqa: E402

CHECK = ("-P", "-m", "job_manager", "check", "--format")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/languages.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("languages", nargs="*", metavar="LANGUAGE", help=f"which: {' '.join(WRITERS)} (default: all)")
    parser.add_argument("--n", type=int, default=100_000, help="actions (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of each the median counts (%(default)s)")
    parser.add_argument("--beside", type=Path, metavar="DIR", help="another checkout, measured in turn with this one")
    asked = parser.parse_args()
    if unknown := [name for name in asked.languages if name not in WRITERS]:
        parser.error(f"no such language: {' '.join(unknown)}; there are {' '.join(WRITERS)}")
    return asked


def checked(root: Path, language: str, file: Path) -> dict[str, float]:
    """What one `jm check` by the code of this checkout took."""
    argv = [sys.executable, *CHECK, language, str(file)]
    command = [sys.executable, "-I", "-S", str(HERE / "measure.py"), *argv]
    env = os.environ | {"PYTHONPATH": str(root / "src")}
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=file.parent, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    if found["exit"]:
        sys.exit(f"jm check failed: {' '.join(argv)}")
    return found


def main() -> None:
    asked = arguments()
    roots = [ROOT, *([asked.beside] if asked.beside else [])]
    with tempfile.TemporaryDirectory() as folder:
        print(told(machine(Path(folder))) + "\n")
        ratio = " beside, CPU | takes |" if asked.beside else ""
        print(f"| {asked.n:,} actions | text | wall | CPU | peak |{ratio}")
        print(f"|---|---:|---:|---:|---:|{'---:|---:|' if asked.beside else ''}")
        for language in asked.languages or WRITERS:
            file = Path(folder, "job")
            file.write_bytes(big(language, asked.n))
            rounds = [[checked(root, language, file) for root in roots] for _ in range(asked.rounds)]
            print(row(language, file.stat().st_size, rounds), flush=True)


def row(language: str, size: int, rounds: list[list[dict[str, float]]]) -> str:
    """One line of the table: medians, and of two checkouts the median of the rounds' ratios."""
    own = {key: statistics.median(each[0][key] for each in rounds) for key in ("wall", "cpu", "peak")}
    text = f"{size / 1e6:.1f} MB" if size > 1e6 else f"{size / 1e3:.0f} kB"
    line = f"| {language} | {text} | {own['wall']:.1f} s | {own['cpu']:.1f} s | {own['peak']:.0f} MiB |"
    if len(rounds[0]) == 1:
        return line
    other = statistics.median(each[1]["cpu"] for each in rounds)
    ratio = statistics.median(each[0]["cpu"] / each[1]["cpu"] for each in rounds)
    return f"{line} {other:.1f} s | {ratio:.2f}x |"


if __name__ == "__main__":
    main()
