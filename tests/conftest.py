"""What every test may count on: seeds that are printed, skips that are seen, an environment that is nobody's.

Knows pytest and hypothesis and nothing of job_manager, so that it can never be the reason why a test passes.
"""

from __future__ import annotations

import os
import random
import shutil
import time
import zlib
from collections.abc import Generator

import hypothesis
import pytest

FIXED_SEED = 0
# Settings of the test run itself; every other JM_* would change what the program does.
KEPT = {"JM_SEED", "JM_TEST_EXEC"}
STARTED = time.monotonic()


def base_seed() -> int:
    return int(os.environ.get("JM_SEED", FIXED_SEED))


def pytest_addoption(parser: pytest.Parser) -> None:
    lanes = parser.getgroup("lanes")
    lanes.addoption("--sample", type=int, metavar="N", help="run only N of the selected tests, drawn by JM_SEED")
    lanes.addoption("--budget", type=float, metavar="S", help="skip, visibly, what has not begun after S seconds")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    for name in list(os.environ):
        if (name.startswith("JM_") and name not in KEPT) or name in {"VIRTUAL_ENV", "CONDA_PREFIX"}:
            del os.environ[name]
    # Without a seed two runs of one commit do the same; with one, hypothesis draws by it.
    hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
    hypothesis.settings.register_profile("seeded", derandomize=False, deadline=None, database=None)
    seeded = "JM_SEED" in os.environ
    hypothesis.settings.load_profile("seeded" if seeded else "repeatable")
    if seeded and config.getoption("--hypothesis-seed", None) is None:
        config.option.hypothesis_seed = str(base_seed())


def pytest_report_header() -> str:
    return f"seed: JM_SEED={base_seed()}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("--sample")
    if wanted is None or wanted >= len(items):
        return
    drawn = set(random.Random(base_seed()).sample(sorted(item.nodeid for item in items), wanted))
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in drawn])
    items[:] = [item for item in items if item.nodeid in drawn]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    budget = item.config.getoption("--budget")
    if budget is not None and time.monotonic() - STARTED > budget:
        pytest.skip(f"the {budget:g} s of this run were used up before this test")
    for marker in item.iter_markers("needs"):
        missing = [program for program in marker.args if shutil.which(program) is None]
        if missing:
            pytest.skip(f"not on PATH: {', '.join(missing)}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and "seed" in getattr(item, "fixturenames", ()):
        report.sections.append(("to repeat it", f"JM_SEED={base_seed()} pytest '{item.nodeid}'"))
    return report


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A number that JM_SEED and the test's own id decide: 32 bits, the same on every machine and in any order."""
    return zlib.crc32(f"{base_seed()}:{request.node.nodeid}".encode())


@pytest.fixture
def rng(seed: int) -> random.Random:
    """A generator of its own for each test, started from `seed`."""
    return random.Random(seed)
