"""What a script's process hands back is read and never trusted: a job, its mistakes, or an InputError."""

from __future__ import annotations

import json

import pytest

from job_manager.formats.python.rows import rows
from job_manager.model.errors import InputError
from tests.formats.python.answers import FULL, action, answered, corpus, read, tree

WHOLE = answered(rows(tree(action(), action())))
HEAD, JOB, FIRST, SECOND = WHOLE.splitlines()
NOT_WHOLE = "what the script handed over is no whole job"


def joined(*lines: bytes, head: bytes = HEAD) -> bytes:
    return b"\n".join([head, *lines]) + b"\n"


def test_a_whole_answer_is_a_job():
    job = read(WHOLE).job
    assert [child.name for child in job.children] == ["true", "true-2"]
    assert [child.name for child in read(answered(rows(FULL))).job.children] == ["a", "cat", "t", "encode", "true"]


@pytest.mark.parametrize("raw", corpus())
def test_each_answer_that_is_fuzzed_is_one(raw):
    try:
        assert read(raw).job.children
    except InputError as error:
        assert NOT_WHOLE not in str(error)


def changed(line: bytes, **at: object) -> bytes:
    value = json.loads(line)
    for place, new in at.items():
        value[int(place[1:])] = new
    return json.dumps(value).encode()


GARBLED = {
    "nothing": b"\n",
    "no JSON": b"{]\n",
    "no mapping": b"[1]\n",
    "nothing known": b"{}\n",
    "a row is missing": joined(JOB, FIRST),
    "a row too many": joined(JOB, FIRST, SECOND, SECOND),
    "a row that is cut off": joined(JOB, FIRST, SECOND[:-4]),
    "no rows": b'{"rows": 0, "roles": {}}\n',
    "no roles": joined(JOB, FIRST, SECOND, head=b'{"rows": 3}'),
    "roles that are none": joined(JOB, FIRST, SECOND, head=b'{"rows": 3, "roles": {"x": 1}}'),
    "a kind that is none": joined(JOB, changed(FIRST, _0="Node"), SECOND),
    "a parent that comes later": joined(JOB, changed(FIRST, _1=2), SECOND),
    "a parent that is an action": joined(JOB, FIRST, changed(SECOND, _1=1)),
    "a parent beyond all": joined(JOB, changed(FIRST, _1=-2), SECOND),
    "a second root": joined(JOB, FIRST, changed(SECOND, _1=-1)),
    "a body that is none": joined(JOB, changed(FIRST, _2=[]), SECOND),
    "a place that is none": joined(JOB, changed(FIRST, _3=["x", "y", 1]), SECOND),
    "a place too far": joined(JOB, changed(FIRST, _3=["x", 2**40, 1]), SECOND),
    "a flaw that is none": joined(JOB, changed(FIRST, _4=[["a"]]), SECOND),
    "no number": joined(JOB, FIRST.replace(b'"shell"', b"NaN"), SECOND),
    "endless": joined(JOB, FIRST.replace(b'"shell"', b"1e999"), SECOND),
    "a very long number": joined(JOB, FIRST.replace(b'"shell"', b"9" * 4000), SECOND),
    "half of a pair": joined(JOB, FIRST.replace(b"shell", rb"\ud800"), SECOND),
    "very deep": joined(JOB, FIRST.replace(b'"shell"', b"[" * 150 + b"]" * 150), SECOND),
    "too deep for any reader": joined(JOB, FIRST.replace(b'"shell"', b"[" * 100_000 + b"]" * 100_000), SECOND),
    "an error that is none": b'{"error": 3}\n',
    "an error without a place": b'{"error": {"kind": "x", "message": "y"}}\n',
    "jobs that are none": b'{"jobs": 1, "count": 1, "submitted": true}\n',
}


@pytest.mark.parametrize("raw", GARBLED.values(), ids=GARBLED)
def test_what_no_script_says_is_no_job(raw):
    with pytest.raises(InputError, match=NOT_WHOLE):
        read(raw)


def test_a_row_that_needs_what_is_not_there_is_told():
    for number in (3, -1, "1", 10**12, None):
        with pytest.raises(InputError, match="expected a task, an action or its name"):
            read(answered(rows(tree(action(_needs=[{"row": number}]), action())))).checked()
