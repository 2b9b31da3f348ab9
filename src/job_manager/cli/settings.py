"""What the options of a command line say of the settings, put together with everything else that is set. No rule."""

from __future__ import annotations

import os
from argparse import Namespace

from job_manager.app.config import Configured, configure
from job_manager.app.settings import SETTINGS
from job_manager.model.hints import Any

DESTINATIONS = {"jobs": "slots"}  # where argparse puts the option of a setting, when not under its name


def configured(options: Namespace) -> Configured:
    """The settings that hold for a command. Raises InputError with every mistake of files and environment."""
    return configure(_given(options), os.environ, _here())


def _given(options: Namespace) -> dict[str, Any]:
    """An empty word says nothing, except of where results go: nowhere."""
    said = {name: getattr(options, DESTINATIONS.get(name, name), None) for name in SETTINGS}
    found = {name: value for name, value in said.items() if value not in (None, [], "")}
    if said["out"] == "":
        found["out"] = ""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


def _here() -> str:
    """The current directory; "" when it is gone, which is said by what needs it."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""
