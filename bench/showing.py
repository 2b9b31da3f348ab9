"""The figures as a table, a picture and a document, and the machine they belong to. Knows no program that was run.

The picture is written by hand: bars need no library.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import time
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from running import Row

HEAD = ("", "", "", "wall", "CPU", "peak MiB", "jm takes, wall", "jm takes, CPU")
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
BAR, LABEL, WIDTH = 15, 330, 420


def table(rows: Iterable[Row]) -> str:
    """Markdown that is as easily read on a terminal: medians, and how many times as much jm takes as each other."""
    body = [HEAD, *(line for row in rows for line in cells(row))]
    widths = [max(len(line[column]) for line in body) for column in range(len(HEAD))]
    lines = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in body]
    rule = "|" + "|".join("-" * (width + 1) + (":" if number > 2 else "-") for number, width in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def cells(row: Row) -> Iterator[tuple[str, ...]]:
    for name in row.wall:
        first = name == "jm"
        times = ["", ""] if first else [f"{row.times(name, of):.2f}x" for of in (row.wall, row.cpu)]
        figures = [seconds(statistics.median(of[name])) for of in (row.wall, row.cpu)]
        yield (row.key if first else "", row.title if first else "", name, *figures, f"{row.peak[name]:.0f}", *times)


def seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def machine(folder: Path) -> dict[str, str]:
    """What the figures depend on; a sync to disk is measured where the benchmark's files lie."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": f"{processor()}, {len(os.sched_getaffinity(0))} cores",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load before": f"{os.getloadavg()[0]:.1f}",
        "fsync": f"{sync_time(folder) * 1000:.2f} ms",
    }


def processor() -> str:
    try:
        models = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        models = []
    return models[0] if models else platform.machine()


def sync_time(folder: Path, times: int = 50) -> float:
    """Seconds that a small append takes to reach the disk: the median."""
    taken = []
    path = folder / "synced"
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            start = time.monotonic()
            file.write(b"x" * 100)
            os.fsync(file.fileno())
            taken.append(time.monotonic() - start)
    path.unlink()
    return statistics.median(taken)


def told(place: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" if name not in {"date", "processor"} else value for name, value in place.items())


def picture(rows: Iterable[Row]) -> str:
    """An SVG of bars; in each workload the longest bar is the slowest contender."""
    parts, y = [], BAR
    for row in rows:
        parts.append(text(4, y, f"{row.key} {row.title}", "font-weight='bold'"))
        medians = {name: statistics.median(taken) for name, taken in row.wall.items()}
        for name, median in medians.items():
            parts.append(text(LABEL - 90, y, name))
            parts.append(bar(y, WIDTH * median / max(medians.values()), "#c2410c" if name == "jm" else "#94a3b8"))
            parts.append(text(LABEL + WIDTH + 6, y, seconds(median)))
            y += BAR
        y += BAR
    size = f"width='{LABEL + WIDTH + 90}' height='{y}'"
    style = "font-family='sans-serif' font-size='11'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size} {style}>{''.join(parts)}</svg>\n"


def text(x: float, y: float, words: str, style: str = "") -> str:
    return f"<text x='{x}' y='{y}' {style}>{escape(words)}</text>"


def bar(y: float, width: float, colour: str) -> str:
    return f"<rect x='{LABEL}' y='{y - BAR + 5}' width='{max(width, 1):.1f}' height='{BAR - 3}' fill='{colour}'/>"


def into_page(page: Path, words: str) -> None:
    """Puts the words between the two marks of the page. Raises ValueError when it has none."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{page}: no {BEGIN} ... {END}")
    page.write_text(f"{before}{begin}\n{words}\n{end}{after}")
