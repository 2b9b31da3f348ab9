"""The help of one job: what `jm run JOB.yaml --help` says of its inputs and params. Knows no rule of either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from job_manager.cli.usage import Parser, UsageError
from job_manager.model.errors import InputError
from job_manager.model.hints import Any

Document = dict[str, Any]


def job_help(parser: Parser, words: Sequence[str]) -> str:
    """The help of the job that the words name, or "" when they name none. `parser` is that of the verb."""
    try:
        options = parser.read(words)
    except (UsageError, InputError):
        return ""
    file = getattr(options, "job", "")
    if not file or file == "-" or not hasattr(options, "params"):
        return ""
    # Imported here: the help of a verb reads no job.
    from job_manager.app.describing import describe

    try:
        job = describe(file, options.format)
    except InputError as error:
        return f"{error}\n\n{parser.format_help()}"
    return "\n".join(_lines(job, file, parser.prog)) + "\n"


def _lines(job: Document, file: str, verb: str) -> Iterator[str]:
    files = " ".join(given["name"].upper() for given in job["inputs"])
    given = "".join(f" -p {param['name']}=VALUE" for param in job["params"] if param["default"] is None)
    yield " ".join(f"usage: {verb} {file} {files}{given} [options]".split())
    yield ""
    yield f"{job['name']} {job['version']}".rstrip()
    if job["inputs"]:
        yield "\ninputs (files in this order, or by --input NAME=PATH):"
        yield from _table([(one["name"], one["type"] or "any file", "") for one in job["inputs"]])
    if job["params"]:
        yield "\nparams (-p NAME=VALUE, or -p @FILE.yaml with several):"
        yield from _table([(one["name"], _takes(one), one["help"]) for one in job["params"]])
    if not job["inputs"] and not job["params"]:
        yield "\nIt has neither inputs nor params."
    yield f"\nThe options: {verb} --help"


def _takes(param: Document) -> str:
    default = param["default"]
    return f"{param['kind']}, " + ("to be given" if default is None else f"default {default or chr(34) * 2}")


def _table(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    longest = min(30, max(len(name) for name, _, _ in rows))
    for name, takes, help in rows:
        yield f"  {name:<{longest}}  {takes}"
        if help:
            yield f"  {'':<{longest}}  {help}"
