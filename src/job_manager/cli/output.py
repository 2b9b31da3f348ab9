"""Where everything that a person or a script reads goes out: streams, colours, JSON, and pipes that somebody closed.

Text is escaped here and nowhere else, so that no caller can forget it. Knows nothing of jobs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from job_manager.cli.escaping import escape

# Not imported from typing: that would be a third of what `jm --help` costs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from job_manager.model.hints import IO, Any

PIECES = 4096  # of a document that are written at once
COLOURS = {"good": "32", "bad": "1;31", "warn": "33", "active": "36", "quiet": "2", "strong": "1"}
ICONS = {
    "succeeded": ("\u2714", "+"),
    "failed": ("\u2718", "x"),
    "lost": ("?", "?"),
    "unreadable": ("?", "?"),
    "running": ("\u25b6", ">"),
    "retrying": ("\u21bb", "~"),
    "skipped": ("\u2298", "-"),
    "cancelled": ("\u2298", "-"),
    "interrupted": ("\u25a0", "="),
    "paused": ("\u25a0", "="),
    "ready": ("\u00b7", "."),
    "waiting": ("\u00b7", "."),
    "leased": ("\u00b7", "."),
}
STATE_COLOURS = {
    "succeeded": "good",
    "failed": "bad",
    "lost": "bad",
    "unreadable": "bad",
    "running": "active",
    "retrying": "warn",
    "interrupted": "warn",
    "paused": "warn",
}


class Styled(str):
    """Text with a colour of COLOURS, shown in it where colours are wanted."""

    __slots__ = ("colour",)
    colour: str

    def __new__(cls, text: str, colour: str = "") -> Styled:
        made = super().__new__(cls, text)
        made.colour = colour
        return made


class Output:
    """`quiet`: only values and errors; `json`: only the one document. A stream that breaks is written to no more."""

    def __init__(self, quiet: bool = False, json: bool = False) -> None:
        self.quiet = quiet
        self.json = json
        self.color = "auto"  # or always, never
        self.fault: OSError | None = None  # why standard output could not be written to
        self.starts = False  # whether the command starts anything, unless it is refused

    @property
    def talks(self) -> bool:
        """Whether there is anybody to tell a story to."""
        return not (self.quiet or self.json)

    # --- for people -----------------------------------------------------------------------------------------------

    def line(self, *parts: str) -> None:
        """A line of the story: foreign text in `parts` is escaped, a Styled part is coloured."""
        if self.talks:
            self._write(sys.stdout, parts)

    def note(self, *parts: str) -> None:
        """A line on standard error that stops nothing: warnings and notes."""
        if self.talks:
            self._write(sys.stderr, parts)

    def error(self, *parts: str) -> None:
        """A line on standard error, also when quiet. With --json the document says it."""
        if not self.json:
            self._write(sys.stderr, parts)

    def colourful(self, stream: IO[str] | None) -> bool:
        """Whether colours are wanted there: by default on a terminal that knows them, without NO_COLOR."""
        return self.color == "always" or (self.color == "auto" and colourful(stream))

    def _write(self, stream: IO[str] | None, parts: tuple[str, ...]) -> None:
        colours = self.colourful(stream)
        self._send(stream, "".join(_shown(part, colours) for part in parts) + "\n")

    # --- for scripts ----------------------------------------------------------------------------------------------

    def value(self, text: str) -> None:
        """A line that a script reads when quiet: byte for byte what it names, escaped only for a terminal."""
        if self.quiet and not self.json:
            self._send(sys.stdout, (escape(text) if is_terminal(sys.stdout) else text) + "\n")

    def document(self, document: Mapping[str, Any]) -> None:
        """The JSON document on standard output, in ASCII: nothing in it can reach a terminal as a control. An iterator
        in it is written as a list, while it is read."""
        if self.json:
            from itertools import chain, islice

            from job_manager.cli.json_text import pieces

            text = chain(pieces(document), "\n")
            while some := "".join(islice(text, PIECES)):
                self._send(sys.stdout, some)

    def raw(self, content: bytes, to_error: bool = False) -> None:
        """Bytes as they are, on standard output or error."""
        stream = sys.stderr if to_error else sys.stdout
        if stream is None or self.fault is not None:
            return
        try:
            stream.flush()
            stream.buffer.write(content)
            stream.buffer.flush()
        except OSError as error:
            self._lose(stream, error)

    def text(self, content: str) -> None:
        """Text of ours with its line ends: help, and logs that have been escaped."""
        self._send(sys.stdout, content)

    # --- streams --------------------------------------------------------------------------------------------------

    @property
    def broken(self) -> bool:
        """Whether nobody reads standard output any more."""
        return self.fault is not None

    def _send(self, stream: IO[str] | None, text: str) -> None:
        if stream is None or (stream is sys.stdout and self.fault is not None):
            return
        try:
            if stream is sys.stderr and sys.stdout is not None and self.fault is None:
                self.flush()
            stream.write(text)
        except OSError as error:
            self._lose(stream, error)

    def flush(self) -> None:
        """What was said is out, in the order in which it was said."""
        try:
            if sys.stdout is not None and self.fault is None:
                sys.stdout.flush()
        except OSError as error:
            self.give_up(error)

    def give_up(self, error: OSError) -> None:
        """Standard output cannot be written to: nothing more goes there."""
        self.fault = error
        _into_nothing(1)

    def _lose(self, stream: IO[str], error: OSError) -> None:
        if stream is sys.stdout:
            self.give_up(error)
        elif stream is sys.stderr:
            _into_nothing(2)


def _into_nothing(number: int) -> None:
    """Python flushes what it still holds for a broken stream once more when it ends: that goes nowhere."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, number)
    os.close(nothing)


def prepare_streams() -> None:
    """Make the standard streams safe to use: open, and never in trouble over a character they cannot encode.

    A closed descriptor 1 would be given to the next file that is opened, which then gets what we print.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="surrogateescape" if _is_utf8(stream) else "backslashreplace")


def _is_utf8(stream: IO[str]) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"


def is_terminal(stream: IO[str] | None) -> bool:
    """Whether a person looks at the stream."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def colourful(stream: IO[str] | None) -> bool:
    """Whether colours are wanted there: a terminal that knows them, and no NO_COLOR."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def icon(state: str) -> str:
    """The mark that stands before a state's word; plain ASCII where the terminal has no other."""
    fine, plain = ICONS.get(state, ("\u00b7", "."))
    return fine if sys.stdout is not None and _is_utf8(sys.stdout) else plain


def of_state(state: str, text: str = "") -> Styled:
    """The text (by default the state's icon and word) in the state's colour."""
    return Styled(text or f"{icon(state)} {state}", STATE_COLOURS.get(state, ""))


def _shown(part: str, colours: bool) -> str:
    code = COLOURS.get(getattr(part, "colour", ""), "") if colours else ""
    return f"\x1b[{code}m{escape(part)}\x1b[0m" if code else escape(part)
