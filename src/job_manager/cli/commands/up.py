"""`jm up`: the supervisor of a state directory. Knows no rule itself."""

from __future__ import annotations

import os
from argparse import Namespace

from job_manager.cli.output import Output
from job_manager.cli.usage import MOST_SLOTS, Parser, refuse, whole

SUMMARY = "Supervise this directory: run every open job, and whatever is submitted, until `jm down` or Ctrl-C."
MORE = """\
Jobs that were interrupted go on; those that somebody paused stay paused. Ctrl-C, or SIGTERM, ends what runs within
10 s, and the next `jm up` runs it again; a second one leaves at once, and what runs goes on for whoever comes next."""
EXAMPLES = (
    ("jm up", "in this terminal"),
    ("jm up --detach", "in the background; what it does is in up.log of the state directory"),
    ("jm up -j 4", "four CPUs for all jobs together"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("up", SUMMARY, EXAMPLES, usage="[--detach] [-j N]", more=MORE)
    made.add_argument("--detach", action="store_true", help="go to the background once it is up")
    made.add_argument(
        "-j", metavar="N", type=whole(1, MOST_SLOTS), dest="slots", default=0, help="CPUs for actions (default: all)"
    )
    return made


def main(options: Namespace, out: Output) -> int:
    """Supervise until told to end."""
    refuse(options)
    from job_manager.app.capacity import capacity
    from job_manager.app.supervising import supervise
    from job_manager.cli.ending import heed_signals
    from job_manager.cli.place import home_of
    from job_manager.cli.reporting import INTERRUPTED, OK
    from job_manager.cli.supervision import Story, detached

    heed_signals()  # until it listens for them
    home = home_of(options)
    here = capacity(options.slots or options.config.jobs, options.config)
    if options.detach:
        return detached(home, lambda ready: supervise(home, here, options.config, os.environ, Story(out), ready), out)
    return INTERRUPTED if supervise(home, here, options.config, os.environ, Story(out)) else OK
