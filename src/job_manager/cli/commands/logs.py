"""`jm logs`: what the actions printed, as it was printed; escaped where a terminal would obey it."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator

from job_manager.cli.output import Output, Styled, is_terminal
from job_manager.cli.usage import Parser, UsageError, whole
from job_manager.model.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from job_manager.app.following import Piece
    from job_manager.app.looking import Look

SUMMARY = "Show what the actions of a job printed: all of them, or one."
MORE = "On a terminal control characters are shown as codes; into a file or pipe go the bytes as they are."
EXAMPLES = (
    ("jm logs last", "every action's last attempt, one after another"),
    ("jm logs 3fa8/transcode -f", "one action, while it runs"),
    ("jm logs last/encode/film -n 50", "the last 50 lines of one, by its whole path"),
    ("jm logs last/film --attempt 1 > first.log", "an earlier attempt, byte for byte"),
)
MOST_LINES = 1_000_000_000


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("logs", SUMMARY, EXAMPLES, usage="[ID[/ACTION]] [options]", more=MORE)
    made.add_argument("target", metavar="ID[/ACTION]", nargs="?", default="last", help="default: last, all its actions")
    made.add_argument("-f", "--follow", action="store_true", help="go on until the action or the job has ended")
    made.add_argument("-n", "--lines", metavar="N", type=whole(0, MOST_LINES), help="only the last N lines of each")
    made.add_argument("--attempt", metavar="K", type=whole(1, MOST_LINES), default=0, help="that attempt, not the last")
    return made


def main(options: Namespace, out: Output) -> int:
    """Print the logs."""
    from job_manager.app.looking import action_index, look, resolve
    from job_manager.cli.place import home_of

    word, _, action = options.target.partition("/")
    _refuse_contradictions(options, action)
    home = home_of(options)
    found = look(home, resolve(home, word or "last"))
    index = action_index(found.job, action) if action else None
    if out.json or out.quiet:
        return _list(found, index, options, out)
    if options.follow:
        from job_manager.app.following import Follower

        follower = Follower(home, found.job.id, index, options.lines)
        return _print(found, index, follower.pieces(), out)
    return _print(found, index, _there(found, index, options), out)


def _refuse_contradictions(options: Namespace, action: str) -> None:
    if options.follow and options.json:
        raise UsageError("--follow and --json do not go together", usage="usage: jm logs [ID[/ACTION]] [options]")
    if options.attempt and (options.follow or not action):
        hint = "write `jm logs ID/ACTION --attempt K`"
        raise UsageError("--attempt is for the log of one action, and not for --follow", hint)


def _list(found: Look, index: int | None, options: Namespace, out: Output) -> int:
    from job_manager.app.following import log_documents

    lines = 20 if options.lines is None else options.lines
    documents = log_documents(found, index, options.attempt, lines)
    for document in documents:
        out.value(document["log"])
    out.document({"id": found.job.id, "logs": documents})
    return 0


def _there(found: Look, index: int | None, options: Namespace) -> Iterator[Piece]:
    from job_manager.app.following import all_logs, content, logs_of

    logs = all_logs(found) if index is None else logs_of(found, index, options.attempt)
    for log in logs:
        yield from content(log, options.lines)


def _print(found: Look, index: int | None, pieces: Iterable[Piece], out: Output) -> int:
    """The pieces as they come: with headers where they are of several actions, raw where no terminal is."""
    printer = _Printer(found, index is None, out)
    for piece in pieces:
        printer.show(piece)
        if out.broken:
            return 0
    printer.finish()
    if not printer.any:
        what = found.job.shape.paths[index] if index is not None else f"job {found.job.id}"
        out.note(Styled("note: ", "quiet"), f"{what} has printed nothing")
    return 0


class _Printer:
    """Remembers which log was shown last and, on a terminal, the rest of a character that a piece cut in two."""

    def __init__(self, found: Look, headers: bool, out: Output) -> None:
        self._found = found
        self._headers = headers
        self._out = out
        self._terminal = is_terminal(sys.stdout)
        self._decoders: dict[object, object] = {}
        self._last: object = None
        self._at_line_start = True
        self.any = False

    def show(self, piece: Piece) -> None:
        """One piece."""
        self.any = True
        if piece.log != self._last:
            self._change(piece)
        if self._terminal:
            self._show_escaped(piece)
        else:
            self._out.raw(piece.content, to_error=piece.log.stream == "err" and not self._headers)
        self._at_line_start = piece.content.endswith((b"\n", b"\r"))

    def _change(self, piece: Piece) -> None:
        from job_manager.app.following import label

        self._last = piece.log
        if self._headers:
            self.finish()
            self._out.line(Styled(f"==> {label(self._found, piece.log)} <==", "strong"))
            self._out.flush()

    def _show_escaped(self, piece: Piece) -> None:
        import codecs
        import io

        from job_manager.cli.escaping import escape_lines

        decoder = self._decoders.get(piece.log)
        if not isinstance(decoder, io.IncrementalNewlineDecoder):
            text = codecs.getincrementaldecoder("utf-8")("backslashreplace")
            decoder = io.IncrementalNewlineDecoder(text, translate=True)
            self._decoders[piece.log] = decoder
        self._out.text(escape_lines(decoder.decode(piece.content)))
        self._out.flush()

    def finish(self) -> None:
        """End a line that its program left open, so that what follows begins on its own."""
        if not self._at_line_start and (self._terminal or self._headers):
            self._out.text("\n")
            self._at_line_start = True
