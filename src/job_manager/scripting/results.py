"""What came of a run, for a script: states, artifacts, logs, what functions returned. Reads files when asked for one.

Knows no engine: it is made of the account that `jm status --json` gives, too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from job_manager.model.errors import NotFound, Problem
from job_manager.model.hints import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from job_manager.app.finishing import Outcome
    from job_manager.app.home import Home
    from job_manager.core.state import JobState


@dataclass(frozen=True)
class ActionResult:
    """How one action ended. `message`: why it failed, or a note; `log`: the path of its last log, or ""; `value`: what
    its function returned, None for other actions."""

    path: str
    state: str
    attempts: int = 0
    message: str = ""
    log: str = ""
    returned: str = field(default="", repr=False)

    @property
    def text(self) -> str:
        """What it printed."""
        if not self.log:
            return ""
        with open(self.log, encoding="utf-8", errors="backslashreplace") as stream:
            return stream.read()

    @property
    def value(self) -> Any:
        """What its function returned."""
        if not self.returned:
            return None
        with open(self.returned, encoding="utf-8") as stream:
            return json.load(stream)


@dataclass(frozen=True)
class Result:
    """How a run ended. `actions` by path, in the order of the job; `artifacts`: the paths of those that are kept, by
    name; `home`: the state directory, in which `jm` finds the job; `job`: the whole state, as the core has it."""

    id: str
    title: str
    state: str
    actions: dict[str, ActionResult]
    artifacts: dict[str, str]
    home: str
    problems: tuple[Problem, ...] = ()
    job: JobState | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, home: Home, outcome: Outcome, problems: Sequence[Problem]) -> Result:
        """The result of a run in this process."""
        from job_manager.app.cards import account

        found = account(home, outcome)
        rows = (_action(row) for row in found["actions"])
        artifacts = {os.path.basename(path): path for path in found["results"]}
        actions = {row.path: row for row in rows}
        return cls(
            found["id"], found["name"], outcome.job.state, actions, artifacts, home.path, tuple(problems), outcome.job
        )

    @property
    def ok(self) -> bool:
        """Whether it has succeeded."""
        return self.state == "succeeded"

    @property
    def failed(self) -> list[ActionResult]:
        """The actions that failed on their own account."""
        return [action for action in self.actions.values() if action.state in ("failed", "lost", "cancelled")]

    def action(self, name: str) -> ActionResult:
        """The action of that path, or of that name where only one has it. Raises NotFound."""
        if name in self.actions:
            return self.actions[name]
        found = [action for path, action in self.actions.items() if path.endswith(f"/{name}")]
        if len(found) == 1:
            return found[0]
        what = f"{len(found)} actions are called" if found else "no action is called"
        raise NotFound(f"{what} {name!r}", f"their paths: {', '.join(list(self.actions)[:10])}")

    def value(self, name: str) -> Any:
        """What the function of this action returned."""
        return self.action(name).value

    def log(self, name: str) -> str:
        """What this action printed."""
        return self.action(name).text

    def raise_if_failed(self) -> Result:
        """Itself. Raises job_manager.JobFailed when it has not succeeded."""
        if not self.ok and self.job is not None:
            # Imported here: few runs fail.
            from job_manager.app.original import JobFailed

            raise JobFailed(self.job, self.home)
        return self


def _action(row: dict[str, Any]) -> ActionResult:
    why = row["failure"]["message"] if row["failure"] and row["state"] != "succeeded" else row["note"]
    return ActionResult(
        row["path"], row["state"], row["attempts"], why or "", row["log"] or "", row["result"] or ""
    )  # fmt: skip
