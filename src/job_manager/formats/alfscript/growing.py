"""What a command with `-expand 1` has printed: Tasks, Instances and Iterates, as the children of that command.

Knows the titles of the job's other tasks only as far as Instances ask for them; nothing of how a job grows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from job_manager.formats.alfscript.building import Child, built
from job_manager.formats.alfscript.findings import Enough, Findings
from job_manager.formats.alfscript.options import Operator
from job_manager.formats.alfscript.outline import outline
from job_manager.formats.alfscript.reading import Context
from job_manager.formats.alfscript.structure import inside
from job_manager.formats.alfscript.substitution import NOTHING, counted
from job_manager.formats.alfscript.text import decoded
from job_manager.formats.alfscript.tree import Node
from job_manager.formats.alfscript.values import Spot
from job_manager.formats.alfscript.waiting import settle_instances
from job_manager.formats.alfscript.words import BARE, Word
from job_manager.model.bulk import bulk
from job_manager.model.errors import InputError, Problem, in_order

PRINTED = Operator("printed", "J")  # stands where a Job would


def printed(
    raw: bytes, file: str, path: str, titles: Callable[[], Mapping[str, str]]
) -> tuple[tuple[Child, ...], list[Problem]]:
    """The tasks in `raw`, and what is odd about them. path: of the action whose command it is; titles: the paths of the
    job's other tasks by their titles. Raises InputError with every mistake."""
    text = decoded(raw, file)
    root = Node(PRINTED, Word(text, 0, 0, BARE), None, "", 0)
    problems = inside(text, root, file)
    findings = Findings(file)
    children: tuple[Child, ...] = ()
    if not _failed(problems):
        with bulk():
            children = _children(root, findings, path, titles)
        problems = in_order({*problems, *findings.said()})
    if _failed(problems):
        raise InputError(problem for problem in problems if problem.severity == "error")
    return children, problems


def _failed(problems: list[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def _children(root: Node, findings: Findings, path: str, titles: Callable[[], Mapping[str, str]]) -> tuple[Child, ...]:
    context = Context(findings)
    try:
        if counted([root], NOTHING, Spot(findings, root)).too_many:
            return ()
        first = outline(root, NOTHING, context)[0]
        units = settle_instances(first, context, titles=titles)
        return () if findings.failed else built(units, context, path)
    except Enough:
        return ()  # said with the findings
