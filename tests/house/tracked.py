"""What must not stand in any tracked file: places of one machine, addresses of package registries.

Reads text, not syntax; asks git which files are the project's and walks the folder where there is no git.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

# Written so that this file does not contain what it looks for.
MACHINE = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:work|farm|root)/|/tmp/(?:[a-z]+_jobs|jm/)")
REGISTRY = re.compile(
    r"(?:py"
    r"pi|test\.py"
    r"pi)\.org|pythonhosted\.org|registry\.(?:npm"
    r"js|yarnpkg)\.|deb\.debian\.org|crates\.io"
    r"|--?(?:extra-)?index-url\b|--find-li"
    r"nks\b|\"resolved\":\s*\"https?:"
)
NOT_OURS = {".git", ".venv", "demo", "build", "dist", "node_modules", "__pycache__"}
CACHES = {".jm", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


def tracked(root: Path) -> dict[str, str]:
    """Path and text of every text file that a clone would have, or is about to."""
    paths = git_paths(root) or walked(root)
    return {path: text for path in sorted(paths) if (text := text_of(root / path)) is not None}


def git_paths(root: Path) -> list[str]:
    if not (root / ".git").exists() or shutil.which("git") is None:
        return []
    asked = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(asked, capture_output=True, text=True)  # git refuses a clone that another user owns
    return [path for path in answer.stdout.split("\0") if path]


def walked(root: Path) -> Iterator[str]:
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        if path.is_file() and not (NOT_OURS | CACHES).intersection(parts):
            yield path.relative_to(root).as_posix()


def text_of(path: Path) -> str | None:
    """None for what is not text: no file, a link, a NUL byte."""
    if path.is_symlink() or not path.is_file():
        return None
    content = path.read_bytes()
    return None if b"\0" in content else content.decode("utf-8", "replace")


def out_of_place(files: Mapping[str, str]) -> list[str]:
    """Each line that names a machine's own folders or a registry."""
    found = []
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE.search(line):
                found.append(f"{path}:{number}: a path of one machine: {line.strip()[:80]}")
            if REGISTRY.search(line):
                found.append(f"{path}:{number}: a package registry's address or option: {line.strip()[:80]}")
    return found
