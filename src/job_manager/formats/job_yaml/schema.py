"""The keys of job.yaml as a JSON Schema: one table for each mapping, beside the readers' own tables of keys.

A key that a reader knows and no table here describes fails tests/formats/test_schema.py. Knows no rule that spans
several places of a file.
"""

from __future__ import annotations

from collections.abc import Mapping

from job_manager.formats import orders
from job_manager.formats.job_yaml import KEYS, LONGEST_NAME, entries, inputs, more, steps, works
from job_manager.formats.job_yaml.foreach import CHUNK, RESERVED
from job_manager.formats.schema import (
    EXPECTED,
    NEEDS,
    PARAMS,
    Keys,
    Schema,
    declared_params,
    document,
    duration,
    expected,
    file_name,
    flag,
    glob,
    kind,
    listed,
    mapping,
    option,
    ref,
    stuck,
    text,
    texts,
    values,
    variables_or_secrets,
    whole,
    whole_pattern,
)
from job_manager.model import fanout, names
from job_manager.model.job import HOOKS

_NAME = {"type": ["string", "number"]}  # an artifact by its name alone
_INPUTS = {
    "description": "What the job is given: files, in the order of the command line. Use one of the three spellings",
    "anyOf": [listed("In a list", _NAME, ref("job_input")), _NAME, ref("job_input")],
}
_MEMBERS = (ref("entry"), ref("task"))
_NEEDS = {
    "description": "Entries or steps: it starts as soon as these have succeeded, not when its step's turn comes",
    "anyOf": [{"type": "string"}, texts("Several")],
}
_WHEN = text(
    "It is left out unless this holds, of params and of what it needs",
    examples=["params.quality == high", "encode.failed"],
)
_TITLE = text("What it is called where it is shown; by default its name")
_PRIORITY = {"description": "What is ready and has a higher one runs first; by default 0", "type": "number"}
_WISHES = {
    "description": "What is kept for others to act on: texts by name",
    "type": "object",
    "propertyNames": {"pattern": whole_pattern(more.WISH)},
    "additionalProperties": {"type": ["string", "number", "boolean"]},
}
_HOOKS = listed("Run one after another when all else here is over: each says when", ref("hook"))
_STUCK = stuck(duration("How long"))
_NODE: Mapping[str, Schema] = {
    "title": _TITLE,
    "priority": _PRIORITY,
    "wishes": _WISHES,
    "stuck": _STUCK,
    "hooks": _HOOKS,
}
_KIND = "file, directory (as a whole), or files (of a directory those that fit the glob)"
_READS = listed("What it reads: inputs of the job and outputs of earlier entries", _NAME, ref("input"))
_WRITES = listed("What it writes", _NAME, ref("output"))

JOB: Mapping[str, Schema] = {
    "name": text("What the job is called", minLength=1, maxLength=LONGEST_NAME),
    "version": text("Anything: 1.0, 2026-01. Shown, and not looked at"),
    "params": declared_params("Values a person may set with -p NAME=VALUE; {params.NAME} stands for them"),
    "inputs": _INPUTS,
    "input_artifacts": _INPUTS,
    "input_artifact": _INPUTS,
    "steps": listed("One after another", ref("step")),
    "tasks": listed("Instead of steps: entries, and tasks of more of them, as deep as wanted", *_MEMBERS),
    "parallel": flag("Of tasks: true, they run at the same time; by default one after another"),
    "hooks": _HOOKS,
    "priority": _PRIORITY,
    "paused": flag("true: it waits until a person takes it up with jm resume"),
    "after": text(
        "Nothing starts before this local time",
        pattern=whole_pattern(more.AFTER),
        examples=["22:30", "12-24 6:00"],
    ),
    "max_active": whole("How many of its actions may run at once, whatever -j says", 1, more.MOST_ACTIVE),
    "timeout": duration("From when its first entry begins until all that is left of it is ended, and it has failed"),
    "wait_timeout": duration("How long it may wait until something of it begins; then it has failed"),
    "dirmaps": listed("Of Alfscript commands: what %D(PATH) makes of the beginning of a path", ref("dirmap")),
    "wishes": _WISHES,
    "stuck": _STUCK,
}
DIRMAP: Mapping[str, Schema] = {
    "from": text("The beginning of a path as it is written"),
    "to": text("What stands there instead"),
    "zone": text("Where that holds: NFS and UNIX mean here"),
}
JOB_INPUT: Mapping[str, Schema] = {
    "name": file_name("What entries call the file"),
    "param_name": option("What a person calls it: --input PARAM_NAME=FILE. By default its name"),
    "type": text("video, audio, image, json, text ...: as what it may be read"),
    "public": flag("Read and left, for files of the original"),
    "kind": kind("One file, a directory, or several files; by default file"),
}
STEP: Mapping[str, Schema] = {
    "name": text("What the step is called. By default step1, step2 ... No two alike"),
    **_NODE,
    "entries": listed("Run at the same time, as many as -j says", *_MEMBERS),
    "parallel": flag("false: its entries run one after another"),
    "needs": _NEEDS,
    "when": _WHEN,
}
TASK: Mapping[str, Schema] = {
    "name": text("What the task is called. No two alike beside each other"),
    **_NODE,
    "tasks": listed("Entries, and tasks of more of them; one after another", *_MEMBERS),
    "parallel": flag("true: they run at the same time"),
    "needs": _NEEDS,
    "when": _WHEN,
}
_CHUNK = whole("How many numbers of its range go together", 1, fanout.MOST)
FOREACH: Schema = {
    "description": "Run once for each: {clip: FILES}, {crf: [18, 23]}, {frame: 1-240, chunk: 10}; several multiply",
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": f"^(?!{RESERVED[0]}$)" + whole_pattern(names.PARAM)[1:]},
    "properties": {CHUNK: _CHUNK},
    "additionalProperties": {
        "anyOf": [
            texts("These values", minItems=1),
            text("A range of numbers, or the name of files: of an input, an output, all outputs of another foreach"),
        ]
    },
}
ENTRY: Mapping[str, Schema] = {
    "module": text("The name of a module of the shelf", minLength=1),
    "cmd": texts("A program and its arguments, run as they are, without a shell", minItems=1),
    "shell": text("Run by /bin/sh -c", minLength=1),
    "name": text("By default the module's or program's name. No two alike in a step"),
    "params": values("Of a module: values for its params. Of a command: what {NAME} stands for"),
    "inputs": _READS,
    "input_artifacts": _READS,
    "outputs": _WRITES,
    "output_artifacts": _WRITES,
    "timeout": duration("Of one attempt; by default the module's, else none"),
    "retries": whole("Attempts after the first; by default the module's, else 0", 0, entries.MOST_RETRIES),
    "env": variables_or_secrets("Environment variables, added to the module's"),
    "needs": _NEEDS,
    "foreach": FOREACH,
    "when": _WHEN,
    **NEEDS,
    "idempotent": flag("false: never started again by itself when its outcome is not known"),
    "echo": text("Printed as it is"),
    "role": text("The role under which a Python function is registered; it is called with the arguments", minLength=1),
    "arguments": {"description": "Keyword arguments of the function: any values", "type": "object"},
    "script": text("The file that registers the function", pattern="^/"),
    "order": listed("Calls of Python functions, one after another in one process", ref("call")),
    "modules": {
        "description": "Of an order: paths of Python files by the names that its calls use",
        "type": "object",
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    },
    "log": text("Of an order: the file that takes all that is printed; by default job.log"),
    "percent": flag("Of cmd: %j, %D(PATH) and the like in it are those of Alfscript, and braces stay as they are"),
    "title": _TITLE,
    "priority": _PRIORITY,
    "wishes": _WISHES,
    "retry_on": texts("Exit codes, signals (-11) and reasons after which it is tried again; by default most reasons"),
    "backoff": duration("Before it is tried again for the first time, doubling then; by default 1s"),
    "min_runtime": duration("To be done sooner is a failure"),
    "stuck": _STUCK,
    "tags": texts("Limits that count where the configuration has them"),
    "expand": flag("true: what it prints is Alfscript, whose tasks run below it"),
    "workdir": text("Of a command: where it runs; by default where the job was submitted", pattern="^/"),
}
_ARGUMENTS = ref("argument")
CALL: Mapping[str, Schema] = {
    "module": text("One of modules, by its name there"),
    "function": text("The function's name"),
    "inputs": listed("What it is given, in order", _ARGUMENTS),
    "outputs": texts("Variables that take what it returns"),
    "declares": listed("Variables that get a value before the call", _ARGUMENTS),
    "log": text("The file that takes what it prints"),
}
ARGUMENT: Mapping[str, Schema] = {
    "name": text("A variable"),
    "value": {"description": "Its value, of any kind; left out: the one it has by then", "examples": [1, "x", [1, 2]]},
}
HOOK: Mapping[str, Schema] = {
    "hook": {
        "description": "When it runs: after all else in its step, task or job has failed, has done well, or always",
        "enum": list(HOOKS),
    },
    **ENTRY,
}
READ: Mapping[str, Schema] = {
    "name": file_name("An input of the job, or an output of an earlier entry"),
    "param_name": option("The option of the module: --PARAM_NAME PATH. In a command another {name} for it"),
    "type": text("Has to agree with the module's and the producer's; by default the module's"),
    "public": flag("Says nothing here: whether a file is kept is said where it is made"),
    "kind": kind("files: all of them, in order. By default what it is where it is made"),
    "optional": flag("Left out when nobody made it"),
}
WRITTEN: Mapping[str, Schema] = {
    "name": file_name("What others call the file. No two alike in a job"),
    "param_name": READ["param_name"],
    "type": text("What the file has to be; by default what the module says"),
    "public": flag("A result: kept, and copied to --out"),
    "optional": flag("It may be missing"),
    "allow_empty": flag("It may have no bytes"),
    "kind": kind(f"By default what the module says, else file: {_KIND}"),
    "glob": glob("Of kind files: which names count"),
    "expect": expected("What has to be found in it", filled=True),
}

TABLES = (
    PARAMS,
    EXPECTED,
    Keys("formats/job_yaml/__init__.py KEYS", KEYS, "formats/job_yaml/schema.py JOB", JOB),
    Keys("formats/job_yaml/entries.py HOOK_KEYS", entries.HOOK_KEYS, "formats/job_yaml/schema.py HOOK", HOOK),
    Keys("formats/job_yaml/more.py DIRMAP_KEYS", more.DIRMAP_KEYS, "formats/job_yaml/schema.py DIRMAP", DIRMAP),
    Keys("formats/job_yaml/inputs.py KEYS", inputs.KEYS, "formats/job_yaml/schema.py JOB_INPUT", JOB_INPUT),
    Keys("formats/job_yaml/steps.py STEP_KEYS", steps.STEP_KEYS, "formats/job_yaml/schema.py STEP", STEP),
    Keys("formats/job_yaml/steps.py TASK_KEYS", steps.TASK_KEYS, "formats/job_yaml/schema.py TASK", TASK),
    Keys("formats/job_yaml/entries.py KEYS", entries.KEYS, "formats/job_yaml/schema.py ENTRY", ENTRY),
    Keys("formats/orders.py CALL_KEYS", orders.CALL_KEYS, "formats/job_yaml/schema.py CALL", CALL),
    Keys("formats/orders.py ARGUMENT_KEYS", orders.ARGUMENT_KEYS, "formats/job_yaml/schema.py ARGUMENT", ARGUMENT),
    Keys("formats/job_yaml/entries.py READ_KEYS", entries.READ_KEYS, "formats/job_yaml/schema.py READ", READ),
    Keys(
        "formats/job_yaml/entries.py WRITTEN_KEYS", entries.WRITTEN_KEYS, "formats/job_yaml/schema.py WRITTEN", WRITTEN
    ),
)


def schema() -> Schema:
    """The schema of a job file."""
    one_work = [{"required": [work]} for work in works.WORKS]
    parts = [{"required": [part]} for part in ("steps", "tasks")]
    whole = mapping("Steps that run one after another, each with entries; or tasks", KEYS, JOB, ("name", "version"))
    return document(
        "job",
        "A job of job_manager",
        {**whole, "oneOf": parts},
        {
            "job_input": mapping("An input of the job", inputs.KEYS, JOB_INPUT),
            "step": mapping("A step", steps.STEP_KEYS, STEP, ("entries",)),
            "task": mapping("A task of several", steps.TASK_KEYS, TASK, ("tasks",)),
            "entry": {
                **mapping(f"One of {', '.join(works.WORKS)}", entries.KEYS, ENTRY),
                "oneOf": one_work,
            },
            "hook": {**mapping("An entry that runs when all else is over", entries.HOOK_KEYS, HOOK, ("hook",))},
            "call": mapping("A call of an order", orders.CALL_KEYS, CALL, ("module", "function")),
            "argument": mapping("A variable and its value", orders.ARGUMENT_KEYS, ARGUMENT, ("name",)),
            "dirmap": mapping("A row of the map", more.DIRMAP_KEYS, DIRMAP, more.DIRMAP_KEYS),
            "input": mapping("What an entry reads", entries.READ_KEYS, READ, ("name",)),
            "output": mapping("What an entry writes", entries.WRITTEN_KEYS, WRITTEN, ("name",)),
        },
    )
