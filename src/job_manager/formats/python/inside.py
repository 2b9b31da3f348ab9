"""The process in which a job script is executed: it hands its tree back through a pipe, or says why it cannot.

Started by script.py as `python inside.py SPEC`, within limits of time, memory and output. Reads no job and runs none.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.path.pop(0)  # this folder: its files are no modules of the script

import json
import os
from collections.abc import Iterator
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from job_manager.formats.python.tree import Record

PACKAGE_ROOT = os.path.abspath(__file__).rsplit(os.sep, 4)[0]
OLDEST = (3, 11)  # of the Pythons that have what job_manager needs


def main(argv: list[str]) -> None:
    """Execute the script of the spec and write what came of it to the pipe."""
    spec = json.loads(argv[1])
    if sys.version_info < OLDEST:
        with open(spec["pipe"], "w", encoding="ascii") as pipe:
            print(json.dumps({"error": _too_old(spec["script"])}), file=pipe)
        return
    _bring(spec["packages"])
    _limit(spec["memory"])
    from job_manager.formats.python.tree import start_record

    record = start_record()
    record.shelves = tuple(spec["shelves"])
    error = _execute(spec["script"], spec["folder"])
    with open(spec["pipe"], "w", encoding="ascii") as pipe:
        _answer(pipe, spec["script"], record, error)
        for stream in (sys.stdout, sys.stderr):  # with the end of the answer nobody listens any more
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                pass  # the script has closed it, or put something of its own there
    os._exit(0)  # threads that the script has left running hold nothing up


def _too_old(script: str) -> dict[str, Any]:
    version = ".".join(map(str, sys.version_info[:2]))
    message = f"{sys.executable} is Python {version}, and job_manager needs {'.'.join(map(str, OLDEST))}; see --python"
    return {"kind": "RuntimeError", "message": message, "place": (script, 1, 1), "deeper": None}


def _bring(packages: list[str]) -> None:
    """The script may be executed by a Python that has no job_manager, or another: this one counts. All else of ours
    comes last, behind the script's own packages."""
    sys.path.insert(0, PACKAGE_ROOT)
    from job_manager.formats.python import tree

    assert tree.__file__.startswith(PACKAGE_ROOT)
    sys.path.pop(0)
    sys.path += [PACKAGE_ROOT, *packages]


def _limit(memory: int) -> None:
    import resource

    # Not the address space: libraries reserve much more of that than they use.
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _execute(script: str, folder: str) -> BaseException | None:
    """Run the script as if it was started by itself; what it raised."""
    import gc
    import runpy

    gc.disable()  # a job has millions of objects and no circle that nobody holds; memory has a limit of its own
    sys.argv = [script]
    sys.path.insert(0, folder)
    try:
        runpy.run_path(script, run_name="__main__")
    except BaseException as error:  # whatever it is, it is said
        return error
    return None


def _answer(pipe: IO[str], script: str, record: Record, error: BaseException | None) -> None:
    from job_manager.roles.registry import ROLES, HandedOver

    said = isinstance(error, HandedOver) or (isinstance(error, SystemExit) and record.submitted and not error.code)
    if error is not None and not said:
        print(json.dumps({"error": described(error, script)}), file=pipe)
        return
    jobs = record.submitted or [(job, job._jm_place) for job in record.jobs]
    if len(jobs) != 1:
        found = [{"title": str(_title(job)), "place": place} for job, place in jobs[:20]]
        print(json.dumps({"jobs": found, "count": len(jobs), "submitted": bool(record.submitted)}), file=pipe)
        return
    from job_manager.formats.python.rows import rows, to_lines
    from job_manager.formats.python.saving import saved

    try:
        found_rows = saved(rows(jobs[0][0]), record.protocol)
    except Exception as fault:  # a saver is the person's own
        print(json.dumps({"error": described(fault, script)}), file=pipe)
        return
    scripts = {role: served.script for role, served in ROLES.items()}
    print(json.dumps({"rows": len(found_rows), "roles": scripts}), file=pipe)
    pipe.writelines(to_lines(found_rows))


def _title(job: Any) -> object:
    body = job.get("Job") if isinstance(job, dict) else None
    return body.get("title", "") if isinstance(body, dict) else ""


# --- what was raised --------------------------------------------------------------------------------------------------


def described(error: BaseException, script: str) -> dict[str, Any]:
    """What was raised, in a line, where in the script, and where else it came from."""
    if isinstance(error, SyntaxError) and error.filename:
        offset = max(1, error.offset or 1)
        place = (error.filename, error.lineno or 1, offset)
        return {"kind": "SyntaxError", "message": error.msg, "place": place, "deeper": None}
    frames = list(_frames(error.__traceback__))
    own = [frame for frame in frames if frame[0] == script]
    place = own[-1] if own else (script, 1, 1)
    deeper = frames[-1] if frames and frames[-1] != place else None
    kind = type(error).__name__
    return {"kind": kind, "message": _message(error), "place": place, "deeper": deeper}


def _message(error: BaseException) -> str:
    try:
        return str(error.args[0] if type(error) is KeyError and error.args else error)
    except Exception:
        return "and it cannot say why"


def _frames(step: TracebackType | None) -> Iterator[tuple[str, int, int]]:
    """Where the person's own code stood, outermost first."""
    from job_manager.formats.python.places import FOLDERS, position

    while step is not None:
        code = step.tb_frame.f_code
        if not code.co_filename.startswith(FOLDERS) and code.co_filename != __file__:
            line, column = position(code, step.tb_lasti)
            yield code.co_filename, line or step.tb_lineno, column
        step = step.tb_next


if __name__ == "__main__":
    main(sys.argv)
