"""The shape of a job: its tree as flat arrays. A barrier is a node, never n x m edges.

Node 0 is the job. Actions are numbered in listing order, so the actions below any node are one range, and so are those
of all later siblings of a node. A node with `needs` is free: it starts when these are over and not when its turn in the
tree comes, but what it stands in is over only when it is.

A hook is such a node, too: it comes to its turn when all else in its task is over, however that ended.

An action with `foreach` keeps its place, and the actions that it fans out to are numbered behind all others, when their
items are known: its node is then a parallel one above theirs. So is the node of an action that has grown: what its
command printed stands below it. Knows nothing of states.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from job_manager.core.parts import Actions, Child, Fan, Graft, Paths
from job_manager.model.condition import Condition, names_in, parse
from job_manager.model.job import Action, Job, Output, Task
from job_manager.model.members import Members

FEW = 4  # actions beside each other that are put in one by one


class Shape:
    """parent, child (first), sibling (next): node numbers or -1. leaf: action index or -1. low, high: the node's range
    of written actions. first, following: the chain in which children take turns, which passes over free nodes and those
    without actions. width: number of children with actions. names: of the nodes. node_of: action index -> node. paths:
    action -> path. needs: free node -> nodes it waits for; feeds: the same edges the other way round. conditions: node
    -> what must hold when it is to start; minding: those of them that ask how others ended, whom a failure does not
    skip, hooks among them. hooks: node -> when it is to run, one of model.job.HOOKS. priorities: of the nodes that have
    one of their own. fans: node -> its fan-out, once that is known; written_fans: the actions with `foreach`, in order.
    grown: node -> its graft, once its command has printed one. written_nodes: how
    many nodes are written in the job; the others have come late.
    """

    __slots__ = (
        "_more",
        "_more_of",
        "_wanted",
        "_writers",
        "actions",
        "child",
        "conditions",
        "fans",
        "feeds",
        "first",
        "following",
        "grown",
        "high",
        "hooks",
        "leaf",
        "low",
        "minding",
        "names",
        "needs",
        "node_of",
        "parallel",
        "parent",
        "paths",
        "priorities",
        "sibling",
        "width",
        "written_fans",
        "written_nodes",
    )

    def __init__(self, job: Job) -> None:
        self.parent = array("i", [-1])
        self.child = array("i", [-1])
        self.sibling = array("i", [-1])
        self.leaf = array("i", [-1])
        self.low = array("i", [0])
        self.high = array("i", [0])
        self.width = array("i", [0])
        self.parallel = bytearray([job.parallel])
        self.node_of = array("i")
        self.actions = Actions()
        self.fans: dict[int, Fan] = {}
        self.written_fans: list[int] = []
        self.conditions: dict[int, Condition] = {}
        self.minding: dict[int, dict[str, int]] = {}  # node -> the names its condition asks for, and their nodes
        self.hooks: dict[int, str] = {}
        self.priorities: dict[int, float] = {} if job.priority is None else {0: job.priority}
        self.grown: dict[int, Graft] = {}
        self._more: list[tuple[int, int, int]] = []  # action, low and high of those that it stands for or has grown
        self._more_of: dict[int, tuple[int, int]] = {}  # the same; the list is sorted
        self._writers: dict[str, tuple[int, Output]] | None = None
        self.names = [""]
        self.paths = Paths(self.parent, self.names, self.node_of)
        self._wanted: dict[int, tuple[str, ...]] = {}
        self.needs: dict[int, tuple[int, ...]] = {}
        self.feeds: dict[int, list[int]] = {}
        self.first, self.following = array("i", [-1]), array("i", [-1])
        self._grow(0, job.children)
        self._edges(1)
        self._chain(1)
        self.written_nodes = len(self.parent)

    def _grow(self, top: int, members: tuple[Child, ...]) -> None:
        # Of each open node: itself, the sibling before its next child, its children to come.
        stack: list[tuple[int, int, Iterator[Child]]] = [(top, -1, iter(members))]
        while stack:
            node, last, children = stack.pop()
            leaves: list[Action] = []
            task: Task | None = None
            for member in children:
                if isinstance(member, Task):
                    task = member
                    break
                leaves.append(member)
            if leaves:
                last = (self._add_leaves if len(leaves) > FEW else self._add_each)(node, last, leaves)
            if task is None:
                self.high[node] = len(self.actions)
                continue
            new = self._add_task(node, last, task)
            stack += [(node, new, children), (new, -1, iter(task.children))]

    def _add_task(self, parent: int, before: int, task: Task) -> int:
        new = self._add(parent, before, task.name, len(self.actions))
        self.parallel[new] = task.parallel
        self._note_member(new, task)
        return new

    def _add_each(self, parent: int, before: int, actions: list[Action]) -> int:
        """Actions beside each other; the last node."""
        low = len(self.actions)
        for action in actions:
            before = self._add(parent, before, action.name, low)
            self.leaf[before] = low
            self.node_of.append(before)
            self._note_action(low, before, action)
            low += 1
            self.high[before] = low
        self.actions.add(actions)
        return before

    def _add_leaves(self, parent: int, before: int, actions: list[Action]) -> int:
        """The same for very many: what they have in common is done at once."""
        new, low, size = len(self.parent), len(self.actions), len(actions)
        self.names += [action.name for action in actions]
        self.parent.extend([parent] * size)
        self.child.extend([-1] * size)
        self.sibling.extend([*range(new + 1, new + size), -1])
        self.leaf.extend(range(low, low + size))
        self.low.extend(range(low, low + size))
        self.high.extend(range(low + 1, low + size + 1))
        self.node_of.extend(range(new, new + size))
        self.width.extend([0] * size)
        self.parallel.extend(bytes(size))
        self._link(parent, before, new)
        for number, action in enumerate(actions):
            self._note_action(low + number, new + number, action)
        self.actions.add(actions)
        return new + size - 1

    def _add(self, parent: int, before: int, name: str, low: int) -> int:
        """A node below `parent` whose actions will be those from `low` on."""
        new = len(self.parent)
        self.names.append(name)
        self.parent.append(parent)
        self.child.append(-1)
        self.sibling.append(-1)
        self.leaf.append(-1)
        self.low.append(low)
        self.high.append(low)
        self.width.append(0)
        self.parallel.append(0)
        self._link(parent, before, new)
        return new

    def _link(self, parent: int, before: int, new: int) -> None:
        if before < 0:
            self.child[parent] = new
        else:
            self.sibling[before] = new

    def _note_action(self, index: int, node: int, action: Action) -> None:
        if action.hook:
            self.hooks[node] = action.hook
        if action.foreach:
            self.written_fans.append(index)
        if action.needs is not None or action.when or action.priority is not None:
            self._note_member(node, action)

    def _note_member(self, node: int, member: Child) -> None:
        if member.needs is not None:
            self._wanted[node] = member.needs
        if member.when:
            self.conditions[node] = parse(member.when)
        if member.priority is not None:
            self.priorities[node] = member.priority

    def _edges(self, new: int) -> None:
        """What the nodes from `new` on wait for."""
        fresh = range(new, len(self.parent))
        if self._wanted:
            nodes = {self.path(node): node for node in fresh}
            for node, paths in self._wanted.items():
                # What has no actions is over at once: waiting for it is waiting for nothing.
                wanted = dict.fromkeys(nodes[path] if path in nodes else self._known(path) for path in paths)
                self.needs[node] = tuple(other for other in wanted if self.low[other] < self.high[other])
                for needed in self.needs[node]:
                    self.feeds.setdefault(needed, []).append(node)
                names = set(names_in(self.conditions[node])) if node in self.conditions else ()
                if names:
                    self.minding[node] = {name: nodes[name] for name in names}
            self._wanted = {}
        self._hook_edges(dict.fromkeys(self.parent[node] for node in self.hooks if node >= new))

    def _known(self, path: str) -> int:
        node = self.find(path)
        if node is None:
            raise KeyError(path)
        return node

    def find(self, path: str) -> int | None:
        """The node of that path, or None."""
        node = 0
        for name in path.split("/"):
            node = next((below for below in self.children(node) if self.names[below] == name), -1)
            if node < 0:
                return None
        return node

    def _hook_edges(self, parents: Iterable[int]) -> None:
        """The first hook of a node waits for all else in it, each of the others for the one before."""
        for parent in parents:
            awaited = tuple(self.body(parent))
            for node in self.children(parent):
                if node in self.hooks:
                    self.needs[node] = awaited
                    self.minding[node] = {}
                    for other in awaited:
                        self.feeds.setdefault(other, []).append(node)
                    awaited = (node,)

    def body(self, node: int) -> Iterator[int]:
        """The children of a node that are no hooks, those without actions left out."""
        holding = (below for below in self.children(node) if self.low[below] < self.high[below])
        return (below for below in holding if below not in self.hooks)

    def priority(self, action: int) -> float:
        """That of the action, else of the nearest node above it that has one, else 0."""
        node = self.node_of[action]
        while node > 0 and node not in self.priorities:
            node = self.parent[node]
        return self.priorities.get(node, 0.0)

    def path(self, node: int) -> str:
        """`task/task/action` of any node."""
        words = []
        while node:
            words.append(self.names[node])
            node = self.parent[node]
        return "/".join(reversed(words))

    def _chain(self, new: int) -> None:
        """Who follows whom, from the last node to `new`: what has no actions has no turn and holds nothing up."""
        size = len(self.parent)
        for column in (self.first, self.following):
            column.extend([-1] * (size - len(column)))
        for node in range(size - 1, new - 1, -1):
            if self.low[node] == self.high[node]:
                continue
            parent = self.parent[node]
            self.width[parent] += 1
            if node not in self.needs:
                self.following[node] = self.first[parent]
                self.first[parent] = node

    # --- fan-outs and grafts ------------------------------------------------------------------------------------------

    def fan_out(self, action: int, members: Members) -> Fan:
        """The actions that the written `action` stands for, numbered behind all others."""
        node, low = self.node_of[action], len(self.actions)
        fan = Fan(action, low, low + len(members), members)
        self.actions.extend(members)
        self.fans[node] = fan
        self._note(action, low)
        first = len(self.parent)
        size = len(members)
        self.parent.extend([node] * size)
        self.leaf.extend(range(low, fan.high))
        self.low.extend(range(low, fan.high))
        self.high.extend(range(low + 1, fan.high + 1))
        self.sibling.extend([*range(first + 1, first + size), -1] if size else [])
        self.node_of.extend(range(first, first + size))
        for column in (self.child, self.first, self.following):
            column.extend([-1] * size)
        self.width.extend([0] * size)
        self.parallel.extend(bytes(size))
        self.names.extend(members.name(number) for number in range(size))
        self.child[node] = first if size else -1
        self.width[node] = size
        self.parallel[node] = 1
        return fan

    def _note(self, action: int, low: int) -> None:
        """The last actions, from `low` on, are what this one stands for or has grown."""
        high = len(self.actions)
        self._more.insert(bisect_left(self._more, (action,)), (action, low, high))
        self._more_of[action] = low, high

    def graft(self, action: int, children: tuple[Child, ...]) -> Graft:
        """Puts what the command of `action` has printed below its node, its actions numbered behind all others.
        Raises KeyError where something in it needs what there is not."""
        node, low, new = self.node_of[action], len(self.actions), len(self.parent)
        self.actions.open()
        self._grow(node, children)
        self.low[node], self.high[node] = action, action + 1
        self.parallel[node] = 1
        graft = self.grown[node] = Graft(action, low, len(self.actions), children)
        self._note(action, low)
        self._edges(new)
        self._chain(new)
        return graft

    def depth(self, node: int) -> int:
        """In how many grafts a node stands."""
        count = 0
        while node > 0:
            node = self.parent[node]
            count += node in self.grown
        return count

    def written(self, action: int) -> Action:
        """The action as it is written: of one that came of a fan-out, the one it came of."""
        own = self.actions.own
        if action < len(own):
            return own[action]
        fan = self.fans.get(self.parent[self.node_of[action]])
        return self.actions[action if fan is None else fan.action]

    def fans_out(self, action: int) -> bool:
        """Whether it stands for others; what comes of a fan-out does not, and is not made to be asked."""
        own = self.actions.own
        if action < len(own):
            return bool(own[action].foreach)
        return self.parent[self.node_of[action]] not in self.fans and bool(self.actions[action].foreach)

    def as_written(self) -> Iterator[Action]:
        """All actions as they are written, in listing order."""
        return iter(self.actions.own)

    def fan(self, action: int) -> Fan | None:
        """The fan-out of a written action, if it is known."""
        return self.fans.get(self.node_of[action])

    def spans(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """The ranges of all actions that those from `low` up to `high` are, stand for or have grown."""
        if not self._more:
            yield low, high
            return
        todo = [(low, high)]
        while todo:
            low, high = todo.pop()
            yield low, high
            found = self._more[bisect_left(self._more, (low,)) : bisect_left(self._more, (high,))]
            todo.extend(each[1:] for each in reversed(found))

    def below(self, node: int) -> Iterator[int]:
        """The actions below a node in listing order: those of fan-outs in place of the written one, what has grown
        behind the one it grew of."""
        todo = [iter(range(self.low[node], self.high[node]))]
        while todo:
            action = next(todo[-1], None)
            if action is None:
                todo.pop()
                continue
            if self.node_of[action] not in self.fans:
                yield action
            if action in self._more_of:
                todo.append(iter(range(*self._more_of[action])))

    def listed(self) -> Iterator[int]:
        """All actions in listing order, as `below`."""
        return self.below(0)

    def writer(self, artifact: str) -> tuple[int, Output] | None:
        """The written action that writes this (or all of this, by the name as it is written), and the output."""
        if self._writers is None:
            self._writers = {
                use.artifact: (index, use) for index, action in enumerate(self.as_written()) for use in action.outputs
            }
        return self._writers.get(artifact)

    def artifacts(self) -> set[str]:
        """The names of everything that is written, as far as it is known."""
        written = (self.actions[index] for index in range(self.actions.written))
        known = {use.artifact for action in written if not action.foreach for use in action.outputs}
        for fan in self.fans.values():
            for use in self.actions[fan.action].outputs:
                known.update(fan.members.texts(use.artifact))
        return known

    def children(self, node: int) -> Iterator[int]:
        """The children of a node in listing order."""
        below = self.child[node]
        while below >= 0:
            yield below
            below = self.sibling[below]
