"""A job of a hundred thousand actions in each language is read in seconds and in moderate memory.

The full size needs a quiet machine: the long lane. The small size shows that what is measured is a job.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from job_manager import formats
from job_manager.formats.json_reader import load, simple
from job_manager.model.job import Action
from tests.formats.big import WRITERS, big
from tests.memory import OWN

COUNT = 100_000
SECONDS, MEGABYTES = 60, 350  # of processor time and beside the text: many times what a quiet machine takes
LANGUAGES = [language.name for language in formats.LANGUAGES if language.name in WRITERS]
CHILD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
{read}
usage = resource.getrusage(resource.RUSAGE_SELF)
print({own} >> 10, round(usage.ru_utime + usage.ru_stime, 1))
"""
READ = "from job_manager import formats; formats.read(sys.argv[1], sys.argv[2])"
LOAD = "from job_manager.formats.json_reader import load; load(open(sys.argv[1], 'rb').read(), 'job.json')"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_small_one_is_a_job(language, tmp_path):
    file = tmp_path / "job"
    file.write_bytes(big(language, 2500))
    tasks = formats.read(str(file), language).job.children
    assert [len(task.children) for task in tasks if not isinstance(task, Action)] == [1000, 1000, 500]


def test_a_small_one_is_json():
    tree = load(big("json", 1001), "job.json")
    assert tree is not None
    job = simple(tree)["Job"]  # type: ignore[index]
    assert [len(child["Task"]["children"]) for child in job["children"]] == [1000, 1]


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hundred_thousand_actions(language, tmp_path):
    file = tmp_path / "job"
    file.write_bytes(big(language, COUNT))
    assert measured(READ, str(file), language) < MEGABYTES


@pytest.mark.long
def test_a_hundred_thousand_actions_as_json_text(tmp_path):
    file = tmp_path / "job.json"
    file.write_bytes(big("json", COUNT))
    assert measured(LOAD, str(file)) < MEGABYTES


def measured(read: str, *argv: str) -> int:
    """The megabytes that the reading took; the seconds are bounded in the child."""
    program = CHILD.format(read=read, seconds=SECONDS, own=OWN)
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program, *argv], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    print(*argv, done.stdout)
    return int(done.stdout.split()[0])
