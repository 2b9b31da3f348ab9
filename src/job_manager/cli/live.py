"""The live display of a run on a terminal: a line per task, the actions that run now, the whole, the time left.

Drawn at most 4 times a second, with rich, which is imported only once the first child is on its way. Knows no rule.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence

from job_manager.app.watching import (
    CANCELLED,
    DONE,
    FAILED,
    LEFT,
    LOST,
    RETRYING,
    RUNNING,
    SKIPPED,
    WORDS,
    Notice,
    Row,
    Step,
    Watch,
    counted,
)
from job_manager.cli.escaping import escape, shorten, width
from job_manager.cli.output import Output, Styled, icon
from job_manager.cli.story import opening, stopping, telling
from job_manager.model.hints import TYPE_CHECKING
from job_manager.model.quantity import human

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

PAUSE = 0.25
ROWS = 8
MESSAGE = 8  # columns that a message needs at least
OTHER_LINES = 5  # below and above the tasks and rows
LOUD = frozenset({"failed", "unknown", "retry", "lost", "note"})
STYLES = {"good": "green", "bad": "bold red", "warn": "yellow", "active": "cyan", "quiet": "dim", "strong": "bold"}
BAR = 24
SHORTEST_BAR = 6
NARROW = 60  # columns, below which numbers do not stand in columns of their own


class LiveScreen:
    """See app.watching.Screen."""

    interval: float | None = PAUSE
    hears = True

    def __init__(self, out: Output) -> None:
        self._out = out
        self._live: Live | None = None
        self._drawn = 0.0

    def opened(self, watch: Watch) -> None:
        """See app.watching.Screen."""
        opening(watch, self._out)
        self._out.flush()

    def told(self, watch: Watch, notices: Sequence[Notice]) -> None:
        """Only what is not well is told at once; the rest is drawn."""
        for notice in notices:
            if notice.kind in LOUD or (notice.kind == "done" and notice.message):
                colour = "bad" if notice.kind in ("failed", "unknown") else "warn"
                mark = icon({"done": "succeeded", "unknown": "lost", "note": "running"}.get(notice.kind, "failed"))
                self._say(Styled(f"{mark} {notice.subject}: {telling(notice)}", colour))

    def stopping(self, watch: Watch, times: int) -> None:
        """See app.watching.Screen."""
        self._say(Styled(stopping(watch, times), "warn"))

    def _say(self, line: Styled) -> None:
        """A line above the display."""
        if self._live is None:
            self._out.line(line)
            self._out.flush()
        elif not self._out.broken:
            try:
                self._live.console.print(self._text(line), soft_wrap=True)
            except OSError as error:  # the terminal is gone; the job is not
                self._out.give_up(error)

    def _text(self, part: str) -> Text:
        """A part as rich shows it: escaped by us, and never read as markup."""
        from rich.text import Text

        style = STYLES.get(getattr(part, "colour", ""), "") if self._out.colourful(sys.stdout) else ""
        return Text(escape(part), style=style, end="")

    def draw(self, watch: Watch) -> None:
        """See app.watching.Screen. Called after every turn: most calls come too early."""
        now = time.monotonic()
        if now - self._drawn < PAUSE or self._out.broken or not (watch.running or self._live):
            return
        self._drawn = now
        try:
            self._open().update(self._picture(watch), refresh=True)
        except OSError as error:  # the terminal is gone; the job is not
            self._out.give_up(error)

    def _open(self) -> Live:
        if self._live is None:
            # Imported here: the first child is on its way, and need not wait for 50 ms of imports.
            from rich.console import Console
            from rich.live import Live

            console = Console(
                file=sys.stdout, highlight=False, emoji=False, no_color=not self._out.colourful(sys.stdout)
            )
            live = Live(
                console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            live.start()
            # Killed with -9 we could not show it again.
            console.show_cursor(True)
            self._live = live
        return self._live

    def close(self) -> None:
        """Take the display away; what was said above it stays."""
        live, self._live = self._live, None
        if live is not None:
            try:
                live.stop()
            except OSError as error:
                self._out.give_up(error)

    # --- the picture ----------------------------------------------------------------------------------------------

    def _picture(self, watch: Watch) -> Text:
        from rich.text import Text

        assert self._live is not None
        size = self._live.console.size
        columns = max(1, size.width - 1)
        rows, more = watch.rows(max(1, min(ROWS, size.height - OTHER_LINES - 2)))
        picture = Text(no_wrap=True, overflow="crop")
        lines = list(self._lines(watch, rows, more, columns, size.height))
        for parts in lines[-max(1, size.height - 1) :]:  # in a window of few lines the last say most
            for part in parts:
                picture.append_text(self._text(part))
            picture.append("\n")
        picture.right_crop(1)
        return picture

    def _lines(self, watch: Watch, rows: list[Row], more: int, columns: int, height: int) -> Iterator[list[str]]:
        room = max(2, height - OTHER_LINES - len(rows))
        first, last = _window(watch.steps, room)
        widest = max((width(escape(step.name)) for step in watch.steps[first:last]), default=0)
        names = min(widest, max(4, columns // 2 - 4))
        if first:
            yield [Styled(f"   {counted(first, 'step')} before", "quiet")]
        for number, step in enumerate(watch.steps[first:last], first + 1):
            yield _step_line(number, step, names, columns >= NARROW)
        if last < len(watch.steps):
            yield [Styled(f"   {counted(len(watch.steps) - last, 'step')} after", "quiet")]
        yield from (_row_line(row, columns) for row in rows)
        if more:
            yield [Styled(f"     and {more} more running", "quiet")]
        yield _total_line(watch, rows, columns)


def _window(steps: Sequence[Step], room: int) -> tuple[int, int]:
    """Which steps are shown when there is no room for all: those around the first that is not over."""
    if len(steps) <= room:
        return 0, len(steps)
    current = next((at for at, step in enumerate(steps) if not step.over), len(steps) - 1)
    first = max(0, min(current - room // 3, len(steps) - room))
    return first, first + room


def _step_line(number: int, step: Step, names: int, wide: bool) -> list[str]:
    counts = step.counts
    state, colour = _step_state(step)
    name = shorten(escape(step.name), names)
    words = [f"{counts[g]} {w}" for g, w in EXTRAS if counts[g]]
    took = human((step.ended or time.time()) - step.began) if step.began else ""
    done = f"{counts[DONE]}/{step.total}"
    return [
        Styled(f" {icon(state)} ", colour),
        Styled(f"{number:>2} {name}{' ' * (names - width(name))}", "strong" if state == "running" else ""),
        f"  {done:>9}  {took:>8}" if wide else f"  {done}  {took}",
        Styled(f"  {', '.join(words)}" if words else "", "bad" if counts[FAILED] or counts[LOST] else "quiet"),
    ]


EXTRAS = tuple((group, WORDS[group]) for group in (RUNNING, RETRYING, FAILED, LOST, CANCELLED, SKIPPED))


def _step_state(step: Step) -> tuple[str, str]:
    counts = step.counts
    if counts[FAILED]:
        return "failed", "bad"
    if counts[LOST]:
        return "lost", "bad"
    if step.over and counts[CANCELLED]:
        return "cancelled", "quiet"
    if step.over:
        return ("skipped", "quiet") if counts[SKIPPED] else ("succeeded", "good")
    return ("running", "active") if counts[RUNNING] or counts[RETRYING] else ("waiting", "quiet")


def _row_line(row: Row, columns: int) -> list[str]:
    percent = "" if row.percent is None else f"{row.percent:3.0f} %"
    if columns < NARROW:
        said = f"{percent.strip()} " if percent else ""
        return ["  ", Styled(said, "active"), shorten(escape(row.path), columns - 2 - len(said))]
    took = human(max(0.0, time.time() - row.began)) if row.began else ""
    name = shorten(escape(row.path), max(10, columns - 26))
    left = columns - 23 - width(name)
    said = f"  {shorten(escape(row.message), left)}" if row.message and left > MESSAGE else ""
    return ["     ", Styled(f"{percent:>5}", "active"), f"  {took:>8}  ", name, Styled(said, "quiet")]


def _total_line(watch: Watch, rows: Sequence[Row], columns: int) -> list[str]:
    totals = watch.totals
    whole = sum(totals)
    over = whole - totals[LEFT] - totals[RUNNING] - totals[RETRYING]
    left = watch.time_left(rows)
    words = [f"{over} of {counted(whole, 'action')}", human(watch.elapsed)]
    words += [f"about {human(left)} left"] if left is not None else []
    told = ", ".join(words)
    bar = min(BAR, columns - len(told) - 5)
    if bar < SHORTEST_BAR:
        return [" ", told]
    done = bar * over // whole if whole else bar
    full, empty = ("\u2501", "\u2500") if icon("succeeded") == "\u2714" else ("#", "-")
    return ["   ", Styled(full * done, "good"), Styled(empty * (bar - done), "quiet"), f"  {told}"]
