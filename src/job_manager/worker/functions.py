"""An action that is a Python function: the file that says what to call, where its result is kept, what its end means.

Calls nothing itself: roles/calling.py does, in a process that the keeper starts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from job_manager import roles
from job_manager.model.hints import Any
from job_manager.model.job import Function

FOLDER, PROGRAM = os.path.dirname(os.path.abspath(roles.__file__)), "calling.py"
CALLER = (sys.executable, os.path.join(FOLDER, PROGRAM))  # of a job whose site says no other
CALL_FILE = "call.json"  # in the attempt's directory: what is called, and with what
REFUSED = 125  # as in roles.calling: the function cannot take these arguments


def call_document(work: Function, values: Mapping[str, str | list[str]], result: str, error: str) -> dict[str, Any]:
    """What roles.calling is told. An argument that is `{name}` and nothing else is the value of that name."""
    # Imported here: nearly all actions are no functions.
    import json

    return {
        "role": work.role,
        "script": work.script,
        "arguments": _filled(json.loads(work.arguments), values),
        "result": result,
        "error": error,
    }


def _filled(value: Any, values: Mapping[str, str | list[str]]) -> Any:
    # Recursion is bounded: the value was read from JSON.
    if isinstance(value, str):
        named = value[1:-1] if value.startswith("{") and value.endswith("}") else ""
        return values.get(named, value)
    if isinstance(value, list):
        return [_filled(each, values) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, values) for key, each in value.items()}
    return value
