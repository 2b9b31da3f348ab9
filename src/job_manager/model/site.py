"""The site of a job: the part of a submission that belongs to this machine, not to the job's text.

Where it was submitted, which files are its inputs, which installed modules it runs, where its artifacts go.
Knows nothing of how these were found.
"""

from __future__ import annotations

from job_manager.model.expect import Expect
from job_manager.model.job import Action, Function, Job, ModuleCall, Order
from job_manager.model.record import Record


class Installed(Record):
    """A module as found on this machine. `interpreter` is an absolute path, or "" when the entrypoint runs as itself;
    `chosen` says in words why that interpreter; `digest` is over the module's folder."""

    name: str
    folder: str
    entrypoint: str
    interpreter: str
    chosen: str
    digest: str
    env: tuple[tuple[str, str], ...] = ()
    timeout: float | None = None
    retries: int | None = None
    idempotent: bool = True
    optional: tuple[str, ...] = ()  # output params that may be missing
    allow_empty: tuple[str, ...] = ()  # output params that may be empty
    types: tuple[tuple[str, str], ...] = ()  # (output param, type), for outputs to which the job gives no type
    progress: str = ""  # how its log says how far it is, as in model.Module
    cpus: int | None = None  # these three as in model.job.Action
    memory: int | None = None
    limits: tuple[tuple[str, int], ...] = ()
    expects: tuple[tuple[str, Expect], ...] = ()  # (output param, what is to be found in it)
    warm: bool = False  # these two as in model.Module
    preload: tuple[str, ...] = ()


class GivenFile(Record):
    """A file a person gave as a job input: its artifact name, absolute path, and what it was when the job was submitted
    (device, inode, size in bytes, mtime in ns)."""

    name: str
    path: str
    identity: tuple[int, int, int, int]


class Site(Record):
    """Everything of a submission that is not the job. All paths absolute.

    store: the folder that gets `temp/` and `public/`; out: where public artifacts are copied to, or ""; shelves: the
    folders searched for modules; python: the interpreter asked for, or ""; slots: actions at once, 0 for the default.
    not_before: seconds since the epoch before which nothing starts, or 0. after_jobs: ids of the jobs that have to
    succeed before. cap: how many slots of all the job may take at once, or 0 for as many as there are. counted: the
    tags of actions of which the configuration says how many there are. zone: the name of this machine's kind in the
    job's path maps, or "". base: the job file's folder; params: the values a person gave to the job's params; template:
    the job before values were put into it, or None when there were none to put in.
    """

    workdir: str
    store: str
    inputs: tuple[GivenFile, ...] = ()
    modules: tuple[Installed, ...] = ()
    shelves: tuple[str, ...] = ()
    python: str = ""
    slots: int = 0
    loose_types: bool = False
    out: str = ""
    keep_temp: bool = False
    verify: bool = False
    split_streams: bool = False
    not_before: float = 0.0
    counted: tuple[str, ...] = ()
    zone: str = ""
    base: str = ""
    params: tuple[tuple[str, str], ...] = ()
    template: Job | None = None
    after_jobs: tuple[str, ...] = ()
    cap: int = 0

    @property
    def waits(self) -> bool:
        """Whether nothing is to start for now."""
        return bool(self.not_before or self.after_jobs)

    def module(self, name: str) -> Installed | None:
        """The installed module of that name, or None."""
        return next((m for m in self.modules if m.name == name), None)

    def runs(self, action: Action) -> Installed | None:
        """What runs the action beside itself: its module, the runner of an order or a function; None for what needs
        none of these."""
        return self.module(runner(action)) if isinstance(action.work, ModuleCall | Order | Function) else None


def runner(action: Action) -> str:
    """The name under which a site has what runs a module, an order or a function; no module can be called like the
    other two."""
    if isinstance(action.work, ModuleCall):
        return action.work.module
    return f"@role {action.work.script}" if isinstance(action.work, Function) else f"@order {action.workdir}"
