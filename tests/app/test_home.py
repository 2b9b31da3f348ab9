"""The state directory: made for this user only, never in place of somebody's folder, by as many at once as like."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from job_manager.app.home import Home
from job_manager.model.errors import InputError, Refused


def mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_it_is_made_for_this_user_only(tmp_path, mask):
    before = os.umask(mask)
    try:
        home = Home(str(tmp_path / "a" / "state"))
        home.make()
        home.lock()
    finally:
        os.umask(before)
    assert [mode(path) for path in (home.path, home.jobs, home.keepers)] == [0o700] * 3
    assert mode(f"{home.path}/lock") & 0o077 == 0
    assert (tmp_path / "a" / "state" / ".gitignore").read_text() == "*\n"
    home.unlock()


def test_somebodys_folder_is_refused_and_left_as_it_was(tmp_path):
    (tmp_path / "project.py").write_text("x")
    os.chmod(tmp_path, 0o755)
    with pytest.raises(InputError, match="has other things in it"):
        Home(str(tmp_path)).make()
    assert os.listdir(tmp_path) == ["project.py"]
    assert mode(str(tmp_path)) == 0o755


def test_an_empty_folder_and_our_own_are_taken(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir(mode=0o777)
    for _ in range(2):
        Home(str(folder)).make()
        assert mode(str(folder)) == 0o700
        os.chmod(folder, 0o777)


def test_many_at_once(tmp_path):
    wrong: list[BaseException] = []

    def make() -> None:
        try:
            Home(str(tmp_path / "state")).make()
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=make) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_one_holds_it_and_the_other_is_told_who(tmp_path):
    first, second = Home(str(tmp_path / "state")), Home(str(tmp_path / "state"))
    first.make()
    first.lock()
    first.announce(["job1"])
    assert first.holder()["jobs"] == second.holder()["jobs"] == ["job1"]
    with pytest.raises(Refused, match=rf"process {os.getpid()}"):
        second.lock()
    first.unlock()
    assert second.holder() == {}
    second.lock()
    second.unlock()


def test_a_place_where_anybody_may_put_another_in_its_stead_is_refused(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    for path in (shared / "state", shared / "below" / "state"):
        with pytest.raises(InputError, match="anybody may put something else in place of") as caught:
            Home(str(path)).make()
        assert f"chmod o-w {shared}" in caught.value.problems[0].hint and not os.listdir(shared)
    shared.chmod(0o1777)  # as /tmp
    home = Home(str(shared / "state"))
    home.make()
    shared.chmod(0o777)
    with pytest.raises(InputError, match="all may write into"):
        home.lock()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a directory away")
def test_a_directory_of_somebody_else_is_refused(tmp_path):
    home = Home(str(tmp_path / "state"))
    home.make()
    os.chown(home.path, 12345, -1)
    for taken in (home.make, home.lock):
        with pytest.raises(InputError, match="belongs to user 12345 and not to root"):
            taken()
