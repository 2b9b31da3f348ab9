"""What waits for what because an Instance says so: from titles to the tasks that have to be over.

An Instance becomes no task: what comes after it, or the task that it stands in, needs the task of that title. No
recursion. Knows nothing of names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

from job_manager.formats.alfscript.outline import Unit
from job_manager.formats.alfscript.reading import Context
from job_manager.formats.alfscript.values import Spot
from job_manager.formats.wording import suggestion
from job_manager.model.wording import quoted

EDGE_LIMIT = 2_000_000
Titles = Callable[[], Mapping[str, str]]
Point = tuple[Unit, bool]  # a unit's beginning, or its end


def settle_instances(root: Unit, context: Context, *, look_up: bool = True, titles: Titles = dict) -> list[Unit]:
    """Puts `needs` where Instances ask for them. What they name that is not there, or goes round, is said. Returns the
    units, each before what is in it.
    look_up: not where a mistake may have hidden a Task. titles: the paths of tasks outside by their titles, for what no
    task here is called; one of these becomes a unit without a parent."""
    units = _listed(root)
    instances = [unit for unit in units if unit.instance]
    targets = _targets(units, instances, context, titles) if instances and look_up else {}
    if not targets:
        return units
    order = _ends(units[0], targets, context)
    if order is None:
        return units
    try:
        _wait(units, order, targets, _Edges())
    except _TooMany:
        message = f"the Instances stand for more than {EDGE_LIMIT:,} dependencies"
        hint = "let one Task that has a command wait for the many, and the others for it"
        Spot(context.findings, root.node).error(root.node.at, message, hint)
    return units


class _TooMany(Exception):
    """More dependencies than a job may have."""


class _Edges:
    """Counts dependencies before they are made."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, count: int) -> None:
        """Raises _TooMany."""
        self._count += count
        if self._count > EDGE_LIMIT:
            raise _TooMany


def _wait(units: list[Unit], order: list[Unit], targets: dict[Unit, Unit], edges: _Edges) -> None:
    for unit in order:
        _look_past(unit, targets, edges)
    for unit in units:
        if not unit.instance:
            _give_needs(unit, targets, edges)


def _listed(root: Unit) -> list[Unit]:
    units, stack = [], [root]
    while stack:
        unit = stack.pop()
        units.append(unit)
        for elder, member in pairwise(unit.members):
            member.elder = elder
        stack.extend(reversed(unit.members))
    return units


def _targets(units: list[Unit], instances: list[Unit], context: Context, titles: Titles) -> dict[Unit, Unit]:
    """The task that each Instance means."""
    elsewhere = _Elsewhere(titles)
    titled: dict[str, list[Unit]] = {}
    for unit in units:
        if unit.title and not unit.instance:
            titled.setdefault(unit.title, []).append(unit)
    found = {}
    for unit in instances:
        spot = Spot(context.findings, unit.node)
        at = unit.node.words[0].at if unit.node.words else unit.node.at
        meant = titled.get(unit.title, [])
        if not meant:
            meant = elsewhere.called(unit.title, unit)
        if not meant:
            hint = suggestion(unit.title, titled) or "an Instance has the exact title of a Task, with every blank"
            spot.error(at, f"no Task is called {quoted(unit.title)}", hint)
            continue
        if len(meant) > 1:
            line, column = meant[0].node.at
            message = f"{len(meant)} Tasks are called {quoted(unit.title)}; the first is meant ({line}:{column})"
            spot.warn(at, message, "give each its own title")
        found[unit] = meant[0]
    return found


class _Elsewhere:
    """Units that stand for tasks outside, each made when it is asked for."""

    def __init__(self, titles: Titles) -> None:
        self._titles = titles
        self._known: Mapping[str, str] | None = None
        self._units: dict[str, Unit] = {}

    def called(self, title: str, instance: Unit) -> list[Unit]:
        """The task of that title, or none."""
        if self._known is None:
            self._known = self._titles()
        if title not in self._known:
            return []
        if title not in self._units:
            self._units[title] = unit = Unit(instance.node, None, title)
            unit.name, unit.size, unit.instance = self._known[title], 1, False
        return [self._units[title]]


def _ends(root: Unit, targets: dict[Unit, Unit], context: Context) -> list[Unit] | None:
    """The units in an order in which each is over after all that it waits for; None when some wait for each other."""
    order: list[Unit] = []
    done: set[Point] = set()
    on_path: dict[Point, None] = {(root, True): None}
    stack: list[tuple[Point, Iterator[Point]]] = [((root, True), _awaited((root, True), targets))]
    while stack:
        point, ahead = stack[-1]
        following = next((other for other in ahead if other not in done), None)
        if following is None:
            stack.pop()
            on_path.pop(point)
            done.add(point)
            if point[1]:
                order.append(point[0])
        elif following in on_path:
            path = list(on_path)
            _say_circle(path[path.index(following) :], context)
            return None
        else:
            on_path[following] = None
            stack.append((following, _awaited(following, targets)))
    return order


def _awaited(point: Point, targets: dict[Unit, Unit]) -> Iterator[Point]:
    unit, is_end = point
    if is_end:
        if unit in targets:
            yield targets[unit], True
        yield unit, False
        yield from ((member, True) for member in unit.members)
    elif unit.parent is not None:
        yield unit.parent, False
        if unit.parent.serial and unit.elder is not None:
            yield unit.elder, True


def _say_circle(circle: list[Point], context: Context) -> None:
    instance = next(unit for unit, _ in circle if unit.instance)
    titles = dict.fromkeys(unit.title for unit, is_end in circle if unit.title and is_end and not unit.instance)
    way = " -> ".join(map(quoted, list(titles)[:5])) + (" ..." if len(titles) > 5 else "")
    at = instance.node.words[0].at if instance.node.words else instance.node.at
    message = f"this Instance goes round: {way} can never begin" if way else "this Instance waits for itself"
    Spot(context.findings, instance.node).error(at, message, "nothing may wait for what it is a part of, or waited for")


def _over(unit: Unit) -> Iterator[Unit]:
    """What has to be over so that a unit is, what is empty looked past."""
    if unit.size:
        yield unit
    yield from unit.extra


def _meant(member: Unit, targets: dict[Unit, Unit]) -> Iterator[Unit]:
    return _over(targets[member]) if member in targets else iter(())


def _look_past(unit: Unit, targets: dict[Unit, Unit], edges: _Edges) -> None:
    """Finds `extra`: what a unit waits for at its end that its own task does not wait for."""
    if unit.instance or unit.actions:
        return
    pending: dict[Unit, None] = {}
    for member in unit.members:
        if unit.serial and member.size:
            pending.clear()
        pending.update(dict.fromkeys(_meant(member, targets) if member.instance else member.extra))
    edges.add(len(pending))
    unit.extra = tuple(pending)


def _give_needs(unit: Unit, targets: dict[Unit, Unit], edges: _Edges) -> None:
    """Says for the members and commands of a unit what they need."""
    last: tuple[Unit, ...] = ()
    pending: dict[Unit, None] = {}
    for member in unit.members:
        if member.size and unit.serial and pending:
            edges.add(len(unit.turn) + len(pending))
            member.needs = tuple(dict.fromkeys((*(last or unit.turn), *pending)))
        member.turn = member.needs or last or unit.turn
        if unit.serial and member.size:
            last, pending = (member,), {}
        pending.update(dict.fromkeys(_meant(member, targets) if member.instance else member.extra))
    if unit.actions and pending:
        edges.add(len(unit.turn) + len(pending))
        _before_own(unit, last, pending)


def _before_own(unit: Unit, last: tuple[Unit, ...], pending: Iterable[Unit]) -> None:
    """The first command needs what is pending; when nothing of the unit comes before it, the unit does."""
    if last or unit.parent is None:
        unit.first_needs = tuple(dict.fromkeys((*last, *pending)))
    else:
        unit.needs = tuple(dict.fromkeys((*unit.turn, *pending)))
