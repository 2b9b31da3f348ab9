"""`needs`: from the names a person wrote to the paths of tasks and actions, and what then certainly comes before what.

For every job language. Walks trees of any depth without recursion. Knows no file format.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from job_manager.formats.conditions import by_path
from job_manager.formats.wording import nearest
from job_manager.model.errors import NOWHERE, Problem
from job_manager.model.job import Action, Job, Task
from job_manager.model.record import replace
from job_manager.model.survey import survey
from job_manager.model.wording import quoted

Node = Task | Action


class Tree:
    """A job's nodes in listing order. Node 0 stands for the job; parent, before (the elder sibling in a serial parent)
    and end (the node after the last one below) are node numbers, or -1."""

    def __init__(self, job: Job) -> None:
        self.nodes: list[Node | None] = [None]
        self.parent, self.before, self.end, self.paths = [-1], [-1], [0], [""]
        stack: list[tuple[int, bool, int, Iterator[Node]]] = [(0, job.parallel, -1, iter(job.children))]
        while stack:
            parent, at_once, last, children = stack.pop()
            member = next(children, None)
            if member is None:
                self.end[parent] = len(self.nodes)
                continue
            new = self._add(member, parent, -1 if at_once else last)
            stack.append((parent, at_once, new, children))
            if isinstance(member, Task):
                stack.append((new, member.parallel, -1, iter(member.children)))

    def _add(self, member: Node, parent: int, before: int) -> int:
        self.nodes.append(member)
        self.parent.append(parent)
        self.before.append(before)
        self.end.append(len(self.nodes))
        self.paths.append(f"{self.paths[parent]}/{member.name}".lstrip("/"))
        return len(self.nodes) - 1

    def needs(self, node: int) -> tuple[str, ...] | None:
        """What the node needs, as written; None when it waits for its turn."""
        member = self.nodes[node]
        return None if member is None else member.needs

    def is_hook(self, node: int) -> bool:
        """Whether it runs when all else beside it is over."""
        return bool(getattr(self.nodes[node], "hook", ""))

    def elder(self, node: int) -> list[int]:
        """The siblings listed before it."""
        parent = self.parent[node]
        return [other for other in range(parent + 1, node) if self.parent[other] == parent]

    def when(self, node: int) -> str:
        """The node's condition, or ""."""
        member = self.nodes[node]
        return "" if member is None else member.when


def resolved(job: Job) -> tuple[Job, list[Problem]]:
    """The job with the paths of what its nodes need, and what is wrong with the names. A name that is unknown or means
    several is left out of the job."""
    if not any(node.needs is not None or node.when for node in survey(job).nodes):
        return job, []
    tree = Tree(job)
    wanting = [node for node in range(1, len(tree.nodes)) if tree.needs(node) is not None]
    asking = [node for node in range(1, len(tree.nodes)) if tree.when(node)]
    meant = _meanings(tree)
    problems: list[Problem] = []
    found: dict[int, tuple[str, ...]] = {}
    for node in wanting:
        found[node] = tuple(_look_up(tree, node, meant, problems))
    when: dict[int, str] = {}
    for node in asking:
        when[node] = _condition(tree, node, found.get(node, ()), problems)
    job = replace(job, children=_rebuilt(tree, found, when))
    return job, problems or (_circles(job) if wanting else [])


def _condition(tree: Tree, node: int, needed: tuple[str, ...], problems: list[Problem]) -> str:
    """The node's condition, which may ask how what it needs has ended."""
    named = (
        dict(zip(tree.needs(node) or (), needed, strict=False)) if len(tree.needs(node) or ()) == len(needed) else {}
    )
    names = {**{path.rsplit("/", 1)[-1]: path for path in needed}, **{path: path for path in needed}, **named}
    member = tree.nodes[node]
    assert member is not None
    text, wrong = by_path(member, names)
    problems += wrong
    return text


def _meanings(tree: Tree) -> dict[str, list[int]]:
    """Every way to name a node: its path, and its name."""
    meant: dict[str, list[int]] = {}
    for node in range(1, len(tree.nodes)):
        member = tree.nodes[node]
        assert member is not None
        for word in {tree.paths[node], member.name, member.title or member.name}:
            meant.setdefault(word, []).append(node)
    return meant


def _look_up(tree: Tree, node: int, meant: dict[str, list[int]], problems: list[Problem]) -> Iterator[str]:
    for number, word in enumerate(tree.needs(node) or ()):
        nodes = meant.get(word, [])
        exact = [other for other in nodes if tree.paths[other] == word]
        nodes = exact or nodes
        wrong = _wrong(tree, node, word, nodes, meant)
        if wrong:
            problems.append(_problem(tree, node, number, *wrong))
        else:
            yield tree.paths[nodes[0]]


def _wrong(tree: Tree, node: int, word: str, nodes: list[int], meant: dict[str, list[int]]) -> tuple[str, str] | None:
    if not nodes:
        near = nearest(word, meant)
        return (
            f"no entry is called {quoted(word)}",
            f"did you mean {quoted(near)}?" if near else "write an entry's name",
        )
    if len(nodes) > 1:
        some = ", ".join(quoted(tree.paths[other]) for other in nodes[:3])
        return f"{quoted(word)} may be {some}", "write the step's name before it: step/entry"
    if nodes[0] <= node < tree.end[nodes[0]]:
        return f"{quoted(tree.paths[node])} cannot wait for itself", "name another entry"
    return None


def _problem(tree: Tree, node: int, number: int, message: str, hint: str) -> Problem:
    member = tree.nodes[node]
    place = (member.place if member else None) or NOWHERE
    path = f"{place.path}.needs[{number}]" if place.path else "needs"
    return Problem(place._replace(path=path) if place.file else place, message, hint)


def _rebuilt(tree: Tree, found: dict[int, tuple[str, ...]], when: dict[int, str]) -> tuple[Node, ...]:
    """The tree with other needs and conditions, made from its last node to its first."""
    below: list[list[Node]] = [[] for _ in tree.nodes]
    for node in range(len(tree.nodes) - 1, 0, -1):
        member = tree.nodes[node]
        assert member is not None
        if isinstance(member, Task):
            children = tuple(reversed(below[node]))
            member = replace(member, children=children, needs=found.get(node), when=when.get(node, ""))
        elif node in found or when.get(node, member.when) != member.when:
            member = replace(member, needs=found.get(node), when=when.get(node, ""))
        below[tree.parent[node]].append(member)
    return tuple(reversed(below[0]))


class Order:
    """What is certainly over before a node starts, in a job whose nodes may have needs."""

    def __init__(self, job: Job) -> None:
        self.tree = Tree(job)
        by_path = {path: node for node, path in enumerate(self.tree.paths)}
        self.needed: dict[int, list[int]] = {}
        for node in range(1, len(self.tree.nodes)):
            needs = self.tree.needs(node)
            if needs is not None:
                self.needed[node] = [by_path[path] for path in needs if path in by_path]
        self.leaves = [node for node, member in enumerate(self.tree.nodes) if isinstance(member, Action)]
        self._with_needs = list(self.needed)  # in the order of the tree
        # Of brothers that wait each for the one before it: the first, by any of them.
        self._row = list(range(len(self.tree.nodes)))
        for node, before in enumerate(self.tree.before):
            if before > 0 and node not in self.needed:
                self._row[node] = self._row[before]

    def directly(self, node: int) -> list[int]:
        """The nodes that have to be over before this one starts, not counting what those waited for."""
        found: list[int] = []
        while node > 0:
            if node in self.needed:
                return found + self.needed[node]
            if self.tree.is_hook(node):
                found += self.tree.elder(node)
            elif self.tree.before[node] > 0:
                found.append(self.tree.before[node])
            node = self.tree.parent[node]
        return found

    def precedes(self, first: int, then: int) -> bool:
        """Whether the action with index `first` is certainly over before the one with index `then` starts."""
        target, todo = self.leaves[first], self.directly(self.leaves[then])
        seen = set(todo)
        while todo:
            over = todo.pop()
            # A row of a thousand steps is one step of this search.
            row, end = self._row[over], self.tree.end[over]
            if row <= target < end:
                return True
            for node in {row, over, *self._inside(row, end)}:
                fresh = [other for other in self.directly(node) if other not in seen and not row <= other < end]
                seen.update(fresh)
                todo += fresh
        return False

    def _inside(self, start: int, end: int) -> list[int]:
        """The nodes with needs between the two."""
        return self._with_needs[bisect_right(self._with_needs, start) : bisect_left(self._with_needs, end)]


def _circles(job: Job) -> list[Problem]:
    """Nodes that wait for each other: each is named once, at the first of its needs."""
    order = Order(job)
    tree, done, problems = order.tree, set[int](), list[Problem]()
    for start in order.needed:
        path: list[tuple[int, Iterator[int]]] = [(start, _waits_for(order, start))]
        on_path = {start}
        while path:
            node, ahead = path[-1]
            following = next((other for other in ahead if other not in done), None)
            if following is None:
                path.pop()
                on_path.discard(node)
                done.add(node)
            elif following in on_path:
                names = " -> ".join(quoted(tree.paths[each]) for each, _ in path if each in order.needed)
                problems.append(
                    _problem(tree, node if node in order.needed else start, 0, f"needs go round: {names}", "")
                )
                done.update(on_path)
                path, on_path = [], set()
            else:
                path.append((following, _waits_for(order, following)))
                on_path.add(following)
    return problems


def _waits_for(order: Order, node: int) -> Iterator[int]:
    """What has to be over before the node is: what it waits for, and what is below it."""
    yield from order.directly(node)
    yield from (other for other in range(node + 1, order.tree.end[node]) if order.tree.parent[other] == node)
