"""From argv to a verb, and from whatever happened to an exit code. Knows no rule and no job.

`jm --help` comes from here: nothing is imported that it does not need.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from job_manager.cli.output import TYPE_CHECKING, Output, prepare_streams

if TYPE_CHECKING:
    from job_manager.model.hints import Any

# Written out one by one, so that the import law sees them and a verb costs only itself.
COMMANDS: dict[str, Callable[[], Any]] = {
    "run": lambda: import_module("job_manager.cli.commands.run"),
    "order": lambda: import_module("job_manager.cli.commands.order"),
    "resume": lambda: import_module("job_manager.cli.commands.resume"),
    "submit": lambda: import_module("job_manager.cli.commands.submit"),
    "up": lambda: import_module("job_manager.cli.commands.up"),
    "down": lambda: import_module("job_manager.cli.commands.down"),
    "wait": lambda: import_module("job_manager.cli.commands.wait"),
    "watch": lambda: import_module("job_manager.cli.commands.watch"),
    "cancel": lambda: import_module("job_manager.cli.commands.cancel"),
    "retry": lambda: import_module("job_manager.cli.commands.retry"),
    "skip": lambda: import_module("job_manager.cli.commands.skip"),
    "pause": lambda: import_module("job_manager.cli.commands.pause"),
    "unpause": lambda: import_module("job_manager.cli.commands.unpause"),
    "prio": lambda: import_module("job_manager.cli.commands.prio"),
    "check": lambda: import_module("job_manager.cli.commands.check"),
    "plan": lambda: import_module("job_manager.cli.commands.plan"),
    "graph": lambda: import_module("job_manager.cli.commands.graph"),
    "merge": lambda: import_module("job_manager.cli.commands.merge"),
    "convert": lambda: import_module("job_manager.cli.commands.convert"),
    "modules": lambda: import_module("job_manager.cli.commands.modules"),
    "init": lambda: import_module("job_manager.cli.commands.init"),
    "new": lambda: import_module("job_manager.cli.commands.new"),
    "ls": lambda: import_module("job_manager.cli.commands.ls"),
    "status": lambda: import_module("job_manager.cli.commands.status"),
    "show": lambda: import_module("job_manager.cli.commands.show"),
    "logs": lambda: import_module("job_manager.cli.commands.logs"),
    "why": lambda: import_module("job_manager.cli.commands.why"),
    "story": lambda: import_module("job_manager.cli.commands.story"),
    "rm": lambda: import_module("job_manager.cli.commands.rm"),
    "gc": lambda: import_module("job_manager.cli.commands.gc"),
    "doctor": lambda: import_module("job_manager.cli.commands.doctor"),
    "repair": lambda: import_module("job_manager.cli.commands.repair"),
    "secret": lambda: import_module("job_manager.cli.commands.secret"),
    "config": lambda: import_module("job_manager.cli.commands.config"),
    "schema": lambda: import_module("job_manager.cli.commands.schema"),
    "version": lambda: import_module("job_manager.cli.commands.version"),
}
UNCONFIGURED = frozenset({"convert", "init", "merge", "schema", "version"})  # they need nothing that can be set
ALLOCATIONS = 50_000  # between two looks for circular garbage: what is imported is none, and is looked through often
FLAGS = frozenset({"-q", "--quiet", "--json"})
HELP = frozenset({"-h", "--help"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code (architecture, decision 14). Never raises for what a person does."""
    gc.set_threshold(ALLOCATIONS)
    words = list(sys.argv[1:] if argv is None else argv)
    out = Output(json="--json" in words[: words.index("--") if "--" in words else None])
    try:
        _heed_ctrl_c()
        _look_at_home_first()
        prepare_streams()
        code = _dispatch(words, out)
    except KeyboardInterrupt:
        code = _interrupted(out)
    except Exception as error:
        code = _failed(error, out)
    out.flush()
    return code if out.fault is None else _unwritten(out, code)


def _heed_ctrl_c() -> None:
    """From here on it is an exception and no sudden end; __main__ had chosen that while nothing could catch one."""
    if _signal.getsignal(_signal.SIGINT) == _signal.SIG_DFL:
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)


def _look_at_home_first() -> None:
    """What we need is looked for beside us before it is where PYTHONPATH says: that is for what a person runs, and may
    hold a json.py or yaml.py of theirs."""
    given = {path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path}
    if given:
        sys.path[:] = sorted(sys.path, key=given.__contains__)


def _failed(error: Exception, out: Output) -> int:
    from job_manager.cli.reporting import report
    from job_manager.cli.usage import HelpWanted

    if isinstance(error, HelpWanted):
        out.text(str(error))
        return 0
    return report(error, out)


def _interrupted(out: Output) -> int:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # another Ctrl-C ends it at once, and without a word
    from job_manager.cli.usage import Interrupted

    return _failed(Interrupted("interrupted"), out)


def _unwritten(out: Output, code: int) -> int:
    from job_manager.cli.reporting import unwritten

    return unwritten(out, code)


def _dispatch(words: list[str], out: Output) -> int:
    at = _verb_at(words)
    if at is not None and words[at] == "help":
        return _help(words[at + 1 :], out)
    if at is not None and words[at] in COMMANDS:
        return _command(words[at], [*words[:at], *words[at + 1 :]], out)
    if "--version" in words:
        return _command("version", [word for word in words if word != "--version"], out)
    if HELP.issuperset(words) or (at is None and HELP.intersection(words)):
        return _overview(words, out)
    return _original(words) if _is_original(words) else _mistaken(words, at)


def _help(words: list[str], out: Output) -> int:
    """`jm help`, `jm help run`: what `--help` prints."""
    at = _verb_at(words)
    if at is None or words[at] == "help":
        return _overview(["--help"], out)
    return _command(words[at], ["--help"], out) if words[at] in COMMANDS else _mistaken(words, at)


def _verb_at(words: Sequence[str]) -> int | None:
    """Where the first word stands that is none of the options that may stand before a verb."""
    skip = False
    for at, word in enumerate(words):
        if skip:
            skip = False
        elif word in ("--home", "--color"):
            skip = True
        elif not word.startswith("-"):
            return at
    return None


def _overview(words: Sequence[str], out: Output) -> int:
    """The help of the whole; somebody who typed `jm` alone has not said what to do."""
    from job_manager.cli.overview import TEXT

    out.text(TEXT)
    return 0 if words else 2


def _is_original(words: list[str]) -> bool:
    """Whether this is the original's command line: `python -m job_manager JOB VIDEO`. Who types `jm` means ours."""
    # Imported here: only what is no verb may be the original's.
    from job_manager.cli.original import OPTIONS, is_original

    named_jm = sys.argv[0].rpartition("/")[2] == "jm"
    return is_original(words) and not (named_jm and not any(word.split("=")[0] in OPTIONS for word in words))


def _original(words: list[str]) -> int:
    from job_manager.cli.original import main as run_as_original

    return run_as_original(words)


def _mistaken(words: Sequence[str], at: int | None) -> int:
    from job_manager.cli.usage import JOB_ENDINGS, UsageError, meant
    from job_manager.model.wording import quoted

    word = words[at] if at is not None else next((word for word in words if word not in FLAGS), "")
    what = "option" if word.startswith("-") else "command"
    hint = meant(word, COMMANDS) or f"the commands: {', '.join(COMMANDS)}"
    if word.endswith(JOB_ENDINGS):
        hint = f"to run a job file: jm run {word}"
    message = f"there is no {what} {quoted(word)}" if word else "a command is missing"
    raise UsageError(message, hint, "usage: jm COMMAND ...   (`jm --help` explains)")


def _configure(options: Any, out: Output) -> None:
    from job_manager.cli.settings import configured
    from job_manager.model.errors import InputError

    try:
        options.configured = configured(options)
    except InputError as error:
        raise InputError([*options.mistakes, *error.problems]) from None
    options.config = options.configured.config
    out.color = options.config.color


def _read(command: Any, words: Sequence[str]) -> Any:
    from job_manager.cli.usage import HelpWanted

    try:
        return command.parser().read(words)
    except HelpWanted as wanted:
        # Imported here: help is wanted seldom, and about a job even less often.
        from job_manager.cli.job_help import job_help

        text = job_help(command.parser(), [word for word in words if word not in HELP])
        raise HelpWanted(text or str(wanted)) from None


def _command(verb: str, words: Sequence[str], out: Output) -> int:
    command: Any = COMMANDS[verb]()
    options = _read(command, words)
    out.quiet, out.json = options.quiet, options.json
    if verb not in UNCONFIGURED:
        _configure(options, out)
    code: int = command.main(options, out)
    return code
