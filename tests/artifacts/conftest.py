"""What the store's tests share: a store, an attempt that has written, and an ordinary user when root tests."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from job_manager.artifacts.outputs import Declared
from job_manager.artifacts.store import Store

NOBODY = 65534


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "jobs" / "j1" / "store"))


@pytest.fixture
def wrote(store: Store) -> Callable[..., list[Declared]]:
    """Prepares the attempt and writes its outputs: `wrote("a.1", {"x.txt": b"..."}, public=("x.txt",))`."""

    def write(label: str, files: dict[str, bytes], public: tuple[str, ...] = ()) -> list[Declared]:
        outputs = [Declared(name, public=name in public) for name in files]
        store.prepare(label, outputs)
        for name, content in files.items():
            Path(store.output_path(label, name)).write_bytes(content)
        return outputs

    return write


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0)
    os.umask(before)
    yield os.umask
    os.umask(before)


@pytest.fixture
def ordinary() -> Iterator[Callable[[Callable[[str], None]], None]]:
    """Runs a function, given a folder of its own, as a user for whom permissions count."""
    folder = tempfile.mkdtemp(prefix="jm-ordinary-")

    def run(work: Callable[[str], None]) -> None:
        if os.geteuid() != 0:
            work(folder)
            return
        os.chown(folder, NOBODY, NOBODY)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # fork beside the threads of pytest-xdist
            child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                work(folder)
            except BaseException:
                traceback.print_exc(file=sys.__stderr__)
                os._exit(1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    yield run
    shutil.rmtree(folder, ignore_errors=True)
