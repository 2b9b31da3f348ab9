"""How the tests of this folder read: mistakes as short lines, a script as nested lists.

Knows nothing of what is right.
"""

from __future__ import annotations

from job_manager.formats.alfscript.findings import Findings
from job_manager.formats.alfscript.structure import read
from job_manager.formats.alfscript.text import At
from job_manager.formats.alfscript.tree import Node, Script
from job_manager.formats.alfscript.values import Spot
from job_manager.model.errors import Problem


class Said:
    """Takes what is said while words are read."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, at: At, message: str, hint: str) -> None:
        self.lines.append(f"{at[0]}:{at[1]} {message}")


def script(text: str) -> Script:
    return read(text.encode(), "job.alf")


def line(problem: Problem) -> str:
    severity = "" if problem.severity == "error" else f"{problem.severity} "
    return f"{severity}{problem.place.line}:{problem.place.column} {problem.place.path or '-'} | {problem.message}"


def mistakes(text: str) -> list[str]:
    return [line(problem) for problem in script(text).problems]


def spot() -> tuple[Spot, Findings]:
    """A place to say things at, and what was said there."""
    findings = Findings("job.alf")
    return Spot(findings, None), findings


def shown(node: Node) -> object:
    """The node as lists: operator, place, words, options with their texts, bodies."""
    given = {name: value.value.text for name, value in node.given.items() if value.option.name[1:] not in node.bodies}
    bodies = {role: [shown(child) for child in body] for role, body in node.bodies.items()}
    return [node.operator.name, node.at, [word.text for word in node.words], given, bodies]
