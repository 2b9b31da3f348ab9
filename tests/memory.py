"""The most memory that a process has had. Knows no job_manager.

Not what wait4(2) tells of a child: exec inherits the mark, and a process of many tests is large.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

OWN = "int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"  # kB, as an expression
_BETWEEN = """
import os, sys
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as told:
    told.write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def had(pid: int) -> int:
    """Of one that lives, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def telling(file: Path) -> Sequence[str]:
    """What goes before a command for `file` to tell in the end how much it, or what it waited for, has had, in kB."""
    return (sys.executable, "-I", "-S", "-c", _BETWEEN, str(file))
