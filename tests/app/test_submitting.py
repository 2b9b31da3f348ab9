"""Submitting: what was drawn alike never stands for two jobs, and the same request never for more than one."""

from __future__ import annotations

from pathlib import Path

import pytest

from job_manager.app import submitting, wiring
from job_manager.app.home import Home
from job_manager.app.inbox import Inbox
from job_manager.app.loading import Wish, load
from job_manager.app.submitting import Submission, submit
from job_manager.core.said import SubmitJob
from job_manager.supervisor.supervisor import Supervisor


@pytest.mark.parametrize("taken_up", [False, True])
def test_who_draws_what_somebody_has_drawn_before_draws_again(tmp_path: Path, monkeypatch, taken_up: bool):
    drawn = iter(["a" * 16, "a" * 16, "a" * 16, "b" * 16])
    monkeypatch.setattr(submitting, "request_id", lambda: next(drawn))
    home = Home(str(tmp_path / "home"))
    first = submitted(home, tmp_path, "first")
    if taken_up:
        in_the_journal(home)
    second = submitted(home, tmp_path, "second")
    assert first != second
    assert list(drawn) == []
    titles = {}
    for waiting in Inbox(home.inbox).read():
        assert isinstance(waiting.request, SubmitJob) and waiting.request.document is not None
        titles[waiting.request.job] = waiting.request.document["Job"]["title"]
    assert titles == {second: "second"} | ({} if taken_up else {first: "first"})


def submitted(home: Home, folder: Path, name: str, request: str = "") -> str:
    (folder / "job.yaml").write_text(f"name: {name}\nversion: 1\nsteps: [{{entries: [{{shell: 'true'}}]}}]\n")
    loaded = load(Wish(str(folder / "job.yaml")), {"PATH": "/bin"}, str(folder))
    return submit(home, loaded, Submission(request)).id


def in_the_journal(home: Home) -> None:
    """As a supervisor takes it up."""
    home.lock()
    engine = wiring.local_engine(wiring.open_journal(home), wiring.system_clock())
    engine.say(*(waiting.request for waiting in Inbox(home.inbox).read()))
    Supervisor(engine).turn(1.0)
    engine.close()
    for waiting in list(Inbox(home.inbox).read()):
        Inbox(home.inbox).drop(waiting.request.request)
    home.unlock()


def test_a_request_with_a_name_is_one_job_however_often_it_is_made(tmp_path: Path):
    home = Home(str(tmp_path / "home"))
    assert submitted(home, tmp_path, "one", "mine") == submitted(home, tmp_path, "two", "mine")
    assert len(list(Inbox(home.inbox).read())) == 1
