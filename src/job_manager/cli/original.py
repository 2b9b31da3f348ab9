"""The original job_manager's own command line: `python -m job_manager JOB VIDEO [--storage_dir D] [--modules_dir D]`.

Its words, its log on standard error, its folders; no rules of a run. Rules: reference seed-systems S1-S4, S10-S13, S25.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

# Not imported from typing: `jm --help` passes through this file.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger

    from job_manager.model.errors import Problem

OPTIONS = ("--storage_dir", "--modules_dir")
ENDINGS = (".yaml", ".yml")
USAGE = "python -m job_manager JOB VIDEO [--storage_dir temp/] [--modules_dir modules/]"


def is_original(argv: Sequence[str]) -> bool:
    """Whether these words, which begin with no verb of ours, are the original's: one of its options is among them, or
    the first file is a job file."""
    if any(word.split("=", 1)[0] in OPTIONS for word in argv):
        return True
    first = next((word for word in argv if not word.startswith("-")), "")
    return first.lower().endswith(ENDINGS) or os.path.isfile(first)


def main(argv: Sequence[str]) -> int:
    """Run it; the exit code: 0, 1 for every failure, 2 for words it does not know, 130 when interrupted."""
    # Imported here: `jm --help` passes through this file.
    from job_manager.cli.original_log import log_to
    from job_manager.model.errors import InputError, JobManagerError

    job, video, storage, modules = _read(argv)
    log = log_to(sys.stderr)
    log.info("Starting job manager...")
    missing = _missing(job, video, storage, modules)
    if missing:
        log.error("%s", missing)
        return 1
    try:
        return _run(job, video, storage, modules)
    except InputError as error:
        _log_problems(log, error.problems)
    except JobManagerError as error:
        log.error("Failed to run job: %s", error)
        if error.hint:
            log.error("To go on: %s", error.hint)
        return 130 if getattr(error, "state", "") == "interrupted" else 1
    return 1


def _log_problems(log: Logger, problems: Sequence[Problem]) -> None:
    """What stops the job as errors; what is only odd about it, said with that, at its own level."""
    from job_manager.app.original import LEVELS, one_line

    for problem in problems:
        text = one_line(problem)
        if problem.severity == "error":
            log.error("Failed to run job: %s", text)
        else:
            log.log(LEVELS[problem.severity], "%s", text)


def _read(argv: Sequence[str]) -> tuple[str, str, str, str]:
    """The four paths, absolute; an empty VIDEO where none was given. Leaves with 2 for words it does not know."""
    import argparse

    parser = argparse.ArgumentParser(
        prog="python -m job_manager",
        description="Run a job on a video, as the original job_manager did. `jm --help` shows everything else.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("job", metavar="JOB", help="the job file")
    parser.add_argument("video", metavar="VIDEO", nargs="?", default=None, help="its input; none for a job without")
    parser.add_argument("--storage_dir", default="temp/", help="where the artifacts go; it must exist")
    parser.add_argument("--modules_dir", default="modules/", help="the folder of the modules")
    read = parser.parse_args(list(argv))
    job, storage, modules = (os.path.abspath(path) for path in (read.job, read.storage_dir, read.modules_dir))
    return job, "" if read.video is None else os.path.abspath(read.video), storage, modules


def _missing(job: str, video: str, storage: str, modules: str) -> str:
    """What is not there, the first in the original's order; "" when all is."""
    named = (("Job file", job), ("Video file", video), ("Storage directory", storage), ("Modules directory", modules))
    return next((f"{what} not found: {path}" for what, path in named if path and not os.path.exists(path)), "")


def _run(job_file: str, video: str, storage: str, modules: str) -> int:
    from job_manager.app.ahead import expect_a_run

    expect_a_run()  # before the many imports that follow
    import uuid

    from job_manager.app.original import ArtifactManager, JobManager

    artifacts = ArtifactManager(storage)
    manager = JobManager(modules, artifacts)
    job = manager.load_job(job_file)
    job_id = uuid.uuid4().hex
    _match(job_file, video, [given.name or "" for given in job.input_artifacts])
    if job.input_artifact is not None:
        artifacts.set_job_input_artifact(job_id, job.input_artifact, video)
    manager.run(job, job_id)
    return 0


def _match(job_file: str, video: str, inputs: Sequence[str]) -> None:
    """This command line has one VIDEO to give. Raises InputError when the job wants another number of files."""
    from job_manager.model.errors import InputError
    from job_manager.model.wording import quoted

    if len(inputs) > 1:
        files = " ".join(f"--input {name}=FILE" for name in inputs)
        hint = f"jm run {job_file} {files}"
        raise InputError(f"the job has {len(inputs)} inputs ({', '.join(inputs)}); here one can be given", hint)
    if inputs and not video:
        raise InputError(f"the job needs a file for its input {quoted(inputs[0])}", USAGE)
    if video and not inputs:
        raise InputError(f"the job has no input: there is nothing to give {video} to", "leave VIDEO out")
