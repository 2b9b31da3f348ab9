"""From a script to the tree of tasks it stands for: Iterates spread out, Instances in place, commands as actions.

No recursion. Knows nothing of names and of what waits for what.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.formats.alfscript.commands import Unnamed, commands, hooks, repeated
from job_manager.formats.alfscript.reading import Context, Options
from job_manager.formats.alfscript.substitution import Scope
from job_manager.formats.alfscript.tree import NO_BODIES, Node
from job_manager.model.job import Pairs, Task

DEEPEST = 500  # the names of all tasks above an action go into its environment


class Unit:
    """One Task of the job to be; or an Instance, which becomes none.

    title: of an Instance, the one it names. default: the name without a title. members: tasks and Instances that come
    before the commands; serial: one after another. size: how many actions are in it. elder: the member before it.
    needs, first_needs (of its first command), turn, extra, name, task: as waiting.py and building.py find them.
    """

    __slots__ = (
        "actions",
        "default",
        "depth",
        "elder",
        "extra",
        "first_needs",
        "hooks",
        "instance",
        "members",
        "name",
        "needs",
        "node",
        "parent",
        "serial",
        "size",
        "task",
        "title",
        "turn",
        "wishes",
    )

    def __init__(
        self, node: Node, parent: Unit | None, title: str = "", default: str = "", serial: bool = False
    ) -> None:
        self.node, self.parent, self.title, self.default, self.serial = node, parent, title, default, serial
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.instance = node.operator.letter == "N"
        self.members: list[Unit] = []
        self.actions: list[Unnamed] = []
        self.hooks: list[Unnamed] = []
        self.wishes: Pairs = ()
        self.name = title
        self.size = 0
        self.needs: tuple[Unit, ...] | None = None
        self.first_needs: tuple[Unit, ...] | None = None
        self.turn: tuple[Unit, ...] = ()
        self.extra: tuple[Unit, ...] = ()
        self.elder: Unit | None = None
        self.task: Task | None = None

    def tasks(self) -> Iterator[Unit]:
        """The members that become tasks."""
        return (member for member in self.members if not member.instance)


Source = Iterator[tuple[Node, Scope]]


def outline(job: Node, scope: Scope, context: Context) -> list[Unit]:
    """Every unit, each before what is in it; the first stands for the job."""
    root = Unit(job, None)
    units = [root]
    options = Options(job, scope, context)
    root.serial = bool(options.value("-serialsubtasks"))
    root.wishes = options.wishes()
    root.hooks = hooks(job, scope, context)
    stack: list[tuple[Source, Unit]] = [(_body(job, "subtasks", scope), root)]
    while stack:
        source, into = stack[-1]
        found = next(source, None)
        if found is None:
            stack.pop()
        elif found[0].operator.letter == "I":
            stack += _repeated(*found, into, units, context)
        elif found[0].operator.letter in "TN":
            stack += _added(*found, into, units, context)
    for unit in reversed(units):
        _arrange(unit)
    return units


def _body(node: Node, role: str, scope: Scope) -> Source:
    return iter([(each, scope) for each in node.bodies.get(role, ())])


def _new(node: Node, into: Unit, units: list[Unit], title: str = "", default: str = "", serial: bool = False) -> Unit:
    unit = Unit(node, into, title, default or f"task{len(into.members) + 1}", serial)
    into.members.append(unit)
    units.append(unit)
    return unit


def _repeated(node: Node, scope: Scope, into: Unit, units: list[Unit], context: Context) -> list[tuple[Source, Unit]]:
    """An Iterate: its passes stand where it does; with -subtasks, behind these in a task of their own."""
    if "subtasks" not in node.bodies:
        return [(repeated(node, scope, context), into)]
    both = _new(node, into, units, default=node.variable(), serial=True)
    before = _new(node, both, units, default="before")
    each = _new(node, both, units, default="each", serial=into.serial)
    # The last on the stack is read first.
    return [(repeated(node, scope, context), each), (_body(node, "subtasks", scope), before)]


def _added(node: Node, scope: Scope, into: Unit, units: list[Unit], context: Context) -> list[tuple[Source, Unit]]:
    options = Options(node, scope, context)
    word = node.title()
    unit = _new(node, into, units, options.text(word) if word else "")
    if unit.instance:
        return []
    if unit.depth > DEEPEST:
        message = f"Tasks are nested more than {DEEPEST} deep"
        options.spot().error(node.at, message, "Tasks that follow each other may stand in -serialsubtasks 1")
        return []
    unit.serial = bool(options.value("-serialsubtasks"))
    unit.wishes = options.wishes()
    unit.actions = commands(node.bodies.get("cmds", []), scope, context)
    unit.hooks = hooks(node, scope, context)
    body = _body(node, "subtasks", scope)
    if not scope.template:
        # Nobody comes by again: what has been read of it is given back.
        node.bodies, node.given, node.words = NO_BODIES, {}, ()
    return [(body, unit)]


def _arrange(unit: Unit) -> None:
    """Brings a task into its form: commands after the members, in a serial task; several parallel members in one."""
    if not unit.serial:
        # Beside each other the order says nothing.
        unit.members.sort(key=lambda member: member.instance)
    tasks = list(unit.tasks())
    if unit.hooks and not unit.actions and not tasks and unit.parent is not None:
        # There is nothing that it cleans up after: hooks run after something only.
        unit.actions = [hook._replace(fields=hook.fields | {"hook": ""}) for hook in unit.hooks]
        unit.hooks = []
    unit.size = sum(task.size for task in tasks) + len(unit.actions) + len(unit.hooks)
    if not unit.actions:
        unit.serial = unit.serial or not tasks
        return
    if len(tasks) > 1 and not unit.serial:
        group = Unit(unit.node, unit, default="subtasks")
        group.members, group.size = tasks, sum(task.size for task in tasks)
        for task in tasks:
            task.parent = group
        unit.members = [group, *unit.members[len(tasks) :]]
    unit.serial = True
