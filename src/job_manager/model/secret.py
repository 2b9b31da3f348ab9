"""A secret by its name, which stands in a job wherever the value of an environment variable may stand.

Knows no value: that is in a file of the state directory, and only whoever starts the attempt reads it.
"""

from __future__ import annotations

from collections.abc import Iterable

from job_manager.model.hints import Any
from job_manager.model.record import Record

KEY = "secret"  # `{secret: NAME}` in documents and job files


class Secret(Record):
    """The value that is kept under this name; see `jm secret`."""

    name: str


EnvValue = str | Secret
Env = tuple[tuple[str, EnvValue], ...]


def env_document(env: Iterable[tuple[str, EnvValue]]) -> dict[str, Any]:
    """The plain form of an environment: of a secret only its name."""
    return {name: {KEY: value.name} if isinstance(value, Secret) else value for name, value in env}


def read_env(document: dict[str, Any]) -> Env:
    """The environment of such a document."""
    return tuple(sorted(((name, _value(value)) for name, value in document.items()), key=lambda pair: pair[0]))


def _value(value: Any) -> EnvValue:
    return Secret(value[KEY]) if isinstance(value, dict) else value


def secrets_of(env: Iterable[tuple[str, EnvValue]]) -> dict[str, str]:
    """The name of the secret for each variable that takes one."""
    return {variable: value.name for variable, value in env if isinstance(value, Secret)}
