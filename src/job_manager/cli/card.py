"""The failure card as text, and what else is to be said when a run did not end well: the last that is printed.

Knows the keys of app.cards and no rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from job_manager.cli.escaping import escape, shorten
from job_manager.cli.output import Output, Styled, icon
from job_manager.model.hints import Any
from job_manager.model.quantity import human

Document = dict[str, Any]
OTHERS = 10  # failed actions that are named beside the first
COLUMNS = 400  # of one line of a log
LONGEST = 4000  # characters of a command


def show_card(card: Document, others: Sequence[Document], skipped: int, resume: str, out: Output) -> None:
    """One failed action in full, the other failed ones in a line each, and how to go on."""
    title = f"  {card['title']}" if card["title"] else ""
    out.error()
    out.error(Styled(f"{icon(card['state'])} {card['state']}: {card['path']}", "bad"), title)
    _show_lines("it says:", _says(card), out)
    for label, text in _rows(card):
        first, *others_of_text = text.split("\n") if label == "command" else [text]
        out.error(Styled(f"  {label:<9}", "quiet"), first)
        for line in others_of_text:
            out.error(line)
    _show_tail(card, out)
    for hint in card["hints"]:
        out.error(Styled("  hint: ", "warn"), hint)
    _show_others(others, skipped, out)
    out.error(Styled("  go on when it is mended: ", "strong"), resume)


def _says(card: Document) -> list[str]:
    lines: list[str] = card["error_file"]
    return [] if len(lines) == 1 and card["message"].startswith(lines[0]) else lines  # it heads the reason already


def _rows(card: Document) -> Iterator[tuple[str, str]]:
    took = f", after {human(card['seconds'])}" if card["seconds"] is not None and card["reason"] != "spawn" else ""
    limit = f" of {card['tries']}" if card["tries"] > 1 else ""
    yield "reason", f"{card['message']} (attempt {card['attempt']}{limit}{took})"
    yield "command", _cut(card["command"])
    if card["chosen"]:
        program = card["interpreter"]
        yield "program", f"{program}  ({card['chosen']})" if program else card["chosen"]
    yield "in", card["cwd"]
    if card["directory"]:
        yield "attempt", card["directory"]
    for label in ("log", "err"):
        if card[label]:
            yield label, card[label]


def _cut(command: str) -> str:
    return command if len(command) <= LONGEST else f"{command[:LONGEST]}...  (cut: it has {len(command):,} characters)"


def _show_tail(card: Document, out: Output) -> None:
    tail = card["tail"]
    if not tail:
        out.error(Styled("  it printed nothing", "quiet"))
        return
    lines = "line" if len(tail) == 1 else f"{len(tail)} lines"
    _show_lines(f"the last {lines} of its log:", tail, out)


def _show_lines(title: str, lines: Sequence[str], out: Output) -> None:
    if lines:
        out.error(Styled(f"  {title}", "quiet"))
    for line in lines:
        out.error(Styled("  | ", "quiet"), shorten("  ".join(map(escape, line.split("\t"))), COLUMNS))


def _show_others(others: Sequence[Document], skipped: int, out: Output) -> None:
    if others:
        out.error(Styled(f"  {len(others)} more failed:", "strong"))
    for other in others[:OTHERS]:
        out.error(f"    {icon('failed')} {other['path']}: {other['message']}")
    if len(others) > OTHERS:
        out.error(f"    and {len(others) - OTHERS} more: `jm status` lists them")
    if skipped:
        out.error(f"  {skipped} action{' was' if skipped == 1 else 's were'} skipped because of that")
