"""What certainly comes before what in a job is what the script says: held against a plain reading of Alfscript's rules.

The rules are written down here once more, as edges between beginnings and ends, and every pair of commands is compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from job_manager.formats import alfscript
from job_manager.formats.needs import Order
from job_manager.model.job import Action, Command


@dataclass
class Node:
    """A Task: its number, whether its subtasks are a row, its subtasks (an int is an Instance), its commands."""

    number: int
    serial: bool
    members: list[Node | int] = field(default_factory=list)
    commands: int = 0

    def text(self) -> str:
        inside = "\n".join(each.text() if isinstance(each, Node) else f"Instance {{t{each}}}" for each in self.members)
        commands = "\n".join(f"Cmd {{run {self.number} {n}}}" for n in range(self.commands))
        serial = " -serialsubtasks 1" if self.serial else ""
        return f"Task {{t{self.number}}}{serial} -subtasks {{\n{inside}\n}} -cmds {{\n{commands}\n}}"

    def all(self) -> list[Node]:
        return [self, *(node for each in self.members if isinstance(each, Node) for node in each.all())]


@st.composite
def trees(draw: st.DrawFn) -> Node:
    count = draw(st.integers(1, 9))
    nodes = [Node(n, draw(st.booleans()), commands=draw(st.integers(0, 2))) for n in range(count)]
    for node in nodes[1:]:
        nodes[draw(st.integers(0, node.number - 1))].members.append(node)
    for _ in range(draw(st.integers(0, 5))):
        members = nodes[draw(st.integers(0, count - 1))].members
        members.insert(draw(st.integers(0, len(members))), draw(st.integers(0, count - 1)))
    return nodes[0]


Point = tuple[str, int, int]


def before(root: Node) -> dict[Point, set[Point]]:
    """Directly before each point: `begin` and `end` of tasks, and their commands."""
    found: dict[Point, set[Point]] = {}
    for node in root.all():
        begin, end = ("begin", node.number, 0), ("end", node.number, 0)
        found.setdefault(begin, set())
        ends = [("end", each.number if isinstance(each, Node) else each, 0) for each in node.members]
        for each in node.members:
            if isinstance(each, Node):
                found.setdefault(("begin", each.number, 0), set()).add(begin)
        commands = [("cmd", node.number, n) for n in range(node.commands)]
        found[end] = {begin, *ends, *commands}
        if commands:
            found[commands[0]] = {begin, *ends}
        for first, then in pairwise(commands):
            found[then] = {first}
        if node.serial:
            passed: list[Point] = []
            for each, over in zip(node.members, ends, strict=True):
                if isinstance(each, Node):
                    found.setdefault(("begin", each.number, 0), set()).update(passed)
                passed.append(over)
    return found


def reached(edges: dict[Point, set[Point]], start: Point) -> set[Point]:
    seen, todo = set[Point](), list(edges[start])
    while todo:
        point = todo.pop()
        if point not in seen:
            seen.add(point)
            todo.extend(edges[point])
    return seen


def point_of(action: Action) -> Point:
    assert isinstance(action.work, Command)
    _, number, command = action.work.argv
    return "cmd", int(number), int(command)


@settings(max_examples=300, deadline=None)
@given(trees())
def test_every_pair_of_commands_is_in_the_order_of_the_script(root):
    edges = before(root)
    text = f"Job -title {{j}} -subtasks {{\n{root.text()}\n}}\n"
    reading = alfscript.draft(text.encode(), "job.alf")
    errors = [problem.message for problem in reading.problems if problem.severity == "error"]
    assert bool(errors) == any(point in reached(edges, point) for point in edges)
    if errors:
        assert len(errors) == 1 and ("goes round" in errors[0] or "waits for itself" in errors[0])
        return
    order = Order(reading.job)
    leaves = [order.tree.nodes[node] for node in order.leaves]
    points = [point_of(leaf) for leaf in leaves if isinstance(leaf, Action)]
    for then, point in enumerate(points):
        earlier = reached(edges, point)
        for first, other in enumerate(points):
            if first != then:
                assert order.precedes(first, then) == (other in earlier), (other, point)
