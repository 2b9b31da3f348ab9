"""The library of the original job_manager under its names: JobManager, ArtifactManager, load_job, run_job, progress.

Its users' scripts run unchanged; behind it a job is checked as a whole, recorded, and run like any other. No argv here.
Rules: reference seed-systems S22-S24, and section 3 for what must be better.
"""

from __future__ import annotations

import logging
import os
import shlex
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from job_manager import formats
from job_manager.app.interrupts import Interrupts
from job_manager.app.loading import Loaded, Wish, load
from job_manager.app.original_account import Account, StepBegins, called, no_progress, reason
from job_manager.app.original_storage import (
    Artifact,
    ArtifactManager,
    HeldHome,
    Path,
    claimed,
    existing_homes,
    free_home,
)
from job_manager.app.running import run, umask
from job_manager.core import table
from job_manager.core.state import JobState
from job_manager.model import job as model
from job_manager.model.errors import JobManagerError, Problem, Refused
from job_manager.model.module import Module
from job_manager.modules.shelf import find
from job_manager.worker.layout import Layout

__all__ = [
    "Artifact",
    "ArtifactManager",
    "Job",
    "JobFailed",
    "JobManager",
    "JobManagerProgressUpdate",
    "Step",
    "StepModule",
    "load_job",
    "run_job",
]

LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "note": logging.INFO}
logger = logging.getLogger("job_manager")


class JobFailed(JobManagerError):
    """The job did not succeed. `state` is failed, or interrupted when it was stopped; `failures` has a pair (path of
    the entry, why) for each that failed; `home` is the state directory in which `jm` finds the job."""

    def __init__(self, job: JobState, home: str) -> None:
        self.job_id = job.id
        self.state = job.state
        self.home = home
        self.failures = tuple(_failures(job))
        why = "; ".join(f"{path}: {text}" for path, text in self.failures)
        hint = f"jm resume {job.id} --home {shlex.quote(home)}"
        super().__init__(f"job {job.job.name} {self.state}" + (f": {why}" if why else ""), hint)


def _failures(job: JobState) -> Iterator[tuple[str, str]]:
    for index, state in enumerate(job.states):
        if state in (table.FAILED, table.LOST):
            yield job.shape.paths[index], reason(job.failures.get(index))


@dataclass(frozen=True)
class JobManagerProgressUpdate:
    """A step is about to begin: its number from 1, of how many, and its name."""

    job_id: str
    current_step: int
    total_steps: int
    step_name: str


ProgressCallback = Callable[[JobManagerProgressUpdate], object]


# --- the job as the original shows it ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class StepModule:
    """An entry of a step: the module it runs (or its own name where it runs a command) and its artifacts."""

    module: str
    inputs: tuple[Artifact, ...] = ()
    outputs: tuple[Artifact, ...] = ()


@dataclass(frozen=True)
class Step:
    """Entries that run at the same time."""

    name: str
    modules: tuple[StepModule, ...] = ()


class Job:
    """A job file, read. Its parts are not to be changed: what is run is what was read."""

    def __init__(self, job_file: Path) -> None:
        """Raises InputError with every mistake of the file; whether it fits the modules is `load_job`'s to say."""
        self._show(formats.read(os.fspath(job_file), loose=True).job)

    @classmethod
    def of(cls, read: model.Job, modules_dir: str) -> Job:
        """The job that was read and checked against the modules of that folder."""
        job = cls.__new__(cls)
        job._show(read)
        job.modules_dir = modules_dir
        return job

    def _show(self, read: model.Job) -> None:
        public = {output.artifact for _, action in model.actions(read) for output in action.outputs if output.public}
        self.plan = read
        self.modules_dir = ""
        self.name = read.name
        self.version = read.version
        self.input_artifacts = tuple(Artifact(given.type, given.param, given.artifact) for given in read.inputs)
        self.steps = tuple(_step(node, public) for node in read.children)

    @property
    def input_artifact(self) -> Artifact | None:
        """The job's input, the first where there are several; None for a job without."""
        return self.input_artifacts[0] if self.input_artifacts else None


def _step(node: model.Task | model.Action, public: set[str]) -> Step:
    actions = [child for child in getattr(node, "children", ()) if isinstance(child, model.Action)]
    return Step(node.title or node.name, tuple(_entry(action, public) for action in actions))


def _entry(action: model.Action, public: set[str]) -> StepModule:
    inputs, outputs = (_artifacts(uses, public) for uses in (action.inputs, action.outputs))
    return StepModule(called(action), inputs, outputs)


def _artifacts(uses: Iterable[model.Input | model.Output], public: set[str]) -> tuple[Artifact, ...]:
    return tuple(Artifact(use.type, use.param, use.artifact, use.artifact in public) for use in uses)


# --- running it -------------------------------------------------------------------------------------------------------


class JobManager:
    """The modules of one folder, and the jobs that are run with them in one storage. Any number may run at once."""

    def __init__(self, modules_dir: Path, artifact_manager: ArtifactManager) -> None:
        """Raises InputError when there is no such folder; a module that cannot be used is logged and left out."""
        self.modules_dir = os.path.abspath(os.fspath(modules_dir))
        self.artifact_manager = artifact_manager
        shelf = find([self.modules_dir])
        self.modules: list[Module] = list(shelf.modules)
        for module in self.modules:
            logger.info("Loaded module %s", module.name)
        for broken in shelf.broken:
            why = "; ".join(one_line(problem) for problem in broken.problems)
            logger.error("Failed to load module %s: %s", os.path.basename(broken.folder), why)

    def load_job(self, job_file: Path) -> Job:
        """The job in the file. Raises InputError with every mistake of it, also in what it asks of the modules."""
        return load_job(job_file, self.modules_dir)

    async def run_job(self, job: Job, job_id: str, progress_cb: ProgressCallback | None = None) -> None:
        """Run the job to its end while the event loop goes on; the callback is called in the loop, before each step.

        Raises JobFailed, and InputError or Refused when it cannot begin. Cancelling ends what runs, then is raised."""
        from job_manager.app.original_loop import beside_the_loop

        await beside_the_loop(lambda interrupts, in_loop: self.run(job, job_id, progress_cb, interrupts, in_loop))

    def run(
        self,
        job: Job,
        job_id: str,
        progress_cb: ProgressCallback | None = None,
        interrupts: Interrupts | None = None,
        in_turn: Callable[[Callable[[], object]], object] = lambda call: call(),
    ) -> None:
        """What `run_job` does, in this thread and to the end. `in_turn` is given each call of the callback to make."""

        def step_begins(number: int, total: int, name: str) -> None:
            update = JobManagerProgressUpdate(job_id, number, total, name)
            assert progress_cb is not None
            in_turn(partial(progress_cb, update))

        storage = self.artifact_manager.storage_path
        with claimed(self.artifact_manager, job_id):
            if any(os.path.lexists(os.path.join(home.jobs, job_id)) for home in existing_homes(storage, os.environ)):
                raise Refused(f"there is a job {job_id} already", "run it under another id, or `jm resume` it")
            loaded = self._loaded(job, job_id)
            home = free_home(storage, os.environ)
            self._run(loaded, job_id, home, step_begins if progress_cb else no_progress, interrupts)

    def _loaded(self, job: Job, job_id: str) -> Loaded:
        """The job with its files, checked again with the modules as they are now."""
        files = self.artifact_manager
        paths = [(given.artifact, files.input_path(job_id, given.artifact)) for given in job.plan.inputs]
        wish = Wish(
            job.plan.source,
            named=tuple((name, path) for name, path in paths if path is not None),
            shelves=(self.modules_dir,),
            python=os.environ.get("JM_PYTHON", ""),
            loose_types=True,
            split_streams=True,
            store=files.storage_folder,
        )
        return load(wish, os.environ, os.getcwd(), job=job.plan)

    def _run(
        self, loaded: Loaded, job_id: str, home: HeldHome, step_begins: StepBegins, interrupts: Interrupts | None
    ) -> None:
        words = f"{loaded.job.name} v{loaded.job.version}"
        logger.info("Running job %s, id: %s (state: %s)", words, job_id, home.path)
        layout = Layout(home.jobs, job_id, self.artifact_manager.store(job_id).root)
        account = Account(layout, logging.getLogger(f"job_{job_id[:8]}"), step_begins)
        try:
            job = run(home, loaded, account, os.environ, job_id, interrupts).job
        finally:
            home.unlock()
        account.finish(job, lambda: bool(job.held or (interrupts and interrupts.count)))
        if job.finished != "succeeded":
            raise JobFailed(job, home.path)
        self.artifact_manager.open_public(job_id, umask())
        logger.info("Job %s completed, id: %s", words, job_id)


def one_line(problem: Problem) -> str:
    """A problem for a log, where a line is a record."""
    return " - ".join(part.strip() for part in str(problem).splitlines())


def load_job(job_file: Path, modules_dir: Path = "modules/") -> Job:
    """The job in the file, checked against the modules. Raises InputError with every mistake."""
    path, shelf = (os.path.abspath(os.fspath(each)) for each in (job_file, modules_dir))
    wish = Wish(path, shelves=(shelf,), python=os.environ.get("JM_PYTHON", ""), loose_types=True)
    loaded = load(wish, os.environ, os.getcwd(), files_needed=False)
    for problem in loaded.problems:
        logger.log(LEVELS[problem.severity], "%s", one_line(problem))
    return Job.of(loaded.job, shelf)


async def run_job(
    job: Job,
    video: Path | None = None,
    storage_dir: Path = "temp/",
    job_id: str | None = None,
    progress_cb: ProgressCallback | None = None,
) -> dict[str, str]:
    """Run a job made by `load_job` with this file as its input; the path of each public artifact by its name.

    Raises as JobManager.run_job does."""
    artifacts = ArtifactManager(storage_dir)
    job_id = job_id or uuid.uuid4().hex
    if video is not None and job.input_artifact is not None:
        artifacts.set_job_input_artifact(job_id, job.input_artifact, video)
    await JobManager(job.modules_dir or "modules/", artifacts).run_job(job, job_id, progress_cb)
    store = artifacts.store(job_id)
    return {name: store.path(name, public=True) for name in store.public_names()}
