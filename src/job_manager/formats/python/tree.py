"""Job, Task and Action as a script writes them: context managers that are plain dicts, `{"Job": {...}}`.

Collects what is said and judges nothing: that is reading.py's, with all mistakes at once. Knows not how a job is run.
Rules: reference seed-systems M1-M3, M6, D26, D27.
"""

from __future__ import annotations

from contextvars import ContextVar
from types import TracebackType

from job_manager.formats.python.places import Written, caller
from job_manager.model.hints import Any, Self
from job_manager.model.record import NamedTuple
from job_manager.model.secret import KEY, Secret

Body = dict[str, Any]
MOST_DEEP = 100  # lists and dicts in each other
MOST_BITS = 1024  # of a whole number
SLOTS = ("_jm_place", "_jm_flaws", "_jm_parent", "_jm_broken", "_jm_counts")


class Flaw(NamedTuple):
    """A mistake that only the call itself shows: the argument, what is wrong, and a hint."""

    key: str
    message: str
    hint: str = ""


class NoSuchKey(KeyError, AttributeError):
    """A node has nothing of that name. A KeyError, as in mass, that Python also takes for a missing attribute."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class Reference(str):
    """The name of a node in `needs`, which also knows the node that it means."""

    node: Node

    def __new__(cls, node: Node) -> Reference:
        made = super().__new__(cls, str(node.body.get("title") or node.body.get("name") or node.kind))
        made.node = node
        return made


class Artifact(str):
    """The name of a file that an action writes or a job is given; as an argument of another action it makes that one
    read it, and wait for it."""

    written: Body | None  # as it stands among the outputs of its action, None of a job's input
    writer: Node | None

    def __new__(cls, name: str, written: Body | None = None, writer: Node | None = None) -> Artifact:
        made = super().__new__(cls, name)
        made.written, made.writer = written, writer
        return made

    def __format__(self, how: str) -> str:
        return format("{" + str(self) + "}", how)  # in an f-string it stands for its path

    def keep(self) -> Self:
        """Have it kept when the job has succeeded; others are removed then."""
        if self.written is not None:
            self.written["public"] = True
        return self


_open: ContextVar[tuple[Node, ...]] = ContextVar("job_manager_open_nodes", default=())


class Node(dict[str, Any]):
    """One node: `{kind: body}`. Attributes are the keys of the body, for reading and writing; what is made inside its
    `with` becomes its last child. Each thread and each asyncio task has its own `with`s."""

    __slots__ = SLOTS
    kind = ""

    def __init__(self, body: Body, flaws: list[Flaw]) -> None:
        super().__init__({self.kind: body})
        object.__setattr__(self, "_jm_place", caller())
        object.__setattr__(self, "_jm_flaws", flaws)
        object.__setattr__(self, "_jm_broken", False)
        object.__setattr__(self, "_jm_parent", None)
        object.__setattr__(self, "_jm_counts", {})
        around = _open.get()
        if around and self.kind != "Job":
            object.__setattr__(self, "_jm_parent", around[-1])
            around[-1].body["children"].append(self)

    _jm_place: Written | None
    _jm_flaws: list[Flaw]
    _jm_broken: bool
    _jm_parent: Node | None
    _jm_counts: dict[str, int]

    @property
    def body(self) -> Body:
        """Everything that is said of it."""
        body: Body = self[self.kind]
        return body

    def __getattr__(self, name: str) -> Any:
        body = self.get(self.kind)
        if body is None or name not in body:
            raise NoSuchKey(f"{self.kind} has no {name!r}")
        return body[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self.body[name] = plain(value, name, self._jm_flaws)

    def __delattr__(self, name: str) -> None:
        if name not in self.body:
            raise NoSuchKey(f"{self.kind} has no {name!r}")
        del self.body[name]

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)  # a copy is the plain dict

    def __hash__(self) -> int:  # type: ignore[override]  # a node is itself, whatever is said of it later
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other if isinstance(other, Node) else dict.__eq__(self, other)


class Group(Node):
    """A node with children."""

    __slots__ = ()

    def __init__(self, title: object, parallel: object, more: Body) -> None:
        flaws: list[Flaw] = []
        said = {} if parallel is None else {"parallel": parallel}
        body = {"title": title, **said, "children": [], **more}
        super().__init__({key: plain(value, key, flaws) for key, value in body.items()}, flaws)

    def __enter__(self) -> Self:
        _open.set((*_open.get(), self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        around = _open.get()
        if any(node is self for node in around):
            at = max(at for at, node in enumerate(around) if node is self)
            _open.set(around[:at])
        if error is not None and not isinstance(error, GeneratorExit):
            self._leave()

    def _leave(self) -> None:
        """Nothing half-built stays behind: neither in the parent nor in the hands of who runs it."""
        object.__setattr__(self, "_jm_broken", True)
        made = record()
        if made is not None:
            made.jobs[:] = [job for job in made.jobs if job is not self]
        parent = self._jm_parent
        if parent is not None:
            siblings = parent.body["children"]
            siblings[:] = [child for child in siblings if child is not self]


class Job(Group):
    """What is submitted: `with Job("title") as job:`. `parallel`: its children run at once; else one after another."""

    __slots__ = ()
    kind = "Job"

    def __init__(self, title: object = "", parallel: object = None, **more: Any) -> None:
        super().__init__(title, parallel, more)
        made = record()
        if made is not None:
            made.jobs.append(self)

    def input(
        self, name: str, type: str | None = None, *, param: str | None = None, kind: str | None = None
    ) -> Artifact:
        """A file that whoever runs the job gives; an argument for its actions."""
        said = {"name": name, "type": type, "param": param, "kind": kind}
        self.body.setdefault("inputs", []).append({key: value for key, value in said.items() if value is not None})
        return Artifact(name)


class Task(Group):
    """A part of a job, with tasks and actions in it."""

    __slots__ = ()
    kind = "Task"

    def __init__(self, title: object = "", parallel: object = None, **more: Any) -> None:
        super().__init__(title, parallel, more)


class Action(Node):
    """One thing to do: `Action("text")` prints the text, `Action(cmd="...", _role="shell")` runs it in a shell, and
    another role calls the function registered for it. Words that begin with `_` say how; the others are the arguments.
    """

    __slots__ = ()
    kind = "Action"

    def __init__(self, *text: object, _role: str | None = None, _whenerror: bool = False, **more: Any) -> None:
        flaws: list[Flaw] = []
        if len(text) > 1:
            flaws.append(Flaw("", f"an action takes one text, and here are {len(text)}", "make it as many actions"))
        said: Body = {"input": text[0]} if text else {}
        for other in ("input", "cmd", "msg") if text else ():
            if other in more:
                flaws.append(Flaw(other, f'a text and "{other}" both say what to do', "keep one of them"))
        body = {"_role": _role, "_whenerror": _whenerror, **more, **said}
        reads: list[Artifact] = []
        found = {key: plain(value, key, flaws, reads if key not in UNREAD else None) for key, value in body.items()}
        if reads:
            listed = {str(name): {"name": str(name)} for name in reads}
            found["_reads"] = list(listed.values())
        super().__init__(found, flaws)


UNREAD = frozenset("needs _needs inputs _inputs outputs _outputs foreach _foreach".split())


# --- what goes into a body --------------------------------------------------------------------------------------------


def plain(value: Any, key: str, flaws: list[Flaw], reads: list[Artifact] | None = None, depth: int = 0) -> Any:
    """The value as JSON can say it: nodes by their names, paths as text, tuples as lists. An artifact stands as
    `{name}` where `reads` collects it. What JSON has no word for is a flaw, and is left out."""
    if isinstance(value, Artifact):
        if key in ("needs", "_needs") and value.writer is not None:
            return Reference(value.writer)
        if reads is None:
            return value
        reads.append(value)
        return "{" + str(value) + "}"
    if isinstance(value, Node):
        return value if key == "children" else Reference(value)
    if value is None or isinstance(value, bool | int | str):
        odd = "" if value is None else _odd(value)
        if odd:
            flaws.append(Flaw(key, odd))
        return None if odd else value
    if depth > MOST_DEEP:
        flaws.append(Flaw(key, "this is nested too deeply, or in itself"))
        return None
    return _inner(value, key, flaws, reads, depth + 1)


def _odd(value: int | str) -> str:
    """Why a text or number cannot be said in JSON, or given to a program; "" when it can."""
    if isinstance(value, int):
        return "this number is too long" if value.bit_length() > MOST_BITS else ""
    if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
        return "this is not valid Unicode text: it contains half of a surrogate pair"
    return "this text contains a NUL character, which no program can be given" if "\0" in value else ""


def _inner(value: Any, key: str, flaws: list[Flaw], reads: list[Artifact] | None, depth: int) -> Any:
    if isinstance(value, list | tuple | range | set | frozenset):
        members = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(each, key, flaws, reads, depth) for each in members]
    if isinstance(value, dict):
        wrong = [name for name in value if not isinstance(name, str)]
        if wrong:
            flaws.append(Flaw(key, f"a name has to be text, and {wrong[0]!r} is none"))
        return {str(name): plain(each, key, flaws, reads, depth) for name, each in value.items()}
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            flaws.append(Flaw(key, f"JSON has no word for {value}"))
            return None
        return value
    if isinstance(value, Secret):
        return {KEY: value.name}
    path = getattr(value, "__fspath__", None)
    if path is not None:
        return path()
    flaws.append(Flaw(key, f"expected text, a number, a list or a dict, found {type(value).__name__}"))
    return None


def counts() -> dict[str, int]:
    """How often something was made in the job that is being built, by name."""
    around = _open.get()
    return around[0]._jm_counts if around else {}


# --- what a script makes ----------------------------------------------------------------------------------------------


class Record:
    """What a script has made that is read for its job: `jobs` that were begun, and those it has handed over."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.submitted: list[tuple[Any, Written | None]] = []
        self.shelves: tuple[str, ...] = ()
        self.protocols: dict[int, str | None] = {}

    def hand_over(self, job: Any, protocol: str | None = None) -> None:
        """This is the job that the script is about."""
        self.protocols.setdefault(id(job), protocol)
        if not any(other is job for other, _ in self.submitted):
            self.submitted.append((job, caller()))

    @property
    def protocol(self) -> str | None:
        """How the arguments of what was submitted are kept elsewhere, or None."""
        return self.protocols.get(id(self.submitted[0][0])) if self.submitted else None


_record: list[Record] = []


def start_record() -> Record:
    """From now on what is made in this process is written down."""
    _record[:] = [Record()]
    return _record[0]


def record() -> Record | None:
    """The record, where a script is read and not run."""
    return _record[0] if _record else None
