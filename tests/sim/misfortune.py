"""What goes wrong, and when: each fault of a plan is armed at its time and strikes at a system call soon after.

Knows how to do harm and how to heal; judges nothing.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from job_manager.core import said as words
from tests.sim.plan import Fault
from tests.sim.programs import KeeperProgram

if TYPE_CHECKING:
    from tests.sim.kernel import Process
    from tests.sim.world import World


class Misfortune:
    """`arm` is called when a fault's time has come."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._armed: list[tuple[int, int, Fault]] = []
        self._waiting: list[Fault] = []  # for an event
        self._number = 0
        world.kernel.strike = self._strike

    def arm(self, fault: Fault) -> None:
        if self.world.healed:
            return
        if fault.on:
            self._waiting.append(fault)
        else:
            self._arm(fault)

    def _arm(self, fault: Fault) -> None:
        self._number += 1
        kernel = self.world.kernel
        heappush(self._armed, (kernel.calls + 1 + fault.calls, self._number, fault))
        kernel.strike_at = self._armed[0][0]

    def met(self, event: str) -> None:
        """Those that wait for this strike soon."""
        if self._waiting and not self.world.healed:
            struck = [fault for fault in self._waiting if fault.on == event]
            self._waiting = [fault for fault in self._waiting if fault.on != event]
            for fault in struck:
                self._arm(fault)

    def _strike(self) -> None:
        kernel = self.world.kernel
        while self._armed and self._armed[0][0] <= kernel.calls:
            fault = heappop(self._armed)[2]
            if not self.world.healed:
                self.world.note(f"{fault.name}: {fault.kind} ({fault.amount:.2f})")
                self.world.met[fault.kind] += 1
                self._do(fault)
        kernel.strike_at = self._armed[0][0] if self._armed else 1 << 62

    def _do(self, fault: Fault) -> None:
        if fault.kind.startswith("kill"):
            victims = fault.kind.removeprefix("kill ").replace("all", "holder and keeper and child")
            for victim in victims.split(" and "):
                self._kill(victim)
            return
        getattr(self, "_" + fault.kind.replace(" ", "_"))(fault)

    def _kill(self, victim: str) -> None:
        """kill -9."""
        kernel = self.world.kernel
        found = sorted(self._found(victim), key=lambda process: process.pid)
        if found:
            process = self.world.rng.choice(found)
            self.world.note(f"kill -9 {process.pid} ({process.name})")
            kernel.die(process, signal.SIGKILL)

    def _found(self, victim: str) -> list[Process]:
        processes = self.world.kernel.processes.values()
        return [each for each in processes if each.alive and each.ours and each.name.startswith(victim)]

    def _power_cut(self, fault: Fault) -> None:
        world = self.world
        alive = world.holder is not None and world.holder.process.alive
        world.witness.alive.clear()
        world.kernel.power_cut()
        world.programs.clear()
        if alive:
            world._holder_died()

    def _disk_full(self, fault: Fault) -> None:
        disk = self.world.kernel.disk
        disk.full = True

        def heal() -> None:
            disk.full = False

        self.world.kernel.later(min(5.0, fault.amount), heal, outlives=True)

    def _sync_fails(self, fault: Fault) -> None:
        self.world.kernel.disk.syncs_fail = 1

    def _clock(self, fault: Fault) -> None:
        """Somebody sets the wall clock: an hour or days, either way."""
        self.world.kernel.offset += self.world.rng.choice([3600.0, -3600.0, -3600.0, -1e6, 1e6])

    def _freeze_holder(self, fault: Fault) -> None:
        if self.world.holder is not None:
            self.world.holder.frozen = self.world.kernel.now + fault.amount

    def _freeze_keeper(self, fault: Fault) -> None:
        for program in self.world.programs:
            if isinstance(program, KeeperProgram):
                program.frozen = self.world.kernel.now + fault.amount

    def _contender(self, fault: Fault) -> None:
        """Somebody starts a second holder."""
        if self.world.holder is not None and self.world.holder.up and self.world.holder.process.alive:
            self.world.kernel.later(0.0, self._contend)

    def _contend(self) -> None:
        if self.world.holder is not None and self.world.holder.process.alive:
            self.world.start_holder()

    def _bystander(self, fault: Fault) -> None:
        """Processes of others come and go, and take pids that were ours."""
        kernel = self.world.kernel
        for _ in range(min(self.world.rng.choice([1, 10, 30]), 50 - len(kernel.processes))):
            process = kernel.spawn(1, {"PATH": "/bin"})
            process.name = "bystander"
            kernel.later(fault.amount, lambda process=process: kernel.die(process, 0))  # type: ignore[misc]

    def _ask(self, make: Callable[[str], words.Request]) -> None:
        """A person wants something of a job that is there."""
        known = sorted(self.world.acked)
        if known:
            said = make(self.world.rng.choice(known))
            self._number += 1
            said = said._replace(request=f"{type(said).__name__}-{self._number}")
            self.world.kernel.later(0.0, lambda: self.world.request(said), outlives=True)

    def _hold(self, fault: Fault) -> None:
        """A person stops a job, and later has it go on."""
        grace = self.world.rng.choice([0.0, 2.0, None])
        self._ask(lambda job: words.HoldJob(job, "paused", grace))
        self.world.kernel.later(fault.amount, lambda: self._ask(words.ReleaseJob), outlives=True)

    def release(self, job: str) -> None:
        self._number += 1
        self.world.request(words.ReleaseJob(job, f"release-{self._number}"))

    def _cancel(self, fault: Fault) -> None:
        self._ask(lambda job: words.CancelJob(job, self.world.rng.choice([0.0, 5.0])))

    def _cancel_action(self, fault: Fault) -> None:
        self._ask(lambda job: words.CancelAction(job, self._action(job), self.world.rng.choice([0.0, 5.0])))

    def _retry(self, fault: Fault) -> None:
        rng = self.world.rng
        self._ask(lambda job: words.RetryActions(job, rng.choice(words.MODES), self._action(job), rng.random() < 0.5))

    def _skip(self, fault: Fault) -> None:
        self._ask(lambda job: words.SkipAction(job, self._action(job)))

    def _priority(self, fault: Fault) -> None:
        self._ask(lambda job: words.SetPriority(job, self.world.rng.choice([-1.0, 5.0])))

    def _action(self, job: str) -> int:
        return self.world.rng.randrange(len(self.world.plan.listing[job]))

    def _repeated_request(self, fault: Fault) -> None:
        """A submission is said again: the client did not hear that it had worked."""
        world = self.world
        if world.promised:
            job = world.rng.choice(sorted(world.promised))
            world.kernel.later(0.0, lambda: world.submit(job), outlives=True)

    def _writeback(self, fault: Fault) -> None:
        """The kernel writes some of what it holds, as it does now and then."""
        disk = self.world.kernel.disk
        for _, node in list(self.world.kernel.tree()):
            if self.world.rng.random() < 0.5:
                before, disk.syncs_fail = disk.syncs_fail, 0
                disk.sync(node)
                disk.syncs_fail = before

    def heal(self) -> None:
        kernel = self.world.kernel
        self._armed.clear()
        self._waiting.clear()
        kernel.strike_at = 1 << 62
        kernel.disk.full, kernel.disk.syncs_fail = False, 0
        for program in (*self.world.programs, self.world.holder):
            if program is not None:
                program.frozen = 0.0
