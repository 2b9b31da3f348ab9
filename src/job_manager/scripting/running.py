"""A job of this process run, shown or not, in this thread or beside an event loop; checked; planned. No rule."""

from __future__ import annotations

import os

from job_manager.app.interrupts import Interrupts
from job_manager.app.observing import Silent
from job_manager.model.errors import InputError, Problem
from job_manager.model.hints import TYPE_CHECKING, Any
from job_manager.scripting.preparing import Asked, Prepared, prepare, start
from job_manager.scripting.results import Result

if TYPE_CHECKING:
    from job_manager.app.finishing import Outcome

__all__ = ["Asked", "check", "plan", "run", "run_async"]


def run(tree: Any, asked: Asked, show: bool = False) -> Result:
    """Run it to its end in this thread; with `show` as `jm run` does."""
    prepared = prepare(tree, asked)
    if show:
        from job_manager.scripting.showing import run_shown

        outcome = run_shown(prepared)
    else:
        outcome = start(prepared, Silent(), None)
    return Result.of(prepared.home, outcome, prepared.loaded.problems)


async def run_async(tree: Any, asked: Asked) -> Result:
    """Run it in a thread beside the loop."""
    from job_manager.app.original_loop import beside_the_loop

    prepared = prepare(tree, asked)
    ended: list[Outcome] = []
    await beside_the_loop(lambda interrupts, in_loop: ended.append(_start(prepared, interrupts)))
    return Result.of(prepared.home, ended[0], prepared.loaded.problems)


def _start(prepared: Prepared, interrupts: Interrupts) -> Outcome:
    from job_manager.app.running import run as run_here

    return run_here(prepared.home, prepared.loaded, Silent(), os.environ, "", interrupts, prepared.config)


def check(tree: Any, asked: Asked) -> list[Problem]:
    """Everything wrong or odd about it."""
    try:
        return list(prepare(tree, asked, files_needed=False).loaded.problems)
    except InputError as error:
        return list(error.problems)


def plan(tree: Any, asked: Asked) -> dict[str, Any]:
    """What would run."""
    from job_manager.app.planning import Plan

    prepared = prepare(tree, asked, files_needed=False)
    return Plan(prepared.loaded, prepared.home).document()
