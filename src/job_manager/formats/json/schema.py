"""The keys of a JSON job in our own form as a JSON Schema: one table for each object, beside the reader's own.

A key that the reader knows and no table here describes fails tests/formats/test_schema.py. mass's form has no schema:
what its actions may say is up to their roles.
"""

from __future__ import annotations

from collections.abc import Mapping

from job_manager.formats import orders
from job_manager.formats.job_yaml import more
from job_manager.formats.job_yaml.entries import MOST_RETRIES
from job_manager.formats.job_yaml.foreach import RESERVED
from job_manager.formats.json.artifacts import INPUT_KEYS, JOB_INPUT_KEYS, OUTPUT_KEYS
from job_manager.formats.json.canonical import ACTION_KEYS, FORMAT, JOB_KEYS, LONGEST_TITLE, TASK_KEYS
from job_manager.formats.json.params import EACH_KEYS, PARAM_KEYS
from job_manager.formats.json.works import BESIDE, WORKS
from job_manager.formats.schema import (
    Keys,
    Schema,
    document,
    flag,
    kind,
    listed,
    mapping,
    ref,
    secret,
    stuck,
    whole,
    whole_pattern,
)
from job_manager.model import expect, fanout, names, need, params, quantity
from job_manager.model.hints import Any
from job_manager.model.job import HOOKS


def text(words: str, **more: Any) -> Schema:
    """A text in quotes."""
    return {"description": words, "type": "string", **more}


def texts(words: str, **more: Any) -> Schema:
    """A list of texts."""
    return {"description": words, "type": "array", "items": {"type": "string"}, **more}


def number(words: str) -> Schema:
    """Any number."""
    return {"description": words, "type": "number"}


def seconds(words: str) -> Schema:
    """A number of seconds."""
    return {"description": words, "type": "number", "exclusiveMinimum": 0, "maximum": quantity.LONGEST}


def named(words: str, name: str, value: Schema) -> Schema:
    """An object of such values by names that match."""
    return {"description": words, "type": "object", "propertyNames": {"pattern": name}, "additionalProperties": value}


_STRING: Schema = {"type": "string"}
_WISHES = named("What is kept for others to act on: texts by name", whole_pattern(more.WISH), _STRING)
_STUCK = stuck(seconds("How long"))
_CHILDREN = listed("Tasks and actions; those with a hook run when the others are over", ref("node"))
_TITLE = text("What it is called where it is shown; by default its name")
_PRIORITY = number("What is ready and has a higher one runs first; by default 0")
_NEEDS = texts("Paths of tasks and actions: it starts as soon as these have succeeded, and not when its turn comes")
_WHEN = text("It is left out unless this holds", examples=["params.quality == high", "encode.failed"])
_NAME = text("No two alike beside each other", minLength=1, maxLength=names.MAX_NAME_CHARS, pattern=r"^[^/\\]+$")
_PARAM_NAME = whole_pattern(names.PARAM)
_LIMIT = f"^(?!(?:{'|'.join(need.OWN_KEYS)})$)" + _PARAM_NAME[1:]

JOB: Mapping[str, Schema] = {
    "title": text("What the job is called", minLength=1, maxLength=LONGEST_TITLE),
    "version": text("Anything. Shown, and not looked at"),
    "parallel": flag("true: the children run at the same time; by default one after another"),
    "inputs": listed("What the job is given: files, in the order of the command line", ref("job_input")),
    "params": listed("Values a person may set with -p NAME=VALUE; {params.NAME} stands for them", ref("param")),
    "priority": _PRIORITY,
    "paused": flag("true: it waits until a person takes it up with jm resume"),
    "after": text("Nothing starts before this local time", pattern=whole_pattern(more.AFTER)),
    "max_active": whole("How many of its actions may run at once", 1, more.MOST_ACTIVE),
    "timeout": seconds("From when its first action begins until all that is left of it is ended, and it has failed"),
    "wait_timeout": seconds("How long it may wait until something of it begins; then it has failed"),
    "dirmaps": listed("Rows of from, to and zone, for %D(PATH)", texts("A row", minItems=3, maxItems=3)),
    "wishes": _WISHES,
    "stuck": _STUCK,
    "children": _CHILDREN,
}
TASK: Mapping[str, Schema] = {
    "name": _NAME,
    "title": _TITLE,
    "parallel": JOB["parallel"],
    "needs": _NEEDS,
    "when": _WHEN,
    "priority": _PRIORITY,
    "wishes": _WISHES,
    "stuck": _STUCK,
    "children": _CHILDREN,
}
ACTION: Mapping[str, Schema] = {
    "name": _NAME,
    "title": _TITLE,
    "module": text("The name of a module of the shelf", minLength=1),
    "argv": texts("A program and its arguments, run as they are, without a shell", minItems=1),
    "percent": flag("Of argv: %j, %D(PATH) and the like are those of Alfscript, and braces stay as they are"),
    "shell": text("Run by /bin/sh -c", minLength=1),
    "echo": text("Printed as it is"),
    "role": text("The role under which a Python function is registered", minLength=1),
    "arguments": {"description": "Keyword arguments of the function", "type": "object"},
    "script": text("The file that registers the function", pattern="^/"),
    "order": listed("Calls of Python functions, one after another in one process", ref("call")),
    "modules": listed("Pairs of a name that the calls use and a path", texts("A pair", minItems=2, maxItems=2)),
    "log": text("Of an order: the file for all that is printed, by default job.log"),
    "inputs": listed("What it reads", ref("input")),
    "outputs": listed("What it writes", ref("output")),
    "timeout": seconds("Of one attempt; by default the module's, else none"),
    "retries": whole("Attempts after the first; by default the module's, else 0", 0, MOST_RETRIES),
    "env": named("Environment variables", "^(?!JM_)" + whole_pattern(names.ENV)[1:], {"anyOf": [_STRING, secret()]}),
    "params": named("Values for the params of a module; else what {NAME} stands for", _PARAM_NAME, _STRING),
    "foreach": listed("Run once for each combination of these", ref("each")),
    "when": _WHEN,
    "cpus": whole("How many CPUs it takes while it runs; by default 1", 1, need.MOST_CPUS),
    "memory": whole("Bytes that are set aside for it", 1, quantity.LARGEST),
    "limits": named(
        "How many it takes of each counted thing",
        _LIMIT,
        {"type": "integer", "minimum": 0, "maximum": need.MOST_OF_A_LIMIT},
    ),
    "hook": {
        "description": "It runs when all else beside it has failed, has done well, or always",
        "enum": list(HOOKS),
    },
    "retry_on": texts("Exit codes and reasons after which it is tried again"),
    "backoff": seconds("Before it is tried again for the first time, doubling then; by default 1"),
    "min_runtime": seconds("To be done sooner is a failure"),
    "stuck": _STUCK,
    "priority": _PRIORITY,
    "tags": texts("Limits that count where the configuration has them"),
    "expand": flag("true: what it prints is Alfscript, whose tasks run below it"),
    "workdir": text("Where a command runs", pattern="^/"),
    "wishes": _WISHES,
    "idempotent": flag("false: never started again by itself when its outcome is not known"),
    "needs": _NEEDS,
}
_PARAM = text("The option of the module, --PARAM PATH. In a command another {name}", pattern=whole_pattern(names.PARAM))
JOB_INPUT: Mapping[str, Schema] = {
    "name": text("What actions call the file", minLength=1),
    "param": text("What a person calls it: --input PARAM=FILE", pattern=whole_pattern(names.PARAM)),
    "type": text("As what it may be read"),
    "kind": kind("One file, a directory, or several files"),
}
INPUT: Mapping[str, Schema] = {
    "name": text("An input of the job, or an output of another action", minLength=1),
    "param": _PARAM,
    "type": text("Has to agree with the module's and the producer's"),
    "kind": kind("files: all of them, in order"),
    "optional": flag("Left out when nobody made it"),
}
OUTPUT: Mapping[str, Schema] = {
    "name": text("What others call the file", minLength=1),
    "param": _PARAM,
    "type": text("What the file has to be"),
    "kind": kind("By default file"),
    "optional": flag("It may be missing"),
    "public": flag("A result: kept, and copied to --out"),
    "allow_empty": flag("It may have no bytes"),
    "glob": text("Of kind files: which names count", pattern=r"^[^/]*[^/\s][^/]*$"),
    "group": text("The name by which all outputs of a fan-out are read together"),
    "expect": {"description": "What has to be found in it", "$ref": "#/$defs/expect"},
}
PARAM: Mapping[str, Schema] = {
    "name": text("What it is called", pattern=whole_pattern(names.PARAM)),
    "type": {"description": "By default str", "enum": list(params.TYPES)},
    "default": text("Its value when nobody gives one, as a text"),
    "help": text("A sentence for people"),
    "low": number("Of a number: at least"),
    "high": number("Of a number: at most"),
    "choices": texts("Of a choice: what it may be", minItems=1),
}
EACH: Mapping[str, Schema] = {
    "key": text("What stands in braces for it", pattern=f"^(?!(?:{'|'.join(RESERVED)})$)" + _PARAM_NAME[1:]),
    "values": texts("It goes over these", minItems=1),
    "over": text("It goes over a range of numbers, or over files by their name", minLength=1),
    "chunk": whole("How many numbers of a range go together", 1, fanout.MOST),
}
CALL: Mapping[str, Schema] = {
    "module": text("One of modules"),
    "function": text("The function's name"),
    "inputs": listed("What it is given, in order", ref("argument")),
    "outputs": texts("Variables that take what it returns"),
    "declares": listed("Variables that get a value before the call", ref("argument")),
    "log": text("The file that takes what it prints"),
}
ARGUMENT: Mapping[str, Schema] = {
    "name": text("A variable"),
    "value": {"description": "Its value, of any kind; left out: the one it has by then", "examples": [1, "x", None]},
}
_WAITS = {"type": "string", "pattern": r"\{params\."}
_KINDS: Mapping[str, Schema] = {
    expect.SIZE: {"type": "integer", "minimum": 1, "maximum": quantity.LARGEST},
    expect.DURATION: {"type": "number", "exclusiveMinimum": 0, "maximum": quantity.LONGEST},
    expect.COUNT: {"type": "integer", "minimum": 1, "maximum": expect.MOST},
    expect.FRAMES: {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^[0-9]+-[0-9]+"}]},
    expect.RATE: {"type": "number", "exclusiveMinimum": 0},
    expect.FLAG: {"type": "boolean"},
    expect.NAMES: {"type": "array", "items": {"type": "string"}, "minItems": 1},
}

_JSON = "formats/json/"
TABLES = (
    Keys(f"{_JSON}canonical.py JOB_KEYS", JOB_KEYS, f"{_JSON}schema.py JOB", JOB),
    Keys(f"{_JSON}canonical.py TASK_KEYS", TASK_KEYS, f"{_JSON}schema.py TASK", TASK),
    Keys(f"{_JSON}canonical.py ACTION_KEYS", ACTION_KEYS, f"{_JSON}schema.py ACTION", ACTION),
    Keys(f"{_JSON}artifacts.py JOB_INPUT_KEYS", JOB_INPUT_KEYS, f"{_JSON}schema.py JOB_INPUT", JOB_INPUT),
    Keys(f"{_JSON}artifacts.py INPUT_KEYS", INPUT_KEYS, f"{_JSON}schema.py INPUT", INPUT),
    Keys(f"{_JSON}artifacts.py OUTPUT_KEYS", OUTPUT_KEYS, f"{_JSON}schema.py OUTPUT", OUTPUT),
    Keys(f"{_JSON}params.py PARAM_KEYS", PARAM_KEYS, f"{_JSON}schema.py PARAM", PARAM),
    Keys(f"{_JSON}params.py EACH_KEYS", EACH_KEYS, f"{_JSON}schema.py EACH", EACH),
)


def schema() -> Schema:
    """The schema of a job file in our form."""
    job = mapping("A job", JOB_KEYS, JOB, ("title", "children"))
    top = {
        "type": "object",
        "properties": {"$schema": _STRING, "format": {"const": FORMAT}, "Job": job},
        "required": ["format", "Job"],
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
    }
    return document("json", "A job of job_manager in JSON", top, _defs())


def _defs() -> Mapping[str, Schema]:
    one_work = [{"required": [work]} for work in WORKS]
    action = {**mapping(f"One of {', '.join(WORKS)}", ACTION_KEYS, ACTION, ("name",)), "oneOf": one_work}
    action["dependentRequired"] = {key: [work] for key, work in BESIDE.items()}
    return {
        "node": {"anyOf": [_only("Task", ref("task")), _only("Action", ref("action"))]},
        "task": mapping("Several nodes", TASK_KEYS, TASK, ("name", "children")),
        "action": action,
        "job_input": mapping("An input of the job", JOB_INPUT_KEYS, JOB_INPUT, ("name",)),
        "input": mapping("What an action reads", INPUT_KEYS, INPUT, ("name",)),
        "output": mapping("What an action writes", OUTPUT_KEYS, OUTPUT, ("name",)),
        "param": mapping("A param", PARAM_KEYS, PARAM, ("name",)),
        "each": {
            **mapping("A key and what it goes over", EACH_KEYS, EACH, ("key",)),
            "oneOf": [{"required": ["values"]}, {"required": ["over"]}],
        },
        "call": mapping("A call of an order", orders.CALL_KEYS, CALL, ("module", "function")),
        "argument": mapping("A variable and its value", orders.ARGUMENT_KEYS, ARGUMENT, ("name",)),
        "expect": mapping("What has to be found in a file", expect.KEYS, _expected()),
    }


def _expected() -> Mapping[str, Schema]:
    return {key: {"anyOf": [_KINDS[kind], _WAITS]} for key, kind in expect.KEYS.items()}


def _only(key: str, inner: Schema) -> Schema:
    return {"type": "object", "properties": {key: inner}, "required": [key], "additionalProperties": False}
