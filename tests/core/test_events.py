"""Events as the journal keeps them: a plain list there and back, under names that never change.

Knows every kind of event and nothing of a journal.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from job_manager.core import events as e
from job_manager.testing.farm import reread

NUMBERS = {"action": 3, "attempt": 2, "first": 1, "end": 4, "because": 0, "task": 2, "node": 5, "slots": 8, "ahead": 64}
WORDS = {
    "job": "j1",
    "worker": "w1",
    "why": "paused",
    "state": "failed",
    "reason": "signal",
    "message": "käse\ud800\0\n",
    "note": "näh\n",
    "request": "r-1",
    "limit": "wait_timeout",
    "waits": "disk space: 1 MiB free",
}
TIMES = {"at": 1e9 + 1 / 3, "began": 0.1, "ended": 1e9, "due": 5.5, "grace": 0.0, "seconds": 60.0}
REST: dict[str, object] = {
    "document": {"Job": {"title": "x", "children": []}},
    "site": {"workdir": "/w", "store": ""},
    "kept": [[0, 1]],
    "after": [1, 2],
    "actions": [[0, 2], [5, 6]],
    "priority": -1.5,
    "fans": [[2, [["clips/a.mp4"], ["18", "23"]]]],
    "items": [["clips/a.mp4"], ["18", "23"]],
    "counts": {"failed": 1},
    "children": [{"Action": {"name": "new", "argv": ["true"]}}],
    "lost": True,
    "memory": 2**35,
    "limits": [["gpu", 1]],
    "code": None,
    "usage": [0.5, 0.25, 1024],
    "outputs": [["v", 1, 2, 3, 2**63, "sha256:0"]],
}
VALUES: dict[str, object] = {**NUMBERS, **WORDS, **TIMES, **REST}


@pytest.mark.parametrize("kind", e.NAMES, ids=lambda kind: kind.__name__)
def test_every_kind_comes_back_as_it_was(kind):
    event = kind(**{name: VALUES[name] for name in kind._fields})
    assert reread(event) == event
    assert type(reread(event)) is kind
    assert e.pack(event)[0] == e.NAMES[kind]
    assert "j1" not in json.dumps(e.pack(event))


def test_every_kind_has_a_name_of_its_own_and_the_names_stay():
    assert set(e.NAMES) == set(e.Event.__args__)
    assert len(e.KINDS) == len(e.NAMES)
    # Journals are written with these; a change needs a new format.
    assert sorted(e.KINDS) == sorted(
        "attempt-failed attempt-lost cancelled chained excused failed fan-out-failed fanned-out grown "
        "job-cancelled job-due job-finished job-held job-released job-resumed job-retried job-submitted "
        "job-timed-out leased lost omitted priority-changed retried retry-planned returned skipped started "
        "stopped succeeded worker-joined worker-left".split()
    )


def test_fields_that_were_added_later_may_be_missing():
    assert e.unpack("j", ["succeeded", 0, 1, 2.0, 3.0]) == e.ActionSucceeded("j", 0, 1, 2.0, 3.0)
    assert e.unpack("j", ["job-held", 1.0, "paused", 0.0]) == e.JobHeld("j", 1.0, "paused", 0.0)
    assert e.unpack("j", ["job-submitted", 1.0, {}, {}]).request == ""  # type: ignore[union-attr]


def test_an_unknown_name_and_wrong_fields_are_errors():
    with pytest.raises(KeyError):
        e.unpack("j", ["exploded", 0])
    with pytest.raises(TypeError):
        e.unpack("j", ["leased", 0])


@drawn(st.floats(allow_nan=False, allow_infinity=False), st.text())
def test_any_time_and_any_text_come_back(at, message):
    event = e.AttemptFailed("j", 0, 1, at, at, "code", 1, message, [])
    assert reread(event) == event
