"""The two programs in C, compiled once for this user where there is a compiler. Knows no workload."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from bench.peers import CACHE

HERE = Path(__file__).resolve().parent
COMPILERS = ("cc", "gcc", "clang")


@cache
def compiled(name: str) -> str | None:
    """The path of `name`.c as a program, or None where it cannot be compiled. A changed source is another program."""
    source = HERE / f"{name}.c"
    made = CACHE / f"{name}-{hashlib.sha256(source.read_bytes()).hexdigest()[:12]}"
    if not made.exists() and not _compile(source, made):
        return None
    return str(made)


def _compile(source: Path, made: Path) -> bool:
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        return False
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    unfinished = made.with_suffix(f".{os.getpid()}")
    if subprocess.run([compiler, "-O2", "-o", str(unfinished), str(source)], capture_output=True).returncode:
        return False
    unfinished.replace(made)
    return True
