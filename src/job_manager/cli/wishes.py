"""From options to what app.loading is asked for. Knows no rule: what is missing or wrong is said there."""

from __future__ import annotations

from argparse import Namespace

from job_manager.app.loading import Wish, completed


def wish(options: Namespace, job_file: str, files: list[str] | None = None) -> Wish:
    """The wish that the options of `usage.add_run_options` and the words beside them say."""
    return Wish(
        job_file=job_file,
        files=tuple(files or ()),
        named=tuple(options.input),
        shelves=tuple(options.modules),
        python=options.python or "",
        out=options.out,
        slots=options.slots or 0,
        keep_temp=options.keep_temp,
        verify=options.verify,
        loose_types=options.loose_types,
        format=options.format,
        params=tuple(options.params),
    )


def whole_wish(options: Namespace) -> Wish:
    """The wish of a command that begins with a job file, completed by the configuration."""
    return completed(wish(options, options.job, options.files), options.config)


def says_something(options: Namespace) -> bool:
    """Whether any of those options was given."""
    return wish(options, "") != Wish("")
