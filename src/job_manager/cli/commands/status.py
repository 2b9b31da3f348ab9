"""`jm status`: how a job and each of its actions stand. Knows no rule itself."""

from __future__ import annotations

import time
from argparse import Namespace

from job_manager.cli.output import Output, Styled, of_state
from job_manager.cli.usage import Parser
from job_manager.model.hints import Any

SUMMARY = "Show how a job stands: every step and action with its state and time, and why something failed."
MORE = "Of one action it shows more: of an order each call, with its state, its time and where it printed to."
EXAMPLES = (
    ("jm status", "the newest job of this directory"),
    ("jm status 3fa8", "the job whose id begins like that"),
    ("jm status last/order", "one action; of an order every call"),
    ("jm status last --json", "as data, every action with its log"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("status", SUMMARY, EXAMPLES, usage="[ID[/ACTION]] [options]", more=MORE)
    made.add_argument(
        "id", metavar="ID[/ACTION]", nargs="?", default="last", help="a job's id, its beginning, or `last` (default)"
    )
    made.add_argument("--all", action="store_true", help="list every action, also of a large job")
    return made


def main(options: Namespace, out: Output) -> int:
    """Print the tree."""
    from job_manager.app.looking import look, status
    from job_manager.cli.place import home_of

    word, _, action = options.id.partition("/")
    found = look(home_of(options), word or "last")
    out.value(found.job.id)
    if action:
        from job_manager.cli.one_action import show_action

        show_action(found, action, out)
        return 0
    if out.json:
        out.document(status(found, one_by_one=True))
    elif out.talks:
        _show(found, options, out)
    return 0


def _show(found: Any, options: Namespace, out: Output) -> None:
    from job_manager.app.outline import outline

    now = time.time()
    _show_head(found, now, out)
    failed = False
    for number, part in enumerate(outline(found, now, options.all), 1):
        _show_part(number, part, out)
        failed = failed or any(action["failure"] for action in part.actions)
    _show_next(found, failed, options, out)


def _show_head(found: Any, now: float, out: Output) -> None:
    from job_manager.app.watching import counted
    from job_manager.model.quantity import human

    job = found.job
    took = (job.finished_at or now) - job.submitted_at
    time_words = f", {human(max(0.0, took))}" if job.finished_at or found.hosted else ""
    out.line(of_state(found.state), "  ", Styled(job.job.name, "strong"), f"  {job.id}{time_words}")
    counts = ", ".join(f"{number} {state}" for state, number in found.counts.items())
    out.line(f"  {counted(job.size, 'action')}: {counts}")


def _show_part(number: int, part: Any, out: Output) -> None:
    from job_manager.app.watching import DONE, in_words
    from job_manager.model.quantity import human

    step = part.step
    took = f"  {human(max(0.0, part.seconds))}" if part.seconds is not None else ""
    out.line(f"  {number}  ", Styled(step.name, "strong"), f"  {step.counts[DONE]}/{step.total}{took}")
    for action in part.actions:
        _show_action(action, out)
    if part.hidden:
        out.line(Styled(f"       and {part.hidden} more: {in_words(step.counts)} (--all lists them)", "quiet"))


def _show_action(action: dict[str, Any], out: Output) -> None:
    from job_manager.model.quantity import human

    took = ""
    if action["began"] and action["ended"] and action["ended"] >= action["began"]:
        took = f"  {human(action['ended'] - action['began'])}"
    elif action["began"] and action["state"] == "running":
        took = f"  {human(max(0.0, time.time() - action['began']))}"
    far = "" if action["percent"] is None else f"  {action['percent']:.0f} %"
    again = f"  attempt {action['attempts']}" if action["attempts"] > 1 else ""
    name = action["path"].split("/", 1)[-1]
    if action["waits_for"]:
        far += f"  waits for {action['waits_for']}"
    if action["still"]:
        quiet = human(max(0.0, time.time() - action["still"]))
        far += f"  no output and no processor time for {quiet}"
    if action["message"]:
        far += f"  {action['message']}"
    why = action["failure"]["message"] if action["failure"] and action["state"] != "succeeded" else ""
    said = Styled(f"  {action['note']}", "warn") if action["note"] else Styled(f"  {why}" if why else "", "bad")
    out.line("     ", of_state(action["state"]), f"  {name}{took}{far}{again}", said)


def _show_next(found: Any, failed: bool, options: Namespace, out: Output) -> None:
    from job_manager.cli.place import command

    id = found.job.id
    if failed:
        out.line(Styled("logs:   ", "quiet"), command(options.home, "logs", f"{id}/ACTION"))
    if found.state == "paused":
        out.line(Styled("go on:  ", "quiet"), command(options.home, "unpause", id))
    elif found.state == "submitted":
        out.line(Styled("begin:  ", "quiet"), command(options.home, "up"))
    elif found.state not in ("succeeded", "running", "waiting"):
        out.line(Styled("go on:  ", "quiet"), command(options.home, "resume", id))
    for name in found.layout.store.public_names() if found.state == "succeeded" else ():
        out.line(Styled("public: ", "quiet"), found.layout.store.path(name, True))
