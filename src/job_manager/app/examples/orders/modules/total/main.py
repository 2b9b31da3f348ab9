"""Adds up clean orders by one column. Money is counted in cents: a float is no place for it."""

import argparse
import csv
import json
from collections import defaultdict


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", required=True)
    parser.add_argument("--totals", required=True)
    parser.add_argument("--by", required=True)
    parser.add_argument("--tax", type=float, required=True)
    given = parser.parse_args()

    cents: dict[str, int] = defaultdict(int)
    pieces: dict[str, int] = defaultdict(int)
    with open(given.orders, encoding="utf-8", newline="") as source:
        for order in csv.DictReader(source):
            name = order[given.by]
            pieces[name] += int(order["quantity"])
            cents[name] += int(order["quantity"]) * int(order["price"].replace(".", ""))
    rows = [{"name": name, "pieces": pieces[name], "turnover": cents[name] / 100} for name in sorted(cents)]
    gross = sum(cents.values())
    net = round(gross / (1 + given.tax / 100))
    totals = {"by": given.by, "rows": rows, "gross": gross / 100, "net": net / 100, "tax": (gross - net) / 100}
    with open(given.totals, "w", encoding="utf-8") as target:
        json.dump(totals, target, indent=2, ensure_ascii=False)
    print(f"{len(rows)} rows by {given.by}, {gross / 100:.2f} in all")


if __name__ == "__main__":
    main()
