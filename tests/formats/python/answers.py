"""What the process of a script hands back, made from trees without running one: for reading it and for fuzzing that.

Knows no script.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from job_manager.formats.python import answer
from job_manager.formats.python.places import Written
from job_manager.formats.python.reading import drafted
from job_manager.formats.python.rows import Row, rows, to_lines
from job_manager.formats.python.tree import Flaw
from job_manager.formats.reading import Reading

SCRIPT, FILE = "/srv/job.py", "job.py"
GOOD = Path(__file__).parents[1] / "good_json"


def answered(found: list[Row], **roles: str) -> bytes:
    """The answer with these rows."""
    head = {"rows": len(found), "roles": roles}
    return "".join([json.dumps(head) + "\n", *to_lines(found)]).encode()


def read(raw: bytes, file: str = FILE) -> Reading:
    """As a script is read, without its process."""
    found = answer.read(raw, file, SCRIPT, 2 << 30)
    return drafted(found.rows, file, found.scripts)


def tree(*children: Any, **said: Any) -> dict[str, Any]:
    return {"Job": {"title": "j", "children": list(children), **said}}


def action(**said: Any) -> dict[str, Any]:
    return {"Action": {"cmd": "true", "_role": "shell", **said}}


FULL = tree(
    action(_title="a", _timeout="5m", _retries=1, _env={"A": 1}, _outputs=[{"name": "x.png", "public": True}]),
    action(cmd=["cat", "{x.png}"], _role="cmd", _inputs={"x": "x.png"}, _needs=[{"row": 1}], _when="a.succeeded"),
    {"Task": {"title": "t", "parallel": True, "children": [action(_foreach={"n": "1-9"}, cmd="echo {n}")]}},
    action(_whenerror=True),
    action(_role="encode", cmd=None, depth=[1, 2.5, None, {"a": "b"}]),
    version="1",
    params={"q": {"type": "int", "default": 3}},
    inputs=[{"name": "clip", "param": "video"}],
    priority=2,
)
ERRORS = (
    {"kind": "ValueError", "message": "no", "place": [SCRIPT, 3, 5], "deeper": ["/lib/x.py", 7, 1]},
    {"kind": "SystemExit", "message": "1", "place": [SCRIPT, 1, 1], "deeper": None},
    {"kind": "MemoryError", "message": "", "place": ["/lib/x.py", 1, 1], "deeper": None},
)


def corpus() -> tuple[bytes, ...]:
    """Answers of every sort."""
    placed = [
        row._replace(place=Written(SCRIPT, at + 1, 5), flaws=(Flaw("cmd", "odd", "mend it"),) if at == 2 else ())
        for at, row in enumerate(rows(FULL))
    ]
    given = [json.loads(file.read_bytes()) for file in sorted(GOOD.glob("*.json"))]
    return (
        answered(rows(FULL), encode=SCRIPT),
        answered(placed),
        *(json.dumps({"error": error}).encode() for error in ERRORS),
        json.dumps({"jobs": [{"title": "j", "place": [SCRIPT, 2, 1]}] * 2, "count": 2, "submitted": True}).encode(),
        *(answered(rows(one)) for one in given if isinstance(one, dict) and set(one) == {"Job"}),
    )
