"""A keeper that is started before its directory is known: taken, dropped, or left alone."""

from __future__ import annotations

import os

from job_manager.worker import ahead


def test_a_keeper_comes_up_before_its_directory_is_known(keeping):
    ahead.begin()
    ahead.begin()  # one is enough
    (waiting, _), *others = ahead._waiting
    keeper = keeping()
    keeper.hello()
    assert keeper.link.pid == waiting and not others and not ahead._waiting
    assert keeper.run("a", "/bin/true")["code"] == 0


def test_a_keeper_that_nobody_wants_is_ended():
    ahead.begin()
    ((pid, _),) = ahead._waiting
    ahead.drop()
    assert not os.path.exists(f"/proc/{pid}") and not ahead._waiting


def test_a_keeper_that_nobody_can_tell_any_more_ends_by_itself():
    ahead.begin()
    ((pid, handle),) = ahead._waiting
    ahead._waiting.clear()
    os.close(handle)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
