"""`jm modules test`: modules tried one after another, each told about when it is over. Knows no rule."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence

from job_manager.cli.output import Output, Styled
from job_manager.cli.reporting import FAILED, OK, problem_document, show_notes
from job_manager.cli.usage import Interrupted, UsageError
from job_manager.model.errors import Problem
from job_manager.model.hints import TYPE_CHECKING, Any
from job_manager.model.quantity import human

if TYPE_CHECKING:
    from job_manager.app.module_tests import Trial, Verdict

Document = dict[str, Any]
USAGE = "usage: jm modules test DIR... [options]"


def test(folders: Sequence[str], options: Namespace, out: Output) -> int:
    """Try the modules in the folders; the exit code: 0 when all keep their promises, 1 when one does not."""
    from job_manager.app.module_tests import modules_in, prepare, workplace
    from job_manager.cli.ending import heed_no_more, heed_signals

    if not folders:
        raise UsageError("the folder of the module is missing", usage=USAGE)
    out.starts = True
    modules, odd = modules_in(folders, os.getcwd())
    with workplace(options.keep) as place:
        heed_signals()
        trials = prepare(modules, place, options.input, options.params, options.config, os.environ, os.getcwd())
        show_notes(odd, out)
        verdicts = list(_each(trials, place, options, out))
    code = _conclude(verdicts, odd, place if options.keep else None, out)
    heed_no_more()
    return code


def _each(trials: Sequence[Trial], place: str, options: Namespace, out: Output) -> Iterator[Verdict]:
    from job_manager.app.home import Home
    from job_manager.app.module_tests import perform
    from job_manager.app.running import new_id
    from job_manager.app.watching import Watch
    from job_manager.cli.story import Silent

    home = Home(os.path.join(place, "state"))
    quiet = Output(json=True)  # of a job that nobody has heard of there is nothing to tell
    for trial in trials:
        watch = Watch(Silent(quiet), home.jobs)
        verdict = perform(trial, home, new_id(), watch, os.environ, options.config, options.keep)
        if verdict.stopped:
            raise Interrupted(f"interrupted while {trial.module.name} was being tested")
        _tell(verdict, options, out)
        yield verdict


def _tell(verdict: Verdict, options: Namespace, out: Output) -> None:
    said = verdict.document
    took = f"  {human(said['seconds'])}" if said["seconds"] is not None else ""
    head = Styled("ok: ", "good") if verdict.ok else Styled("failed: ", "bad")
    out.line(head, Styled(said["name"], "strong"), took)
    for one in said["inputs"]:
        folder = "" if one["kind"] == "file" or not os.path.isdir(one["path"]) else "/"
        named = f"{os.path.basename(one['path'])}{folder}"
        out.line(Styled("   reads   ", "quiet"), f"--{one['param']} {named} ({one['origin']})")
    if said["values"]:
        values = ", ".join(f"{name}={value}" for name, value in said["values"].items())
        out.line(Styled("   params  ", "quiet"), values)
    for one in said["outputs"] if not said["failure"] else ():
        out.line(Styled("   writes  ", "quiet"), f"--{one['param']} {one['type']}, {_size(one)}")
    show_notes(said["problems"], out)
    for one in said["differences"]:
        out.error(Styled(f"{one['expected']}: ", "strong"), one["message"])
    if verdict.ok:
        out.value(said["name"])
    if said["failure"]:
        _show_card(verdict, options, out)


def _size(output: Document) -> str:
    if output["bytes"] is None:
        return "not written, and may be missing"
    number = len(output["files"] or ())
    several = f"{number:,} file{'s' if number != 1 else ''}, " if output["files"] is not None else ""
    return f"{several}{'a directory, ' if output['kind'] == 'directory' else ''}{output['bytes']:,} bytes"


def _show_card(verdict: Verdict, options: Namespace, out: Output) -> None:
    from job_manager.cli.card import show_card
    from job_manager.cli.place import command

    folder = verdict.trial.module.folder.removeprefix(os.path.join(os.getcwd(), ""))
    card = verdict.document["failure"]
    hints = (
        card["hints"] if options.keep else [*card["hints"], "--keep leaves its files, to look at and to run by hand"]
    )
    show_card({**card, "hints": hints}, (), 0, command(None, "modules", "test", folder), out)


def _conclude(verdicts: Sequence[Verdict], odd: Sequence[Problem], kept: str | None, out: Output) -> int:
    good = sum(verdict.ok for verdict in verdicts)
    code = OK if good == len(verdicts) else FAILED
    if len(verdicts) > 1:
        out.line(Styled(f"{good} of {len(verdicts)} modules passed", "bad" if code else "good"))
    if kept:
        out.line("kept: ", kept)
        out.value(kept)
    documents = [
        {**verdict.document, "problems": [problem_document(problem) for problem in verdict.document["problems"]]}
        for verdict in verdicts
    ]
    problems = [problem_document(problem) for problem in odd]
    out.document({"ok": not code, "exit": code, "modules": documents, "kept": kept, "problems": problems})
    return code
