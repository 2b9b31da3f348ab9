"""People who ask things of a supervisor under attack, from processes of their own: submit, pause, prioritise, cancel,
retry. Some are killed in the middle and ask again with the same request id.

Knows commands and their exit codes; keeps a list of what was acknowledged.
"""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

from tests.crash.farm import Farm, attempts, kill
from tests.crash.plan import Plan

REFUSED = 7
PATIENCE = 90.0


class People:
    """Whoever asks. `ids` has the jobs that were acknowledged, by the name of their plan."""

    def __init__(self, farm: Farm, rng: random.Random, plans: list[Plan]) -> None:
        self._farm, self._rng = farm, rng
        self.waiting = list(plans)
        self._plans = {plan.name: plan for plan in plans}
        self.ids: dict[str, str] = {}
        self.violations: list[str] = []
        self.asked = self.refused = self.killed = self.retried = 0
        self._paused: set[str] = set()

    def ask(self) -> None:
        """One request of any kind, to its end."""
        open_jobs = [name for name in self.ids if name not in self._done()]
        if self.waiting and (not open_jobs or self._rng.random() < 0.5):
            self.submit(self.waiting.pop(0))
        elif open_jobs:
            self._about(self._rng.choice(open_jobs))

    def submit(self, plan: Plan) -> None:
        """Submit it, however often it takes; half of the first tries are killed in the middle."""
        words = ["submit", "-q", f"{plan.name}.yaml", "--request-id", f"request-{plan.name}"]
        words += ["--priority", str(self._rng.randint(0, 3))] if self._rng.random() < 0.5 else []
        heard = set()
        if self._rng.random() < 0.5:
            heard |= self._killed(words)
        for _ in range(2 if self._rng.random() < 0.3 else 1):  # and some ask twice although they were heard
            code, out = self._jm(*words)
            if code:
                self.violations.append(f"jm {' '.join(words)} ended with {code}")
            heard |= {out}
        if len(heard) != 1:
            self.violations.append(f"the request of {plan.name} was answered with {sorted(heard)}")
        self.ids[plan.name] = heard.pop()

    def _killed(self, words: list[str]) -> set[str]:
        asking = self._farm.jm(*words, out=subprocess.PIPE)
        self.killed += 1
        try:
            asking.wait(self._rng.uniform(0.0, 0.5))
        except subprocess.TimeoutExpired:
            asking.kill()
        out = asking.communicate()[0].decode()
        return {out.strip()} if out.endswith("\n") else set()  # what was printed was promised

    def told(self) -> str:
        """What came of them, in numbers."""
        return f"{self.refused} refused, {self.killed} killed in the middle, {self.retried} retries by a person"

    def _about(self, name: str) -> None:
        id, roll = self.ids[name], self._rng.random()
        if roll < 0.3:
            self._allowed("prio", id, str(self._rng.randint(0, 9)))
        elif roll < 0.5:
            self._allowed("pause", id)
            self._paused.add(name)
        elif roll < 0.75 and self._paused:
            self.release(self._rng.choice(sorted(self._paused)))
        elif name != "main" and roll < 0.85:
            self._cancel(id)
        elif name != "main":
            self.retry(name)

    def _cancel(self, id: str) -> None:
        running = [token for token in attempts(self._farm.home) if token.startswith(f"{id}/")]
        if running:
            plan = next(plan for name, plan in self._plans.items() if self.ids.get(name) == id)
            part = list(plan.parts)[int(running[0].split("/")[1])]
            self._allowed("cancel", f"{id}/{plan.path(part.name)}", "--now")

    def retry(self, name: str) -> None:
        """A person's word that what failed, was cancelled or is lost may run again."""
        if self._allowed("retry", self.ids[name]):
            self.retried += 1

    def release(self, name: str) -> None:
        """It goes on."""
        self._paused.discard(name)
        self._allowed("unpause", self.ids[name])

    def release_all(self) -> None:
        for name in sorted(self._paused):
            self.release(name)

    def _allowed(self, *words: str) -> bool:
        """Ask this, which may be refused because of how things stand; whether it was not."""
        code, _ = self._jm(*words)
        if code not in (0, REFUSED):
            self.violations.append(f"jm {' '.join(words)} ended with {code}")
        self.refused += code == REFUSED
        return code == 0

    def _jm(self, *words: str) -> tuple[int, str]:
        self.asked += 1
        asking = self._farm.jm(*words, out=subprocess.PIPE)
        try:
            out, _ = asking.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            kill([asking.pid])
            self.violations.append(f"jm {' '.join(words)} was not answered in {PATIENCE:g} s")
            return -9, asking.communicate()[0].decode().strip()
        return asking.returncode, out.decode().strip()

    def _done(self) -> set[str]:
        public = {name: self._farm.home / "jobs" / id for name, id in self.ids.items()}
        return {name for name, folder in public.items() if _is_done(folder, self._plans[name])}


def _is_done(folder: Path, plan: Plan) -> bool:
    """Whether all that it makes is there."""
    return all((folder / "public" / name).exists() for name in plan.expected())
