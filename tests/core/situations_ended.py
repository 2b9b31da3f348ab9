"""Situations of known cause in which something is over, runs again, or a person has said something about it.

Knows what is true because it was made so; asks nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.core.scenes_ended import (
    action_being_cancelled,
    action_cancelled,
    again_since_it_was_held,
    again_since_its_text_changed,
    again_since_what_it_reads_changed,
    another_job_was_preferred,
    being_ended,
    condition,
    condition_of_its_task,
    condition_settled,
    excused,
    fails_after_ten_losses,
    fails_for_a_reason_that_stays,
    fails_otherwise_than_retry_on,
    fails_plainly,
    fails_with_retries,
    hook_again,
    hook_for_success,
    hook_not_called,
    input_left_out,
    job_being_cancelled,
    job_cancelled,
    lost_for_good,
    never_begun,
    no_items,
    out_of_time,
    out_of_time_with_retries,
    paused_while_something_runs,
    reads_what_was_excused,
    released,
    resumed_after_a_failure,
    retried_after_a_cancel,
    retried_after_success,
    running,
    shut_down,
    skipped_by_needs,
    skipped_by_turn,
    skipped_for_what_is_lost,
    skipped_over_others,
    starves,
    succeeded_after_a_failure,
    succeeded_after_a_loss,
    succeeded_at_once,
    waiting_action_cancelled,
    waits_for_a_retry,
)
from tests.core.situations import Situation, Truth

ENDED: Sequence[Situation] = (
    Situation(
        "no room ten times",
        starves,
        "a",
        Truth("failed", ("a",), "a failed: disk 1", "it found no room on a disk 11 times; 10 are borne"),
    ),
    Situation(
        "failed", fails_plainly, "a", Truth("failed", ("a",), "a failed: exit code 3", "it has no `retries`", "logs")
    ),
    Situation(
        "failed three times",
        fails_with_retries,
        "a",
        Truth("failed", ("a",), "exit code 3", "used up: 3 attempts of 3"),
    ),
    Situation(
        "no help in trying",
        fails_for_a_reason_that_stays,
        "a",
        Truth("failed", ("a",), "output-invalid", "does not help after `output-invalid`"),
    ),
    Situation(
        "not in retry_on",
        fails_otherwise_than_retry_on,
        "a",
        Truth("failed", ("a",), "exit code 3", "`retry_on` does not name this end: 75, timeout"),
    ),
    Situation(
        "lost ten times",
        fails_after_ten_losses,
        "a",
        Truth("failed", ("a",), "outcome is not known", "it was lost 11 times; 10 are borne"),
    ),
    Situation(
        "a retry", waits_for_a_retry, "a", Truth("retry", (), "is tried again at +2", "attempt 1 failed at +1", "logs")
    ),
    Situation(
        "lost",
        lost_for_good,
        "pay",
        Truth("lost", ("pay",), "may have run and must not run twice", "`idempotent: false`", "skip"),
    ),
    Situation(
        "no items", no_items, "one", Truth("failed", (), "would be written by both", "nothing of it was started")
    ),
    Situation(
        "skipped, by turn",
        skipped_by_turn,
        "late/d",
        Truth("skipped", ("early/b",), "because early/b failed: exit code 7", "comes after early/b", "why"),
    ),
    Situation(
        "skipped, by needs",
        skipped_by_needs,
        "mix",
        Truth("skipped", ("film",), "because film failed: exit code 7", "mix needs what film is part of"),
    ),
    Situation(
        "skipped, over others",
        skipped_over_others,
        "d",
        Truth("skipped", ("a",), "because a failed", "between the two c and b were skipped"),
    ),
    Situation("skipped for a loss", skipped_for_what_is_lost, "b", Truth("skipped", ("pay",), "because pay is lost")),
    Situation("a condition", condition, "mend", Truth("condition", ("try",), "`try.failed`", "try ended as succeeded")),
    Situation(
        "a condition of params",
        condition_settled,
        "never",
        Truth("condition", (), "`false`", "settled when the job was submitted"),
    ),
    Situation(
        "the condition of its task", condition_of_its_task, "mend/y", Truth("condition", (), "so was all of mend")
    ),
    Situation(
        "a hook for errors",
        hook_not_called,
        "work/tell",
        Truth("hook-not-called", ("work/a",), "only after something failed", "work/a ended as succeeded"),
    ),
    Situation(
        "a hook for success",
        hook_for_success,
        "work/publish",
        Truth("hook-not-called", ("work/a",), "only when all went well", "work/a ended as failed"),
    ),
    Situation(
        "an input left out",
        input_left_out,
        "cut",
        Truth(
            "input-left-out",
            ("make",),
            'reads "film", and make, which writes that, was left out',
            "its condition does not hold: `false`",
        ),
    ),
    Situation("running", running, "a", Truth("running", ("a",), "since +0, for 7.0s", "on worker w1", "logs")),
    Situation("being ended", being_ended, "a", Truth("stopping", (), "is being ended: the job was interrupted")),
    Situation("succeeded", succeeded_at_once, "a", Truth("succeeded", ("a",), "succeeded at +1, after 1.0s")),
    Situation(
        "again after a failure",
        succeeded_after_a_failure,
        "a",
        Truth("ran-again", ("a",), "attempt 1 had failed: exit code 75"),
    ),
    Situation(
        "again after a loss",
        succeeded_after_a_loss,
        "a",
        Truth("ran-again", ("a",), "an attempt was lost", "costs none of its retries"),
    ),
    Situation(
        "again after a hold",
        again_since_it_was_held,
        "a",
        Truth("ran-again", ("a",), "ended when the job was held", "that costs nothing"),
    ),
    Situation(
        "again with another text",
        again_since_its_text_changed,
        "a",
        Truth("ran-again", ("a",), "its own text was edited"),
    ),
    Situation(
        "again with other inputs",
        again_since_what_it_reads_changed,
        "b",
        Truth("ran-again", ("b",), "what it reads had changed"),
    ),
    Situation(
        "a hook again", hook_again, "work/tell", Truth("ran-again", ("work/tell",), "what it follows was run again")
    ),
    Situation(
        "again when asked",
        resumed_after_a_failure,
        "a",
        Truth("ran-again", ("a",), "because somebody asked for it", "attempt 1 failed at +1 after 1.0s: exit code 7"),
    ),
    Situation(
        "cancelled",
        action_cancelled,
        "a",
        Truth("cancelled", ("a",), "somebody said so at +2", "ended at +2, and with it the action", "retry"),
    ),
    Situation(
        "cancelled before it began",
        waiting_action_cancelled,
        "b",
        Truth("cancelled", ("b",), "somebody said so at +2", "nothing of it was started"),
    ),
    Situation(
        "skipped for what was cancelled",
        action_cancelled,
        "b",
        Truth("skipped", ("a",), "because a was cancelled", "b needs"),
    ),
    Situation(
        "being cancelled",
        action_being_cancelled,
        "a",
        Truth("stopping", (), "somebody cancelled it at +2", "had 30s to end"),
    ),
    Situation(
        "cancelled with the job", job_cancelled, "b", Truth("cancelled", ("b",), "somebody cancelled the job at +2")
    ),
    Situation(
        "being cancelled with the job",
        job_being_cancelled,
        "a",
        Truth("stopping", (), "the job is ended: somebody cancelled the job at +2"),
    ),
    Situation(
        "skipped by a person",
        excused,
        "a",
        Truth("excused", ("a",), "somebody said at +2 to go on without it", "exit code 7", "retry"),
    ),
    Situation(
        "reads what a person skipped",
        reads_what_was_excused,
        "cut",
        Truth(
            "input-left-out", ("make",), "make, which writes that, was left out", "somebody said at +4 to go on without"
        ),
    ),
    Situation("runs since a person skipped", excused, "b", Truth("running", ("b",), "attempt 1, since +2")),
    Situation(
        "paused, nothing is ended",
        paused_while_something_runs,
        "b",
        Truth("paused", (), "is paused since +2", "1 of 1 in use", "unpause"),
    ),
    Situation(
        "paused, it goes on",
        paused_while_something_runs,
        "a",
        Truth("running", ("a",), "since +0", "the job is paused since +2"),
    ),
    Situation("released", released, "b", Truth("slots", ("a",), "waits for a free slot: 1 of 1 in use")),
    Situation(
        "shut down", shut_down, "b", Truth("down", (), "held since its supervisor was shut down at +2", "", "up")
    ),
    Situation(
        "retried after success",
        retried_after_success,
        "b",
        Truth("ran-again", ("b",), "somebody asked for it", "since +6"),
    ),
    Situation(
        "retried after a cancel",
        retried_after_a_cancel,
        "a",
        Truth("ran-again", ("a",), "somebody asked for it", "since +4"),
    ),
    Situation(
        "another job was preferred",
        another_job_was_preferred,
        "y",
        Truth("priority", ("j2",), "job j2 (test) waits for one, too, and its priority is 3, not 0"),
    ),
    Situation(
        "out of time, running", out_of_time, "a", Truth("job-timeout", ("a",), "the job's timeout of 20s had passed")
    ),
    Situation(
        "out of time, waiting",
        out_of_time,
        "b",
        Truth("job-timeout", ("b",), "b was cancelled: the job's timeout of 20s had passed at +20"),
    ),
    Situation(
        "never begun",
        never_begun,
        "a",
        Truth("job-timeout", ("a",), "it had not begun within its wait_timeout of 20s at +20"),
    ),
    Situation(
        "no retry, out of time",
        out_of_time_with_retries,
        "flaky",
        Truth("job-timeout", ("flaky",), "flaky failed: the job's timeout", "the whole job is ended"),
    ),
)
