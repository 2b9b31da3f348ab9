"""What can be said of a whole job without knowing the modules: who writes and reads what, and whether in time.

For every job language; works on trees of any depth without recursion and in linear time. Knows no file format.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from job_manager.formats.needs import Order
from job_manager.formats.wording import PROBLEM_LIMIT, clipped, nearest
from job_manager.model import names
from job_manager.model.errors import NOWHERE, Place, Problem, in_order
from job_manager.model.fanout import keys_in
from job_manager.model.job import ON_SUCCESS, Action, Input, Job, JobInput, ModuleCall, Output, Task
from job_manager.model.params import PREFIX
from job_manager.model.pattern import late
from job_manager.model.survey import survey
from job_manager.model.types import same_type
from job_manager.model.wording import quoted

ACTION_LIMIT = 1_000_000
SUGGESTIONS = 20  # beyond the first few mistakes nobody reads the guesses, and guessing among 100,000 names is slow
NEAR = 500
BRACES = frozenset("{}")
RANGE_HINT = "a range of numbers is written 1-240, 1-240x2 or 1,5,9"
VALUE = late(r"\{params\.[^{}\n]*\}")  # put in before anything runs


def check(job: Job, *, loose: bool = False, partial: bool = False) -> list[Problem]:
    """Everything wrong or odd about the job's artifacts, in order of place.

    loose: a clash of types is a warning. partial: the job could not be fully made out; what seems to be missing or
    unused may be in the rest, and is not said.
    """
    board = _Board(job, "warning" if loose else "error")
    board.look_at_inputs()
    if not board.look_at_tree():
        return board.said()
    for place in board.actions:
        board.look_at_params(board.actions[place])
        board.look_at_keys(board.actions[place])
        board.look_at_braces(board.actions[place])
        board.look_at_outputs(place)
    for place in board.actions:
        board.look_at_reads(place)
    if not partial:
        board.look_at_idle()
        board.look_at_unused()
    return board.said()


class _Written:
    """An artifact with its first writer, by the writer's index in listing order."""

    def __init__(self, by: int, output: Output) -> None:
        self.by, self.output = by, output
        self.read = False


class _Board:
    """The job spread out: those of its actions in which there is something to look at, by their place in listing order,
    and who writes what. Where in the tree each stands is found when somebody asks for it.

    An action is certainly finished before another starts when both ranks say so: the second order runs through parallel
    tasks backwards, so it contradicts the first where nothing is certain (a series-parallel order has dimension 2).
    """

    def __init__(self, job: Job, type_severity: str) -> None:
        self.job = job
        self.type_severity = type_severity
        self.actions: dict[int, Action] = {}
        self.size = 0  # all actions
        self.order: Order | None = None  # for a job in which nodes wait for others than the tree says
        self._parents: list[int] = []  # of each action, an index of `_tasks`, or -1
        self._tasks: list[tuple[Task, int]] = []  # each with its parent's index, or -1
        self._second: list[int] = []
        self.written: dict[str, _Written] = {}  # by exact name
        self.folded: dict[str, str] = {}  # names of job inputs and artifacts by their folded form
        self.given: dict[str, JobInput] = {}  # by exact name
        self.used: set[str] = set()
        self.problems: list[Problem] = []
        self.unsaid = 0
        self.guesses = 0

    def say(self, node: Place | None, key: str, message: str, hint: str = "", severity: str = "error") -> None:
        if len(self.problems) >= PROBLEM_LIMIT:
            self.unsaid += severity == "error"
            return
        place = node or NOWHERE
        if place.file and key:
            place = place._replace(path=f"{place.path}.{key}" if place.path else key)
        self.problems.append(Problem(place, clipped(message), hint, severity))

    def said(self) -> list[Problem]:
        if self.unsaid:
            message = f"{self.unsaid:,} more mistakes in artifacts are not shown"
            self.problems.append(Problem(Place(self.job.source, 0, 0), message, more=self.unsaid))
        return in_order(self.problems)

    def look_at_inputs(self) -> None:
        labels: dict[str, JobInput] = {}
        for given in self.job.inputs:
            if given.artifact and self._safe(given, "name", names.artifact_name(given.artifact)):
                self._add_input(given)
            if given.param is not None:
                self._safe(given, "param_name", names.param_name(given.param))
            other = labels.setdefault(given.label, given)
            if other is not given and given.label:
                message = f'two job inputs are called "{given.label}"{_at(other.place)}'
                self.say(given.place, "param_name" if given.param else "name", message)

    def _add_input(self, given: JobInput) -> None:
        first = self.folded.setdefault(names.folded(given.artifact), given.artifact)
        if first in self.given:
            other = self.given[first]
            message = (
                f"{quoted(given.artifact)} is already a job input{_at(other.place)}{_spelt(first, given.artifact)}"
            )
            self.say(given.place, "name", message)
        self.given.setdefault(given.artifact, given)

    def _safe(self, node: JobInput | Input | Output, key: str, reason: str | None) -> bool:
        if reason is not None:
            hint = ""
            if "separator" in reason:
                last = node.artifact.replace("\\", "/").rsplit("/", 1)[-1]
                plain = last if names.artifact_name(last) is None else "audio.wav"
                hint = f'use a plain file name, for example "{plain}"; job_manager chooses the directory'
            self.say(node.place, key, reason, hint)
        return reason is None

    def look_at_tree(self) -> bool:
        """Spreads the job out; False when it is too big for that."""
        sizes = _sizes(self.job)
        if sizes[id(self.job)] > ACTION_LIMIT:
            message = f"the job has {sizes[id(self.job)]:,} actions; the limit is {ACTION_LIMIT:,}"
            self.say(self.job.place, "", message)
            return False
        found = survey(self.job)
        self.size = found.size
        self.actions = {index: action for index, _, action in found.telling}
        if any(node.needs is not None for node in found.nodes):
            self.order = Order(self.job)
        return True

    @property
    def parents(self) -> list[int]:
        """Of each action the task that it stands in: an index of `tasks`, or -1."""
        if not self._parents:
            self._parents = list(self._spread())
        return self._parents

    @property
    def tasks(self) -> list[tuple[Task, int]]:
        """Each task with its parent's index, or -1."""
        return self._tasks if self.parents else []

    @property
    def second(self) -> list[int]:
        """The second rank of each action."""
        if not self._second:
            self._second = [0] * self.size
            for rank, index in enumerate(_backwards(self.job, _sizes(self.job))):
                self._second[index] = rank
        return self._second

    def _spread(self) -> Iterator[int]:
        stack: list[tuple[int, Iterator[Task | Action]]] = [(-1, iter(self.job.children))]
        while stack:
            parent, children = stack[-1]
            node = next(children, None)
            if node is None:
                stack.pop()
            elif isinstance(node, Action):
                yield parent
            else:
                self._tasks.append((node, parent))
                stack.append((len(self._tasks) - 1, iter(node.children)))

    def look_at_params(self, action: Action) -> None:
        first: dict[str, Input | Output] = {}
        nodes: list[Input | Output] = [*action.inputs, *action.outputs]
        for node in nodes:
            if node.param is not None and self._safe(node, "param_name", names.param_name(node.param)):
                other = first.setdefault(node.param, node)
                if other is not node:
                    message = f"the parameter {quoted(node.param)} is named twice{_at(other.place)}"
                    self.say(node.place, "param_name", message, "give each artifact its own parameter")
        if not isinstance(action.work, ModuleCall):
            if first:
                self._look_at_double_meaning(nodes, first)
            self._look_at_values(action, nodes)

    def _look_at_double_meaning(self, nodes: list[Input | Output], params: dict[str, Input | Output]) -> None:
        for node in nodes:
            other = params.get(node.artifact)
            if other is not None and other.artifact != node.artifact:
                message = f'"{{{node.artifact}}}" may mean this file or the parameter of that name{_at(other.place)}'
                self.say(node.place, "name", message, "rename the parameter")

    def _look_at_values(self, action: Action, nodes: list[Input | Output]) -> None:
        # {name} in a command is a value or a path, never either.
        for name, _ in action.params:
            other = next((node for node in nodes if name in (node.param, node.artifact)), None)
            if other is not None:
                message = f'"{{{name}}}" may mean this value or the file of that name{_at(other.place)}'
                at_name = action.place if not name.startswith(PREFIX) else other.place
                key = f"params.{name}" if not name.startswith(PREFIX) else "name"
                self.say(at_name, key, message, "rename one of them")

    def look_at_braces(self, action: Action) -> None:
        """In a command `{name}` stands for a file: a name with braces of its own cannot stand there."""
        if isinstance(action.work, ModuleCall):
            return
        nodes: list[Input | Output] = [*action.inputs, *action.outputs]
        for node in nodes:
            if node.param is None and not BRACES.isdisjoint(VALUE.sub("", node.artifact)):
                message = f"a command cannot name {quoted(node.artifact)}: there are braces in it"
                hint = 'give it a param_name, for example param_name: file, and write "{file}" in the command'
                self.say(node.place, "name", message, hint)

    def look_at_outputs(self, place: int) -> None:
        for output in self.actions[place].outputs:
            if output.artifact and self._safe(output, "name", names.artifact_name(output.artifact)):
                self._add_output(place, output)

    def _add_output(self, place: int, output: Output) -> None:
        first = self.folded.setdefault(names.folded(output.artifact), output.artifact)
        if first in self.given:
            message = f"{quoted(output.artifact)} would be written over the job input of that name"
            hint = "write a file of another name; a job input stays as it is"
            self.say(
                output.place, "name", f"{message}{_at(self.given[first].place)}{_spelt(first, output.artifact)}", hint
            )
        elif first in self.written:
            other = self.written[first]
            message = f"{quoted(output.artifact)} is also written by {self._who(other.by, other.output.place)}"
            self.say(output.place, "name", message + _spelt(first, output.artifact), "give each its own name")
        self.written.setdefault(output.artifact, _Written(place, output))

    def look_at_keys(self, action: Action) -> None:
        """The keys of a fan-out: ranges that are some, and names of outputs that tell the items apart."""
        for each in action.foreach:
            try:
                each.items() if not each.artifact else None
            except ValueError as error:
                self.say(each.place, "", str(error))
        for output in action.outputs if action.foreach else ():
            there = keys_in(output.artifact, action.foreach)
            missing = [each.key for each in action.foreach if each.key not in there]
            if missing and output.artifact:
                form = f"{{{missing[0]}.stem}}" if action.foreach[0].artifact else f"{{{missing[0]}}}"
                message = f"every item would write {quoted(output.artifact)}: the key {quoted(missing[0])} is not in it"
                self.say(output.place, "name", message, f'for example "{form}_{output.artifact}"')

    def look_at_reads(self, place: int) -> None:
        keys = {each.key for each in self.actions[place].foreach}
        over = [Input(each.artifact, place=each.place) for each in self.actions[place].foreach if each.artifact]
        for wanted in over:
            self._look_at_read(place, wanted, "")
        self._look_at_hidden(self.actions[place])
        for wanted in self.actions[place].inputs:
            if wanted.artifact not in keys:
                self._look_at_read(place, wanted, "name")

    def _look_at_hidden(self, action: Action) -> None:
        """Keys of a fan-out that are called like an artifact, which then cannot be spoken of in that action."""
        for each in action.foreach:
            given, written = self.given.get(each.key), self.written.get(each.key)
            if given is None and written is None:
                continue
            is_read = any(use.artifact == each.key for use in action.inputs)
            there = given or (written and written.output)
            other = f"the {'job input' if given else 'output'}{_at(there.place if there else None)}"
            message = f"the key {quoted(each.key)} is called like {other}: here the name stands for one item"
            severity = "error" if is_read else "warning"
            hint = "give the key another name" if is_read else "give the key another name, or leave it if that is meant"
            self.say(each.place, "", message, hint, severity)

    def _look_at_read(self, place: int, wanted: Input, key: str) -> None:
        """`key`: where in the place of what is read its name stands."""
        if wanted.artifact in self.given:
            self.used.add(wanted.artifact)
            self._compare_with_input(wanted, self.given[wanted.artifact])
        elif wanted.artifact in self.written:
            self._look_at_order(place, wanted, self.written[wanted.artifact], key)
        elif VALUE.search(wanted.artifact):
            return  # a param that is not known, or has no value: that is said where params are looked at
        elif wanted.artifact and self._safe(wanted, key, names.artifact_name(wanted.artifact)):
            hint = RANGE_HINT if not key and wanted.artifact[0] in "0123456789" else self._guess(wanted.artifact)
            self.say(wanted.place, key, f"nobody writes {quoted(wanted.artifact)}", hint)

    def _look_at_order(self, place: int, wanted: Input, source: _Written, key: str) -> None:
        source.read = True
        if source.by != place and self._is_before(source.by, place):
            self._compare_with_output(wanted, source)
            if self._may_be_missing(place, wanted, source.by):
                message = f"{quoted(wanted.artifact)} may not be there when this runs, after a failure"
                self.say(wanted.place, key, message, "write optional: true beside it, and be ready for it")
            return
        name, who = quoted(wanted.artifact), self._who(source.by, source.output.place)
        if source.by == place:
            self.say(wanted.place, key, f"{name} is read and written by the same action", "write to another name")
        elif self.order is None and source.by > place and self.second[source.by] > self.second[place]:
            self.say(wanted.place, key, f"{name} is only written later, by {who}", "read it in a later step")
        else:
            message = f"{name} is written in parallel, by {who}; parallel entries cannot depend on each other"
            self.say(wanted.place, key, message, self._later(source.by))

    def _may_be_missing(self, place: int, wanted: Input, source: int) -> bool:
        """Whether a hook reads what something that it follows may have failed to make."""
        if wanted.optional or self.actions[place].hook in ("", ON_SUCCESS):
            return False
        task, above = self.parents[place], self.parents[source]
        while above not in (task, -1):
            above = self.tasks[above][1]
        return above == task

    def _is_before(self, first: int, then: int) -> bool:
        """Whether one action is certainly over before the other starts."""
        if self.order is not None:
            return self.order.precedes(first, then)
        return first < then and self.second[first] < self.second[then]

    def _later(self, source: int) -> str:
        if self.order is None:
            return "move this one to a later step, or say that it needs the other"
        return f"write needs: [{self.actions[source].name}], or move it to a later step"

    def _compare_with_input(self, wanted: Input, given: JobInput) -> None:
        if not same_type(wanted.type, given.type):
            source = f'the job input{_at(given.place)} is "{given.type}"'
            self._clash(wanted, source)

    def _compare_with_output(self, wanted: Input, source: _Written) -> None:
        if not same_type(wanted.type, source.output.type):
            who = self._who(source.by, source.output.place)
            self._clash(wanted, f'{who} writes it as "{source.output.type}"')

    def _clash(self, wanted: Input, source: str) -> None:
        message = f'{quoted(wanted.artifact)} is read as "{wanted.type}" here, but {source}'
        hint = "make the two types agree" + ("" if self.type_severity == "warning" else ", or use --loose-types")
        self.say(wanted.place, "type", message, hint, self.type_severity)

    def look_at_idle(self) -> None:
        if not self.size:
            hint = "give a step an entry" if survey(self.job).tasks else "write steps with entries, or tasks"
            self.say(self.job.place, "", "this is a job with nothing to do", hint, "warning")

    def look_at_unused(self) -> None:
        if not self.size:
            return
        for name, given in self.given.items():
            if name not in self.used:
                self.say(given.place, "name", f"nothing reads the job input {quoted(name)}", "", "warning")
        for name, source in self.written.items():
            if not source.read and not source.output.public:
                message = f"nothing reads {quoted(name)}, and it is not kept"
                self.say(source.output.place, "name", message, "write public: true to keep it", "note")

    def _who(self, place: int, at: Place | None) -> str:
        parts = [self.actions[place].name]
        parent = self.parents[place]
        while parent >= 0 and len(parts) < 4:
            task, parent = self.tasks[parent]
            parts.append(task.name)
        return ("" if parent < 0 else ".../") + "/".join(reversed(parts)) + _at(at)

    def _guess(self, name: str) -> str:
        known = self.folded.get(names.folded(name))
        if known is None and self.guesses < SUGGESTIONS and len(name) < 100:
            self.guesses += 1
            near = (k for k in (*self.given, *self.written) if abs(len(k) - len(name)) <= 3)
            known = nearest(name, islice(near, NEAR))
        if known is not None:
            return f'did you mean "{known}"?'
        return "an entry of an earlier step must write it, or it must be an input of the job"


def _backwards(job: Job, sizes: dict[int, int]) -> Iterator[int]:
    # The indices of the actions (in listing order) in the second order. The sizes tell where the indices of a subtree
    # begin that is walked before its elder siblings.
    stack: list[tuple[Job | Task | Action, int]] = [(job, 0)]
    while stack:
        node, first = stack.pop()
        if isinstance(node, Action):
            yield first
            continue
        members = []
        for child in node.children:
            members.append((child, first))
            first += 1 if isinstance(child, Action) else sizes[id(child)]
        hooks = [member for member in members if isinstance(member[0], Action) and member[0].hook]
        body = members[: len(members) - len(hooks)]
        stack.extend([*reversed(hooks), *(body if node.parallel else reversed(body))])


def _sizes(job: Job) -> dict[int, int]:
    """The number of actions below each task, by the task's identity: one may stand in several places."""
    sizes: dict[int, int] = {}
    stack: list[Job | Task] = [job]
    while stack:
        node = stack[-1]
        waiting = [child for child in node.children if child.__class__ is Task and id(child) not in sizes]
        if waiting:
            stack.extend(waiting)
        else:
            stack.pop()
            sizes[id(node)] = sum([1 if child.__class__ is Action else sizes[id(child)] for child in node.children])
    return sizes


def _at(place: Place | None) -> str:
    return f" ({place.line}:{place.column})" if place is not None and place.line else ""


def _spelt(first: str, name: str) -> str:
    return "" if first == name else f', there as "{first}": the two names are one on some file systems'
