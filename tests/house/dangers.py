"""What code here never does: run text as code, load foreign objects, hand words to a shell; and tests: mock, hope.

Reads syntax trees; ruff refuses much of the same, this one also says why and holds without ruff.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.house.imports import called
from tests.house.source import Source

RUNS_TEXT = frozenset({"eval", "exec", "compile"})
FOREIGN_OBJECTS = frozenset({"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"})
UNSAFE_YAML = frozenset({"load", "load_all", "full_load", "full_load_all", "unsafe_load", "unsafe_load_all"})
SHELLS = frozenset({("os", "system"), ("os", "popen"), ("subprocess", "getoutput"), ("subprocess", "getstatusoutput")})
SPAWNERS = frozenset({"Popen", "run", "call", "check_call", "check_output", "create_subprocess_shell"})
POLLS = (ast.While, ast.For)


def dangers(sources: Iterable[Source]) -> list[str]:
    """Every place that could run somebody else's text or objects, with the reason."""
    return [
        f"{source.at(node)}: {problem}" for source in sources for node in source.nodes if (problem := dangerous(node))
    ]


def dangerous(node: ast.AST) -> str:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return dangerous_import(node)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return dangerous_attribute(node.value.id, node.attr)
    if isinstance(node, ast.Call):
        return dangerous_call(node)
    return ""


def dangerous_import(node: ast.Import | ast.ImportFrom) -> str:
    names = {alias.name for alias in node.names}
    modules = names if isinstance(node, ast.Import) else {node.module or ""}
    if FOREIGN_OBJECTS & {module.partition(".")[0] for module in modules}:
        return "nothing that is read back may run code: use JSON"
    if modules == {"yaml"} and UNSAFE_YAML & names:
        return "YAML is read by its events, never loaded"
    return ""


def dangerous_attribute(owner: str, name: str) -> str:
    if owner == "yaml" and name in UNSAFE_YAML:
        return "YAML is read by its events, never loaded"
    if (owner, name) in SHELLS:
        return f"{owner}.{name} hands words to a shell: give argv"
    return ""


def dangerous_call(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name) and node.func.id in RUNS_TEXT:
        return f"{node.func.id}() runs text as code"
    for keyword in node.keywords:
        value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
        if keyword.arg == "shell" and (value is True or (called(node) in SPAWNERS and value is not False)):
            return "shell=True hands words to a shell: give argv"
    return ""


def false_comfort(sources: Iterable[Source]) -> list[str]:
    """In tests: mocks, and a sleep that is no poll's pause but a hope that something has happened by then."""
    found = []
    for source in sources:
        for node, polling in with_loops(source.tree, False):
            if isinstance(node, ast.Import | ast.ImportFrom) and mocks(node):
                found.append(f"{source.at(node)}: no mocks of our own code; fakes live in job_manager.testing")
            if isinstance(node, ast.Call) and called(node) == "sleep" and not polling:
                found.append(f"{source.at(node)}: a sleep is no synchronisation: wait for the thing itself")
    return found


def with_loops(node: ast.AST, polling: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below, and whether it is inside a loop of its own function."""
    for child in ast.iter_child_nodes(node):
        inside = isinstance(child, POLLS) or (polling and not isinstance(child, ast.FunctionDef))
        yield child, inside
        yield from with_loops(child, inside)


def mocks(node: ast.Import | ast.ImportFrom) -> bool:
    names = [alias.name for alias in node.names]
    modules = (
        names if isinstance(node, ast.Import) else [node.module or "", *(f"{node.module}.{name}" for name in names)]
    )
    return any(module == "mock" or module.startswith(("unittest.mock", "mock.", "pytest_mock")) for module in modules)
