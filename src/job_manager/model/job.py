"""The job: a tree of tasks whose leaves are actions, and the artifacts the actions read and write.

Knows nothing of how a job was written down, of the modules installed, or of how it will be run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from job_manager.model.errors import Place
from job_manager.model.expect import Expect
from job_manager.model.fanout import Each
from job_manager.model.hints import Any
from job_manager.model.params import Param
from job_manager.model.record import NamedTuple, Record, field, opened
from job_manager.model.secret import Env

FILE, DIRECTORY, FILES = "file", "directory", "files"
KINDS = (FILE, DIRECTORY, FILES)
"""What an artifact is on disk: one file; a directory as a whole; those files of a directory that fit a pattern."""
ON_ERROR, ON_SUCCESS, ALWAYS = "error", "success", "always"
HOOKS = (ON_ERROR, ON_SUCCESS, ALWAYS)
"""When a hook runs: after the node it stands in has failed, has done well, or in either case."""

POOL = "pool"
"""The wish for another place than this machine: its kind."""

Pairs = tuple[tuple[str, str], ...]


class JobInput(Record):
    """A file the person gives, or several of kind `files`. `artifact` is the name the actions know it by; `param` the
    one for the command line."""

    artifact: str
    param: str | None = None
    type: str | None = None
    kind: str = FILE
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def label(self) -> str:
        """The name to show and to accept in `--input NAME=PATH`."""
        return self.param or self.artifact


class Input(Record):
    """An artifact an action reads. `param` is the module's parameter, or the word a command's `{param}` stands for.

    kind: None for that of the artifact; files: all of them, in order. optional: left out when nobody made it."""

    artifact: str
    param: str | None = None
    type: str | None = None
    kind: str | None = None
    optional: bool = False
    place: Place | None = field(default=None, compare=False, repr=False)


class Output(Record):
    """An artifact an action writes. A public one is kept when the job is done; the others are removed.

    glob: of kind files, the names that count. group: in an action that a fan-out made, the name as it was written, by
    which all of them together are read."""

    artifact: str
    param: str | None = None
    type: str | None = None
    public: bool = False
    optional: bool = False
    allow_empty: bool = False
    kind: str = FILE
    glob: str = ""
    group: str = ""
    expect: Expect = ()  # what is to be found in it
    place: Place | None = field(default=None, compare=False, repr=False)


class ModuleCall(Record):
    """Run the module of this name with the action's artifacts as `--param path`."""

    module: str


class Command(Record):
    """Run this argv, never through a shell; `{name}` in a word is the path of a declared artifact.

    percent: `%j`, `%D(path)` and the like in it are those of Alfscript, and then nothing in braces is replaced."""

    argv: tuple[str, ...]
    percent: bool = False


class Shell(Record):
    """Run this text with /bin/sh; `{name}` is the quoted path of a declared artifact."""

    text: str


class Echo(Record):
    """Print this text as it is, and a line end; what an action of mass does that names no role."""

    text: str


class Function(Record):
    """Call the Python function that is registered for this role. arguments: a JSON object in canonical text, its
    keyword arguments. script: the absolute path of the file that registers it, or "" when nobody here serves it."""

    role: str
    arguments: str = "{}"
    script: str = ""


class Argument(Record):
    """A variable of an order: its name, and the JSON text of its value or "" for the value it has by then."""

    name: str
    value: str = ""


class Call(Record):
    """One call of an order: function of a module (by its alias), positional inputs, the variables that take what it
    returns, variables set before, and the file that takes what it prints, or ""."""

    module: str
    function: str
    inputs: tuple[Argument, ...] = ()
    outputs: tuple[str, ...] = ()
    declares: tuple[Argument, ...] = ()
    log: str = ""
    place: Place | None = field(default=None, compare=False, repr=False)


class Order(Record):
    """Make these calls one after another in one process, up to the first exception. modules: (alias, path of a Python
    file, relative to where it runs). log: the file for all that is printed, "" for `job.log`."""

    modules: Pairs = ()
    calls: tuple[Call, ...] = ()
    log: str = ""


Work = ModuleCall | Command | Shell | Echo | Function | Order


class Stuck(NamedTuple):
    """An action counts as stuck when so many seconds have passed without output and without processor time (0: never);
    with `kill` it is then ended."""

    after: float
    kill: bool = False


class Action(Record):
    """A leaf: one thing to run. `name` is unique among its siblings and safe in a path; `title` is free text.

    needs: paths of the tasks and actions that must have succeeded before; then the action waits for these and not for
    its turn in the tree (an empty tuple: for nothing). None: it waits for its turn.
    timeout: seconds or None; retries: extra attempts or None (the module's or the default); env: sorted (name, value),
    a value being text or a Secret.
    params: sorted (name, value): `--name value` of a module, what `{name}` stands for in the words of a command.
    foreach: the keys for each of whose items it is run once; then it stands for as many actions as there are items.
    when: the condition (model.condition) without which it is left out, or "".
    cpus (slots), memory (bytes), limits (sorted (name, number)): what it takes while it runs; None or a name that is
    not there: what its module says. `model.need` puts the two together.
    hook: one of HOOKS: it runs when all else in the task (or job) it stands in is over, and it ended so; "": it is a
    part of it like the others. retry_on: exit codes, signals as negative numbers, and reasons after which it is tried
    again; empty: the default ones. min_runtime: seconds; to be done sooner is a failure. priority: what is ready and
    has a higher one runs first; None: that of the node it stands in. tags: limits it counts against where the
    configuration has them, and else not. expand: what it prints is more Alfscript, which is put below it and
    run. backoff: seconds before it is tried again for the first time, twice as many before each later one; None: the
    usual. stuck: when it counts as stuck; None: as the configuration says. workdir: where a command runs, absolute, or
    "" for where the job was submitted. wishes: sorted (name, text), what its language says and nothing acts on yet.
    """

    name: str
    work: Work
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    title: str = ""
    timeout: float | None = None
    retries: int | None = None
    env: Env = ()
    idempotent: bool | None = None
    params: tuple[tuple[str, str], ...] = ()
    needs: tuple[str, ...] | None = None
    foreach: tuple[Each, ...] = ()
    when: str = ""
    cpus: int | None = None
    memory: int | None = None
    limits: tuple[tuple[str, int], ...] = ()
    hook: str = ""
    retry_on: tuple[str, ...] = ()
    min_runtime: float | None = None
    priority: float | None = None
    tags: tuple[str, ...] = ()
    workdir: str = ""
    wishes: Pairs = ()
    expand: bool = False
    backoff: float | None = None
    stuck: Stuck | None = None
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def role(self) -> str:
        """The kind of work, which a worker must offer: one of ROLES, or the role of a function."""
        return self.work.role if isinstance(self.work, Function) else ROLES[type(self.work)]


_Plain = opened(Action)
NOTHING: Mapping[str, Any] = {}


def plain_action(
    name: str,
    work: Work,
    title: str = "",
    place: Place | None = None,
    retries: int | None = None,
    inputs: tuple[Input, ...] = (),
    outputs: tuple[Output, ...] = (),
    more: Mapping[str, Any] = NOTHING,
) -> Action:
    """An action that says little else, at a quarter of the price of `Action(...)`: big jobs are made of these. `more`:
    the values of other fields by their names."""
    made = _Plain()
    made.name, made.work, made.title, made.place, made.retries = name, work, title, place, retries
    made.inputs, made.outputs = inputs, outputs
    made.env = made.params = made.foreach = made.limits = made.retry_on = made.tags = made.wishes = ()
    made.timeout = made.idempotent = made.needs = made.cpus = made.memory = made.min_runtime = made.priority = None
    made.backoff = made.stuck = None
    made.when = made.hook = made.workdir = ""
    made.expand = False
    for field_name, value in more.items():
        setattr(made, field_name, value)
    made.__class__ = Action
    plain: Action = made
    return plain


_PlainInput, _PlainOutput = opened(Input), opened(Output)


def plain_input(artifact: str, place: Place | None) -> Input:
    """An artifact that is read, of which nothing else is said."""
    made = _PlainInput()
    made.artifact, made.place = artifact, place
    made.param = made.type = made.kind = None
    made.optional = False
    made.__class__ = Input
    plain: Input = made
    return plain


def plain_output(artifact: str, place: Place | None) -> Output:
    """An artifact that is written, of which nothing else is said."""
    made = _PlainOutput()
    made.artifact, made.place, made.kind = artifact, place, FILE
    made.param = made.type = None
    made.public = made.optional = made.allow_empty = False
    made.glob = made.group = ""
    made.expect = ()
    made.__class__ = Output
    plain: Output = made
    return plain


def usual_retries(work: Work, retries: int | None) -> int | None:
    """How often it is tried again. Without a module 0 and nothing said are the same, and it is None."""
    return retries if isinstance(work, ModuleCall) else retries or None


ROLES: dict[type, str] = {ModuleCall: "module", Command: "cmd", Shell: "shell", Echo: "echo", Order: "order"}


class Task(Record):
    """A node that groups tasks and actions; they run one after another, or all at once when `parallel`. Those among
    them that are hooks come last and run one after another when the others are over."""

    name: str
    children: tuple[Task | Action, ...] = ()
    parallel: bool = False
    title: str = ""
    needs: tuple[str, ...] | None = None  # as for an action
    when: str = ""
    priority: float | None = None  # these two as well
    wishes: Pairs = ()
    place: Place | None = field(default=None, compare=False, repr=False)


class Job(Record):
    """What a person submits. `version` is free text. `source` is the file it was read from, for messages only.

    params: the values a person may set; `{params.NAME}` stands for them until `expand.with_params` puts them in.
    priority: a higher one goes first. paused: it waits for a person's word. after: not before this local time, `H:MM`
    or `M-D H:MM`, or "". max_active: how many of its actions may run at once. dirmaps: (from, to, zone), for `%D`.
    timeout: seconds from when its first action begins until all that is left of it is ended and it has failed;
    wait_timeout: the same from when it is submitted, if nothing has begun by then.
    """

    name: str
    children: tuple[Task | Action, ...] = ()
    version: str = ""
    inputs: tuple[JobInput, ...] = ()
    parallel: bool = False
    params: tuple[Param, ...] = ()
    priority: float | None = None
    paused: bool = False
    after: str = ""
    max_active: int | None = None
    dirmaps: tuple[tuple[str, str, str], ...] = ()
    wishes: Pairs = ()
    timeout: float | None = None
    wait_timeout: float | None = None
    source: str = field(default="", compare=False)
    place: Place | None = field(default=None, compare=False, repr=False)

    __beside__ = ("surveyed",)  # no part of the value: what model.survey has found in it

    def input(self, label: str) -> JobInput | None:
        """The job input known by this parameter or artifact name, or None."""
        return next((i for i in self.inputs if label in (i.param, i.artifact)), None)


def actions(job: Job) -> Iterator[tuple[str, Action]]:
    """Every action with its path (`task/task/action`) in listing order: the index of an action is its place here."""
    stack: list[tuple[str, Iterator[Task | Action]]] = [("", iter(job.children))]
    while stack:
        prefix, children = stack[-1]
        for node in children:
            if isinstance(node, Task):
                stack.append((f"{prefix}{node.name}/", iter(node.children)))
                break
            yield prefix + node.name, node
        else:
            stack.pop()
