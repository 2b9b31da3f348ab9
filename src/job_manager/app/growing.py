"""From what a command has printed to the documents of its tasks: read, held against this machine, and given what the
tasks have of the command: its environment and its tags.

Knows no process and no state.
"""

from __future__ import annotations

from collections.abc import Sequence

from job_manager.app.capacity import Capacity
from job_manager.app.loading import wished, with_wished
from job_manager.app.settings import Config
from job_manager.formats import printed
from job_manager.model.document import children_document
from job_manager.model.errors import InputError, Problem
from job_manager.model.hints import Any
from job_manager.model.job import Action, Job
from job_manager.model.secret import env_document
from job_manager.worker.growing import Grown, Printed

MOST_SAID = 3  # things that are odd, in a note


def grow(text: Printed, config: Config, here: Capacity) -> Grown:
    """What a command has printed. Raises InputError with every mistake."""
    children, odd = printed(text.raw, text.file, text.path, text.titles)
    job = Job("printed", children)
    problems = [*odd, *wished(job, config, here)]
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise InputError(errors)
    documents = children_document(with_wished(job, config).children)
    _inherit(documents, text.action)
    return Grown(documents, _note(problems) if children else "it printed no tasks")


def _inherit(documents: Sequence[dict[str, Any]], action: Action) -> None:
    env, tags = env_document(action.env), action.tags
    stack = list(documents) if env or tags else []
    while stack:
        document = stack.pop()
        if "Task" in document:
            stack.extend(document["Task"]["children"])
            continue
        body = document["Action"]
        if env:
            body["env"] = env | body.get("env", {})
        if tags:
            body["tags"] = list(dict.fromkeys((*tags, *body.get("tags", ()))))


def _note(problems: Sequence[Problem]) -> str:
    warnings = [problem for problem in problems if problem.severity == "warning"]
    said = [f"{problem.place.line}:{problem.place.column}: {problem.message}" for problem in warnings[:MOST_SAID]]
    more = len(warnings) - MOST_SAID
    return "; ".join([*said, *([f"and {more} more warnings"] if more > 0 else [])])
