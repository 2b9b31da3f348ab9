"""A job of a hundred thousand entries is read in bounded time and memory. Needs a quiet machine: the long lane."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.memory import OWN

ENTRY = b"""\
      - module: example_module
        input_artifacts:
          - name: audio%d.wav
            param_name: input
            type: audio
        output_artifacts:
          - name: audio%d.wav
            param_name: output
            type: audio
            public: true
"""
HEAD = b"name: large\nversion: 1.0\ninput_artifacts:\n  - name: audio-1.wav\n    type: audio\nsteps:\n"
CHILD = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from job_manager import formats
reading = formats.read(sys.argv[1])
print(sum(len(step.children) for step in reading.job.children), OWN >> 10)
""".replace("OWN", OWN)


@pytest.mark.long
def test_a_hundred_thousand_entries(tmp_path):
    file = tmp_path / "job.yaml"
    with file.open("wb") as out:
        out.write(HEAD)
        for step in range(100_000):
            if step % 1000 == 0:
                out.write(b"  - name: step%d\n    entries:\n" % (step // 1000))
            out.write(ENTRY % (-1 if step < 1000 else step - 1000, step))
    done = subprocess.run([sys.executable, "-c", CHILD, str(file)], capture_output=True, text=True, check=True)
    count, megabytes = done.stdout.split()
    assert int(count) == 100_000
    assert int(megabytes) < 350
