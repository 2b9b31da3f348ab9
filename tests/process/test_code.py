"""Code of a module that changes while its job runs: the attempt that runs the new code says so, in the journal and at
once; others, and jobs without modules, are not troubled."""

from __future__ import annotations

from pathlib import Path

from job_manager.core import events as e
from job_manager.core.said import SubmitJob
from job_manager.model.document import job_document
from job_manager.model.job import Action, Job, ModuleCall
from job_manager.model.site import Installed, Site
from job_manager.model.site_document import site_document
from job_manager.modules.digest import folder_digest
from job_manager.worker.code import PATIENCE, Code


def module(folder: Path, text: str = "#!/bin/sh\nexit 75\n") -> Installed:
    folder.mkdir()
    entry = folder / "main.sh"
    entry.write_text(text)
    entry.chmod(0o755)
    return Installed("m", str(folder), "main.sh", "", "", folder_digest(str(folder)), retries=1)


def test_the_attempt_after_an_edit_says_so(working, tmp_path):
    one, installed = working(), module(tmp_path / "m")
    one.worker.code.patience = 0.0
    job = Job("test", (Action("a", ModuleCall("m")), Action("b", ModuleCall("m"))))
    site = Site(workdir=str(tmp_path), store=str(tmp_path / "jobs" / "j"), modules=(installed,))
    one.say(SubmitJob("j", job_document(job), site_document(site)))
    one.open("j")
    one.until(lambda: bool(one.events(e.RetryPlanned)))
    (tmp_path / "m" / "main.sh").write_text("#!/bin/sh\nexit 0\n")
    one.finish("j")
    words = 'the module "m" has changed since the job was submitted; it runs as it is now'
    assert [event.message for event in one.events(e.AttemptFailed)] == ["exit code 75"]
    assert [event.note for event in one.events(e.ActionSucceeded)] == [words, words]
    note, *_ = one.worker.notes()
    assert (note.action, note.message) == (0, words)


def test_what_has_not_changed_is_read_once(tmp_path):
    code, installed = Code(), module(tmp_path / "m")
    assert code.change(installed, 0.0) == "" == code.change(None, 0.0)
    (tmp_path / "m" / "more.txt").write_text("x")
    assert code.change(installed, PATIENCE / 2) == "", "within a second nobody looks again"
    assert "has changed" in code.change(installed, PATIENCE)
    (tmp_path / "m" / "more.txt").unlink()
    assert code.change(installed, 3 * PATIENCE) == "", "and back again"
    (tmp_path / "m" / "__pycache__").mkdir()
    (tmp_path / "m" / "__pycache__" / "x.pyc").write_text("x")
    assert code.change(installed, 5 * PATIENCE) == "", "what Python writes there is no code"
