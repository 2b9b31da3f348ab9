"""The Python language: a script builds a tree of Job, Task and Action and hands it over; mass's scripts are such.

A script is executed here, in a process of its own with limits; no job is read by running text in this one.
"""

from __future__ import annotations

import os

from job_manager.formats.reading import Reading
from job_manager.model.bulk import bulk
from job_manager.model.errors import Place, Problem
from job_manager.model.params import NO_VALUES, Values


def draft(raw: bytes, file: str, *, loose: bool = False, values: Values = NO_VALUES) -> Reading:
    """The job of the script with everything wrong or odd about it. Raises InputError when it hands over none."""
    # Imported here: who only builds a job starts no process.
    from job_manager.formats.python.reading import drafted
    from job_manager.formats.python.script import SHOWN, execute

    folder = values.base or os.path.dirname(os.path.abspath(file))
    with bulk():
        found = execute(raw, file, folder, values.shelves, values.python)
    noted = []
    if found.printed:
        more = f" (and {len(found.printed) - SHOWN} more lines)" if len(found.printed) > SHOWN else ""
        text = " | ".join(line[:200] for line in found.printed[:SHOWN])
        noted.append(Problem(Place(file, 1, 1), f"the script prints: {text}{more}", severity="note"))
    return drafted(found.rows, file, found.scripts, raw=raw, loose=loose, values=values, noted=noted)
