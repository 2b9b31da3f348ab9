"""One action of a job, for `jm status ID/ACTION`: how it stands, where its log is, and of an order each of its calls.

Knows the keys of app.looking and no rule.
"""

from __future__ import annotations

import time

from job_manager.app.looking import Look, action_index, action_status
from job_manager.cli.output import Output, Styled, of_state
from job_manager.model.hints import Any
from job_manager.model.quantity import human

Document = dict[str, Any]


def show_action(found: Look, word: str, out: Output) -> None:
    """The action that `word` names."""
    action = action_status(found, action_index(found.job, word), found.waits(), found.still())
    out.document({"id": found.job.id, **action})
    if not out.talks:
        return
    out.line(of_state(action["state"]), "  ", Styled(action["path"], "strong"), f"  {found.job.id}{_took(action)}")
    if action["still"]:
        quiet = human(max(0.0, time.time() - action["still"]))
        out.line("  ", Styled(f"no output and no processor time for {quiet}: is it stuck?", "warn"))
    if action["failure"] and action["state"] != "succeeded":
        out.line("  ", Styled(action["failure"]["message"] or action["failure"]["reason"], "bad"))
    if action["log"]:
        out.line(Styled("  log: ", "quiet"), action["log"])
    for number, call in enumerate(action["calls"] or (), 1):
        _show_call(number, call, action["log"], out)


def _show_call(number: int, call: Document, log: str | None, out: Output) -> None:
    own = Styled(f"  {call['log']}", "quiet") if call["log"] and call["log"] != log else ""
    why = Styled(f"  {call['message']}", "bad") if call["message"] else ""
    out.line(f"  {number:>3}  ", of_state(call["state"]), f"  {call['call']}{_took(call)}", why, own)


def _took(timed: Document) -> str:
    if not timed["began"]:
        return ""
    end = timed["ended"] or (time.time() if timed["state"] == "running" else 0.0)
    return f"  {human(end - timed['began'])}" if end >= timed["began"] else ""
