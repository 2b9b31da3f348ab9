"""Where the original kept things: `STORAGE/temp/JOB_ID/{temp,public}/NAME`; and where our own state stands beside them.

Knows no job file and runs nothing. Rules: reference seed-systems S11-S14, S24.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from job_manager.app.home import Home
from job_manager.artifacts.store import TEMP, Store
from job_manager.model.errors import InputError, Refused
from job_manager.model.names import job_id as wrong_job_id

Path = str | os.PathLike[str]
STATE = ".jm"
MOST_STATES = 1000  # originals at once on one storage folder


@dataclass(frozen=True)
class Artifact:
    """A file by its name, as the original describes it; `isPublic` says in which folder it lies."""

    file_type: str | None = None
    param_name: str | None = None
    name: str | None = None
    isPublic: bool = False  # noqa: N815 - the original's name


class ArtifactManager:
    """The files of all jobs below `storage_path`, which is made when it is missing. Never touches a job it is not asked
    about: unlike the original it removes nothing when it is made."""

    def __init__(self, storage_path: Path) -> None:
        self.storage_path = os.path.abspath(os.fspath(storage_path))
        self.storage_folder = os.path.join(self.storage_path, "temp")
        self.job_input_artifact: dict[str, Artifact] = {}
        self._given: dict[str, dict[str, str]] = {}
        try:
            os.makedirs(self.storage_folder, exist_ok=True)
        except OSError as cause:
            raise InputError(f"the storage {self.storage_folder} cannot be made: {cause.strerror}") from cause

    @property
    def jobs(self) -> list[str]:
        """The ids of the jobs that have a folder now, sorted."""
        with os.scandir(self.storage_folder) as listing:
            return sorted(entry.name for entry in listing if entry.is_dir(follow_symlinks=False))

    def does_job_exist(self, job_id: str) -> bool:
        """Whether the job has a folder now, whoever made it."""
        return not wrong_job_id(job_id) and os.path.isdir(os.path.join(self.storage_folder, job_id))

    def get_artifact_path(self, artifact: Artifact, job_id: str) -> str:
        """Where the artifact lies, or is to be put; its folder is made. Raises InputError for an unsafe name."""
        path = self.store(job_id).path(artifact.name or "", artifact.isPublic)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def set_job_input_artifact(self, job_id: str, artifact: Artifact, path: Path | None = None) -> None:
        """Say which artifact is the job's input. With `path` it is read from there, and need not be copied first."""
        self.job_input_artifact[job_id] = artifact
        if path is not None and artifact.name:
            self._given.setdefault(job_id, {})[artifact.name] = os.path.abspath(os.fspath(path))

    def input_path(self, job_id: str, name: str) -> str | None:
        """The file that was given for this input of the job, or put where `get_artifact_path` said; None without."""
        given = self._given.get(job_id, {}).get(name)
        if given is not None:
            return given
        put = self.store(job_id).path(name)
        return put if os.path.lexists(put) else None

    def cleanup_job(self, job_id: str) -> None:
        """Remove all of the job's files but the public ones. Raises Refused while the job runs, here or elsewhere."""
        store = self.store(job_id)
        if self.does_job_exist(job_id):
            with claimed(self, job_id):
                store.retire()

    def store(self, job_id: str) -> Store:
        """The job's store. Raises InputError for an id that is not safe in a path."""
        wrong = wrong_job_id(job_id)
        if wrong:
            raise InputError(wrong)
        return Store(os.path.join(self.storage_folder, job_id), TEMP)

    def open_public(self, job_id: str, umask: int) -> None:
        """Give the public artifacts and their folder the modes that the original's had: what the umask leaves."""
        store = self.store(job_id)
        paths = [store.path(name, public=True) for name in store.public_names()]
        for path in paths:
            os.chmod(path, (0o666 | os.stat(path).st_mode & 0o111) & ~umask)
        for folder in (store.root, *({os.path.dirname(path) for path in paths})):
            if os.path.isdir(folder):  # a job without artifacts has none
                os.chmod(folder, 0o777 & ~umask)


# --- our own state ----------------------------------------------------------------------------------------------------


class HeldHome(Home):
    """A state directory that stays locked from the moment it was found free."""

    def lock(self) -> None:
        """Become its holder; nothing when we are already."""
        if self._lock is None:
            super().lock()


def states(storage: str, environ: Mapping[str, str]) -> Iterator[str]:
    """The state directories of a storage folder in the order in which they are tried: JM_HOME, `.jm`, `.jm-2`, ..."""
    if environ.get("JM_HOME"):
        yield os.path.abspath(environ["JM_HOME"])
    yield os.path.join(storage, STATE)
    for number in range(2, MOST_STATES):
        yield os.path.join(storage, f"{STATE}-{number}")


def free_home(storage: str, environ: Mapping[str, str]) -> HeldHome:
    """The first state directory that nobody holds, locked. So any number may run on one storage at once, as they could
    with the original, and one after another they share one history. Raises InputError, EngineError, Refused."""
    for path in states(storage, environ):
        home = HeldHome(path)
        home.make()
        try:
            home.lock()
            return home
        except Refused:
            continue
    raise Refused(f"{MOST_STATES} jobs run on {storage} already", "wait for one of them to end")


def existing_homes(storage: str, environ: Mapping[str, str]) -> list[Home]:
    """The state directories that are there."""
    found = []
    for path in states(storage, environ):
        if os.path.isdir(path):
            found.append(Home(path))
        elif os.path.dirname(path) == storage:
            break  # they are made in this order
    return found


_claims: set[tuple[str, str]] = set()
_claims_lock = threading.Lock()


@contextmanager
def claimed(artifacts: ArtifactManager, job_id: str) -> Iterator[None]:
    """While inside, no other run or clean-up of this job is. Raises Refused when there is one, here or elsewhere."""
    key = (artifacts.storage_folder, job_id)
    with _claims_lock:
        if key in _claims:
            raise Refused(f"job {job_id} is running", "wait for it to end")
        _claims.add(key)
    try:
        _refuse_running_elsewhere(artifacts.storage_path, job_id)
        yield
    finally:
        with _claims_lock:
            _claims.discard(key)


def _refuse_running_elsewhere(storage: str, job_id: str) -> None:
    for home in existing_homes(storage, os.environ):
        if home.hosting().has(job_id):
            raise Refused(f"job {job_id} is running (process {home.holder().get('pid')})", "wait for it to end")
