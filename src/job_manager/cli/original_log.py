"""The original's log on a terminal or in a file: one line a record, coloured by level (reference seed-systems S25).

Knows the look and nothing of what is logged.
"""

from __future__ import annotations

import logging
import os

from job_manager.cli.escaping import escape_lines
from job_manager.model.hints import TextIO

FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s (%(filename)s:%(lineno)d)"
GREY, YELLOW, RED, BOLD_RED, PLAIN = "\x1b[90m", "\x1b[33m", "\x1b[31m", "\x1b[1;31m", "\x1b[0m"
COLOURS = {
    logging.DEBUG: GREY,
    logging.INFO: GREY,
    logging.WARNING: YELLOW,
    logging.ERROR: RED,
    logging.CRITICAL: BOLD_RED,
}


class Line(logging.Formatter):
    """A record as a line that is safe for a terminal, whatever a module or a file name put into it."""

    def __init__(self, coloured: bool) -> None:
        super().__init__(FORMAT)
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        """The line without its end."""
        line = escape_lines(super().format(record))
        colour = COLOURS.get(record.levelno, "") if self._coloured else ""
        return f"{colour}{line}{PLAIN}" if colour else line


def log_to(stream: TextIO) -> logging.Logger:
    """Have everything from INFO on logged to the stream; the logger of what belongs to no job."""
    coloured = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    writer = logging.StreamHandler(stream)
    writer.setFormatter(Line(coloured))
    root = logging.getLogger()
    root.addHandler(writer)
    root.setLevel(logging.INFO)
    return logging.getLogger("job_manager")
