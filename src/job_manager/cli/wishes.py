"""From options to what app.loading is asked for. Knows no rule: what is missing or wrong is said there."""

from __future__ import annotations

import os
from argparse import Namespace

from job_manager.app.loading import Loaded, Wish, completed, load
from job_manager.model.errors import InputError, Problem


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
        here=getattr(options, "here", False),
        log=getattr(options, "log", ""),
    )


def whole_wish(options: Namespace) -> Wish:
    """The wish of a command that begins with a job file, completed by the configuration."""
    return completed(wish(options, options.job, options.files), options.config)


def all_checked(options: Namespace) -> list[Loaded]:
    """The jobs of a command that takes several. Raises InputError with every mistake in any of them."""
    from job_manager.app.submitting import jobs_among

    found: list[Loaded] = []
    problems: list[Problem] = []
    for job, files in jobs_among([options.job, *options.files]):
        try:
            found.append(checked(Namespace(**{**vars(options), "job": job, "files": files})))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return found


def checked(options: Namespace, *, files_needed: bool = True) -> Loaded:
    """The job of such a command, read and checked. Raises InputError with every mistake, of the command line, too."""
    try:
        loaded = load(whole_wish(options), os.environ, os.getcwd(), files_needed=files_needed)
    except InputError as error:
        raise InputError([*options.mistakes, *error.problems]) from None
    if options.mistakes:
        raise InputError([*options.mistakes, *loaded.problems])
    return loaded


def says_something(options: Namespace) -> bool:
    """Whether any of those options was given."""
    return wish(options, "") != Wish("")
