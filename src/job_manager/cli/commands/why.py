"""`jm why`: what an action or a job waits for, why it failed, ran again or was skipped. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser
from job_manager.model.hints import Any

SUMMARY = "Say why an action waits, failed, ran again or was skipped; without ACTION, what matters most about a job."
MORE = "First one sentence, then what it rests on, then the commands that help."
EXAMPLES = (
    ("jm why", "the newest job: what it waits for, or what failed first"),
    ("jm why 3fa8/film", "one action of another job"),
    ("jm why last/film --json", "as data, with the cause in a word"),
)
COLUMNS = 400  # of one line of a log


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("why", SUMMARY, EXAMPLES, usage="[ID[/ACTION]] [options]", more=MORE)
    made.add_argument(
        "id", metavar="ID[/ACTION]", nargs="?", default="last", help="a job's id, its beginning, or `last` (default)"
    )
    return made


def main(options: Namespace, out: Output) -> int:
    """Print the answer."""
    from job_manager.app.explaining import explain
    from job_manager.cli.place import home_of

    word, _, action = options.id.partition("/")
    found = explain(home_of(options), word or "last", action)
    path = found.answer.path
    out.value(f"{found.id}/{path}" if path else found.id)
    ways = _commands(found.answer.ways, options)
    out.document({**found.document(), "commands": ways})
    if out.talks:
        _show(found, ways, out)
    return 0


def _commands(ways: Any, options: Namespace) -> list[dict[str, str]]:
    """The commands, ready to be pasted, and what each is good for."""
    from job_manager.cli.place import command

    return [{"command": command(options.home, *way.words), "what": way.what} for way in ways]


def _show(found: Any, ways: list[dict[str, str]], out: Output) -> None:
    from job_manager.cli.escaping import escape, shorten

    answer = found.answer
    out.line(Styled(answer.sentence, "strong"))
    for fact in answer.evidence:
        out.line(f"  {fact}")
    for group in answer.groups:
        if group.number == 1 and group.paths == answer.about:
            continue  # the sentence is about that one
        out.line(f"  {_grouped(group)}")
    if found.tail:
        out.line(Styled(f"  the end of its log, {found.log}:", "quiet"))
    for line in found.tail:
        out.line(Styled("  | ", "quiet"), shorten("  ".join(map(escape, line.split("\t"))), COLUMNS))
    for hint in found.hints:
        out.line(Styled("  hint: ", "warn"), hint)
    for way in ways:
        out.line(Styled("try:  ", "quiet"), way["command"], Styled(f"  {way['what']}", "quiet"))


def _grouped(group: Any) -> str:
    from job_manager.model.wording import named

    names = named(group.paths, len(group.paths), group.number)
    return f"{group.number} actions, {names}: {group.words}" if group.number > 1 else f"{names}: {group.words}"
