"""A warm module under test: a folder with an entrypoint, and the orders that run it cold and warm in one keeper.

Also what stands in for a keeper where templates are asked in the process of the test.
Waits for ends with a deadline; compares nothing.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any

from job_manager.worker.processes import children_of
from tests.process.keeping import DEADLINE, PATH


class Module:
    """A module in a folder of its own, run cold and warm by one keeper. Orders of the same module share a template."""

    def __init__(self, keeper: Any, folder: Path, text: str = "", preload: tuple[str, ...] = ()) -> None:
        self.keeper, self.folder, self.preload = keeper, folder, preload
        self.main = folder / "main.py"
        self.digest = "1"
        folder.mkdir()
        if text:
            self.main.write_text(text)
        self._count = 0

    def orders(self, *calls: tuple[str, ...], warm: bool = True, **more: Any) -> list[Any]:
        """An order for each call, which is the words after the entrypoint."""
        made = []
        for words in calls:
            self._count += 1
            token = f"{self.folder.name}/{self._count}/1"
            where = self.folder.parent / f"{self.folder.name}-{self._count}"
            (where / "tmp").mkdir(parents=True)
            env = {"TMPDIR": f"{where}/tmp", "PYTHONUNBUFFERED": "1", "JM_WORKDIR": str(where), **more.get("env", {})}
            log = str(where / "log")
            given: dict[str, Any] = {**more, "env": env, "cwd": str(where), "log": log}
            if warm:
                given["warm"] = {"preload": list(self.preload), "digest": self.digest}
            made.append(self.keeper.order(token, sys.executable, str(self.main), *words, **given))
        return made

    def run(self, *calls: tuple[str, ...], warm: bool = True, **more: Any) -> list[tuple[Any, Any, bytes]]:
        """Code, signal and output of each."""
        orders = self.orders(*calls, warm=warm, **more)
        self.keeper.link.start(orders)
        ends = [self.keeper.exit(order["token"]) for order in orders]
        logs = [Path(order["log"]) for order in orders]
        return [
            (end["code"], end["signal"], log.read_bytes() if log.exists() else b"")
            for end, log in zip(ends, logs, strict=True)
        ]


def templates(keeper: Any) -> list[int]:
    """Those that live."""
    return [pid for pid in children_of(keeper.link.pid) if pid in recorded(keeper)]


def recorded(keeper: Any) -> list[int]:
    """All that there have been."""
    file = Path(keeper.directory) / "templates"
    return [json.loads(line)["pid"] for line in file.read_text().splitlines()] if file.exists() else []


ENV = {"PATH": PATH}


class Host:
    """As much of a keeper as templates ask of it, in this process: time is what is said to them."""

    def __init__(self, folder: Path) -> None:
        self.home, self.poll, self.reset = os.open(folder, os.O_RDONLY), select.poll(), list(signal.valid_signals())
        self.reset = [number for number in self.reset if number not in (signal.SIGKILL, signal.SIGSTOP)]
        self.subreaper, self.children = True, self
        self.apart: set[int] = set()
        self.coming: set[int] = set()
        self.hear: Any = None
        self.slots = 2
        self.queue: list[str] = []
        self.queued: dict[str, Any] = {}
        self.noted: list[str] = []
        self.own_score = self.child_score = b"0"

    def mark_memory(self, score: bytes) -> None:
        assert score == b"0"


def order_of(folder: Path, **warm: Any) -> dict[str, Any]:
    (folder / "main.py").write_text("")
    return {"argv": [sys.executable, f"{folder}/main.py"], "env": {}, "warm": {"preload": [], "digest": "", **warm}}


def come_up(host: Host, ours: Any) -> None:
    ((handle, _),) = host.poll.poll(DEADLINE * 1000)
    assert ours.attend(handle)
