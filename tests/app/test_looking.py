"""Looking at a job in the very moment in which a supervisor takes it up: it is always somewhere.

Knows how the rooms of `looking` read: the inbox, and the journal by `wiring.open_reading`.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from job_manager.app import explaining, inbox, looking, wiring
from job_manager.app.home import Home
from tests.e2e.person import Folder, job

LOOKS = {
    "ls": lambda home, id: [row["id"] for row in looking.job_list(home)],
    "its id": lambda home, id: [looking.resolve(home, id)],
    "status": lambda home, id: [looking.look(home, id).job.id],
    "why": lambda home, id: [explaining.explain(home, id).id],
    "story": lambda home, id: [id for line in explaining.tell(home, id).lines if "job was submitted" in line.words],
}
READS = {"the inbox": (inbox.Inbox, "read"), "the journal": (wiring, "open_reading")}


@pytest.fixture
def here(tmp_path):
    folder = Folder(tmp_path)
    yield folder
    folder.clean()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("look", LOOKS)
def test_a_job_that_is_taken_up_meanwhile_is_found(here, monkeypatch, look, read, moment):
    here.write("job.yaml", job("[{cmd: ['true']}]"))
    id = here.jm("submit", "-q", "job.yaml").out.split()[0]
    home, (owner, name) = Home(str(here.path / ".jm")), READS[read]
    real = getattr(owner, name)
    taken: list[bool] = []

    def reads(*given):
        if moment == "before":
            take_up()
        found = real(*given)
        if moment == "after":
            take_up()
        return found

    def take_up() -> None:
        if not taken:
            taken.append(True)
            assert here.jm("up", "--detach").code == 0
            until = time.monotonic() + 20
            while any(Path(home.inbox).glob("*.json")):
                assert time.monotonic() < until
                time.sleep(0.01)

    monkeypatch.setattr(owner, name, reads)
    assert LOOKS[look](home, id) == [id]
    assert taken
    here.jm("down")
