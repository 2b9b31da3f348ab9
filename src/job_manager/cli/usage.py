"""Options and their mistakes: argparse with our words, options on either side of the verb, and did-you-mean.

Knows no verb; each file of commands/ describes its own.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence

from job_manager.model.errors import InputError, JobManagerError, Place, Problem
from job_manager.model.hints import Any, NoReturn
from job_manager.model.wording import quoted

# All of ours is English: to look for a translation of argparse's few words takes 2 ms of every start.
argparse._ = str  # type: ignore[attr-defined]

MOST_SLOTS = 4096
COLOURS = ("auto", "always", "never")
PLACE = Place("command line", 0, 0)  # as app.loading calls it
WRONG = object()  # stands for a value that cannot be used


class UsageError(JobManagerError):
    """The command line itself is wrong. `usage` is the line that shows how it is written."""

    def __init__(self, message: str, hint: str = "", usage: str = "") -> None:
        super().__init__(message, hint)
        self.usage = usage


class Interrupted(JobManagerError):
    """Ctrl-C outside of a run. `hint`: how to go on with what is in the journal, or ""."""


class HelpWanted(Exception):
    """Not an error: somebody asked for help; the text is the argument."""


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        raise HelpWanted(parser.format_help())


# What can only be a job file where an id or a verb is asked for.
JOB_ENDINGS = (".yaml", ".yml", ".py", ".json", ".alf")


class Parser(argparse.ArgumentParser):
    """The options of one verb. Raises UsageError and HelpWanted; never prints, never exits."""

    def __init__(
        self, verb: str, summary: str, examples: Sequence[tuple[str, str]], *, usage: str, more: str = ""
    ) -> None:
        super().__init__(
            prog=f"jm {verb}",
            usage=f"jm {verb} {usage}".rstrip(),
            description=f"{summary}\n{more}".rstrip(),
            epilog=_examples(examples),
            add_help=False,
            allow_abbrev=False,
            formatter_class=_formatter,
        )
        self._mistakes: list[Problem] = []
        self._words: list[str] = []
        self._optionals.title = "options"
        self._positionals.title = "arguments"

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """The options in `words`; positional ones may stand between others, and after `--` there are no others."""
        _add_everywhere(self)
        words = list(words)
        end = words.index("--") if "--" in words else len(words)
        self._words = words[:end]
        # argparse would still take them for options: it sees names without a dash, which no real word can be.
        plain = {f"\0{number}": word for number, word in enumerate(words[end + 1 :])}
        options, unknown = self.parse_known_intermixed_args([*words[:end], *plain])
        if unknown:
            raise self._unexpected(unknown[0], plain)
        for name, value in vars(options).items():
            setattr(options, name, self._meant_value(name, value, plain))
        options.mistakes = self._mistakes
        if self._mistakes and not getattr(options, "job", ""):
            refuse(options)
        return options

    def _meant_value(self, name: str, value: Any, plain: dict[str, str]) -> Any:
        if isinstance(value, list):
            return [plain.get(each, each) if isinstance(each, str) else each for each in value if each is not WRONG]
        if value is WRONG:
            return self.get_default(name)
        return plain.get(value, value) if isinstance(value, str) else value

    def _get_value(self, action: argparse.Action, text: str) -> Any:
        """Called by argparse for each value. A wrong one waits until all that is wrong can be said."""
        try:
            return super()._get_value(action, text)
        except argparse.ArgumentError as error:
            hint = "" if self._mistakes else self.usage_line()
            self._mistakes.append(Problem(PLACE, str(error).removeprefix("argument "), hint))
            return WRONG

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Called by argparse where only some words may stand."""
        if value is not WRONG:
            super()._check_value(action, value)

    def _unexpected(self, word: str, plain: dict[str, str]) -> UsageError:
        if word in plain:
            return UsageError(f"{quoted(plain[word])} is one argument too many", usage=self.usage_line())
        if not word.startswith("-") or word == "-":
            return UsageError(f"{quoted(word)} is one argument too many", usage=self.usage_line())
        name = word.split("=", 1)[0]
        return UsageError(f"there is no option {name}", meant(name, self._option_string_actions), self.usage_line())

    def _refuse_unknown(self) -> None:
        # Said before what is missing: who misspells an option may well have written the rest.
        for word in self._words:
            name = word.split("=", 1)[0]
            if name.startswith("--") and name not in self._option_string_actions:
                raise self._unexpected(word, {})

    def usage_line(self) -> str:
        """`usage: jm verb ...` in one line."""
        return self.format_usage().strip()

    def error(self, message: str) -> NoReturn:
        """Called by argparse."""
        missing = message.removeprefix("the following arguments are required: ")
        if missing != message:
            self._refuse_unknown()
            message = f"{missing} is missing" if "," not in missing else f"{missing} are missing"
        raise UsageError(message.removeprefix("argument "), usage=self.usage_line())


def refuse(options: argparse.Namespace) -> None:
    """Raises UsageError or InputError when a value on the command line was wrong, or several. For those who cannot say
    it together with the mistakes of a job."""
    if len(options.mistakes) == 1:
        (mistake,) = options.mistakes
        raise UsageError(mistake.message, usage=mistake.hint)
    if options.mistakes:
        raise InputError(options.mistakes)


def _formatter(prog: str) -> argparse.HelpFormatter:
    # argparse makes one of these for every option; asked for its width it would import shutil each time.
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=26, width=_columns())


def _columns() -> int:
    try:
        return max(60, min(110, os.get_terminal_size(1).columns - 2))
    except (OSError, ValueError):
        return 100


def _examples(examples: Sequence[tuple[str, str]]) -> str:
    longest = min(70, max(len(command) for command, _ in examples))
    return "examples:\n" + "\n".join(f"  {command:<{longest}}  # {words}" for command, words in examples)


def _add_everywhere(parser: Parser) -> None:
    group = parser.add_argument_group("everywhere")
    group.add_argument("--home", metavar="DIR", help="the state directory (default: ./.jm)")
    group.add_argument("--color", metavar="WHEN", choices=COLOURS, help="auto, always or never")
    group.add_argument("-q", "--quiet", action="store_true", help="print only ids and paths, and errors")
    group.add_argument("--json", action="store_true", help="print one JSON document, also for errors")
    group.add_argument("-h", "--help", action=_Help, nargs=0, help="print this")


def meant(word: str, known: Any) -> str:
    """`did you mean ...?` for a word that is like one of `known`, else ""."""
    # Imported here: only a mistake needs it.
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), 3, 0.6)
    # A letter is mistaken more often than left out: `rum` is rather `run` than `rm`, which would do harm.
    near.sort(key=lambda one: len(one) != len(word))
    return f"did you mean {near[0]}?" if near else ""


def whole(least: int, most: int) -> Callable[[str], int]:
    """A type for argparse: a whole number between the two."""

    def read(text: str) -> int:
        try:
            number = int(text) if text.isascii() and text.strip().lstrip("+-").isdigit() else None
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            raise argparse.ArgumentTypeError(f"expected a whole number from {least} to {most}, found {quoted(text)}")
        return number

    return read


def one_of(*words: str) -> Callable[[str], str]:
    """A type for argparse: one of these words."""

    def read(text: str) -> str:
        if text not in words:
            near = meant(text, words)
            known = " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
            listed = f"expected {known}, found {quoted(text)}"
            raise argparse.ArgumentTypeError(f"{listed}; {near}" if near else listed)
        return text

    return read


def named_path(text: str) -> tuple[str, str]:
    """A type for argparse: NAME=PATH."""
    name, mark, path = text.partition("=")
    if not (mark and name and path):
        raise argparse.ArgumentTypeError(f"expected NAME=PATH, found {quoted(text)}")
    return name, path


def param_word(text: str) -> str:
    """A type for argparse: NAME=VALUE or @FILE."""
    name, mark, _ = text.partition("=")
    if len(text) < 2 if text.startswith("@") else not (mark and name):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE or @FILE.yaml, found {quoted(text)}")
    return text


def add_setting_options(parser: Parser) -> None:
    """The options that say what can also be set in the environment and in files (see app.settings)."""
    add = parser.add_argument
    add("--modules", metavar="DIR", action="append", default=[], help=MODULES_HELP)
    add("--out", metavar="DIR", help="copy the public artifacts there when the job has succeeded")
    add(
        "-j",
        metavar="N",
        type=whole(1, MOST_SLOTS),
        dest="slots",
        help="CPUs for actions, one each unless they say cpus: (default: all)",
    )
    add("--python", metavar="PATH", help="the Python for modules that bring and name none")
    either = argparse.BooleanOptionalAction
    add("--keep-temp", action=either, help="keep artifacts that are not public, too")
    add("--verify", action=either, help="tell by hashes, not by size and time, whether artifacts were changed")
    add("--loose-types", action=either, help="only warn where types disagree")


def add_run_options(parser: Parser) -> None:
    """The options that `run`, `resume`, `plan` and `check` share."""
    add = parser.add_argument
    add("--input", metavar="NAME=PATH", type=named_path, action="append", default=[], help="the file of one job input")
    add("-p", "--param", metavar="NAME=VALUE", type=param_word, action="append", default=[], dest="params", help=P_HELP)
    add_setting_options(parser)
    add("--format", metavar="NAME", help="the job's language (default: by its text and ending)")


P_HELP = "the value of a param of the job, or @FILE.yaml with several; `jm run JOB.yaml --help` lists them"
MODULES_HELP = "a folder with modules; may be repeated (default: modules/ beside the job)"
