"""Copies of a template: in everything a module can observe they are like a start from nothing, and nothing is shared.

Knows the keeper through its link. How a job says `warm: true` is elsewhere.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from job_manager.worker.keeper import children_of

OBSERVED = Path(__file__).parent / "observed" / "main.py"


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


@pytest.fixture
def module(keeper, tmp_path):
    def make(text: str = "", *preload: str, name: str = "module") -> Module:
        return Module(keeper, tmp_path / name, text, preload)

    return make


def templates(keeper: Any) -> list[int]:
    """Those that live."""
    return [pid for pid in children_of(keeper.link.pid) if pid in recorded(keeper)]


def recorded(keeper: Any) -> list[int]:
    """All that there have been."""
    file = Path(keeper.directory) / "templates"
    return [json.loads(line)["pid"] for line in file.read_text().splitlines()] if file.exists() else []


def observed(module: Module, warm: bool, tmp_path: Path, **more: Any) -> list[dict[str, Any]]:
    files = [tmp_path / f"seen-{warm}-{number}" for number in (1, 2)]
    orders = module.orders(*[(str(file), "a b", "", "caf\udce9") for file in files], warm=warm, **more)
    module.keeper.link.start(orders)
    for order in orders:
        end = module.keeper.exit(order["token"])
        assert end["code"] == 0, Path(order["log"]).read_text()
    return [
        json.loads(
            file.read_text().replace(order["cwd"], "CWD").replace(order["token"], "TOKEN").replace(str(file), "FILE")
        )
        for file, order in zip(files, orders, strict=True)
    ]


@pytest.mark.parametrize(
    ("env", "more"),
    [
        ({}, {}),
        ({"PYTHONSAFEPATH": "1", "PYTHONWARNINGS": "error", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"}, {"umask": 0o137}),
        ({"PYTHONPATH": "/no/such:/nor/such", "PYTHONDEVMODE": "1", "PYTHONIOENCODING": "latin-1:replace"}, {}),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "ODD": "caf\udce9 \n="}, {}),
    ],
)
def test_a_copy_observes_what_a_start_from_nothing_does(module, keeper, tmp_path, env, more):
    one = module()
    shutil.copy(OBSERVED, one.main)
    cold, _ = observed(one, False, tmp_path, env=env, **more)
    for warm in observed(one, True, tmp_path, env=env, **more):
        differing = {name: (cold[name], warm[name]) for name in warm if warm[name] != cold[name]}
        assert not differing, differing
        assert list(warm) == list(cold)
    assert len(templates(keeper)) == 1 and keeper.notes == {}


def test_a_copy_ends_in_every_way_in_which_a_start_from_nothing_does(module):
    one = module()
    shutil.copy(OBSERVED.parent / "endings.py", one.main)
    ways = [(way,) for way in re.findall(r'^    "(.*)": ', one.main.read_text(), re.MULTILINE)]
    cold = dict(zip(ways, one.run(*ways, warm=False), strict=True))
    warm = dict(zip(ways, one.run(*ways), strict=True))
    for way in ways:
        assert plain(warm[way]) == plain(cold[way]), way
    assert len(ways) > 30 and len(recorded(one.keeper)) == 1


def plain(end: tuple[Any, Any, bytes]) -> tuple[Any, Any, str]:
    return end[0], end[1], re.sub(r"module-\d+|0x[0-9a-f]+", "?", end[2].decode())
