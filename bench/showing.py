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

from bench.running import Row
from bench.targets import seconds

HEAD = ("", "", "", "wall", "CPU", "MiB", "jm takes, wall", "jm takes, CPU", "what was to be reached")
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
BAR, LABEL, WIDTH = 15, 360, 420
LONGEST = 8  # times jm: a bar is not drawn longer than that
NUMBERS = range(3, 8)  # columns that are set to the right
LIMITS = ("C", "loop")


def table(rows: Iterable[Row]) -> str:
    """Markdown that is as easily read on a terminal: medians, how many times as much jm takes, and the targets."""
    body = [HEAD, *(line for row in rows for line in cells(row))]
    widths = [max(len(line[column]) for line in body) for column in range(len(HEAD))]
    lines = ["| " + " | ".join(map(set_in, line, widths, range(len(HEAD)))) + " |" for line in body]
    rule = "|".join("-" * (width + 1) + (":" if at in NUMBERS else "-") for at, width in enumerate(widths))
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def set_in(word: str, width: int, column: int) -> str:
    return word.rjust(width) if column in NUMBERS else word.ljust(width)


def cells(row: Row) -> Iterator[tuple[str, ...]]:
    for name in row.wall:
        first = name == "jm"
        fewer = f" ({row.actions[name]:,})" if row.actions[name] != row.actions["jm"] else ""
        times = ["", ""] if first else [f"{row.times(name, of):.2f}x" for of in (row.wall, row.cpu)]
        wall, cpu = statistics.median(row.wall[name]), statistics.median(row.cpu[name])
        figures = [f"{wall:.2%}" if row.figure == "idle" else seconds(wall), seconds(cpu), f"{row.peak[name]:.0f}"]
        judged = "; ".join(row.judged(name))
        yield (row.key if first else "", row.title if first else "", name + fewer, *figures, *times, judged)


def verdict(rows: Iterable[Row]) -> str:
    """How many of the bounds that have to be reached are, and which are not."""
    judged = [(row, text) for row in rows for name in row.wall for text in row.judged(name) if "must" in text]
    missed = [(row, text) for row, text in judged if "NO" in text.partition("; aim")[0]]
    said = f"{len(judged) - len(missed)} of the {len(judged)} that have to be reached are."
    return "\n".join([said, *(f"- not {row.key} {row.title}: {text}" for row, text in missed)])


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


def disturbed(place: dict[str, str]) -> str:
    """What is to be said when the machine had other work before all began; "" when it had little."""
    if float(place["load before"]) < len(os.sched_getaffinity(0)) / 2:
        return ""
    return f"the load was {place['load before']} before: seconds are too long, and only the ratios of CPU say something"


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
    """An SVG of bars, in each workload from the shortest to the longest; what is much longer than jm's is cut off."""
    parts, y = [], BAR
    for row in rows:
        parts.append(text(4, y, f"{row.key} {row.title}", "font-weight='bold'"))
        each = {name: statistics.median(taken) / row.actions[name] for name, taken in row.wall.items()}
        longest = min(max(each.values()), LONGEST * each["jm"]) or 1.0
        for name, one in sorted(each.items(), key=lambda pair: pair[1]):
            parts += [text(LABEL - 84, y, name), bar(y, WIDTH * min(one / longest, 1.0), colour(name))]
            whole = one * row.actions["jm"]
            shown = f"{whole:.2%}" if row.figure == "idle" else seconds(whole)
            parts.append(text(LABEL + WIDTH + 6, y, shown + (" (cut off)" if one > longest else "")))
            y += BAR
        y += BAR
    size = f"width='{LABEL + WIDTH + 130}' height='{y}'"
    ground = "<rect width='100%' height='100%' fill='white'/>"
    style = "font-family='sans-serif' font-size='11'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size} {style}>{ground}{''.join(parts)}</svg>\n"


def colour(name: str) -> str:
    return "#c2410c" if name.startswith("jm") else "#1e293b" if name in LIMITS else "#94a3b8"


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
