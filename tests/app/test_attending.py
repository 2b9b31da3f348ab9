"""Whoever waits for a job goes on when its results are in place. Knows how a holder says what it owes."""

from __future__ import annotations

import pytest

from job_manager.app.attending import attend
from job_manager.app.home import SUPERVISOR, Home
from job_manager.app.observing import Silent
from job_manager.app.owing import could_not, owe, settled
from job_manager.model.errors import EngineError
from tests.e2e.person import Folder, job

JOB = job("[{shell: 'echo made > {made.txt}', outputs: [{name: made.txt, public: true}]}]")


@pytest.fixture
def succeeded(tmp_path):
    """The directory, held as by a supervisor, and the id of a job in it that has succeeded."""
    folder = Folder(tmp_path)
    folder.write("job.yaml", JOB)
    folder.jm("run", "-q", "job.yaml", "--out", "results")
    id = folder.jm("ls", "-q").out.strip()
    home = Home(str(tmp_path / ".jm"))
    home.lock()
    home.announce([], SUPERVISOR)
    yield home, id
    home.unlock()


def test_it_waits_until_nothing_is_owed_any_more(succeeded):
    home, id = succeeded
    owe(home, id)
    assert attend(home, id, Silent(), patience=0.01).timed_out
    settled(home, id)
    attended = attend(home, id, Silent(), patience=60.0)
    assert attended.over and [path.rsplit("/", 2)[1:] for path in attended.exported] == [["results", "made.txt"]]


def test_it_is_told_why_that_could_not_be_done(succeeded):
    home, id = succeeded
    could_not(home, id, EngineError("the disk is on fire", "put it out"))
    with pytest.raises(EngineError, match="the disk is on fire") as told:
        attend(home, id, Silent())
    assert told.value.hint == "put it out"


def test_of_what_nobody_sees_to_nothing_is_waited_for(succeeded):
    home, id = succeeded
    owe(home, id)
    home.unlock()
    assert attend(home, id, Silent(), patience=60.0).over
    home.lock()
