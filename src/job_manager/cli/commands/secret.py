"""`jm secret`: values that jobs take by name and that are never shown. Knows no rule itself."""

from __future__ import annotations

import sys
from argparse import Namespace

from job_manager.cli.output import TYPE_CHECKING, Output
from job_manager.cli.usage import Parser, UsageError, one_of
from job_manager.model.wording import quoted

if TYPE_CHECKING:
    from job_manager.app.home import Home

SUMMARY = "Keep passwords, tokens and keys for jobs: a job names them, and only its children ever see them."
MORE = """\
`jm secret set NAME` reads the value from standard input, or asks for it without showing it; never from the command
line, where others could read it. In a job: env: {TOKEN: {secret: NAME}}. The value is in no log, history or report;
it stands in the file `secrets` of the state directory, which you alone can read."""
EXAMPLES = (
    ("jm secret set deploy-token", "asks for the value"),
    ("pass show deploy | jm secret set deploy-token", "from another program"),
    ("jm secret set key --from-file ~/.ssh/deploy_key", "from a file"),
    ("jm secret ls", "the names"),
    ("jm secret rm deploy-token", "forget it"),
)
USAGE = "set NAME [--from-file F] | ls | rm NAME..."
MOST = 1 << 20  # bytes that are read


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("secret", SUMMARY, EXAMPLES, usage=USAGE, more=MORE)
    made.add_argument("what", metavar="set|ls|rm", type=one_of("set", "ls", "rm"), help="what to do")
    made.add_argument("names", metavar="NAME", nargs="*", default=[], help="letters, digits, dots, _ and -")
    made.add_argument("--from-file", metavar="F", help="of `set`: the value is what stands in this file")
    return made


def main(options: Namespace, out: Output) -> int:
    """Do one of the three."""
    from job_manager.cli.place import home_of
    from job_manager.cli.usage import refuse

    refuse(options)
    _look_at(options)
    {"set": _set, "ls": _ls, "rm": _rm}[options.what](home_of(options), options, out)
    return 0


def _look_at(options: Namespace) -> None:
    what, names, usage = options.what, options.names, f"usage: jm secret {USAGE}"
    if what != "set" and options.from_file is not None:
        raise UsageError("--from-file is for `jm secret set`", usage=usage)
    if what == "ls" and names:
        raise UsageError(f"{quoted(names[0])} is one argument too many", usage=usage)
    if what != "ls" and not names:
        raise UsageError("NAME is missing", usage=usage)
    if what == "set" and len(names) > 1:
        hint = "the value is read from standard input, for a command line can be read by others"
        raise UsageError("`jm secret set` takes one NAME and no value", hint, usage)


def _set(home: Home, options: Namespace, out: Output) -> None:
    from job_manager.app.secrets import keep
    from job_manager.model.errors import InputError
    from job_manager.model.names import secret_name

    (name,) = options.names
    wrong = secret_name(name)
    if wrong:
        raise InputError(wrong)
    replaced = keep(home, name, _value(name, options.from_file))
    out.line(
        f"{'replaced' if replaced else 'kept'} the secret ", name, "; in a job: ", f"env: {{TOKEN: {{secret: {name}}}}}"
    )
    out.value(name)
    out.document({"set": name, "replaced": replaced})


def _value(name: str, file: str | None) -> bytes:
    if file is not None:
        return _from_file(file)
    if sys.stdin is None:
        return b""
    if not sys.stdin.isatty():
        return sys.stdin.buffer.read(MOST)
    from getpass import getpass

    try:
        return getpass(f"value of {name} (it is not shown): ").encode("utf-8", "surrogateescape")
    except EOFError:
        return b""


def _from_file(file: str) -> bytes:
    import os

    from job_manager.model.errors import InputError

    try:
        with open(os.path.expanduser(file), "rb") as stream:
            return stream.read(MOST)
    except OSError as cause:
        raise InputError(f"{file} cannot be read: {cause.strerror}") from cause


def _ls(home: Home, options: Namespace, out: Output) -> None:
    from job_manager.app.secrets import kept_names

    names = kept_names(home)
    for name in names:
        out.value(name)
        out.line(name)
    if not names:
        out.line(f"there are no secrets in {home.path}; `jm secret set NAME` keeps one")
    out.document({"secrets": names})


def _rm(home: Home, options: Namespace, out: Output) -> None:
    from job_manager.app.secrets import forget

    names = list(dict.fromkeys(options.names))
    forget(home, names)
    for name in names:
        out.line("removed the secret ", name)
        out.value(name)
    out.document({"removed": names})
