"""From the path of something in a script (`job.subtasks[0].cmds[1].service`) back to its line and column.

Knows which option says what the model calls otherwise.
"""

from __future__ import annotations

import re

from job_manager.formats.alfscript.text import At
from job_manager.formats.alfscript.tree import Node, Script

STEP = re.compile(r"(\w+)\[(\d+)\]\Z")
SPELT = {
    "timeout": "-maxrunsecs",
    "min_runtime": "-minrunsecs",
    "retry_on": "-retryrc",
    "max_active": "-maxactive",
    "env": "-envkey",
    "when": "-if",
    "needs": "-subtasks",
}


def locate(script: Script, path: str) -> At | None:
    """Where it stands, or the operator that it belongs to; None when there is no such thing."""
    first, *rest = path.split(".")
    node = script.job
    if node is None:
        return None
    if first != "job":
        return _option(node, path) if path.isidentifier() else None
    for part in rest:
        below = _step(node, part)
        if below is None:
            return _option(node, part)
        node = below
    return node.at


def _step(node: Node, part: str) -> Node | None:
    found = STEP.match(part)
    body = node.bodies.get(found[1], []) if found else []
    return body[int(found[2])] if found and int(found[2]) < len(body) else None


def _option(node: Node, part: str) -> At:
    word = part.partition("[")[0]
    given = node.given.get(SPELT.get(word, f"-{word}"))
    return given.value.at if given else node.at
