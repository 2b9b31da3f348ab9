"""Keepers that are ended with their test, and a process that is a subreaper only as long as its test."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from job_manager.worker.adoption import end_leftovers, keepers
from job_manager.worker.processes import become_subreaper
from tests.process.keeping import Keeping
from tests.process.warming import Host, Module
from tests.process.working import Working

PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[Callable[..., Keeping]]:
    """Starts keepers in this test's folder."""
    started: list[Keeping] = []

    def start(linger: float | None = None) -> Keeping:
        started.append(Keeping(tmp_path, linger))
        return started[-1]

    yield start
    for keeper in started:
        keeper.close()


@pytest.fixture
def keeper(keeping: Callable[..., Keeping]) -> Keeping:
    """A keeper that has been greeted, with four slots."""
    one = keeping()
    one.hello()
    return one


@pytest.fixture
def working(tmp_path: Path, subreaper: None) -> Iterator[Callable[..., Working]]:
    """Starts workers, each with a keeper of its own, in this test's folder; what they leave is ended with the test."""
    started: list[Working] = []

    def start(**more: Any) -> Working:
        started.append(Working(tmp_path, **more))
        return started[-1]

    yield start
    for one in started[-1:]:
        if not one.closed:
            one.worker.close()
    for trace in keepers(str(tmp_path / "keepers")):
        end_leftovers(trace, 0.0)


@pytest.fixture
def subreaper() -> Iterator[None]:
    if not become_subreaper():
        pytest.skip("no child subreapers on this system")
    yield
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.fixture
def module(keeper: Keeping, tmp_path: Path) -> Callable[..., Module]:
    """Makes modules of a text and the names of what they preload."""

    def make(text: str = "", *preload: str, name: str = "module") -> Module:
        return Module(keeper, tmp_path / name, text, preload)

    return make


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subreaper: None) -> Host:
    """What stands in for a keeper, in this test's folder."""
    monkeypatch.chdir(tmp_path)
    return Host(tmp_path)
