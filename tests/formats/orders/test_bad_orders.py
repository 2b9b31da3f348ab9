"""Every bad order of `bad/` is refused (or warned of) at the right line, column and path, with these words.

Beside each stands its `.expect`: one line a problem. When a change of wording is meant, the failing test prints it.
"""

from __future__ import annotations

import time

import pytest

from job_manager import formats
from job_manager.model.errors import InputError
from tests.formats.cases import line
from tests.formats.orders.cases import BAD, HERE, problems


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_what_is_said_of_it(file):
    expected = file.with_suffix(".expect").read_text(encoding="utf-8").splitlines()
    began = time.perf_counter()
    said = [line(problem).replace(str(HERE), "HERE") for problem in problems(file)]
    assert said == expected
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_read_raises_exactly_when_there_is_an_error(file):
    if all(problem.severity == "warning" for problem in problems(file)):
        formats.read(str(file), "order")
        return
    with pytest.raises(InputError) as caught:
        formats.read(str(file), "order")
    assert all(problem.place.file == str(file) for problem in caught.value.problems)


def test_there_are_many_of_them():
    assert len(BAD) >= 60
    assert len(list((HERE / "bad").glob("*.expect"))) == len(BAD)
