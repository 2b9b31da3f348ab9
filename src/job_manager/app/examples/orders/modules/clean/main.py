"""Brings orders into one form: ISO dates, decimal points, one spelling of an item. What cannot be is set aside."""

import argparse
import csv
import datetime
import re
import sys

COLUMNS = ["id", "date", "item", "quantity", "price", "barista"]
PRICE = re.compile(r"(\d{1,6})[.,](\d\d)\s*€?")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("orders", "clean", "rejected"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()

    with open(given.orders, encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
        lacking = set(COLUMNS) - set(rows[0] if rows else COLUMNS)
    if lacking:
        sys.exit(f"openjd_fail: the columns {', '.join(sorted(lacking))} are missing; needed are {', '.join(COLUMNS)}")
    good, bad, seen = [], [], set[str]()
    for number, row in enumerate(rows, 1):
        try:
            good.append(cleaned(row, seen))
        except ValueError as reason:
            bad.append({**{name: row[name] for name in COLUMNS}, "line": number + 1, "reason": reason})
        print(f"openjd_progress: {100 * number // len(rows)}", flush=True)
    write(given.clean, COLUMNS, good)
    write(given.rejected, ["line", "reason", *COLUMNS], bad)
    print(f"{len(good)} orders kept, {len(bad)} set aside")


def cleaned(row: dict[str, str], seen: set[str]) -> dict[str, object]:
    """One order in its one form. Raises ValueError with the reason why there is none."""
    if row["id"] in seen:
        raise ValueError(f"order {row['id']} is there already")
    order = {
        "id": row["id"],
        "date": date_of(row["date"].strip()),
        "item": " ".join(row["item"].split()).capitalize(),
        "quantity": quantity_of(row["quantity"].strip()),
        "price": price_of(row["price"].strip()),
        "barista": row["barista"].strip().capitalize() or "Nobody",
    }
    seen.add(row["id"])
    return order


def date_of(text: str) -> str:
    for pattern in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.datetime.strptime(text, pattern).date().isoformat()
        except ValueError:
            continue
    raise ValueError(f"{text!r} is no date")


def quantity_of(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise ValueError(f"{text!r} is no quantity" if text else "there is no quantity")
    return int(text)


def price_of(text: str) -> str:
    found = PRICE.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no price")
    return f"{found[1]}.{found[2]}"


def write(path: str, columns: list[str], rows: list[dict[str, object]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
