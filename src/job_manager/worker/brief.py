"""What a worker must know to make one attempt, read from the job's state: the action, its module, where its inputs lie.

Knows no process and writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from job_manager.artifacts.identity import Identity, identity
from job_manager.artifacts.outputs import Declared, declared
from job_manager.core import policy
from job_manager.core.state import JobState
from job_manager.model.job import Action, ModuleCall, Output
from job_manager.model.need import Need, need
from job_manager.model.site import Installed
from job_manager.model.wording import quoted
from job_manager.worker.last_words import error_file
from job_manager.worker.layout import Layout, label

# How many threads the libraries start that would otherwise start one for each core of the machine.
THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS"),
)
# What programs need to be found, to find their files, and to speak the person's language.
ALWAYS_PASSED = ("PATH", "HOME", "LANG", "LC_*", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL", "TERM")


class Source(NamedTuple):
    """One input of an attempt: the artifact, the path it is read at, and what it was when it was made or given."""

    artifact: str
    path: str
    identity: Identity | None


class Brief(NamedTuple):
    """One attempt. `number` is the action's place in listing order; `timeout` in seconds or None."""

    job: str
    job_name: str
    number: int
    attempt: int
    path: str
    action: Action
    module: Installed | None
    sources: tuple[Source, ...]
    workdir: str
    timeout: float | None
    idempotent: bool
    split_streams: bool
    verify: bool

    @property
    def need(self) -> Need:
        """What it takes of the machine while it runs."""
        return need(self.action, self.module)

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
        self._producers: dict[str, tuple[int, Output]] = dict(_producers(job))
        self._given: dict[str, Source | None] = {given.name: None for given in job.site.inputs}

    def brief(self, index: int, attempt: int) -> Brief:
        """The brief of an attempt."""
        if self._read_from[0] is not self.job.job or self._read_from[1] is not self.job.site:
            self._read()
        job, action = self.job, self.job.shape.actions[index]
        module = job.site.module(action.work.module) if isinstance(action.work, ModuleCall) else None
        return Brief(
            job=job.id,
            job_name=job.job.name,
            number=index,
            attempt=attempt,
            path=job.shape.paths[index],
            action=action,
            module=module,
            sources=tuple(self.source(use.artifact) for use in action.inputs),
            workdir=job.site.workdir,
            timeout=action.timeout or (module.timeout if module else None),
            idempotent=policy.idempotent(job, action),
            split_streams=job.site.split_streams,
            verify=job.site.verify,
        )

    def source(self, artifact: str) -> Source:
        """Where an artifact is read."""
        if artifact in self._given:
            return self._read_given(artifact)
        producer, output = self._producers[artifact]
        rows = self.job.results.get(producer, ())
        made = next((Identity(*row[1:5]) for row in rows if row[0] == artifact), None)
        return Source(artifact, self.layout.store.path(artifact, output.public), made)

    def _read_given(self, artifact: str) -> Source:
        # What it was when this run first used it: it lies here as a link to the person's file, or as a clone of it.
        source = self._given[artifact]
        if source is None:
            path = self.layout.store.input_path(artifact)
            source = Source(artifact, path, identity(path) if os.path.exists(path) else None)
            self._given[artifact] = source
        return source


def _producers(job: JobState) -> Iterator[tuple[str, tuple[int, Output]]]:
    for index, action in enumerate(job.shape.actions):
        for output in action.outputs:
            yield output.artifact, (index, output)


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment children get on this machine: the caller's, less our own variables (decision 10)."""
    return {name: value for name, value in environ.items() if not name.startswith("JM_")}


def clean(environ: Mapping[str, str], passed: Sequence[str]) -> dict[str, str]:
    """The same where the environment is to be a clean one: an allow-list and what is `passed` by name, or by a name's
    beginning and `*` (decision 10)."""
    names = frozenset({*ALWAYS_PASSED, *passed})
    beginnings = tuple(name[:-1] for name in names if name.endswith("*"))
    return {name: value for name, value in inherited(environ).items() if name in names or name.startswith(beginnings)}


def variables(brief: Brief, layout: Layout, worker: str, began: float) -> dict[str, str]:
    """The environment variables added for one attempt; those of the module first, then the entry's, then ours."""
    # Imported here: actions without artifacts never need it, and neither does reading a state.
    import json

    added = dict(brief.module.env) if brief.module else {}
    added |= dict(brief.action.env)
    outputs = _outputs(brief, layout)
    added |= {
        "JM_JOB_ID": brief.job,
        "JM_JOB_NAME": brief.job_name,
        "JM_TASK_ID": brief.path,
        "JM_TASK_NAME": brief.action.name,
        "JM_INDEX": str(brief.number),
        "JM_ATTEMPT": str(brief.attempt),
        "JM_ROLE": brief.action.role,
        "JM_WORKER": worker,
        "JM_LOG": layout.log(brief.path, brief.attempt),
        "JM_INPUTS_JSON": json.dumps({source.artifact: source.path for source in brief.sources}),
        "JM_OUTPUTS_JSON": json.dumps(outputs),
    }
    added |= _resources(brief.cpus, brief.need, added, json.dumps)
    if brief.timeout:
        added["JM_DEADLINE"] = f"{began + brief.timeout:.3f}"
    if needs_folder(brief):
        folder = layout.store.attempt_path(brief.label)
        added |= {"JM_WORKDIR": folder, "JM_TMPDIR": f"{folder}/tmp", "TMPDIR": f"{folder}/tmp"}
        added["JM_ERROR_FILE"] = error_file(folder)
    if brief.action.role == "module":
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
    return bool(brief.action.outputs) or brief.action.role == "module"


def directory(brief: Brief, layout: Layout) -> str:
    """The working directory: a module's is its attempt directory, a command's where the job was submitted."""
    return layout.store.attempt_path(brief.label) if brief.action.role == "module" else brief.workdir


def paths(brief: Brief, layout: Layout) -> dict[str, str]:
    """The path given to the action for each artifact it reads or writes."""
    reads = {source.artifact: source.path for source in brief.sources}
    return reads | _outputs(brief, layout)


def _outputs(brief: Brief, layout: Layout) -> dict[str, str]:
    return {o.artifact: layout.store.output_path(brief.label, o.artifact) for o in brief.action.outputs}


def missing(source: Source) -> str:
    """Why an input cannot be read, or ""."""
    return "" if os.path.exists(source.path) else f"input {quoted(source.artifact)} is missing"
