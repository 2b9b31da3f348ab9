"""`jm story`: what has happened to an action, or to a job, a line for each event. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser, whole
from job_manager.model.hints import Any

SUMMARY = "Tell what has happened to an action or a job, in the words of the journal, a line for each event."
MORE = "A job's story leaves out that actions were handed out and began; --all tells that, too."
EXAMPLES = (
    ("jm story last/film", "one action, from the day the job was submitted"),
    ("jm story", "the newest job"),
    ("jm story 3fa8 -n 20", "the last 20 lines of another one"),
    ("jm story last/film --json", "as data, with times in seconds"),
)
MOST_LINES = 1_000_000_000
LATE = 2.0  # seconds between an event and the moment at which the journal heard of it that are worth a word


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("story", SUMMARY, EXAMPLES, usage="[ID[/ACTION]] [options]", more=MORE)
    made.add_argument(
        "id", metavar="ID[/ACTION]", nargs="?", default="last", help="a job's id, its beginning, or `last` (default)"
    )
    made.add_argument("-n", "--lines", metavar="N", type=whole(1, MOST_LINES), help="only the last N lines")
    made.add_argument("--all", action="store_true", help="every event of a job")
    return made


def main(options: Namespace, out: Output) -> int:
    """Print the lines."""
    from collections import deque

    from job_manager.app.explaining import tell
    from job_manager.cli.place import home_of

    word, _, action = options.id.partition("/")
    told = tell(home_of(options), word or "last", action, options.all)
    out.value(f"{told.id}/{told.path}" if told.path else told.id)
    if not (out.talks or out.json):
        return 0
    lines: Any = told.lines if options.lines is None else deque(told.lines, options.lines)
    if out.json:
        out.document({"id": told.id, "path": told.path or None, "events": [line._asdict() for line in lines]})
        return 0
    for line in lines:
        _show(line, told.path, out)
        if out.broken:
            break
    return 0


def _show(line: Any, path: str, out: Output) -> None:
    import time

    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.at))
    late = line.recorded - line.at
    heard = time.strftime("  (heard of at %H:%M:%S)", time.localtime(line.recorded)) if late > LATE else ""
    about = f"{line.path}: " if line.path and not path else ""
    out.line(Styled(f"{when}  ", "quiet"), f"{about}{line.words}", Styled(heard, "quiet"))
