"""Files given to a job's inputs: the same one twice is told."""

from __future__ import annotations

from job_manager.app.given import given_files
from job_manager.model.job import FILES, Job, JobInput


def test_a_file_given_twice_is_said_once(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    job = Job("j", inputs=(JobInput("clips", kind=FILES),))
    found, problems = given_files(job, ["a.txt", "./a.txt", str(tmp_path)], (), str(tmp_path), True)
    assert [given.name for given in found] == ["clips/a.txt", "clips/a-2.txt", "clips/a-3.txt"]
    assert [(one.severity, one.message) for one in problems] == [
        ("note", './a.txt is given more than once: the second is called "a-2.txt" here')
    ]
