"""`mass`: mass's own command line. What it submits runs here, as by `jm run`; what needs AWS SWF says so.

Knows the words of mass and no rule.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

USAGE = """\
usage: mass job submit (-j FILE.json | -a FILE.alf | FILE) [options of `jm run`]
       mass init | mass worker start | mass monitor start

  mass job submit   run a job here and wait for it, as `jm run FILE` does
  mass init         not needed here: there is nothing to register
  mass worker start, mass monitor start
                    not yet: there is no engine for AWS SWF here
"""
JSON, ALFSCRIPT = ("-j", "--json"), ("-a", "--alfscript")
KINDS = {**dict.fromkeys(JSON, ".json"), **dict.fromkeys(ALFSCRIPT, ".alf")}
NO_SWF = "there is no engine for AWS SWF here yet; `mass job submit FILE` runs a job on this machine"
NOT_YET = {
    ("init",): f"mass init has nothing to register: {NO_SWF}",
    ("worker", "start"): f"mass worker start cannot wait for work: {NO_SWF}",
    ("monitor", "start"): "mass monitor start has no page to show yet; `jm ls` and `jm status` show jobs",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if words else 2
    if words[:2] == ["job", "submit"]:
        return _submit(words[2:])
    for command, message in NOT_YET.items():
        if tuple(words[: len(command)]) == command:
            return _refuse(message, 7)
    return _refuse(f"there is no command {' '.join(words[:2])!r}\n{USAGE}".rstrip(), 2)


def _refuse(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code


def _submit(words: list[str]) -> int:
    if "-h" in words or "--help" in words:
        print(USAGE, end="")
        return 0
    asked: list[tuple[str, str]] = []
    rest: list[str] = []
    while words:
        word = words.pop(0)
        name, mark, value = word.partition("=")
        if name not in KINDS:
            rest.append(word)
        elif not mark and not words:
            return _refuse(f"{name} needs a file\n{USAGE}".rstrip(), 2)
        else:
            asked.append((KINDS[name], value if mark else words.pop(0)))
    if len(asked) > 1:
        return _refuse("give one file: -j, -a, or a path", 2)
    return _run(asked, rest)


def _run(asked: list[tuple[str, str]], rest: list[str]) -> int:
    from job_manager.cli.main import main as jm

    if not asked:
        return jm(["run", *rest]) if rest else _refuse(f"a file is missing\n{USAGE}".rstrip(), 2)
    from job_manager.app.describing import language_of

    kind, file = asked[0]
    language = language_of(kind)
    if language is None:
        return _refuse(f"{file}: there is no reader for {kind} files here", 2)
    return jm(["run", file, "--format", language, *rest])
