"""PyYAML as it is imported here still does all that it does: its patterns are compiled late, not left out.

In a process of its own, where nobody else has imported it before. Knows no job.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src"
PROGRAM = """
import re
from job_manager.formats.yaml_library import library
yaml = library()
assert isinstance(re.compile("a"), re.Pattern)
tree = yaml.load("[2026-11-26, 1.5, 0x1f, yes, ~, 1:30, 'a b']", yaml.SafeLoader)
print([str(value) for value in tree])
try:
    yaml.load("a\\x01", yaml.SafeLoader)
except yaml.reader.ReaderError as error:
    print(error.position, error.reason)
assert library() is yaml
"""


def test_it_reads_what_it_reads_and_refuses_what_it_refuses():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(SRC)}
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "['2026-11-26', '1.5', '31', 'True', 'None', '90', 'a b']",
        "1 special characters are not allowed",
    ]
