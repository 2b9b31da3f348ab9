"""JSON Schemas of the files that people write, for editors: job.yaml, a job in JSON, manifest, config.

That of the configuration is made here, from the table of settings. Knows no editor.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from job_manager.app import settings
from job_manager.app.settings import SETTINGS, Kind, Setting
from job_manager.formats.schema import Schema, document, whole_pattern
from job_manager.model.errors import InputError
from job_manager.model.hints import Any
from job_manager.model.names import ENV, PARAM
from job_manager.model.need import MOST_OF_A_LIMIT

KINDS: Mapping[Kind, Schema] = {
    settings.TEXT: {"type": "string", "minLength": 1},
    settings.PATH: {"type": "string", "minLength": 1},
    settings.PROGRAM: {"type": "string", "minLength": 1},
    settings.FLAG: {"type": "boolean"},
    settings.SIZE: {"type": ["string", "integer"], "exclusiveMinimum": 0, "examples": ["512M", "8G"]},
    settings.ROOM: {"type": ["string", "integer"], "minimum": 0, "examples": ["10G", 0]},
    settings.DURATION: {"type": ["string", "number", "boolean"], "minimum": 0, "examples": ["1h", False]},
    settings.VARIABLE: {"type": "string", "pattern": f"^(?!JM_)(?:{ENV.pattern.removesuffix(chr(92) + 'Z')})?[*]?$"},
    settings.SLOTS: {"type": "integer", "minimum": 1, "maximum": settings.MOST_SLOTS},
    settings.VARIABLES: {
        "type": "object",
        "propertyNames": {"pattern": whole_pattern(ENV)},
        "additionalProperties": {"type": "string"},
    },
    settings.COUNT: {"type": "integer", "minimum": 0, "maximum": MOST_OF_A_LIMIT},
}


def _job() -> Schema:
    schema: Schema = import_module("job_manager.formats.job_yaml.schema").schema()
    return schema


def _json() -> Schema:
    schema: Schema = import_module("job_manager.formats.json.schema").schema()
    return schema


def _manifest() -> Schema:
    schema: Schema = import_module("job_manager.modules.schema").schema()
    return schema


def _config() -> Schema:
    properties = {name: _setting(setting) for name, setting in SETTINGS.items()}
    whole = {"description": "Settings of jm", "type": "object", "properties": properties, "additionalProperties": False}
    return document("config", "jm.toml", whole, {})


def of_kind(kind: Kind) -> Schema | None:
    """The schema of one value of this kind; None for a kind that is not in KINDS."""
    return {"enum": list(kind.among)} if kind.among else KINDS.get(kind)


def _setting(setting: Setting) -> Schema:
    words = f"{setting.help[:1].upper()}{setting.help[1:]}"
    default: dict[str, Any] = {"default": setting.unset} if setting.unset not in (None, "", (), 0) else {}
    if setting.unset is False:
        default = {"default": False}
    said = f"{words} ({setting.variable}). Default: {setting.default or str(setting.unset).lower()}"
    one = of_kind(setting.kind) or {}
    if setting.many == "list":
        return {"description": said, "type": "array", "items": one}
    if setting.many == "table":
        pattern = settings.ENV_KEY if setting.named is settings.env_key else PARAM
        names = {"propertyNames": {"pattern": whole_pattern(pattern)}}
        return {"description": said, "type": "object", **names, "additionalProperties": one}
    return {"description": said, **one, **default}


SCHEMAS: Mapping[str, Callable[[], Schema]] = {"job": _job, "json": _json, "manifest": _manifest, "config": _config}


def schema(name: str) -> Schema:
    """The schema of this name of SCHEMAS."""
    return SCHEMAS[name]()


def write(names: Sequence[str], folder: str) -> list[str]:
    """Write these schemas into `folder`, which is made, as NAME.schema.json; the paths. What is there is replaced."""
    import json

    folder = os.path.abspath(os.path.expanduser(folder))
    paths = []
    try:
        os.makedirs(folder, exist_ok=True)
        for name in names:
            path = os.path.join(folder, f"{name}.schema.json")
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(json.dumps(schema(name), indent=2) + "\n")
            paths.append(path)
    except (OSError, ValueError) as cause:
        said = cause.strerror if isinstance(cause, OSError) else str(cause)
        raise InputError(f"the schemas cannot be written to {folder}: {said}", "choose another folder") from cause
    return paths
