"""What a worker must know to make one attempt, read from the job's state: the action, its module, where its inputs lie.

Knows no process and writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from job_manager.artifacts.identity import Identity, identity
from job_manager.artifacts.outputs import Declared, declared
from job_manager.core import policy
from job_manager.core.fanning import files_of, inside, is_list, result_row
from job_manager.core.state import JobState
from job_manager.model.hints import Any
from job_manager.model.job import FILES, Action, Command, Function, Input, Output, Shell, Stuck, Task
from job_manager.model.need import PLAIN, Need, need
from job_manager.model.percent import Known
from job_manager.model.record import NamedTuple
from job_manager.model.secret import secrets_of
from job_manager.model.site import Installed
from job_manager.model.wording import quoted
from job_manager.worker.command import Paths
from job_manager.worker.last_words import error_file
from job_manager.worker.layout import Layout, label

# How many threads the libraries start that would otherwise start one for each core of the machine.
THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS"),
)
ZONES = ("nfs", "unix", "linux", "posix")
# What programs need to be found, to find their files, and to speak the person's language.
LONGEST_VARIABLE = 100_000  # characters; a system takes 128 KiB in one variable
PYTHON = ("module", "order")  # roles that have a directory of their own for each attempt
ALWAYS_PASSED = ("PATH", "HOME", "LANG", "LC_*", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL", "TERM")


NO_SECRETS: Mapping[str, str] = MappingProxyType({})


class Source(NamedTuple):
    """One input of an attempt: the artifact, the path it is read at, and what it was when it was made or given."""

    artifact: str
    path: str
    identity: Identity | None


class Reads(NamedTuple):
    """One input of an action with the files that it stands for: one, several when `many`, none when it is optional and
    nobody has made it."""

    use: Input
    sources: tuple[Source, ...]
    many: bool = False


class Brief(NamedTuple):
    """One attempt. `number` is the action's index; `timeout` in seconds or None."""

    job: str
    job_name: str
    number: int
    attempt: int
    path: str
    action: Action
    module: Installed | None
    reads: tuple[Reads, ...]
    workdir: str
    timeout: float | None
    idempotent: bool
    split_streams: bool
    verify: bool
    counted: tuple[str, ...] = ()
    maps: tuple[tuple[str, str], ...] = ()  # of paths, for this machine
    stuck: Stuck | None = None

    @property
    def sources(self) -> Iterator[Source]:
        """Every file and directory that it reads."""
        return (source for read in self.reads for source in read.sources)

    @property
    def need(self) -> Need:
        """What it takes of the machine while it runs."""
        return need(self.action, self.module, self.counted)

    @property
    def cpus(self) -> int | None:
        """The CPUs it asks for, None when nobody said: then programs find out themselves how many there are."""
        return self.module.cpus if self.action.cpus is None and self.module else self.action.cpus

    @property
    def label(self) -> str:
        """The attempt's name on disk."""
        return label(self.path, self.attempt)

    @property
    def declared(self) -> list[Declared]:
        """What it must have written when it is done."""
        return [declared(output, self.module) for output in self.action.outputs]


class Briefing:
    """Briefs for the actions of one job, whatever edits it lives through."""

    def __init__(self, job: JobState, layout: Layout) -> None:
        self.job = job
        self.layout = layout
        self._read()

    def _read(self) -> None:
        job = self.job
        self._read_from = (job.job, job.site)
        self._members: dict[str, tuple[int, Output]] = {}
        self._members_of = 0
        self._given: dict[str, Source | None] = {given.name: None for given in job.site.inputs}

    def brief(self, index: int, attempt: int, instead: Action | None = None) -> Brief:
        """The brief of an attempt. `instead`: an action that stands for the one at this index."""
        if self._read_from[0] is not self.job.job or self._read_from[1] is not self.job.site:
            self._read()
        job, action = self.job, instead or self.job.shape.actions[index]
        module = job.site.runs(action)
        return Brief(
            job=job.id,
            job_name=job.job.name,
            number=index,
            attempt=attempt,
            path=job.shape.paths[index],
            action=action,
            module=module,
            # What stands for other actions reads nothing itself.
            reads=() if action.foreach or not action.inputs else tuple(map(self.reads, action.inputs)),
            workdir=action.workdir or job.site.workdir,
            timeout=action.timeout or (module.timeout if module else None),
            idempotent=policy.idempotent(job, action),
            split_streams=job.site.split_streams or action.expand,  # what it prints is read
            verify=job.site.verify,
            counted=job.site.counted,
            maps=maps_for(job.job.dirmaps, job.site.zone) if job.job.dirmaps else (),
            stuck=action.stuck,
        )

    def titles(self) -> dict[str, str]:
        """The path of each task by its title, of those that have grown, too; the first of several counts. May be asked
        in another thread."""
        shape = self.job.shape
        grafts = list(shape.grown.values())
        tops = [(f"{shape.paths[graft.action]}/", graft.children) for graft in reversed(grafts)]
        stack: list[tuple[str, Iterator[Task | Action]]] = [
            (path, iter(children)) for path, children in [*tops, ("", self.job.job.children)]
        ]
        found: dict[str, str] = {}
        while stack:
            path, children = stack[-1]
            node = next(children, None)
            if node is None:
                stack.pop()
            elif isinstance(node, Task):
                found.setdefault(node.title or node.name, path + node.name)
                stack.append((f"{path}{node.name}/", iter(node.children)))
        return found

    def reads(self, use: Input) -> Reads:
        """What an input stands for."""
        if use.kind in (None, FILES) and is_list(self.job, use.artifact):
            found = tuple(self.source(name) for name in files_of(self.job, use.artifact))
            return Reads(use, found, True)
        if use.optional and not self._is_there(use.artifact):
            return Reads(use, ())
        return Reads(use, (self.source(use.artifact),))

    def _is_there(self, artifact: str) -> bool:
        return artifact in self._given or os.path.exists(self.source(artifact).path)

    def source(self, artifact: str) -> Source:
        """Where one artifact is read, or one file (`NAME/FILE`) of an artifact that has several."""
        if artifact in self._given:
            return self._read_given(artifact)
        name, _, file = artifact.partition("/")
        if any(given.artifact == name for given in self.job.job.inputs):  # nobody has said yet which files these are
            return Source(artifact, self.layout.store.input_path(name, file), None)
        found = self._producer(name)
        if found is None:  # nobody's: it will be said to be missing
            return Source(artifact, self.layout.store.path(name, file=file), None)
        producer, output = found
        row = result_row(self.job, producer, name)
        made = Identity(*row[1:5]) if row else None
        path = self.layout.store.path(name, output.public, file)
        if file and row and made:
            inside = self._inside(producer, name, row).get(file)
            made = Identity(made.dev, *inside) if inside else None
        return Source(artifact, path, made)

    def _inside(self, producer: int, name: str, row: Sequence[Any]) -> dict[str, tuple[int, int, int]]:
        """Inode, size and mtime of the files of an artifact by their names, kept for the next who asks."""
        if self._listed[0] != (producer, name, id(row)):
            self._listed = (producer, name, id(row)), {file: (i, s, m) for file, i, s, m in inside(row)}
        return self._listed[1]

    _listed: tuple[tuple[int, str, int], dict[str, tuple[int, int, int]]] = ((-1, "", 0), {})

    def _producer(self, artifact: str) -> tuple[int, Output] | None:
        writer = self.job.shape.writer(artifact)
        if writer is not None:
            return writer
        if self._members_of != len(self.job.shape.actions):
            self._members = dict(_members(self.job))
            self._members_of = len(self.job.shape.actions)
        return self._members.get(artifact)

    def _read_given(self, artifact: str) -> Source:
        # What it was when this run first used it: it lies here as a link to the person's file, or as a clone of it.
        source = self._given[artifact]
        if source is None:
            name, _, file = artifact.partition("/")
            path = self.layout.store.input_path(name, file)
            source = Source(artifact, path, identity(path) if os.path.exists(path) else None)
            self._given[artifact] = source
        return source


def _members(job: JobState) -> Iterator[tuple[str, tuple[int, Output]]]:
    """What the actions of fan-outs write, each by its own name."""
    for fan in job.shape.fans.values():
        for number in range(len(fan.members)):
            for output in fan.members.outputs(number):
                yield output.artifact, (fan.low + number, output)


def maps_for(rows: Sequence[tuple[str, str, str]], zone: str) -> tuple[tuple[str, str], ...]:
    """Those path maps of a job that are meant for this machine: of its zone, or of what such a machine is called."""
    zones = (zone.casefold(),) if zone else ZONES
    return tuple((source, target) for source, target, meant in rows if meant.casefold() in zones)


def signs(brief: Brief) -> Known:
    """What `%j` and the like stand for in its command."""
    home = os.path.expanduser("~")
    again = brief.attempt > 1
    return Known(brief.job, str(brief.number), again, brief.need.cpus, home=home, maps=brief.maps)


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment children get on this machine: the caller's, less our own variables (decision 10)."""
    return {name: value for name, value in environ.items() if not name.startswith("JM_")}


def clean(environ: Mapping[str, str], passed: Sequence[str]) -> dict[str, str]:
    """The same where the environment is to be a clean one: an allow-list and what is `passed` by name, or by a name's
    beginning and `*` (decision 10)."""
    names = frozenset({*ALWAYS_PASSED, *passed})
    beginnings = tuple(name[:-1] for name in names if name.endswith("*"))
    return {name: value for name, value in inherited(environ).items() if name in names or name.startswith(beginnings)}


def variables(
    brief: Brief, layout: Layout, worker: str, began: float, secrets: Mapping[str, str] = NO_SECRETS, log: str = ""
) -> dict[str, str]:
    """The environment variables added for one attempt; those of the module first, then the entry's, then ours.
    secrets: the values of those variables that take one; without them they are left out."""
    names = {
        "JM_JOB_ID": brief.job,
        "JM_JOB_NAME": brief.job_name,
        "JM_TASK_ID": brief.path,
        "JM_TASK_NAME": brief.action.name,
        "JM_INDEX": str(brief.number),
        "JM_ATTEMPT": str(brief.attempt),
        "JM_ROLE": brief.action.role,
        "JM_WORKER": worker,
        "JM_LOG": log or layout.log(brief.path, brief.attempt),
        "JM_OUTPUTS_JSON": "{}",
        "JM_INPUTS_JSON": "{}",
    }
    return names if _is_plain(brief) else _more_variables(brief, layout, began, secrets, names)


def _is_plain(brief: Brief) -> bool:
    """Whether it is a command of which nothing is said that the environment tells, as the many of a big job are."""
    action = brief.action
    bare = brief.module is None and brief.timeout is None and not (brief.reads or action.outputs or action.env)
    return bare and brief.need is PLAIN and action.cpus is None and isinstance(action.work, Command | Shell)


def _more_variables(
    brief: Brief, layout: Layout, began: float, secrets: Mapping[str, str], names: dict[str, str]
) -> dict[str, str]:
    # Imported here: actions without artifacts never need it, and neither does reading a state.
    import json

    added = dict(brief.module.env) if brief.module else {}
    added |= {variable: value for variable, value in brief.action.env if isinstance(value, str)}
    added |= secrets
    added |= names
    outputs = _outputs(brief, layout)
    if outputs:
        added["JM_OUTPUTS_JSON"] = json.dumps(outputs)
    inputs = json.dumps(read_paths(brief)) if brief.reads else "{}"
    if len(inputs) < LONGEST_VARIABLE:
        added["JM_INPUTS_JSON"] = inputs
    else:
        del added["JM_INPUTS_JSON"]
    if has_lists(brief):
        added["JM_INPUTS_FILE"] = inputs_file(brief, layout)
    added |= _resources(brief.cpus, brief.need, added, json.dumps)
    if brief.module is not None and brief.module.warm:
        added = {name: str(brief.cpus or 1) for name in THREADS} | added  # a process with threads cannot be copied
    if brief.timeout:
        added["JM_DEADLINE"] = f"{began + brief.timeout:.3f}"
    if needs_folder(brief):
        folder = layout.store.attempt_path(brief.label)
        added |= {"JM_WORKDIR": folder, "JM_TMPDIR": f"{folder}/tmp", "TMPDIR": f"{folder}/tmp"}
        added["JM_ERROR_FILE"] = error_file(folder)
    if secrets_of(brief.action.env):
        del added["JM_LOG"]  # what it writes there itself would not go through the filter
    if brief.action.role in PYTHON or isinstance(brief.action.work, Function):
        added.setdefault("PYTHONUNBUFFERED", "1")  # a live log is live
    return added


def _resources(cpus: int | None, takes: Need, given: Mapping[str, str], dumps: Callable[[Any], str]) -> dict[str, str]:
    """What it may use, in words that programs know; nothing of what it has not asked for."""
    added: dict[str, str] = {}
    if cpus is not None:
        added["JM_CPUS"] = str(cpus)
        added |= {name: str(cpus) for name in THREADS if name not in given}
    if takes.memory:
        added["JM_MEM_MB"] = str(takes.memory >> 20)
    if takes.limits:
        added["JM_LIMITS_JSON"] = dumps(dict(takes.limits))
    return added


def needs_folder(brief: Brief) -> bool:
    """Whether the attempt has something to put into a directory of its own."""
    called = brief.action.role in PYTHON or isinstance(brief.action.work, Function)
    return bool(brief.action.outputs) or called or has_lists(brief)


def has_lists(brief: Brief) -> bool:
    """Whether it reads artifacts of several files, of which lists are written into its directory."""
    return bool(brief.reads) and any(read.many for read in brief.reads)


def inputs_file(brief: Brief, layout: Layout) -> str:
    """Where the paths of all inputs are written as JSON."""
    return f"{layout.store.attempt_path(brief.label)}/inputs.json"


def list_files(brief: Brief, layout: Layout) -> dict[str, str]:
    """For each artifact of several files that is read, the file in which their paths are written, a line each."""
    if not has_lists(brief):
        return {}
    folder = layout.store.attempt_path(brief.label)
    many = (read for read in brief.reads if read.many)
    return {read.use.artifact: f"{folder}/{number}.list" for number, read in enumerate(many, start=1)}


def directory(brief: Brief, layout: Layout) -> str:
    """The working directory: a module's is its attempt directory, another's what the action says, else where the job
    was submitted."""
    if brief.action.role == "module":
        return layout.store.attempt_path(brief.label)
    return brief.action.workdir or brief.workdir


def read_paths(brief: Brief) -> dict[str, Paths]:
    """The path of each artifact it reads, or the list of them; none for an optional one that is not there."""
    found: dict[str, Paths] = {}
    for read in brief.reads:
        if read.many:
            found[read.use.artifact] = [source.path for source in read.sources]
        elif read.sources:
            found[read.use.artifact] = read.sources[0].path
    return found


def paths(brief: Brief, layout: Layout) -> dict[str, Paths]:
    """The path (or paths) given to the action for each artifact it reads or writes."""
    return read_paths(brief) | _outputs(brief, layout)


def _outputs(brief: Brief, layout: Layout) -> dict[str, Paths]:
    return {o.artifact: layout.store.output_path(brief.label, o.artifact) for o in brief.action.outputs}


def missing(source: Source) -> str:
    """Why an input cannot be read, or ""."""
    return "" if os.path.exists(source.path) else f"input {quoted(source.artifact)} is missing"
