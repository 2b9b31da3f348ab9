"""How much this machine has for a job: CPUs and memory, as far as this process may use them, and whether the memory an
action asks for can be held to. Reads what the kernel tells; knows no settings.
"""

from __future__ import annotations

import os

from job_manager.worker.cgroups import memory_home

CGROUPS = "/sys/fs/cgroup"
NEVER_REACHED = 1 << 60  # what cgroup v1 says where there is no limit is a little below 2**63


def found_cpus(cgroups: str = CGROUPS) -> int:
    """The CPUs this process may run on, or as many as its cgroup has time for (rounded up), if these are fewer."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = min((each for folder in _folders("cpu", cgroups) for each in _quota(folder)), default=float(cores))
    return max(1, min(cores, -int(-quota // 1)))


def found_memory(cgroups: str = CGROUPS, meminfo: str = "/proc/meminfo") -> int | None:
    """Bytes of memory of the machine, or of its cgroup when that may have less; None where nobody says."""
    limits = [
        int(text)
        for folder in _folders("memory", cgroups)
        for name in ("memory.max", "memory.limit_in_bytes")
        if (text := _text(f"{folder}/{name}")).isdigit() and int(text) < NEVER_REACHED
    ]
    total = next((line.split()[1] for line in _text(meminfo).splitlines() if line.startswith("MemTotal:")), "")
    return min([*limits, *([int(total) << 10] if total.isdigit() else [])], default=None)


def memory_is_enforced() -> bool:
    """Whether an attempt gets a cgroup that ends it when it uses more than it has asked for."""
    return bool(memory_home()[1])


def _folders(controller: str, cgroups: str) -> list[str]:
    """The folders of this process's cgroups that may bound something, and of all above them: version 1, version 2."""
    found: list[str] = []
    for line in _text("/proc/self/cgroup").splitlines():
        _, controllers, own = line.split(":", 2)
        if controller in controllers.split(","):
            roots = [f"{cgroups}/{controllers}", f"{cgroups}/{controller}"]
        elif not controllers:
            roots = [cgroups, f"{cgroups}/unified"]
        else:
            continue
        parts = [part for part in own.split("/") if part and part != ".."]
        found += [os.path.join(root, *parts[:depth]) for root in roots for depth in range(len(parts) + 1)]
    return found


def _quota(folder: str) -> list[float]:
    quota, _, period = _text(f"{folder}/cpu.max").strip().partition(" ")
    if not quota:
        quota, period = _text(f"{folder}/cpu.cfs_quota_us").strip(), _text(f"{folder}/cpu.cfs_period_us").strip()
    return [int(quota) / int(period)] if quota.isdigit() and period.isdigit() and int(period) else []


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as content:
            return content.read().strip()
    except OSError:
        return ""
