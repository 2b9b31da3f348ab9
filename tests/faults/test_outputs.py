"""What actions leave in place of what they promised, and what becomes of inputs while they run: nothing is published
that is not whole and as declared, and nothing reads what has changed.

With real children, a real keeper and the real core; the store's own tests have every case of a single file.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from job_manager.core import events as e
from job_manager.model.job import Action, Input, Job, Output, Shell
from tests.process.working import Working

BAD = {
    "missing": ("true", "output-missing", "was not written"),
    "empty": (": > {o}", "output-invalid", "is empty"),
    "a directory": ("mkdir {o}", "output-invalid", "is a directory, not a regular file"),
    "a link to a file": ("echo x > other; ln -s $PWD/other {o}", "output-invalid", "is a symbolic link"),
    "a link that leads nowhere": ("ln -s nowhere {o}", "output-invalid", "is a symbolic link"),
    "a named pipe": ("mkfifo {o}", "output-invalid", "is a named pipe"),
    "a socket": (
        "python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' {o}",
        "output-invalid",
        "is a socket",
    ),
    "partial, then dead": ("echo half > {o}; kill -9 $$", "signal", "killed by SIGKILL"),
    "partial, then failed": ("echo half > {o}; exit 3", "code", "exit code 3"),
    "its folder gone": ("rm -r $(dirname {o})", "output-missing", "was not written"),
    "its whole directory gone": ("rm -r $JM_WORKDIR", "output-missing", "was not written"),
}


def one(text: str) -> Job:
    return Job("test", (Action("a", Shell(text), outputs=(Output("o", public=True),)),))


def failure(working: Working, id: str) -> e.AttemptFailed:
    [event] = [event for event in working.events(e.AttemptFailed) if event.job == id]
    return event


def published(working: Working, id: str) -> list[Path]:
    return [path for name in ("public", "temp") for path in Path(working.layout(id).folder, name).glob("*")]


def test_what_is_no_output_is_never_published(working, tmp_path):
    holder = working()
    (tmp_path / "x").mkdir()
    for number, (text, _, _) in enumerate(BAD.values()):
        holder.submit(f"j{number}", one(f"cd {tmp_path}/x; " + text))
    ids = [f"j{number}" for number in range(len(BAD))]
    holder.finish(*ids)
    for id, (what, (_, reason, words)) in zip(ids, BAD.items(), strict=True):
        ended = failure(holder, id)
        assert (ended.reason, words in ended.message) == (reason, True), (what, ended.message)
        assert published(holder, id) == [], what


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_never_published(working):
    holder = working()
    holder.submit("j", one("mknod {o} c 1 3"))
    holder.finish("j")
    assert "is a character device" in failure(holder, "j").message
    assert published(holder, "j") == []


def test_a_second_name_of_another_file_is_no_way_to_change_it(working, tmp_path):
    mine = tmp_path / "mine"
    mine.write_text("mine\n")
    holder = working()
    holder.submit("j", one(f"ln {mine} {{o}}"))
    holder.finish("j")
    assert holder.job("j").finished == "succeeded"
    [made] = published(holder, "j")
    assert made.read_text() == "mine\n" and made.stat().st_ino != mine.stat().st_ino
    assert mine.stat().st_mode & 0o222, "and it keeps its modes"


def test_a_sparse_file_of_a_terabyte_costs_nothing(working):
    holder = working()
    holder.submit("j", one("truncate -s 1T {o} || truncate -s 1G {o}"))
    holder.finish("j")
    [made] = published(holder, "j")
    assert made.stat().st_size >= 1 << 30 and made.stat().st_blocks < 1 << 11


def test_what_a_child_left_behind_does_not_reach_what_is_published(working):
    """It truncates the output as soon as its parent has left; but publishing begins when the tree is empty."""
    holder = working()
    linger = "(trap '' TERM; while kill -0 $$ 2>/dev/null; do :; done; : > {o}; exec sleep 1000) &"
    holder.submit("j", one(f"echo whole > {{o}}; {linger} exit 0"))
    holder.finish("j")
    made = published(holder, "j")
    if holder.job("j").finished == "succeeded":
        assert [path.read_text() for path in made] == ["whole\n"]
    else:
        assert made == [] and failure(holder, "j").message == 'output "o" is empty'


CHANGES = {
    "longer": ("chmod u+w {i}; echo more >> {i}", "has changed"),
    "another": ("rm -f {i}; echo other > {i}", "has changed"),
    "gone": ("rm -f {i}", "is missing"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_an_artifact_that_changed_between_two_actions_is_not_read(working, tmp_path, what):
    change, words = CHANGES[what]
    holder = working()
    made = Path(holder.layout("j").folder, "temp", "o")
    job = Job(
        "test",
        (
            Action("a", Shell("echo made > {o}"), outputs=(Output("o"),)),
            Action("b", Shell(change.replace("{i}", str(made)))),
            Action("c", Shell(f"touch {tmp_path}/read; cat {{o}}"), inputs=(Input("o"),)),
        ),
    )
    holder.submit("j", job)
    holder.finish("j")
    ended = failure(holder, "j")
    assert ended.action == 2 and words in ended.message, ended.message
    assert not (tmp_path / "read").exists(), "it did not even begin"


def test_an_input_that_changes_while_it_is_read_spoils_the_attempt(working):
    holder = working()
    job = Job(
        "test",
        (
            Action("a", Shell("echo made > {o}"), outputs=(Output("o"),)),
            Action(
                "b",
                Shell("chmod u+w {o}; echo more >> {o}; cp {o} {p}"),
                inputs=(Input("o"),),
                outputs=(Output("p", public=True),),
            ),
        ),
    )
    holder.submit("j", job)
    holder.finish("j")
    assert "while the action ran" in failure(holder, "j").message
    assert [path.name for path in published(holder, "j")] == ["o"]
