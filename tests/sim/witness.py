"""The witness: sees every process begin and end, outside of everything the product writes, and says what must not be.

Believes nobody: what ran is what the kernel ran. Of the journal it takes only what was acknowledged.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from job_manager.core import events as e

if TYPE_CHECKING:
    from tests.sim.kernel import Process
    from tests.sim.programs import Child
    from tests.sim.world import World

ENDS = (e.LeaseReturned, e.AttemptLost, e.AttemptFailed, e.AttemptStopped, e.ActionSucceeded)
KNOWN_ENDS = (e.AttemptFailed, e.AttemptStopped)


class Witness:
    """`broken` collects what broke a promise, in words."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.broken: list[str] = []
        self.starts: dict[str, int] = {}
        self.last: dict[tuple[str, int], list[int]] = {}  # attempts that really began, by job and action
        self.how: dict[tuple[str, int], int | None] = {}  # wait status of the last attempts, None: not over
        self.alive: dict[str, Process] = {}
        self.daemons: list[tuple[str, Process]] = []

    def says(self, text: str) -> None:
        self.broken.append(f"at {self.world.kernel.now:.4f}: {text}")

    # --- I3: never two at once, never again without need

    def begun(self, child: Child) -> None:
        self.world.note(f"{child.token} begins as {child.process.pid}")
        job, index, attempt = child.token.rsplit("/", 2)
        if child.token in self.starts:
            self.says(f"attempt {child.token} is started a second time")
        self.starts[child.token] = child.process.pid
        for token, process in self._living():
            if token.rsplit("/", 1)[0] == f"{job}/{index}":
                self.says(f"{child.token} begins while {process.name} (process {process.pid}) lives")
        self._look_before(job, int(index), child.token)
        self.how[job, int(index)] = None
        before = self.last.setdefault((job, int(index)), [])
        for earlier in before:
            self._may_follow(job, int(index), earlier, child.token)
        before.append(int(attempt))
        self.alive[child.token] = child.process
        self.world.misfortune.met("begin")

    def _look_before(self, job: str, action: int, token: str) -> None:
        """Nothing begins before the last attempts of all that it comes after have ended well."""
        history = self.world.acked[job]
        left_out = {event.action for event in history if isinstance(event, e.ActionExcused)}
        omitted = (event for event in history if isinstance(event, e.ActionsOmitted))
        left_out.update(one for event in omitted for one in range(event.first, event.end))
        for other in self.world.plan.before[job][action] - left_out:
            if self.how.get((job, other)) != 0:
                how = self.how.get((job, other), "it has never begun")
                self.says(f"{token} begins before {job}/{other} has ended well: {how}")

    def _living(self) -> list[tuple[str, Process]]:
        self.daemons = [each for each in self.daemons if each[1].alive]
        return [*self.alive.items(), *self.daemons]

    def _may_follow(self, job: str, action: int, earlier: int, token: str) -> None:
        """What the journal says of an attempt that began has to allow another."""
        history = self.world.acked[job]
        ends = [n for n, event in enumerate(history) if _ends(event, action, earlier)]
        if not ends:
            self.says(f"{token} begins, but of attempt {earlier} no end is recorded")
            return
        last = history[ends[-1]]
        again = any(isinstance(event, e.JobResumed | e.JobRetried) for event in history[ends[-1] :])
        if isinstance(last, e.ActionSucceeded) and not again:
            self.says(f"{token} begins, but attempt {earlier} is recorded as done")
        unknown = not isinstance(last, (*KNOWN_ENDS, e.ActionSucceeded))
        if unknown and not again and not self.world.plan.repeats(job, action):
            self.says(f"{token} begins, but what became of attempt {earlier} is unknown and it must not run twice")

    def ended(self, child: Child) -> None:
        self.world.note(f"{child.token} ends with {child.process.status}")
        self.alive.pop(child.token, None)
        job, index, _ = child.token.rsplit("/", 2)
        self.how[job, int(index)] = child.process.status
        self.world.misfortune.met("end")

    # --- I6: what has ended has ended with all that it had begun

    def recorded(self, event: e.Event) -> None:
        """The end of an attempt is in the journal: nothing of it lives any more."""
        if isinstance(event, ENDS):
            for token, process in self._living():
                if token == f"{event.job}/{event.action}/{event.attempt}":
                    self.says(
                        f"{type(event).__name__} of {token} is recorded while {process.name} ({process.pid}) lives"
                    )

    # --- I5: content is a function of the inputs

    def reads(self, child: Child) -> None:
        job = child.token.split("/")[0]
        for name, path in child.inputs.items():
            found = self.world.content_at(path)
            if found != self.world.plan.content(job, name).encode():
                self.says(f"{child.token} reads {name} and finds {found!r}")

    # --- I13: nobody else is touched

    def signalled(self, process: Process, number: int) -> None:
        if process.name == "bystander":
            self.says(f"signal {number} is sent to process {process.pid}, which is nobody of ours")


def _ends(event: e.Event, action: int, attempt: int) -> bool:
    return isinstance(event, ENDS) and (event.action, event.attempt) == (action, attempt)


def content_of(job: str, name: str, inputs: list[str]) -> str:
    """What an artifact has to be: a function of what its maker has read."""
    digest = hashlib.blake2b("\n".join(inputs).encode(), digest_size=8).hexdigest()
    return f"{job} {name} of {digest}\n" * 4
