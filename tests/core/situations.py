"""Situations of known cause in which something waits, or a job stands somewhere: what the answer to `why` has to be.

Knows what is true because it was made so; asks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from job_manager.model.record import NamedTuple
from job_manager.testing import Farm
from tests.core.scenes import (
    a_longer_row,
    after_a_job_that_failed,
    after_a_job_that_is_gone,
    after_a_job_that_runs,
    behind_a_queue,
    behind_a_retry,
    came_first,
    capped,
    fair_share,
    hook_waits,
    interrupted,
    kept,
    killed,
    leased_ahead,
    less_than_it_takes,
    limit,
    limit_of_two,
    max_active,
    memory,
    needs,
    needs_a_task,
    needs_chain,
    never_taken_up,
    no_room,
    no_worker,
    not_before,
    paused,
    paused_by_its_text,
    priority_of_two,
    slots,
    slots_of_another_job,
    slots_of_several_cpus,
    turn,
    turn_within,
    worker_gone,
)
from tests.core.scenes_ended import (
    fails_plainly_beside,
    grown_waits,
    in_time,
    job_being_cancelled,
    job_cancelled,
    lost_for_good,
    never_begun,
    out_of_time,
    running,
    shut_down,
    skipped_by_turn,
    succeeded_at_once,
    waits_for_a_retry,
)

NO_ONE = False


class Truth(NamedTuple):
    """What an answer must say. `about`: all of these are named as the cause; `words`: a part of the sentence;
    `proof`: a part of the evidence; `helps`: the verb of the first command, or "" for any."""

    cause: str
    about: tuple[str, ...]
    words: str
    proof: str = ""
    helps: str = ""


class Situation(NamedTuple):
    """`made` gives the farm; `path` is that of the action asked about, or "" for the job."""

    name: str
    made: Callable[[], Farm]
    path: str
    truth: Truth
    hosted: bool = True


WAITING: Sequence[Situation] = (
    Situation("its turn", turn, "late", Truth("turn", ("early",), "waits for its turn in the job", "", "logs")),
    Situation("the turn of its task", turn_within, "late", Truth("turn", ("outer",), "outer/inner/x", "", "logs")),
    Situation("its turn within", turn_within, "outer/z", Truth("turn", ("outer/inner",), "its turn in outer")),
    Situation("needs", needs, "mix", Truth("needs", ("sound",), "waits for sound, which is running since +0")),
    Situation(
        "needs in a chain", needs_chain, "n5", Truth("needs", ("n4",), "waits for n4", "stands n0, which is running")
    ),
    Situation("needs a task", needs_a_task, "cut", Truth("needs", ("shots",), "shots, of which 4 of 6 are open")),
    Situation("a hook", hook_waits, "work/clean", Truth("hook", ("work/b",), "runs when all else in work is over")),
    Situation(
        "behind a retry",
        behind_a_retry,
        "late",
        Truth("turn", ("flaky",), "flaky, which is tried again", "exit code 9", "why"),
    ),
    Situation(
        "behind what lacks a limit",
        behind_a_queue,
        "after",
        Truth("needs", ("b",), "waits for b", "gpu: 1 of 1 in use by a"),
    ),
    Situation("in what has grown", grown_waits, "late", Truth("turn", ("g",), "g: g/x is running")),
    Situation("no slot", slots, "c", Truth("slots", ("a", "b"), "2 of 2 in use", "at work: a and b")),
    Situation("not so many slots", slots_of_several_cpus, "wide", Truth("slots", ("a",), "takes 2, and 1 of 2 in use")),
    Situation("a limit", limit, "b", Truth("limit", ("gpu", "a"), "gpu: 1 of 1 in use by a", "gpu is held by a")),
    Situation(
        "so much of a limit", limit_of_two, "both", Truth("limit", ("gpu", "a"), "gpu: takes 2, and 1 of 2 in use by a")
    ),
    Situation("memory", memory, "b", Truth("memory", ("memory", "a"), "takes 2G, and 3G of 4G in use by a")),
    Situation("kept for another", kept, "small", Truth("kept", ("gpu", "big"), "gpu: big comes before it")),
    Situation(
        "more than there is",
        less_than_it_takes,
        "a",
        Truth("limit", ("gpu",), "0 of 1 in use", "nobody: there is less"),
    ),
    Situation("max_active", max_active, "b", Truth("max-active", ("a",), "no more than 1 actions", "at work: a")),
    Situation(
        "the priority of another",
        priority_of_two,
        "plain",
        Truth("priority", ("two",), "two comes first: its priority is 5, not 0"),
    ),
    Situation(
        "a job of a higher priority",
        slots_of_another_job,
        "x",
        Truth("priority", ("j0",), "job j0 (test) waits for one, too, and its priority is 0, not -1", "at work: j0/p"),
    ),
    Situation("behind a slot", leased_ahead, "p/b", Truth("next", (), "behind the 1 slot of worker w1")),
    Situation("paused", paused, "b", Truth("paused", (), "is paused since +2", "a, which is ready", "unpause")),
    Situation("paused by its text", paused_by_its_text, "a", Truth("paused", (), "its text says `paused`")),
    Situation("interrupted", interrupted, "b", Truth("interrupted", (), "was interrupted at +2", "", "resume")),
    Situation("not before", not_before, "a", Truth("not-before", (), "before +100, in 1m 37s", "", "resume")),
    Situation(
        "killed, waiting",
        killed,
        "b",
        Truth("no-supervisor", (), "the job is run by nobody", "a, which was running", "resume"),
        NO_ONE,
    ),
    Situation(
        "killed, running",
        killed,
        "a",
        Truth("no-supervisor", (), "was running when its jm was killed", "attempt 1", "resume"),
        NO_ONE,
    ),
    Situation(
        "after a job that runs",
        after_a_job_that_runs,
        "a",
        Truth("after-jobs", ("j0",), "the job comes after job j0 (test), which is not over", "", "why"),
    ),
    Situation(
        "after a job that failed",
        after_a_job_that_failed,
        "a",
        Truth("after-jobs", ("j0",), "job j0 (test), which has failed, and does not count"),
    ),
    Situation(
        "after a job that is gone",
        after_a_job_that_is_gone,
        "a",
        Truth("after-jobs", ("j9",), "job j9, which is not there"),
    ),
    Situation(
        "submitted only",
        never_taken_up,
        "b",
        Truth("no-supervisor", (), "is submitted, and no supervisor is there", "", "up"),
        NO_ONE,
    ),
    Situation(
        "a longer row first",
        a_longer_row,
        "short",
        Truth(
            "slots",
            ("p0",),
            "1 of 1 in use",
            "first q0: it begins a row of 3 that come one after another, this one of 1",
        ),
    ),
    Situation(
        "a fair share",
        fair_share,
        "c",
        Truth("fair-share", ("j2",), "job j2 (test) waits for one, too, and has only 1 slot, while this one has 2"),
    ),
    Situation(
        "another job came first",
        came_first,
        "b",
        Truth("fair-share", ("j0",), "job j0 (test) waits for one, too, and came first"),
    ),
    Situation(
        "as many CPUs as the job may have",
        capped,
        "wide",
        Truth("cap", ("a",), "may have 2 CPUs at once (`-j`): 1 in use, and it takes 2", "-j: 1 of 2 cpus in use"),
    ),
    Situation(
        "no room on the disk",
        no_room,
        "a",
        Truth("disk", (), "for want of disk space: 10M free of the 256M floor at /data", "nothing is lost"),
    ),
    Situation("no worker", no_worker, "a", Truth("no-worker", (), "has no worker: none has come yet")),
    Situation(
        "the worker is gone",
        worker_gone,
        "a",
        Truth("no-worker", (), "has no worker: w1 is there no more since +2", "attempt 1 was lost"),
    ),
)

# --- jobs -------------------------------------------------------------------------------------------------------------

JOBS: Sequence[Situation] = (
    Situation("a job that runs", running, "", Truth("running", ("a",), "at work is a", "0 of 2 actions done")),
    Situation(
        "a job that waits for a retry",
        waits_for_a_retry,
        "",
        Truth("retry", ("a",), "the job waits: a is tried again at +2"),
    ),
    Situation(
        "a job that waits for a limit",
        less_than_it_takes,
        "",
        Truth("limit", ("a", "gpu"), "the job waits: a waits for gpu"),
    ),
    Situation("a paused job", paused, "", Truth("paused", (), "the job is paused since +2", "0 of 2", "unpause")),
    Situation("an interrupted job", interrupted, "", Truth("interrupted", (), "the job was interrupted", "", "resume")),
    Situation("a killed job", killed, "", Truth("no-supervisor", (), "the job is run by nobody", "", "resume"), NO_ONE),
    Situation(
        "a failed job",
        skipped_by_turn,
        "",
        Truth("failed", ("early/b",), "the job failed because early/b failed: exit code 7", "", "logs"),
    ),
    Situation(
        "a lost job", lost_for_good, "", Truth("lost", ("pay",), "the job failed because pay may have run", "", "skip")
    ),
    Situation(
        "a job that goes on",
        fails_plainly_beside,
        "",
        Truth("failed", ("a",), "the job goes on with what does not need it"),
    ),
    Situation(
        "a job that succeeded",
        succeeded_at_once,
        "",
        Truth("succeeded", (), "the job succeeded at +2, after 2.0s: 2 succeeded"),
    ),
    Situation(
        "a cancelled job",
        job_cancelled,
        "",
        Truth("cancelled", (), "the job was cancelled: somebody cancelled the job at +2", "", "retry"),
    ),
    Situation(
        "a job being cancelled",
        job_being_cancelled,
        "",
        Truth("cancelled", (), "the job is being ended: somebody", "1 attempt of it still to end"),
    ),
    Situation(
        "a job out of time",
        out_of_time,
        "",
        Truth("job-timeout", (), "the job failed: the job's timeout of 20s had passed at +20"),
    ),
    Situation(
        "a job that never began",
        never_begun,
        "",
        Truth("job-timeout", (), "the job failed: it had not begun within its wait_timeout of 20s"),
    ),
    Situation(
        "a job whose supervisor was shut down", shut_down, "", Truth("down", (), "the job is held since its supervisor")
    ),
    Situation(
        "a job with a limit of time",
        in_time,
        "",
        Truth("running", ("long",), "at work is long", "its timeout of 20s ends it at +20"),
    ),
)
