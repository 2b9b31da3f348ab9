"""Writes the totals as one HTML page with bars. Everything foreign is escaped; nothing is loaded from elsewhere."""

import argparse
import csv
import json
import sys
from html import escape
from typing import Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; color: #2b211c }
h1 { font-weight: 300; font-size: 2.4rem } h2 { margin-top: 2.5rem; font-size: 1.1rem }
table { border-collapse: collapse; width: 100% } td { padding: .2rem .5rem .2rem 0; white-space: nowrap }
td.bar { width: 60% } td.bar div { background: #a9714b; height: .9rem; border-radius: .2rem }
td.sum { text-align: right; font-variant-numeric: tabular-nums }
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--totals", nargs="+", required=True)
    for name in ("report", "title"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rejected")
    given = parser.parse_args()

    found = {one["by"]: one for one in map(totals, given.totals)}
    missing = [by for by in ("item", "date", "barista") if by not in found]
    if missing:
        sys.exit(f"openjd_fail: there are no totals by {', '.join(missing)}")
    items, days, baristas = found["item"], found["date"], found["barista"]
    parts = [
        f"<h1>{escape(given.title)}</h1>",
        f"<p>{items['gross']:.2f} taken, {items['tax']:.2f} of it tax. {summary(items, days)}</p>",
        bars("What was sold", sorted(items["rows"], key=lambda row: -row["turnover"])),
        bars("Day by day", days["rows"]),
        bars("Who sold it", sorted(baristas["rows"], key=lambda row: -row["turnover"])),
        set_aside(given.rejected) if given.rejected else "",
    ]
    page = f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{escape(given.title)}</title>'
    with open(given.report, "w", encoding="utf-8") as target:
        target.write(f"{page}<style>{STYLE}</style><body>{''.join(parts)}</body></html>\n")
    print(f"openjd_progress: 100\nthe report of {len(days['rows'])} days")


def totals(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as source:
        found: dict[str, Any] = json.load(source)
    return found


def summary(items: dict[str, Any], days: dict[str, Any]) -> str:
    if not items["rows"]:
        return "Nothing was sold at all; perhaps the door was locked."
    best = max(items["rows"], key=lambda row: row["pieces"])
    least = min(items["rows"], key=lambda row: row["pieces"])
    day = max(days["rows"], key=lambda row: row["turnover"])
    praise = f"{escape(best['name'])} leads with {best['pieces']}, and the best day was {escape(day['name'])}."
    return f"{praise} {escape(least['name'])} was asked for {least['pieces']} times; somebody has to like it."


def bars(heading: str, rows: list[dict[str, Any]]) -> str:
    top = max((row["turnover"] for row in rows), default=0) or 1
    lines = (
        f"<tr><td>{escape(row['name'])}</td>"
        f'<td class="bar"><div style="width: {100 * row["turnover"] / top:.1f}%"></div></td>'
        f'<td class="sum">{row["turnover"]:.2f}</td></tr>'
        for row in rows
    )
    return f"<h2>{escape(heading)}</h2><table>{''.join(lines)}</table>"


def set_aside(path: str) -> str:
    with open(path, encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    lines = (f"<li>line {escape(row['line'])}: {escape(row['reason'])}</li>" for row in rows)
    return f"<h2>Set aside: {len(rows)}</h2><ul>{''.join(lines)}</ul>"


if __name__ == "__main__":
    main()
