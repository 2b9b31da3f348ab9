"""docs/reference/action-states.md, made from the transition table. `python -m tests.core.diagram` writes it.

Knows how mermaid and a Markdown table are written, and nothing about the states.
"""

from __future__ import annotations

from pathlib import Path

from job_manager.core import events as e
from job_manager.core import table

PAGE = Path(__file__).parents[2] / "docs/reference/action-states.md"
HEAD = """# The states of an action

Made from `src/job_manager/core/table.py` by `python -m tests.core.diagram`; a test holds it to the table.

The states of tasks and jobs are not kept: they are computed from their actions'. An action that is *succeeded*,
*failed*, *skipped*, *cancelled* or *lost* is over: only a person's word moves it, such as `jm resume`.
"""


NOT_DRAWN = (
    *(e.JobResumed, e.JobRetried, e.ActionExcused, e.JobCancelled, e.JobTimedOut),
    *(table.Repeated, table.Revived),
)


def names(states: object) -> str:
    return ", ".join(table.NAMES[state] for state in states)  # type: ignore[attr-defined]


def word(event: type) -> str:
    return e.NAMES.get(event, event.__name__.lower())


def drawing() -> str:
    """Every step that changes a state but what a person has run again, and what the end of a whole job does: with that
    in it nothing could be seen."""
    steps: dict[tuple[int, int], list[str]] = {}
    for event, row in table.TABLE.items():
        for step in row.items() if event not in NOT_DRAWN else ():
            steps.setdefault(step, []).append(word(event))
    lines = ["stateDiagram-v2", "    [*] --> waiting"]
    lines += [f"    {table.NAMES[a]} --> {table.NAMES[b]}: {', '.join(said)}" for (a, b), said in steps.items()]
    lines += [f"    {table.NAMES[state]} --> [*]" for state in sorted(table.FINAL)]
    return "\n".join(lines)


def listing() -> str:
    lines = ["| event | from | to |", "|---|---|---|"]
    for event, row in table.TABLE.items():
        for to in dict.fromkeys(row.values()):
            lines.append(f"| {word(event)} | {names(a for a, b in row.items() if b == to)} | {table.NAMES[to]} |")
    return "\n".join(lines)


def page() -> str:
    ends = """*unblocked*, *repeated*, *dropped* and *revived* are no events of the journal: what every action does when
its turn has come; what a hook does when a person takes the job up and what it followed is to run again; what becomes of
an action that was cancelled when its attempt has come back; and how what had been skipped, or was ready, comes to its
turn anew when a person has something run again or left out."""
    return f"{HEAD}\n```mermaid\n{drawing()}\n```\n\n{listing()}\n\n{ends}\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
