"""Variables and passes: `$name` of Assign and Iterate put into words, brackets of templates computed, passes counted.

Knows what a script may replace and nothing more: the environment is never asked, a name nobody gave stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from job_manager.formats.alfscript.expression import COMMAND, Fault, bracket
from job_manager.formats.alfscript.text import Pieces, Text
from job_manager.formats.alfscript.tree import Node
from job_manager.formats.alfscript.values import Spot, whole
from job_manager.formats.alfscript.words import BRACED, ELEMENT, ESCAPE, Word, unescaped
from job_manager.model.record import NamedTuple

ACTION_LIMIT = 1_000_000
NODE_LIMIT = 4_000_000
TEXT_LIMIT = 2**20  # characters of one word with its values put in
VALUES_LIMIT = 2**24  # characters of all Assigns
DEEPEST = 20  # Iterates in templates of Iterates
SIGN = re.compile(r"\\(?:(\n[ \t]*+)|.|\Z)|\$(?:\{([^}]*)\}|([A-Za-z_][A-Za-z0-9_]*))|(\[)", re.DOTALL)


class Scope(NamedTuple):
    """What may be replaced at some point of a script. template: brackets with expr and format are, too."""

    variables: Mapping[str, str]
    template: bool = False

    def with_value(self, name: str, value: str, *, template: bool = False) -> Scope:
        """The scope inside, where this name stands for this value."""
        return Scope({**self.variables, name: value}, template or self.template)


NOTHING = Scope({})


class Count(NamedTuple):
    """How much a node stands for: commands, and operators of any kind with one for each pass of an Iterate."""

    actions: int
    nodes: int

    def times(self, passes: int) -> Count:
        return Count(self.actions * passes, (self.nodes + 1) * passes)

    def plus(self, other: Count) -> Count:
        return Count(self.actions + other.actions, self.nodes + other.nodes)

    @property
    def too_many(self) -> bool:
        return self.actions > ACTION_LIMIT or self.nodes > NODE_LIMIT


def substituted(word: Word, scope: Scope, spot: Spot, *, names: bool = True) -> Text:
    """What the word says with its values put in. A mistake in a bracket is said, and the bracket left out.

    After a backslash nothing is replaced. The text knows its places: a value stands where its `$` does. names: without,
    only brackets are computed.
    """
    raw = word.raw
    if not (names and "$" in raw and scope.variables) and not ("[" in raw and scope.template):
        return word.inside()
    pieces, at, string = Pieces(word.source), word.inner, word.source.text
    while found := SIGN.search(string, at, word.end):
        pieces.copy(at, found.start())
        at = _replaced(word, found, scope, spot, pieces, names)
        if pieces.length > TEXT_LIMIT:
            spot.error(word.at, f"with its values put in this is longer than {TEXT_LIMIT:,} characters")
            return word.inside()
    pieces.copy(at, word.end)
    return pieces.joined(word.inner)


def _replaced(word: Word, found: re.Match[str], scope: Scope, spot: Spot, pieces: Pieces, names: bool) -> int:
    """Puts in what stands for one sign. Returns where reading goes on."""
    start, string = found.start(), word.source.text
    if string[start] == "\\":
        return _escape(word, found, pieces)
    if found[4]:
        if scope.template and COMMAND.match(string, start, word.end):
            return _computed(word, start, scope, spot, pieces)
    elif names and (name := found[2] or found[3]) in scope.variables:
        pieces.put(scope.variables[name], start)
        return found.end()
    pieces.copy(start, found.end())
    return found.end()


def _escape(word: Word, found: re.Match[str], pieces: Pieces) -> int:
    escape = None if word.kind in (BRACED, ELEMENT) else ESCAPE.match(word.source.text, found.start(), word.end)
    if escape:
        pieces.put(unescaped(escape), found.start())
        return escape.end()
    if found[1] and word.kind != ELEMENT:
        pieces.put(" ", found.start())
    else:
        pieces.copy(found.start(), found.end())
    return found.end()


def _computed(word: Word, start: int, scope: Scope, spot: Spot, pieces: Pieces) -> int:
    try:
        read = bracket(word.source.text, start, word.end)
        pieces.put(read.write(scope.variables), start)
        return start + read.length
    except Fault as fault:
        hint = "[expr ...] computes with whole numbers, [format ...] takes %d, %s, %x and %o"
        spot.error(word.source.at(min(start + fault.offset, word.end)), fault.message, hint)
        return word.end


def numbers(node: Node, scope: Scope, spot: Spot) -> range:
    """The numbers that an Iterate goes through, its last one included. A mistake is said and gives none."""
    start, stop = _number(node, "-from", scope, spot), _number(node, "-to", scope, spot)
    step = _number(node, "-by", scope, spot) if "-by" in node.given else 1
    if start is None or stop is None or step is None:
        return range(0)
    if step == 0:
        spot.error(node.given["-by"].value.at, "a step of 0 never comes to an end", "write -by 1")
        return range(0)
    return range(start, stop + (1 if step > 0 else -1), step)


def _number(node: Node, option: str, scope: Scope, spot: Spot) -> int | None:
    if option not in node.given:
        return None  # said while the structure was read
    text = substituted(node.given[option].value, scope, spot).stripped()
    if not text.text:
        spot.error(node.given[option].value.at, f"{option} has no number")
        return None
    return whole(text, spot)


def passes(node: Node, scope: Scope, spot: Spot) -> Iterator[Scope]:
    """The scope of each pass of an Iterate, in order. To be asked after `counted` has agreed."""
    name = node.variable()
    for number in numbers(node, scope, spot):
        yield scope.with_value(name, str(number), template=True)


def counted(nodes: Iterable[Node], scope: Scope, spot: Spot, depth: int = 0) -> Count:
    """What these nodes and all inside them stand for. Stops counting, and says so once, when it is too much."""
    total = Count(0, 0)
    stack = list(nodes)
    while stack and not total.too_many:
        node = stack.pop()
        if node.operator.letter == "I":
            total = total.plus(_all_passes(node, scope, spot, depth))
        else:
            total = total.plus(Count(int(node.operator.letter == "C"), 1))
            for body in node.bodies.values():
                stack.extend(body)
        if total.too_many and depth == 0:
            limit = f"a job has at most {ACTION_LIMIT:,} commands and {NODE_LIMIT:,} operators"
            spot.error(node.at, f"the script stands for too much: {limit}", "are -from, -to and -by as they are meant?")
    return total


def _all_passes(node: Node, scope: Scope, spot: Spot, depth: int) -> Count:
    if depth > DEEPEST:
        spot.error(node.at, f"Iterates are nested more than {DEEPEST} deep")
        return Count(0, NODE_LIMIT + 1)
    template = node.bodies.get("template", [])
    before = counted(node.bodies.get("subtasks", []), scope, spot, depth + 1)
    every = numbers(node, scope, spot)
    if not every:
        return before.plus(Count(0, 1))
    inner = scope.with_value(node.variable(), str(every[0]), template=True)
    if not _depends(template):
        # The length is asked this way because a range longer than the machine's words has none.
        length = min((every[-1] - every[0]) // every.step + 1, NODE_LIMIT + 1)
        return before.plus(counted(template, inner, spot, depth + 1).times(length))
    total = before
    for pass_scope in passes(node, scope, spot):
        total = total.plus(counted(template, pass_scope, spot, depth + 1)).plus(Count(0, 1))
        if total.too_many:
            break
    return total


def _depends(nodes: Iterable[Node]) -> bool:
    """Whether the bounds of an Iterate inside may change from pass to pass."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        bounds = (node.given[name].value.raw for name in ("-from", "-to", "-by") if name in node.given)
        if any("$" in raw or "[" in raw for raw in bounds):
            return True
        for body in node.bodies.values():
            stack.extend(body)
    return False


def assigned(nodes: Iterable[Node], spot: Spot) -> Scope:
    """The scope that the Assigns of `-init` give. Each may use those before it; the last of a name stands."""
    variables: dict[str, str] = {}
    length = 0
    for node in nodes:
        if node.operator.letter != "A" or len(node.words) != 2:
            continue
        value = substituted(node.words[1], Scope(variables), spot).text
        length += len(value)
        if length > VALUES_LIMIT:
            spot.error(node.at, f"the values of all Assigns are longer than {VALUES_LIMIT:,} characters")
            break
        variables[node.words[0].text] = value
    return Scope(variables)
