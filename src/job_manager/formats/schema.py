"""The readers' kinds of values as JSON Schema (draft 2020-12), for editors: text, flags, durations, params and so on.

A schema says what can be said of one value where it stands; what depends on other places is `jm check`'s. Knows the
keys of params, which every language shares, and no other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from job_manager.formats import yaml_params
from job_manager.formats.stuck import KEYS as STUCK_KEYS
from job_manager.model import expect, names, need, params, quantity
from job_manager.model.hints import Any
from job_manager.model.job import KINDS
from job_manager.model.record import NamedTuple
from job_manager.model.secret import KEY

Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
# A YAML reader of an editor gives `1.0` as a number and `true` as a boolean: as text they are what is written.
TEXT = ["string", "number", "boolean"]
SIZE = r"^ *[0-9]+(?:\.[0-9]+)? ?(?:[kKmMgGtT](?:[iI]?[bB])?|[bB])? *$"
DURATION = rf"^(?:[0-9]+(?:\.[0-9]+)?|(?:{quantity.PART.pattern})+)$"


class Keys(NamedTuple):
    """The keys of one mapping as its reader knows them, `reader` says where, and the schema of each, `table` says
    where. tests/formats/test_schema.py holds one against the other."""

    reader: str
    keys: Collection[str]
    table: str
    schemas: Mapping[str, Schema]


def whole_pattern(pattern: re.Pattern[str]) -> str:
    """A pattern of Python that matches from the beginning, as one of a schema."""
    return f"^{pattern.pattern.removesuffix(chr(92) + 'Z')}$"


def text(words: str, **more: Any) -> Schema:
    """Any text as it is written."""
    return {"description": words, "type": list(TEXT), **more}


def texts(words: str, **more: Any) -> Schema:
    """A list of texts."""
    return {"description": words, "type": "array", "items": {"type": [*TEXT, "null"]}, **more}


def flag(words: str) -> Schema:
    """`true` or `false`."""
    return {"description": words, "type": "boolean"}


def whole(words: str, low: int, high: int) -> Schema:
    """A whole number."""
    return {"description": words, "type": "integer", "minimum": low, "maximum": high}


def duration(words: str) -> Schema:
    """`90s`, `1h30m`, or a number of seconds."""
    limits = {"exclusiveMinimum": 0, "maximum": quantity.LONGEST, "pattern": DURATION}
    return {"description": words, "type": ["string", "number"], **limits, "examples": ["90s", "5m", "1h30m"]}


def size(words: str) -> Schema:
    """`512M`, `8G`, `1.5GiB`, or a number of bytes."""
    limits = {"exclusiveMinimum": 0, "maximum": quantity.LARGEST, "pattern": SIZE}
    return {"description": words, "type": ["string", "number"], **limits, "examples": ["512M", "8G", "1.5G"]}


def counts(words: str, most: int) -> Schema:
    """Whole numbers by name, as of limits."""
    own = "|".join(need.OWN_KEYS)
    return {
        "description": words,
        "type": "object",
        "propertyNames": {"pattern": f"^(?!(?:{own})$)" + whole_pattern(names.PARAM)[1:]},
        "additionalProperties": {"type": "integer", "minimum": 0, "maximum": most},
    }


def kind(words: str) -> Schema:
    """What an artifact is on disk."""
    return {"description": words, "enum": list(KINDS)}


def glob(words: str) -> Schema:
    """A pattern for the names of files in one folder."""
    return text(words, pattern=r"^[^/]*[^/\s][^/]*$", examples=["*.png"])


def file_name(words: str) -> Schema:
    """The name of an artifact: one name and no path."""
    return text(words, minLength=1, maxLength=names.MAX_NAME_CHARS, pattern=r"^[^/\\]+$")


def option(words: str) -> Schema:
    """A name that may stand behind `--`."""
    return {"description": words, "type": ["string", "boolean"], "pattern": whole_pattern(names.PARAM)}


def named_texts(words: str, name: str) -> Schema:
    """A mapping of texts by names that match the pattern `name`."""
    return {
        "description": words,
        "type": "object",
        "propertyNames": {"pattern": name},
        "additionalProperties": {"type": list(TEXT)},
    }


def variables(words: str) -> Schema:
    """Environment variables."""
    return named_texts(words, "^(?!JM_)" + whole_pattern(names.ENV)[1:])


def variables_or_secrets(words: str) -> Schema:
    """Environment variables, of which some may take a secret."""
    schema = variables(words)
    return schema | {"additionalProperties": {"anyOf": [schema["additionalProperties"], secret()]}}


def secret() -> Schema:
    """A secret by its name."""
    name = text("As it was given to `jm secret set`", pattern=whole_pattern(names.SECRET))
    return {
        "description": "A secret of the state directory; see `jm secret`",
        "type": "object",
        "properties": {KEY: name},
        "required": [KEY],
        "additionalProperties": False,
    }


def values(words: str) -> Schema:
    """Values of params by name."""
    return named_texts(words, whole_pattern(names.PARAM))


def listed(words: str, *items: Schema) -> Schema:
    """A list of any of these."""
    return {"description": words, "type": "array", "items": items[0] if len(items) == 1 else {"anyOf": list(items)}}


def ref(name: str) -> Schema:
    """What stands under this name in `$defs`."""
    return {"$ref": f"#/$defs/{name}"}


def mapping(words: str, keys: Collection[str], schemas: Mapping[str, Schema], required: Collection[str] = ()) -> Schema:
    """A mapping of these keys and of the person's own, `x-...`. A key that has no schema may be anything."""
    return {
        "description": words,
        "type": "object",
        "properties": {key: schemas.get(key, {}) if key in required else or_null(schemas.get(key, {})) for key in keys},
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
        **({"required": list(required)} if required else {}),
    }


def stuck(duration: Schema) -> Schema:
    """After how long of nothing an action counts as stuck; `duration` as the language writes it."""
    kill = flag("true: then it is ended, and has failed because it was stuck; by default it is only said")
    after = {**duration, "anyOf": [{"const": 0}, {"exclusiveMinimum": 0}]}
    after.pop("exclusiveMinimum")
    whole = mapping("How long, and what then", STUCK_KEYS, {"after": after, "kill": kill}, ("after",))
    words = "So long without output and without processor time, and it counts as stuck; false: never"
    return {"description": words, "anyOf": [duration, whole, {"const": False}]}


def or_null(schema: Schema) -> Schema:
    """The schema of a key that may be left without a value."""
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    if "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return {**schema, "type": [*kinds, "null"]}
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if "$ref" in schema:
        words = {"description": schema["description"]} if "description" in schema else {}
        return {**words, "anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}]}
    return schema


def document(name: str, title: str, whole: Schema, defs: Mapping[str, Schema]) -> Schema:
    """A whole schema; `whole` is that of the file itself. It has no address: it is always the one of this jm."""
    head = {"$schema": DRAFT, "title": title, "$comment": f"Made by `jm schema {name}`"}
    return {**head, **whole, **({"$defs": dict(defs)} if defs else {})}


# --- params ----------------------------------------------------------------------------------------------------------

_BOUND = {"type": ["number", "null"]}
PARAM: Mapping[str, Schema] = {
    "name": option("What it is called. No two alike"),
    "type": {"description": "By default what its default looks like", "enum": list(params.TYPES)},
    "default": text("Its value when nobody gives one; without it a value must be given"),
    "help": text("A sentence for people"),
    "range": {
        "description": "[low, high] of an int or float, both ends included; ~ for no bound",
        "type": "array",
        "prefixItems": [_BOUND, _BOUND],
        "items": False,
        "minItems": 2,
    },
    "choices": texts("Of a choice: what it may be", minItems=1),
}
PARAMS = Keys("formats/yaml_params.py KEYS", yaml_params.KEYS, "formats/schema.py PARAM", PARAM)


def declared_params(words: str) -> Schema:
    """`params:` as a list, or as a mapping by name."""
    by_name = {
        "type": "object",
        "propertyNames": {"pattern": whole_pattern(names.PARAM)},
        "additionalProperties": {
            "anyOf": [
                {"description": "Its default; nothing: a value must be given", "type": [*TEXT, "null"]},
                mapping("A param", yaml_params.KEYS[1:], PARAM),
            ]
        },
    }
    one = mapping("A param", yaml_params.KEYS, PARAM, ("name",))
    return {"description": words, "anyOf": [by_name, listed("Params in a list", {"type": "string"}, one)]}


# --- what is taken of a machine, and what is expected of an output ---------------------------------------------------

NEEDS: Mapping[str, Schema] = {
    "cpus": whole("How many of the CPUs that -j gives it takes while it runs; by default 1", 1, need.MOST_CPUS),
    "memory": size("What is set aside for it while it runs"),
    "limits": counts("How many it takes of each counted thing: {gpu: 1}", need.MOST_OF_A_LIMIT),
}
_FRAMES = r"^[0-9]{1,9}-[0-9]{1,9}(?:x[0-9]{1,6})?$"
EXPECT: Mapping[str, Schema] = {
    "min_size": size("At least as big"),
    "max_size": size("At most as big"),
    "duration": duration("As long, to a tenth of a second"),
    "min_duration": duration("At least as long"),
    "max_duration": duration("At most as long"),
    "frames": {
        "description": "Exactly as many frames: 240. Of an image sequence also which ones: 1-240, 1-240x2",
        "anyOf": [{"type": "integer", "minimum": 1, "maximum": expect.MOST}, {"type": "string", "pattern": _FRAMES}],
    },
    "min_frames": whole("At least as many frames", 1, expect.MOST),
    "width": whole("Exactly as wide, in pixels", 1, expect.MOST),
    "height": whole("Exactly as high, in pixels", 1, expect.MOST),
    "fps": text("As many frames a second", examples=[25, 23.976, "24000/1001"]),
    "audio": flag("With sound, or without"),
    "keys": texts("Keys that a JSON document has at its top", minItems=1),
    "columns": texts("Columns that a table has", minItems=1),
    "min_rows": whole("At least as many rows", 1, expect.MOST),
}
EXPECTED = Keys("model/expect.py KEYS", tuple(expect.KEYS), "formats/schema.py EXPECT", EXPECT)


def expected(words: str, filled: bool = False) -> Schema:
    """`expect:` of an output. `filled`: `{params.NAME}` may stand for a value."""
    param = {"type": "string", "pattern": r"\{params\."}
    listed = [key for key, kind in expect.KEYS.items() if kind == expect.NAMES]
    either = {key: one if key in listed else {"anyOf": [one, param]} for key, one in EXPECT.items()}
    return mapping(words, expect.KEYS, either if filled else EXPECT)
