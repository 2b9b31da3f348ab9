"""The work that a plan is: how much of it there is for each action of a large fan-out.

Counts calls and not seconds, so that a busy machine changes nothing. Knows nothing of how a plan is printed.
"""

from __future__ import annotations

import cProfile
import pstats

import pytest

from job_manager.app.home import Home
from job_manager.app.loading import Wish, load
from job_manager.app.planning import Plan

JOB = """\
name: many
version: 1.0
inputs: [{name: clips, kind: files}]
steps:
  - entries:
      - name: each
        foreach: {FOREACH}
        shell: "cat {one} > {out}"
        outputs: [{name: "{one}_x.txt", param_name: out, public: true}]
  - entries:
      - name: gather
        shell: "cat {clips} {all} > {out}"
        inputs: [clips, {name: "{one}_x.txt", param_name: all, kind: files}]
        outputs: [{name: all.txt, param_name: out, public: true}]
"""
MANY = 2_000


MOST = 300  # calls for each


@pytest.mark.parametrize("foreach", ["one: clips", f"one: 1-{MANY}"])
def test_the_plan_of_a_large_fan_out_is_little_work_for_each_of_its_actions(tmp_path, foreach):
    (tmp_path / "clips").mkdir()
    for number in range(MANY):
        (tmp_path / "clips" / f"{number}.txt").write_bytes(b"x")
    (tmp_path / "job.yaml").write_text(JOB.replace("FOREACH", foreach))
    wish = Wish(str(tmp_path / "job.yaml"), (str(tmp_path / "clips"),))
    with cProfile.Profile() as profile:
        loaded = load(wish, {"PATH": "/bin"}, str(tmp_path), files_needed=False)
        document = Plan(loaded, Home(str(tmp_path / ".jm"))).document()
    assert document["counts"]["actions"] == MANY + 1
    assert len(document["public"]) == document["counts"]["actions"]
    calls = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]
    assert calls < MOST * MANY
