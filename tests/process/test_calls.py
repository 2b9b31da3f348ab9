"""What is read of an order from outside: its runner's notes, whole or torn, and its status file, its own or another's.

Runs nothing.
"""

from __future__ import annotations

from pathlib import Path

from job_manager.core.state import JobState
from job_manager.model.job import Action, Call, Command, Job, Order
from job_manager.model.site import Site
from job_manager.worker.brief import Brief, Briefing, directory
from job_manager.worker.calls import STATUS, calls, close_status, journal, left_early
from job_manager.worker.layout import Layout

ORDER = Order((("m", "m.py"),), (Call("m", "one"), Call("m", "two", log="two.txt"), Call("m", "three")))
NOTES = '[0, "running", 1.0]\n[0, "succeeded", 2.5]\n[1, "running", 3.0]\n'


def brief(folder: Path, work: Order | Command = ORDER, workdir: str = "") -> tuple[Brief, Layout]:
    job = Job("j", (Action("a", work, workdir=workdir),))
    layout = Layout(str(folder / "jobs"), "j1")
    return Briefing(JobState("j1", job, Site(str(folder), ""), 0.0), layout).brief(0, 1), layout


def test_the_notes_say_which_call_is_made(tmp_path):
    notes = tmp_path / "notes"
    notes.write_text(NOTES)
    one, two, three = calls(ORDER, "/w", str(notes))
    assert (one.state, one.began, one.ended, one.log) == ("succeeded", 1.0, 2.5, "")
    assert (two.state, two.began, two.log) == ("running", 3.0, "/w/two.txt") and three.state == "waiting"


def test_a_note_that_is_being_written_and_one_that_is_none_are_passed_over(tmp_path):
    notes = tmp_path / "notes"
    for more in ('[1, "succ', "nonsense\n", '[99, "running", 1.0]\n'):
        notes.write_text(NOTES + more)
        assert [call.state for call in calls(ORDER, "/w", str(notes))] == ["succeeded", "running", "waiting"]
    assert {call.state for call in calls(ORDER, "/w", str(tmp_path / "none"))} == {"waiting"}


def test_an_order_has_done_well_only_when_all_its_calls_have(tmp_path):
    mine, layout = brief(tmp_path)
    notes = Path(journal(layout, mine.path, 1))
    notes.parent.mkdir(parents=True)
    notes.write_text(NOTES)
    assert left_early(mine, layout).startswith("call 2 of 3 (m.two): ")
    notes.write_text(NOTES + '[1, "succeeded", 4.0]\n[2, "running", 4.0]\n[2, "succeeded", 5.0]\n')
    assert left_early(mine, layout) == ""


def test_only_its_own_status_is_closed_and_only_once(tmp_path):
    mine, layout = brief(tmp_path)
    status = tmp_path / STATUS
    close_status(mine, layout)
    assert not status.exists()
    for text in ("# job j2, a, attempt 1\nstatus:\n- m.one\n", "status:\n- m.one\n", ""):
        status.write_text(text)
        close_status(mine, layout)
        assert status.read_text() == text
    status.write_text("# job j1, a, attempt 1\nstatus:\n- m.one\n")
    close_status(mine, layout)
    close_status(mine, layout)
    assert status.read_text() == "# job j1, a, attempt 1\nstatus:\n- m.one\n- Exception\n"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("# job j1, a, attempt 1\n")
    status.unlink()
    status.symlink_to(elsewhere)
    close_status(mine, layout)
    assert elsewhere.read_text() == "# job j1, a, attempt 1\n"


def test_what_is_no_module_runs_where_it_says_else_where_it_was_submitted(tmp_path):
    assert directory(*brief(tmp_path, Command(("true",)))) == str(tmp_path)
    assert directory(*brief(tmp_path, Command(("true",)), "/elsewhere")) == "/elsewhere"
    assert directory(*brief(tmp_path, workdir="/elsewhere")) == "/elsewhere"
