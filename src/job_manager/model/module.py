"""A module: a packaged program with a manifest that says what it reads and writes.

Knows nothing of YAML, of folders being searched, or of how its process is started.
"""

from __future__ import annotations

from job_manager.model.errors import Place
from job_manager.model.expect import Expect
from job_manager.model.job import FILE
from job_manager.model.params import Param
from job_manager.model.record import Record, field


class Port(Record):
    """One declared input or output of a module: its command line parameter, its type, its kind (as of artifacts) and,
    of an output of kind files, which of them count."""

    param: str
    type: str
    optional: bool = False
    allow_empty: bool = False
    kind: str = FILE
    glob: str = ""
    expect: Expect = ()  # of an output: what is to be found in it
    place: Place | None = field(default=None, compare=False, repr=False)


class Module(Record):
    """What a manifest says. `folder` is absolute, `entrypoint` relative to it; timeout in seconds."""

    name: str
    folder: str
    entrypoint: str
    description: str = ""
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    version: str = ""
    timeout: float | None = None
    retries: int | None = None
    env: tuple[tuple[str, str], ...] = ()
    idempotent: bool = True
    python: str | None = None
    progress: str = ""  # a regular expression with one group (percent) or two (done, total)
    params: tuple[Param, ...] = ()
    cpus: int | None = None  # these three as in model.job.Action
    memory: int | None = None
    limits: tuple[tuple[str, int], ...] = ()
    warm: bool = False  # its actions are copied from an interpreter that has imported what is in `preload`
    preload: tuple[str, ...] = ()
    place: Place | None = field(default=None, compare=False, repr=False)
