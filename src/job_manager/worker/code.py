"""Whether the code of a module is still that of the submission, asked before each attempt that runs it.

Knows no attempt. What has changed is run as it is now, and said to be so.
"""

from __future__ import annotations

import os
from itertools import islice

from job_manager.model.site import Installed
from job_manager.model.wording import quoted
from job_manager.worker.keeper_link import Order

PATIENCE = 1.0  # seconds for which an answer holds: thousands of attempts may begin in them


class Code:
    """Remembers what each folder looked like, so that nothing is read twice. An answer holds for `patience` seconds."""

    def __init__(self) -> None:
        self.patience = PATIENCE
        self._looked: dict[str, tuple[float, int, str]] = {}  # when, what was seen, the digest

    def change(self, module: Installed | None, now: float) -> str:
        """What to say of a module that is not as it was when the job was submitted, or "". `now`: monotonic seconds."""
        if module is None or not module.digest:
            return ""
        if self._digest(module.folder, now) == module.digest:
            return ""
        return f"the module {quoted(module.name)} has changed since the job was submitted; it runs as it is now"

    def mark(self, order: Order, module: Installed | None, now: float) -> None:
        """Say in the order of a warm module what its folder is now: none is copied from what was imported before."""
        if module is not None and "warm" in order:
            order["warm"]["digest"] = self._digest(module.folder, now)

    def _digest(self, folder: str, now: float) -> str:
        when, before, digest = self._looked.get(folder, (float("-inf"), 0, ""))
        if now - when < self.patience:
            return digest
        # Imported here: a job without modules needs no digest.
        from job_manager.modules.digest import FILES, folder_digest, source_files

        seen = hash(tuple(_look(folder, name) for name in islice(source_files(folder), FILES)))
        if not digest or seen != before:
            digest = folder_digest(folder)
        self._looked[folder] = now, seen, digest
        return digest


def _look(folder: str, name: str) -> tuple[str, int, int, int, int]:
    try:
        found = os.lstat(os.path.join(folder, name))
    except OSError:
        return name, 0, 0, 0, 0
    return name, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
