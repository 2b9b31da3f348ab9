"""A folder as the original's users have it: modules, a job, a video, a storage; and real processes run in it.

Knows the original's command line and its log format; asserts nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

SOURCE = Path(__file__).resolve().parents[2] / "src"
PATIENCE = 60.0  # seconds until a test that waits in vain says so
LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - (\S+) - ([A-Z]+) - (.*) \((\w+\.py):(\d+)\)\Z")

# As the original's README prints them.
README_MANIFEST = """\
name: example_module    # Name of the module
description: Doing some stuff with the video # User-friendly description of the module
entrypoint: main.py     # Entry point of the module, python script placed in the same folder

# Accepted input files
inputs:
  - param_name: input 
    type: video

# Produced output files
outputs:
  - param_name: output
    type: audio
"""  # noqa: W291
README_JOB = """\
name: example_job   # Name of the job
version: 1.0        # Version of the job
input_artifacts:    # Main input file for the job, follows module's specification
  - param_name: input
    type: video
steps:
  - name: step1   # Name of the step
    entries:      # List of entries to run in parallel
      - module: example_module  # Name of the module to run
        input_artifacts:        # Input artifacts for the module
          - name: video.mp4
            param_name: input
            type: video
        output_artifacts:       # Output artifacts for the module
          - name: audio.wav     # Name of the file
            param_name: output  # Name of the CLI parameter
            type: audio         # Type of the artifact, sanity check only
            public: true        # Whether the artifact should not be removed after the job is done
"""
COPYING = """\
import argparse, shutil

parser = argparse.ArgumentParser()
parser.add_argument("--input")
parser.add_argument("--output")
args = parser.parse_args()
shutil.copyfile(args.input, args.output)
"""
# For modules: wait for what the test does next, and fail rather than hang.
WAITING = """\
import os, sys, time

def wait_for(path):
    give_up = time.monotonic() + 60
    while not os.path.exists(path):
        if time.monotonic() > give_up:
            sys.exit(99)
        time.sleep(0.01)

def options():
    return dict(zip((word[2:] for word in sys.argv[1::2]), sys.argv[2::2]))
"""
# The code's own spelling. {name} of the step and of the module; a chain of one file.
CODE_JOB = """\
name: pipeline
version: 1.0
input_artifact:
  name: clip.mp4
  type: video
steps:
"""
ENTRY = """\
      - module: {module}
        inputs:
          - {{name: {reads}, type: video, param_name: input}}
        outputs:
          - {{name: {writes}, type: video, param_name: output, public: {public}}}
"""


class Record(NamedTuple):
    """One line of the log."""

    logger: str
    level: str
    text: str


class Ended(NamedTuple):
    """A process that is over: its exit code, its log, all it wrote to standard error and to standard output."""

    code: int
    log: list[Record]
    err: str
    out: str

    def texts(self, level: str = "") -> list[str]:
        """What was said, at that level or at all."""
        return [record.text for record in self.log if record.level == (level or record.level)]


def records(text: str) -> list[Record]:
    """The lines of a log; a line of another form fails."""
    found = [LINE.match(line) for line in text.splitlines()]
    assert all(found), (
        f"not a log line: {[line for line, match in zip(text.splitlines(), found, strict=True) if not match]}"
    )
    return [Record(match[2], match[3], match[4]) for match in found if match]


def eventually(what: Callable[[], object], why: str) -> None:
    """Wait until it is so."""
    give_up = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < give_up, f"waited in vain: {why}"
        time.sleep(0.01)


class World:
    """`modules/`, `temp/`, `job.yaml` and `clip.mp4` below a folder, which is also where processes are started."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.modules = root / "modules"
        self.storage = root / "temp"
        self.video = root / "clip.mp4"
        self.job_file = root / "job.yaml"
        self.modules.mkdir()
        self.storage.mkdir()
        self.video.write_bytes(b"a video of %d bytes" % 20)
        self.started: list[subprocess.Popen[str]] = []

    def module(
        self, name: str, code: str, inputs: tuple[str, ...] = ("input",), outputs: tuple[str, ...] = ("output",)
    ) -> Path:
        """A module of that name; `wait_for` and `options` are there for its code."""
        folder = self.modules / name
        folder.mkdir()
        ports = [
            "\n".join([f"{key}:", *(f"  - {{param_name: {param}, type: video}}" for param in params)])
            for key, params in (("inputs", inputs), ("outputs", outputs))
        ]
        (folder / "manifest.yaml").write_text(
            f"name: {name}\ndescription: for a test\nentrypoint: main.py\n" + "\n".join(ports) + "\n"
        )
        (folder / "main.py").write_text(WAITING + code)
        return folder

    def example(self) -> None:
        """The README's module and job."""
        (self.modules / "example_module").mkdir()
        (self.modules / "example_module" / "manifest.yaml").write_text(README_MANIFEST)
        (self.modules / "example_module" / "main.py").write_text(COPYING)
        self.job_file.write_text(README_JOB)

    def chain(self, *steps: tuple[str, ...]) -> Path:
        """A job of steps, each of these modules at once; every first module reads what the step before wrote first.

        The outputs are called STEP-ENTRY.mp4; those of the last step are public."""
        text, reads = CODE_JOB, "clip.mp4"
        for number, modules in enumerate(steps, start=1):
            text += f"  - name: s{number}\n    entries:\n"
            public = str(number == len(steps)).lower()
            for entry, module in enumerate(modules):
                text += ENTRY.format(module=module, reads=reads, writes=f"{number}-{entry}.mp4", public=public)
            reads = f"{number}-0.mp4"
        self.job_file.write_text(text)
        return self.job_file

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a process: ours, and where the package is."""
        return {**os.environ, "PYTHONPATH": str(SOURCE), **more}

    def start(self, *words: object, err: int | IO[str] = subprocess.PIPE, **more: str) -> subprocess.Popen[str]:
        """`python -m job_manager WORDS...`, started in a session of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "job_manager", *map(str, words)],
            cwd=self.root,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, *words: object, **more: str) -> Ended:
        """Run it to its end; its standard error must be a log unless it ended with 2."""
        return self.ended(self.start(*words, err=subprocess.PIPE, **more))

    def ended(self, process: subprocess.Popen[str]) -> Ended:
        """What came of it."""
        out, err = process.communicate(timeout=PATIENCE * 2)
        return Ended(process.returncode, records(err) if process.returncode != 2 else [], err, out)

    def original(self, *more: object, **environment: str) -> Ended:
        """The original's command line on this job and this video."""
        return self.run("job.yaml", "clip.mp4", *more, **environment)

    def jm(self, *words: object) -> subprocess.CompletedProcess[str]:
        """One of our own commands."""
        argv = [sys.executable, "-m", "job_manager", *map(str, words)]
        return subprocess.run(
            argv, cwd=self.root, env=self.environment(), capture_output=True, text=True, timeout=PATIENCE * 2
        )

    def files(self, storage: Path | None = None) -> list[str]:
        """All files below a storage's `temp/`, relative to the job's folder."""
        base = (storage or self.storage) / "temp"
        return sorted("/".join(path.relative_to(base).parts[1:]) for path in base.rglob("*") if path.is_file())

    def job_ids(self, storage: Path | None = None) -> list[str]:
        """The ids of the jobs that have a folder."""
        base = (storage or self.storage) / "temp"
        return sorted(path.name for path in base.iterdir()) if base.is_dir() else []

    def public(self, name: str, storage: Path | None = None) -> bytes:
        """The content of a public artifact of the only job there is."""
        (job,) = self.job_ids(storage)
        return ((storage or self.storage) / "temp" / job / "public" / name).read_bytes()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *exc: object) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
            process.wait()


def lines_until(stream: IO[str], part: str) -> Iterator[str]:
    """The lines of a stream up to the first that contains `part`."""
    for line in stream:
        yield line
        if part in line:
            return
    raise AssertionError(f"the stream ended without {part!r}")
