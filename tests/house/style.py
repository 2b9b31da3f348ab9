"""What a file may look like: names that say nothing, missing opening words, length and depth.

Reads syntax trees; knows the numbers of docs/architecture.md and no file by itself. `python -m tests.house.style`
prints the measures of src.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from tests.house.source import Source, read

BANNED = frozenset("handler handlers helper helpers util utils common misc data info infos obj objs".split())
THEIRS = ("src/mass/",)  # the second package has the names of mass itself
FOREIGN = frozenset({"handle_data"})  # names that the standard library calls us by
FILE_LINES = 500
# Most of it is one object by decision: queue, records and connections of one thread (docs/adr/0002-the-keeper.md).
# The other is what `site` finds by its name: a second file would have to be imported, and be forgotten again.
ONE_OBJECT = {"src/job_manager/worker/keeper.py": 800, "src/job_manager/worker/warm/sitecustomize.py": 540}
# The guide is p95 under 30 lines and depth 3; beyond these it is no longer a matter of taste.
P95_LINES, FUNCTION_LINES, DEPTH = 40, 80, 5

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


def words(name: str) -> list[str]:
    """`LogHandler2` and `log_handler` are both made of `log` and `handler`."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def banned_names(sources: Iterable[Source]) -> list[str]:
    """Modules, folders, classes and functions whose name contains a word that explains nothing."""
    found = []
    for source in sources:
        if source.path.startswith(THEIRS):
            continue
        for part in PurePosixPath(source.path).with_suffix("").parts:
            if BANNED.intersection(words(part)) and not part.startswith("test_"):
                found.append(f"{source.path}: the name {part!r} says nothing")
        for node in source.nodes:
            if isinstance(node, FunctionNode | ast.ClassDef) and says_nothing(node.name):
                found.append(f"{source.at(node)}: the name {node.name!r} says nothing")
    return found


def says_nothing(name: str) -> bool:
    return bool(BANNED.intersection(words(name))) and name not in FOREIGN and not name.startswith("test_")


def without_opening(sources: Iterable[Source]) -> list[str]:
    """Files that do not say at the top what they are."""
    return [
        f"{source.path}:1: opens without a docstring: what is it, and what does it not know?"
        for source in sources
        if not (ast.get_docstring(source.tree) or "").strip()
    ]


def too_long(sources: Iterable[Source]) -> list[str]:
    found = []
    for source in sources:
        lines, limit = len(source.text.splitlines()), ONE_OBJECT.get(source.path, FILE_LINES)
        if lines > limit:
            found.append(f"{source.path}: {lines} lines, more than {limit}: it is more than one thing")
    return found


@dataclass(frozen=True)
class Measure:
    """One function: its lines without the docstring, and how deep its blocks go."""

    place: str
    name: str
    lines: int
    depth: int


def measures(sources: Iterable[Source]) -> list[Measure]:
    return [
        Measure(source.at(node), node.name, length(node), depth(node.body))
        for source in sources
        for node in source.nodes
        if isinstance(node, FunctionNode)
    ]


def length(node: FunctionNode) -> int:
    first = node.body[0]
    documented = ast.get_docstring(node, clean=False) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (node.end_lineno or 0) - node.lineno + 1 - docstring


def depth(body: Iterable[ast.AST]) -> int:
    return max((one_deeper(node) for node in body), default=0)


def one_deeper(node: ast.AST) -> int:
    """The depth of one statement; an `elif` is no deeper than its `if`, a function inside starts anew."""
    if isinstance(node, FunctionNode | ast.ClassDef) or not isinstance(node, BLOCKS):
        return 0
    if isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        return max(1 + depth(node.body), one_deeper(node.orelse[0]))
    return 1 + depth(inside(node))


def inside(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ExceptHandler | ast.match_case):
            yield from child.body
        elif isinstance(child, ast.stmt):
            yield child


def percentile(values: Iterable[int], share: float) -> int:
    ordered = sorted(values) or [0]
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def beyond_limits(sources: Iterable[Source]) -> list[str]:
    """Functions past the hard limits, and the whole when its long tail is past its own."""
    measured = measures(sources)
    found = [
        f"{each.place}: {each.name} has {each.lines} lines and depth {each.depth} (limits {FUNCTION_LINES} and {DEPTH})"
        for each in measured
        if each.lines > FUNCTION_LINES or each.depth > DEPTH
    ]
    p95 = percentile((each.lines for each in measured), 0.95)
    return found + (
        [f"src: 5 % of the functions have more than {P95_LINES} lines: p95 is {p95}"] if p95 > P95_LINES else []
    )


def summary(measured: list[Measure]) -> str:
    """The house's figures in one line, then what is past the guide, longest first."""
    lines = [each.lines for each in measured]
    head = (
        f"style of src: {len(measured)} functions, median {percentile(lines, 0.5)} lines, p95 {percentile(lines, 0.95)}"
        f" (guide: 7, under 30), longest {max(lines, default=0)}, deepest {max((m.depth for m in measured), default=0)}"
    )
    past = sorted((each for each in measured if each.lines >= 45 or each.depth > 3), key=lambda each: -each.lines)
    return "\n".join(
        [head, *(f"  {each.place} {each.name}: {each.lines} lines, depth {each.depth}" for each in past[:8])]
    )


if __name__ == "__main__":
    print(summary(measures(read("src"))))
