"""Where the things of one job stand on disk: its logs, and the store with its attempts and artifacts. Makes nothing.

Remembers when that disk was full. Knows no state and no rules; the state directory's own layout is app/home.py's.
"""

from __future__ import annotations

import os

from job_manager.artifacts.store import TEMP, Store
from job_manager.model.site import Site
from job_manager.worker.room import WasFull

LONGEST_LABEL = 120  # characters, so that whole paths stay short enough for every tool


def label(path: str, attempt: int) -> str:
    """The name of an attempt as one part of a file name: `step1+transcode.2`; shortened with a digest when too long."""
    flat = path.replace("/", "+")
    if len(flat) > LONGEST_LABEL or "+" in path:
        import hashlib  # loads OpenSSL, which takes milliseconds, and few paths are that long

        digest = hashlib.blake2b(path.encode("utf-8"), digest_size=6).hexdigest()
        flat = f"{flat[:60]}++{digest}"
    return f"{flat}.{attempt}"


class Layout:
    """The folders of the job `id` below `jobs`; its artifacts may be kept elsewhere, in `store`."""

    __slots__ = ("folder", "id", "store", "was_full")

    def __init__(self, jobs: str, id: str, store: str = "") -> None:
        self.id = id
        self.folder = os.path.join(jobs, id)
        # The original had the video between the artifacts of the steps, and modules of its users may look beside it.
        self.store = Store(store, TEMP) if store else Store(self.folder)
        self.was_full = WasFull()

    @property
    def logs(self) -> str:
        """The folder of the logs."""
        return f"{self.folder}/logs"

    def log(self, path: str, attempt: int, stream: str = "log") -> str:
        """The log file of an attempt; stream is `log`, or `err` where the streams are kept apart."""
        return f"{self.folder}/logs/{label(path, attempt)}.{stream}"

    def result(self, path: str, attempt: int) -> str:
        """Where what a function returned is kept, as JSON; it stays when attempts are removed."""
        return f"{self.folder}/results/{label(path, attempt)}.json"


def layout_of(jobs: str, id: str, site: Site) -> Layout:
    """The layout of a job that was submitted from this site."""
    return Layout(jobs, id, site.store and os.path.join(site.store, id))
