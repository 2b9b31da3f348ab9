"""Whether the code of a module is still that of the submission, asked before each attempt that runs it.

Knows no attempt. What has changed is run as it is now, and said to be so.
"""

from __future__ import annotations

import os
from itertools import islice

from job_manager.model.site import Installed
from job_manager.model.wording import quoted

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
        if self.digest(module.folder, now) == module.digest:
            return ""
        return f"the module {quoted(module.name)} has changed since the job was submitted; it runs as it is now"

    def digest(self, folder: str, now: float) -> str:
        """The digest of a module's folder as it is now, give or take `patience`."""
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
