"""A holder in this process, with real children and a clock that is put forward. Knows the order of its loop."""

from __future__ import annotations

import os
import threading
import time

import pytest

from job_manager.app import wiring
from job_manager.app.capacity import Capacity
from job_manager.app.home import Home
from job_manager.app.host import Host, Terms
from job_manager.app.observing import Silent
from job_manager.app.owing import could_not, is_owed, why_not
from job_manager.app.running import let_go, run_to_its_end, seat
from job_manager.app.settings import DEFAULTS
from job_manager.artifacts.store import Store
from job_manager.core.events import RetryPlanned
from job_manager.core.said import SubmitJob
from job_manager.core.state import JobState
from job_manager.model.document import job_document
from job_manager.model.errors import EngineError
from job_manager.model.job import Action, Command, Job, Output, Shell
from job_manager.model.site import Site
from job_manager.model.site_document import site_document
from job_manager.worker.layout import Layout, layout_of

SECOND = ("sh", "-c", "test -e tried || { touch tried; exit 1; }")
FIRST = Job("first", (Action("one", Command(("true",))),))
AGAIN = Job("again", (Action("one", Command(SECOND), retries=1, backoff=1000.0),))


class Clock:
    """The machine's, and some seconds more."""

    def __init__(self) -> None:
        self._real = wiring.system_clock()
        self.ahead = 0.0

    def wall(self) -> float:
        return self._real.wall() + self.ahead

    def monotonic(self) -> float:
        return self._real.monotonic() + self.ahead


class Meanwhile(Silent):
    """Once a retry is planned, does something as it falls due; gives up when it does not come to an end."""

    interval = 0.05

    def __init__(self, act):
        self._act, self._planned, self._until = act, False, time.monotonic() + 30.0

    def happened(self, job, events):
        self._planned = self._planned or any(isinstance(event, RetryPlanned) for event in events)

    def tick(self, job):
        assert time.monotonic() < self._until, "what was to begin has not begun"
        if self._planned:
            self._planned = False
            self._act()


@pytest.fixture
def host(tmp_path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(wiring, "system_clock", lambda: clock)
    home = Home(str(tmp_path / ".jm"))
    home.make()
    with seat(home, Terms(Capacity(1, None), DEFAULTS, dict(os.environ), 0o022)) as here:
        yield here, clock
    let_go(home)


def test_what_falls_due_while_another_job_is_read_begins(host, tmp_path):
    here, clock = host
    site = site_document(Site(str(tmp_path), str(tmp_path / ".jm/jobs")))
    here.run(here.say(SubmitJob("aaaaaaaaaaaa", job_document(FIRST), site)), Silent())
    here._forget("aaaaaaaaaaaa")

    def read_the_other() -> None:
        clock.ahead = 2000.0
        here.load("aaaaaaaaaaaa")

    job = here.run(here.say(SubmitJob("bbbbbbbbbbbb", job_document(AGAIN), site)), Meanwhile(read_the_other))
    assert job.finished == "succeeded" and job.attempts[0] == 2


def test_what_was_said_of_an_earlier_try_holds_no_more_once_it_is_tried_again(host, tmp_path):
    here, _ = host
    home, site = Home(str(tmp_path / ".jm")), site_document(Site(str(tmp_path), str(tmp_path / ".jm/jobs")))
    here.run(here.say(SubmitJob("aaaaaaaaaaaa", job_document(FIRST), site)), Silent())
    here._forget("aaaaaaaaaaaa")
    could_not(home, "aaaaaaaaaaaa", EngineError("the disk is on fire", "put it out"))
    here.see_to_end("aaaaaaaaaaaa")
    assert is_owed(home, "aaaaaaaaaaaa") and why_not(home, "aaaaaaaaaaaa") == ("", "")


def writer(name: str) -> Action:
    return Action(name, Shell("echo 1 > {out}"), outputs=(Output("out"),))


def finished(tmp_path) -> tuple[Home, JobState, Layout]:
    """A job that has made something, run to its end."""
    home = Home(str(tmp_path / ".jm"))
    home.make()
    job, site = Job("j", (writer("a"),)), Site(str(tmp_path), "")
    try:
        with seat(home, Terms(Capacity(1, None), DEFAULTS, dict(os.environ), 0o022)) as here:
            layout = layout_of(home.jobs, "j", site)
            state = here.say(SubmitJob("j", job_document(job), site_document(site)))
            run_to_its_end(here, state, layout, Silent())
    finally:
        let_go(home)
    return home, state, layout


def test_what_is_not_kept_is_gone_when_a_run_has_ended(tmp_path):
    home, state, layout = finished(tmp_path)
    assert state.finished == "succeeded" and os.listdir(layout.store.root) == ["logs"]
    assert not os.listdir(home.keepers)


def test_that_it_cannot_be_removed_is_said_when_all_else_is_closed(tmp_path, monkeypatch):
    def fail(self):
        raise EngineError("it cannot be removed")

    monkeypatch.setattr(Store, "retire", fail)
    with pytest.raises(EngineError, match="it cannot be removed"):
        finished(tmp_path)
    assert not os.listdir(tmp_path / ".jm/keepers") and not (tmp_path / ".jm/journal.db-wal").exists()


def test_what_is_done_meanwhile_is_waited_for_and_hides_no_other_error(tmp_path, monkeypatch):
    home, closing, done = Home(str(tmp_path / ".jm")), threading.Event(), threading.Event()
    home.make()

    def work():
        assert closing.wait(30.0)
        done.set()
        raise EngineError("of the work")

    terms = Terms(Capacity(1, None), DEFAULTS, dict(os.environ), 0o022)
    try:
        with pytest.raises(RuntimeError, match="of the body"), seat(home, terms) as here:
            assert isinstance(here, Host)
            monkeypatch.setattr(here.worker, "close", closing.set)
            here.meanwhile.begin(work)
            raise RuntimeError("of the body")
        assert done.is_set()
    finally:
        let_go(home)
