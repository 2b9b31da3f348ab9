"""Secrets as people keep them: set, listed by name, removed; and what a job asks for held against what there is.

Never gives a value out. Knows no terminal.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

from job_manager.app.home import Home
from job_manager.app.settings import DEFAULTS, Config
from job_manager.formats.wording import suggestion
from job_manager.model.errors import InputError, NotFound, Place, Problem
from job_manager.model.job import Action, Job, Order, actions
from job_manager.model.names import secret_name
from job_manager.model.secret import KEY, secrets_of
from job_manager.model.wording import quoted
from job_manager.worker.redaction import SHORTEST
from job_manager.worker.secrets import Secrets

LONGEST = 16_384  # bytes of a value: it has to fit into one variable, and is looked for in all that is printed


def keep(home: Home, name: str, value: bytes) -> bool:
    """Keep a value under a name; True when it takes the place of another. Of a line end at its end, as echo(1) writes
    it, nothing is kept. Raises InputError, EngineError."""
    wrong = secret_name(name)
    if wrong:
        raise InputError(wrong)
    for end in (b"\n", b"\r"):
        value = value.removesuffix(end)
    if not value:
        raise InputError(f"nothing was given for the secret {quoted(name)}", "write it to standard input")
    if b"\0" in value:
        raise InputError(f"the value of {quoted(name)} has a zero byte in it, which no variable can hold")
    if len(value.strip()) < SHORTEST:
        why = "what is so short stands in much else that is printed, and could not be kept out of logs"
        raise InputError(f"the value of {quoted(name)} is shorter than {SHORTEST} bytes", why)
    if len(value) > LONGEST:
        why = "keep a long one in a file of mode 600, and give the job its path"
        raise InputError(f"the value of {quoted(name)} has {len(value):,} bytes; the limit is {LONGEST:,}", why)
    home.make()
    return Secrets(home.path).put(name, value.decode("utf-8", "surrogateescape"))


def kept_names(home: Home) -> list[str]:
    """The names of all secrets, sorted."""
    return sorted(Secrets(home.path).read())


def forget(home: Home, names: list[str]) -> None:
    """Remove the values of these names, when all of them are there. Raises NotFound."""
    known = kept_names(home)
    for name in names:
        if name not in known:
            raise NotFound(f"there is no secret {quoted(name)} in {home.path}", suggestion(name, known))
    for name in names:
        Secrets(home.path).remove(name)


# --- of jobs ----------------------------------------------------------------------------------------------------------


def check_secrets(job: Job, config: Config) -> Iterator[Problem]:
    """An error for each secret that is not there, at the first place that asks for it, and where none may be asked
    for."""
    asking = [(action, secrets_of(action.env)) for _, action in actions(job)]
    asking = [(action, wanted) for action, wanted in asking if wanted]
    if not asking:
        return
    known = Secrets(os.path.abspath(os.path.expanduser(config.home))).read()
    said: set[str] = set()
    for action, wanted in asking:
        for variable, name in wanted.items():
            place = _place(job, action, variable)
            if isinstance(action.work, Order):
                hint = "give it to a command, a shell text, a function or a module"
                yield Problem(place, "an order writes logs of its own, in which a secret could not be hidden", hint)
            elif name not in known and name not in said:
                said.add(name)
                yield Problem(place, f"there is no secret {quoted(name)}", _hint(name, known, config))


def _place(job: Job, action: Action, variable: str) -> Place:
    place = action.place or Place(job.source, 0, 0)
    return place._replace(path=f"{place.path}.env.{variable}.{KEY}".strip("."))


def _hint(name: str, known: dict[str, str], config: Config) -> str:
    where = "" if config.home == DEFAULTS.home else f" --home {shlex.quote(config.home)}"
    near = suggestion(name, known)
    return f"{near[:-1]}, or `jm secret set {name}{where}`?" if near else f"jm secret set {name}{where}"
