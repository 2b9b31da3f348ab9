"""The `Modules` of an order: which files they are, whether they are there, and which names they define.

Reads their text; never imports one.
"""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Iterator

from job_manager.formats.jobmanager_yaml.scope import Scope
from job_manager.formats.wording import suggestion
from job_manager.formats.yaml_reader import Fields, found, is_null
from job_manager.formats.yaml_tree import Map
from job_manager.model.job import Pairs
from job_manager.model.wording import quoted

LARGEST = 1 << 20  # bytes of a module that are looked at
MOST_FILES = 1000  # in a folder, among which one that was meant is looked for


def read_modules(fields: Fields, scope: Scope) -> Pairs:
    """The aliases with the paths as written."""
    value = fields.map.get("Modules")
    if value is None:
        return ()
    if not isinstance(value, Map):
        message = f"expected a mapping (ALIAS: FILE.py), found {found(value)}"
        fields.wrong("Modules", message, "Modules: {first: greet.py}")
        return ()
    modules = []
    inner = Fields(value, "Modules", fields.reader)
    for alias in value:
        path = _path(inner, alias)
        if alias.strip() and alias.isprintable():
            scope.defined[alias] = _look_at(inner, alias, path, scope) if path else None
            modules.append((alias, path))
        else:
            message = f"{quoted(alias)} is not a name for a module"
            fields.reader.error(inner.key_at(alias), "Modules", message, "choose a word")
    return tuple(modules)


def _path(inner: Fields, alias: str) -> str:
    if is_null(inner.map[alias]):
        inner.wrong(alias, f"the module {quoted(alias)} has no file", f"write {alias}: FILE.py")
        return ""
    path = inner.text(alias) or ""
    if isinstance(inner.map[alias], str) and not path.strip():
        inner.wrong(alias, f"the module {quoted(alias)} has no file", f"write {alias}: FILE.py")
        return ""
    return path


def _look_at(inner: Fields, alias: str, path: str, scope: Scope) -> frozenset[str] | None:
    """The names that the module has at its top, or None when nobody can say. Notes a file that is not there."""
    file = _file(path, scope.base)
    if file:
        return _defined(inner, alias, file)
    near = _near(path, scope.base)
    if "/" in path or path.endswith(".py"):
        inner.wrong(alias, f"there is no file {quoted(path)}", near or f"looked for from {scope.base}")
    else:
        message = f"there is no file {quoted(path)}; an installed module of that name is imported"
        inner.reader.warn(inner.at(alias), inner.path_of(alias), message, near)
    return None


def _near(path: str, base: str) -> str:
    folder, name = os.path.split(os.path.join(base, os.path.expanduser(path)))
    try:
        return suggestion(name, sorted(os.listdir(folder))[:MOST_FILES])
    except (OSError, ValueError):
        return ""


def _file(path: str, base: str) -> str:
    whole = os.path.join(base, os.path.expanduser(path))
    try:
        found = (name for name in (whole, f"{whole}.py", f"{whole}/__init__.py") if os.path.isfile(name))
        return next(found, "")
    except ValueError:
        return ""


def _defined(inner: Fields, alias: str, file: str) -> frozenset[str] | None:
    try:
        with open(file, "rb") as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # A file of the system's own says that it has no bytes, and to read it may never end.
            whole = 0 < os.fstat(stream.fileno()).st_size <= LARGEST
            tree = ast.parse(stream.read(LARGEST)) if whole else None
    except OSError as error:
        inner.wrong(alias, f"{file} cannot be read: {error.strerror}")
        return None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        _doubt(inner, alias, file, error)
        return None
    return None if tree is None else _names(tree)


def _doubt(inner: Fields, alias: str, file: str, error: BaseException) -> None:
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    line = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
    hint = (
        "code for Python 2 can be converted: 2to3 -w FILE" if "print" in said or "Missing parentheses" in said else ""
    )
    message = f"{quoted(os.path.basename(file))} cannot be read as Python: {said}{line}"
    inner.reader.warn(inner.at(alias), inner.path_of(alias), message, hint)


def _names(tree: ast.Module) -> frozenset[str] | None:
    """None when names may come from elsewhere: `from x import *`, `__getattr__`, globals()."""
    names: set[str] = set()
    for node in _top(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((each.asname or each.name).split(".")[0] for each in node.names)
        elif isinstance(node, ast.Name):
            names.add(node.id)
    return None if names & {"*", "__getattr__", "globals", "exec", "setattr"} else frozenset(names)


def _top(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node that is not inside a function or a class."""
    stack: list[ast.AST] = list(tree.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))
