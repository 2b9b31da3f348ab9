"""The project's Python files as values that the house checks read.

Knows where the files lie and how a path becomes a module name; knows no law.
"""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "job_manager"
FOLDERS = ("src", "tests", "examples", "bench", "tools")


@dataclass(frozen=True)
class Source:
    """One file: its path from the project's root, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All of the tree, walked once: many checks go through it."""
        gc.disable()  # there is nothing to collect among half a million nodes that are kept
        try:
            return list(ast.walk(self.tree))
        finally:
            gc.enable()

    @cached_property
    def module(self) -> str:
        """`src/job_manager/core/table.py` is `job_manager.core.table`; an `__init__.py` is its package."""
        parts = PurePosixPath(self.path.removeprefix("src/")).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def package(self) -> str:
        """What a relative import in this file is relative to."""
        return self.module if self.path.endswith("__init__.py") else self.module.rpartition(".")[0]

    def at(self, node: ast.AST) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


def read(*folders: str, root: Path = ROOT) -> list[Source]:
    """Every Python file below the folders, sorted; caches and environments are not ours."""
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            where = path.relative_to(root)
            if not any(part.startswith(".") or part in {"__pycache__", "node_modules"} for part in where.parts):
                found.append(_file(path, where.as_posix()))
    return found


@cache
def _file(path: Path, where: str) -> Source:
    """Read and parsed once, however many checks walk it."""
    return Source(where, path.read_text(encoding="utf-8"))


def written(files: Mapping[str, str]) -> list[Source]:
    """The same from a table of path and text: what the checks are themselves tested with."""
    return [Source(path, text) for path, text in files.items()]


def shown(findings: Iterable[str]) -> str:
    """Findings as an assertion's message, one a line."""
    return "\n" + "\n".join(findings)
