"""A run that has joined a holder which is gone by the time something is asked of it: nothing is asked twice or lost."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from job_manager.app.capacity import Capacity
from job_manager.app.guest import Guest
from job_manager.app.home import Home
from job_manager.app.host import Terms
from job_manager.app.observing import Silent
from job_manager.app.running import let_go, seat
from job_manager.app.settings import DEFAULTS
from job_manager.core.said import CancelJob, ResumeJob, SubmitJob
from job_manager.model.document import job_document
from job_manager.model.errors import Refused
from job_manager.model.job import Action, Job, Shell
from job_manager.model.site import Site
from job_manager.model.site_document import site_document
from tests.crash.farm import wait_for

JOB = Job("j", (Action("one", Shell("echo ran >> side")),))


class Place:
    """A state directory and its supervisors."""

    def __init__(self, path):
        self.path, self.home = path, Home(str(path / ".jm"))
        self.home.make()
        self.up = None

    def supervise(self):
        self.up = subprocess.Popen([sys.executable, "-m", "job_manager", "up", "-q"], cwd=self.path)
        wait_for(lambda: os.path.exists(self.home.socket), "a supervisor")

    def end(self):
        if self.up is not None:
            self.up.terminate()
            self.up.wait(30)
            self.up = None

    def seat(self):
        return seat(self.home, Terms(Capacity(1, None), DEFAULTS, dict(os.environ), 0o022))

    def submission(self):
        site = site_document(Site(str(self.path), str(self.path / ".jm/jobs")))
        return SubmitJob("aaaaaaaaaaaa", job_document(JOB), site)


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.end()
    let_go(made.home)


def test_what_is_asked_of_a_holder_that_has_ended_is_done_by_who_asks(place):
    place.supervise()
    with place.seat() as here:
        assert isinstance(here, Guest)
        place.end()
        job = here.run(here.say(place.submission()), Silent())
    assert job.finished == "succeeded" and os.listdir(place.home.inbox) == []
    assert (place.path / "side").read_text() == "ran\n"


def test_who_has_taken_over_by_that_is_asked_the_next_thing_itself(place):
    place.supervise()
    with place.seat() as here:
        place.end()
        job = here.say(place.submission())
        here.say(CancelJob(job.id, 0.0))
        assert here.run(job, Silent()).finished == "cancelled"
    assert os.listdir(place.home.inbox) == [] and not (place.path / "side").exists()


def test_or_by_whoever_holds_the_directory_then(place):
    place.supervise()
    with place.seat() as here:
        place.end()
        place.supervise()
        job = here.run(here.say(place.submission()), Silent())
        assert here.detached == ""
    assert job.finished == "succeeded" and (place.path / "side").read_text() == "ran\n"


def test_a_refusal_is_one_whoever_says_it(place):
    place.supervise()
    with place.seat() as here:
        place.end()
        with pytest.raises(Refused, match="bbbbbbbbbbbb"):
            here.say(ResumeJob("bbbbbbbbbbbb", {}))
    assert os.listdir(place.home.inbox) == []
