"""The words of a command, looked at before it runs: `{name}`s that will not be replaced, shell signs without a shell.

Knows nothing of files; the caller says where each word stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType

from job_manager.formats.wording import nearest, suggestion
from job_manager.model import template
from job_manager.model.job import Input, Output
from job_manager.model.names import artifact_name
from job_manager.model.params import PREFIX
from job_manager.model.record import NamedTuple, Record
from job_manager.model.wording import quoted

SHELL_SIGNS = frozenset({"&&", "||", "|", ";", "&", ">", ">>", "<", "<<", "2>", "2>&1", "1>&2", "&>", ">&2"})
# Linux: one argument of execve may be 128 KiB with its final NUL, all of them with the environment 2 MiB.
LONGEST_WORD = 128 * 1024 - 1
LONGEST_LINE = 1_900_000

Say = Callable[[str, str, str], None]  # severity, message, hint


class Word(NamedTuple):
    """One word of a command, or the whole text of a shell entry, and how to speak of its place."""

    text: str
    say: Say


class Names(Record):
    """What `{name}` may name in one action: declared names are replaced, seen ones are known elsewhere in the job.

    Among the declared is `params.NAME` for every param of the job. `kinds`: what is declared, in words; `keys`: of the
    entry's foreach, with the forms of each.
    """

    declared: Collection[str]
    seen: Collection[str] = ()
    kinds: str = "input, output or param of this entry"
    keys: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def look_at(words: Iterable[Word], names: Names, *, shell: bool) -> set[str]:
    """Says what is wrong or odd about the words. Returns the declared names that they use."""
    used: set[str] = set()
    for number, word in enumerate(words):
        if not shell:
            _look_at_signs(word, first=number == 0)
        if len(word.text) > LONGEST_WORD // 4:
            _look_at_length(word)
        if "{" in word.text:
            used.update(_look_at_names(word, names, shell=shell))
    return used


def look_at_value(word: Word, names: Names) -> set[str]:
    """Like `look_at`, for a text that is no word of a command: an artifact's name, a variable, a param."""
    return set(_look_at_names(word, names, shell=False)) if "{" in word.text else set()


def _look_at_signs(word: Word, *, first: bool) -> None:
    if word.text in SHELL_SIGNS or word.text.startswith("$("):
        sign = word.text if len(word.text) < 10 else "$(...)"
        hint = "write the whole command as one text: shell: ..."
        word.say("warning", f"{quoted(sign)} has no meaning without a shell: it is given to the program as it is", hint)
    elif first and " " in word.text.strip():
        message = f"the program is called {quoted(word.text)}, with the spaces"
        word.say("warning", message, "make each argument a word of its own, or write shell: ...")


def _look_at_length(word: Word) -> None:
    size = len(word.text.encode("utf-8"))
    if size > LONGEST_WORD:
        hint = "put it in a file and pass the file's name"
        word.say("error", f"this has {size:,} bytes; the system takes {LONGEST_WORD:,} in one argument", hint)


def _look_at_names(word: Word, names: Names, *, shell: bool) -> Iterable[str]:
    for name in set(template.fields(word.text)):
        if name not in names.declared:
            yield from _look_at_unknown(word, name, names, shell=shell)
            continue
        if shell:
            _look_at_quotes(word, name)
        yield name


def _look_at_unknown(word: Word, name: str, names: Names, *, shell: bool) -> Iterator[str]:
    bare = name.strip()
    if bare.startswith(PREFIX) and bare not in names.declared:
        params = sorted(known[len(PREFIX) :] for known in names.declared if known.startswith(PREFIX))
        word.say("error", *no_param(bare[len(PREFIX) :], params))
        return
    key = re.split(r"[.:]", bare, maxsplit=1)[0]
    if key in names.keys and key != bare:
        forms = ", ".join(f"{{{key}{form}}}" for form in names.keys[key])
        word.say("error", f'"{{{name}}}" is no form of the key {quoted(key)}', f"there are {forms}")
        return
    near = _meant(bare, names.declared, variable=shell and f"${{{name}}}" in word.text)
    if near is not None:
        hint = f'write "{{{near}}}"'
        word.say("warning", f'"{{{name}}}" is not replaced: it is no {names.kinds}', hint)
        yield near
    elif bare in names.seen:
        hint = "declare it under inputs: or outputs: of this entry"
        word.say("warning", f'"{{{name}}}" is not replaced: this entry does not declare it', hint)


def no_param(name: str, params: Collection[str]) -> tuple[str, str]:
    """What is wrong with a name that none of the job's params has, and a hint."""
    if not params:
        return f"the job has no param {quoted(name)}", f"declare it: params: {{{name}: DEFAULT}} at the top of the job"
    return f"the job has no param {quoted(name)}", suggestion(name, params) or f"its params: {', '.join(params)}"


def _meant(name: str, declared: Collection[str], *, variable: bool) -> str | None:
    if PREFIX + name in declared:
        # In a shell it is as likely to be one of the shell's own variables.
        return None if variable else PREFIX + name
    # {video} for video.mp4 is the commonest of slips; the whole name wins over one without its ending.
    short = {full.split(".", 1)[0]: full for full in declared if not full.startswith(PREFIX)}
    known = short | {full: full for full in declared}
    near = name if name in known else nearest(name, known, 0.75)
    return None if near is None else known[near]


def _look_at_quotes(word: Word, name: str) -> None:
    text = word.text
    if f'"{{{name}}}"' in text or f"'{{{name}}}'" in text:
        hint = f"write {{{name}}} without quotes around it"
        word.say("warning", f'"{{{name}}}" is put in quotes for the shell already; a second pair undoes that', hint)
    elif f"${{{name}}}" in text:
        hint = f"write ${{{{{name}}}}} for the shell's variable"
        what = "value" if name.startswith(PREFIX) else "path"
        word.say("warning", f'the "{{{name}}}" in "${{{name}}}" is replaced by the {what}', hint)


def look_at_total(words: Iterable[Word], say: Say) -> None:
    """Says when all words together are more than a system can start a program with."""
    words = list(words)
    if sum(len(word.text) + 1 for word in words) <= LONGEST_LINE // 4:
        return  # nothing has more than four bytes
    size = sum(len(word.text.encode("utf-8")) + 1 for word in words)
    if size > LONGEST_LINE:
        hint = "put the arguments in a file and pass the file's name"
        say("error", f"the command line has {size:,} bytes; the limit is {LONGEST_LINE:,}", hint)


def look_at_unused(outputs: Iterable[Output], used: set[str], say: Callable[[Output, str, str], None]) -> None:
    """Says which declared outputs the command is never told the path of."""
    for output in outputs:
        told = output.artifact in used or (output.param is not None and output.param in used)
        braces = output.param is None and _braced(output.artifact)  # that is said as the mistake it is
        if not told and not braces and artifact_name(output.artifact) is None:
            name = output.param or output.artifact
            message = f"the command is never told where to write {quoted(output.artifact)}"
            hint = (
                f'put "{{{name}}}" where the path belongs' if "{" not in name else "give it a param_name, and use that"
            )
            say(output, message, hint)


def declared(inputs: Iterable[Input], outputs: Iterable[Output]) -> frozenset[str]:
    """Everything `{name}` may name: artifacts and params. A name with braces of its own is none of them."""
    nodes: list[Input | Output] = [*inputs, *outputs]
    return frozenset(name for node in nodes for name in (node.artifact, node.param) if name and not _braced(name))


def _braced(name: str) -> bool:
    return "{" in name or "}" in name
