"""`needs` in job.yaml: names become paths, what is read must come before, and nobody waits for himself.

Knows nothing of how the core starts what has needs.
"""

from __future__ import annotations

import pytest

from job_manager.formats import draft, read
from job_manager.formats.needs import Order
from job_manager.model.document import job_document, read_job
from job_manager.model.errors import InputError
from job_manager.model.job import actions

JOB = """\
name: n
version: 1
steps:
- name: get
  entries:
  - {{name: quick, shell: "x > {{q}}", outputs: [q]}}
  - {{name: slow, shell: "x > {{s}}", outputs: [s]}}
- name: use
  entries:
  - {{name: early, {early}shell: "cat {{q}}", inputs: [q]}}
  - {{name: late, {late}shell: "cat {{s}}", inputs: [s]}}
"""


def written(tmp_path, early: str = "", late: str = ""):
    path = tmp_path / "job.yaml"
    path.write_text(JOB.format(early=early, late=late))
    return str(path)


def needs(job) -> dict[str, tuple[str, ...] | None]:
    return {path: action.needs for path, action in actions(job)}


@pytest.mark.parametrize("said", ["quick", "[quick]", "get/quick", "[get/quick, quick]", '["quick"]'])
def test_names_become_paths(tmp_path, said):
    job = read(written(tmp_path, f"needs: {said}, ")).job
    assert set(needs(job)["use/early"] or ()) == {"get/quick"}
    assert needs(job)["use/late"] is None
    assert read_job(job_document(job)) == job


@pytest.mark.parametrize(("said", "meant"), [("[]", ()), ("null", None), ("get", ("get",))])
def test_nothing_everything_and_a_whole_step(tmp_path, said, meant):
    job = draft(written(tmp_path, late=f"needs: {said}, ")).job
    assert needs(job)["use/late"] == meant


def test_what_is_read_must_be_needed_once_needs_are_said(tmp_path):
    with pytest.raises(InputError) as caught:
        read(written(tmp_path, "needs: slow, "))
    [problem] = caught.value.problems
    assert (problem.place.line, problem.place.path) == (10, "steps[1].entries[0].inputs[0].name")
    assert problem.hint == "write needs: [quick], or move it to a later step"


@pytest.mark.parametrize(
    ("early", "late"),
    [("needs: late, ", "needs: early, "), ("needs: early, ", ""), ("needs: [quick, late], ", "needs: [slow, early], ")],
)
def test_nobody_waits_for_himself(tmp_path, early, late):
    with pytest.raises(InputError, match=r"go round|cannot wait for itself"):
        read(written(tmp_path, early, late))


def test_waiting_for_a_later_step_that_waits_for_this_one_goes_round(tmp_path):
    text = JOB.format(early="", late="").replace("name: quick, ", "name: quick, needs: late, ")
    path = tmp_path / "job.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match="go round"):
        read(str(path))


def test_what_comes_before_what(tmp_path):
    order = Order(read(written(tmp_path, "needs: quick, ")).job)
    quick, slow, early, late = range(4)
    assert order.precedes(quick, early) and order.precedes(quick, late) and order.precedes(slow, late)
    assert not order.precedes(slow, early) and not order.precedes(early, late) and not order.precedes(late, quick)


def test_a_long_chain_of_needs_is_no_recursion(tmp_path):
    rows = [f"  - {{name: a{at}, needs: [{f'a{at - 1}' if at else ''}], cmd: [x]}}" for at in range(3000)]
    path = tmp_path / "job.yaml"
    path.write_text("\n".join(["name: n", "version: 1", "steps:", "- entries:", *rows]) + "\n")
    assert needs(read(str(path)).job)["step1/a2999"] == ("step1/a2998",)
