"""Finds what every file imports, wherever in the file it does so, and holds it against the laws.

Reads syntax trees only: nothing is imported to find out. Knows the laws from laws.py and no file by itself.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.house.laws import (
    CARRIED,
    ENGINE_NAMERS,
    FRONT,
    IMPURE,
    IMPURE_CALLS,
    PURE,
    ROOMS,
    RUNNERS,
    SECOND,
    SECOND_ROOMS,
    WIRING,
)
from tests.house.source import PACKAGE, Source


@dataclass(frozen=True)
class Import:
    """One name that a file brings in: `target` is the module, `name` what of it (empty: the module itself)."""

    source: Source
    line: int
    target: str
    name: str = ""

    @property
    def place(self) -> str:
        return f"{self.source.path}:{self.line}"

    @property
    def library(self) -> str:
        return self.target.partition(".")[0]

    @property
    def own(self) -> bool:
        return self.library == PACKAGE


def room_of(module: str) -> str:
    """The folder below job_manager; empty for the package's own two files, and for what is not in it."""
    parts = module.split(".")
    if parts[0] == SECOND:
        return ""
    return parts[1] if len(parts) > 1 and module not in FRONT else ""


def imports(source: Source, modules: frozenset[str]) -> Iterator[Import]:
    """Every import: at the top, in a function, under TYPE_CHECKING, by import_module with a literal name."""
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from (Import(source, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(source, node)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield (
                    Import(source, node.lineno, inner)
                    if inner in modules
                    else Import(source, node.lineno, base, alias.name)
                )
        elif isinstance(node, ast.Call) and called(node) in {"import_module", "__import__"}:
            name = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            yield Import(source, node.lineno, str(name) if name else "?")


def absolute(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = source.package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def called(node: ast.Call) -> str:
    """The last name of what is called: `a.b.c()` gives `c`."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def all_imports(sources: Iterable[Source]) -> list[Import]:
    sources = list(sources)
    modules = frozenset(source.module for source in sources)
    return [found for source in sources for found in imports(source, modules)]


def broken_laws(sources: Iterable[Source]) -> list[str]:
    """Rooms that import what they may not, with the reason; unknown rooms; imports that hide from this check."""
    return [
        f"{found.place}: {problem}"
        for found in all_imports(sources)
        if (problem := hidden(found) or front(found) or second(found) or crossed(found) or foreign(found))
    ]


def hidden(found: Import) -> str:
    if found.source.module.startswith(RUNNERS):
        return f"{found.source.module} runs in the person's Python, which has no {found.target}" if found.own else ""
    if found.target != "?" or found.source.module == PACKAGE:
        return ""
    return "import_module with a computed name hides an import from the law; write the name out"


def front(found: Import) -> str:
    if found.source.module in FRONT:
        rooms, why = FRONT[found.source.module]
        wrong = found.own and room_of(found.target) not in ("", *rooms)
        return f"{found.source.module} may not import {found.target}: {why}" if wrong else ""
    if found.target == PACKAGE and found.name != "__version__":
        return f"import {found.name or 'it'} from its room, not through the package's front door"
    return ""


def second(found: Import) -> str:
    of_second = found.source.module.partition(".")[0] == SECOND
    if found.library == SECOND and not of_second:
        return f"nothing here imports {SECOND}: it has names for others, and no code"
    allowed = found.library == SECOND or (found.own and room_of(found.target) in SECOND_ROOMS)
    return "" if allowed or not of_second else f"{SECOND} only re-exports what stands in {', '.join(SECOND_ROOMS)}"


def crossed(found: Import) -> str:
    room, target = room_of(found.source.module), room_of(found.target)
    if not room or not found.own or found.target == PACKAGE or room == target:
        return ""
    if room not in ROOMS:
        return f"there is no room {room!r}; the rooms stand in tests/house/laws.py"
    law = ROOMS[room]
    if target in law.rooms or found.target in law.modules:
        return ""
    return f"{room} may not import {found.target}: {law.why} (allowed: {', '.join(law.rooms + law.modules) or 'none'})"


def foreign(found: Import) -> str:
    room = room_of(found.source.module)
    if found.own or found.target == "?" or found.library in sys.stdlib_module_names:
        return ""
    if beside(found) or (room in ROOMS and found.library in ROOMS[room].libraries):
        return ""
    return f"{room or PACKAGE} may not import the library {found.library}: say why in tests/house/laws.py or do without"


def beside(found: Import) -> bool:
    """What is carried imports what is carried with it by its bare name; by its full one, while it is in the package."""
    if found.source.module not in CARRIED:
        return False
    packaged = found.target in CARRIED and found.line in lines_of_the_package(found.source)
    return packaged or f"{PACKAGE}.worker.{found.library}" in CARRIED


def lines_of_the_package(source: Source) -> set[int]:
    """The lines that count for mypy and inside the package, but not where a file runs as a program of its own."""
    parts = [
        node.body for node in source.nodes if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]
    return {line for part in parts for line in range(part[0].lineno, (part[-1].end_lineno or 0) + 1)}


def impurities(sources: Iterable[Source]) -> list[str]:
    """Clock, disk, chance, threads and the world in rooms that must give the same answer everywhere."""
    sources = [source for source in sources if room_of(source.module) in PURE]
    found = [
        f"{each.place}: {room_of(each.source.module)} is pure and may not import {each.library}: pass the value in"
        for each in all_imports(sources)
        if each.library in IMPURE
    ]
    for source in sources:
        for node in source.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
                found.append(f"{source.at(node)}: {room_of(source.module)} is pure and may not call {node.func.id}()")
    return found


def keeper_baggage(sources: Iterable[Source]) -> list[str]:
    """What the keeper imports that is neither in the standard library nor carried with it, and what it does not import
    alike in the package and as a program of its own."""
    carried = [source for source in sources if source.module in CARRIED]
    found = [
        f"{found.place}: it is carried to other hosts, where there is no {found.target}"
        for found in all_imports(carried)
        if found.library not in sys.stdlib_module_names and not beside(found)
    ]
    return found + [
        f"{source.at(node)}: the two halves do not import the same"
        for source in carried
        for node in source.nodes
        if isinstance(node, ast.If)
        and "__package__" in ast.unparse(node.test)
        and brought_in(node.body) != brought_in(node.orelse)
    ]


def brought_in(block: list[ast.stmt]) -> list[tuple[str, str]]:
    """The names that a block imports, each with its file, wherever that is."""
    found = [node for node in block if isinstance(node, ast.ImportFrom)]
    return sorted(((each.module or "").rpartition(".")[2], alias.name) for each in found for alias in each.names)


def named_engines(sources: Iterable[Source]) -> list[str]:
    """Concrete engines named, by import or as text, outside of app/wiring.py."""
    sources = [source for source in sources if source.module != WIRING and room_of(source.module) not in ENGINE_NAMERS]
    prefix = f"{PACKAGE}.engines"
    places = {found.place for found in all_imports(sources) if found.target.startswith(prefix)}
    for source in sources:
        for node in source.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(prefix + "."):
                places.add(source.at(node))
    return [f"{place}: only app/wiring.py names a concrete engine; ask for the port" for place in sorted(places)]


def cycles(sources: Iterable[Source]) -> list[str]:
    """Modules that import each other in a ring, one line a ring; imports for types only count too."""
    edges: dict[str, dict[str, int]] = defaultdict(dict)
    for found in all_imports(sources):
        if found.own and found.target != found.source.module:
            edges[found.source.module].setdefault(found.target, found.line)
    rings: dict[frozenset[str], list[str]] = {}
    for start in sorted(edges):
        ring = shortest_ring(start, edges)
        if ring:
            rings.setdefault(frozenset(ring), ring)
    return [
        " -> ".join([*ring, ring[0]]) + ": a ring of imports; the shared part belongs below" for ring in rings.values()
    ]


def shortest_ring(start: str, edges: dict[str, dict[str, int]]) -> list[str]:
    """Breadth first from `start` back to it; empty where there is no way back."""
    came: dict[str, str] = {}
    turn = [start]
    while turn:
        following = []
        for module in turn:
            for target in edges.get(module, ()):
                if target == start:
                    return way_back(start, module, came)
                if target not in came:
                    came[target] = module
                    following.append(target)
        turn = following
    return []


def way_back(start: str, module: str, came: dict[str, str]) -> list[str]:
    ring = [module]
    while ring[-1] != start:
        ring.append(came[ring[-1]])
    return ring[::-1]
