"""A call of which only half is said, as a file with mistakes makes it, survives being written down."""

from __future__ import annotations

from job_manager.model.document import job_document, read_job
from job_manager.model.job import Action, Call, Job, Order


def test_a_call_that_names_nothing_is_read_as_it_was_written():
    job = Job("j", (Action("a", Order((), (Call("", ""), Call("m", "")))),))
    assert read_job(job_document(job)) == job
