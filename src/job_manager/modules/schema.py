"""The keys of manifest.yaml as a JSON Schema: a table for each mapping, beside those of the reader.

A key that the reader knows and no table here describes fails tests/formats/test_schema.py. Knows no folder.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    text,
    variables,
    whole,
)
from job_manager.modules.manifest import KEYS, MOST_RETRIES, PORT_KEYS, PORT_REQUIRED, REQUIRED
from job_manager.modules.progress_pattern import LONGEST

MODULE: Mapping[str, Schema] = {
    "name": file_name("What jobs call it. No two alike on the shelves of a job"),
    "description": text("A sentence for people: jm modules shows it"),
    "entrypoint": text("The program: a path inside the folder", minLength=1, examples=["main.py"]),
    "inputs": listed("The files it reads", ref("input")),
    "outputs": listed("The files it writes", ref("output")),
    "params": declared_params("Values it takes beside its files: --NAME VALUE"),
    "version": text("Shown, and not looked at"),
    "timeout": duration("Of one attempt; an entry's word is stronger"),
    "retries": whole("Attempts after the first; an entry's word is stronger", 0, MOST_RETRIES),
    "env": variables("Environment variables"),
    "idempotent": flag("false: never started again by itself when its outcome is not known"),
    "python": text("What runs the entrypoint: a path, a program on PATH, or the folder of an environment", minLength=1),
    "progress": text("A regular expression that finds in its log how far it is", minLength=1, maxLength=LONGEST),
    **NEEDS,
    "warm": flag("true: its actions are copied from an interpreter that is ready. Only for Python"),
    "preload": listed("With warm: modules that are imported before, once for all actions", text("As after import")),
}
_PORT: Mapping[str, Schema] = {
    "param_name": option("The option: --PARAM_NAME PATH"),
    "type": text("video, audio, image, json, text ...", minLength=1),
}
INPUT: Mapping[str, Schema] = {
    **_PORT,
    "optional": flag("A job may leave it out; the option is then not given"),
    "kind": kind("file (by default), directory, or files: the option is then followed by all their paths"),
}
OUTPUT: Mapping[str, Schema] = {
    **_PORT,
    "optional": flag("A job may leave it out, and the module may not write it"),
    "allow_empty": flag("It may have no bytes"),
    "kind": kind("file (by default), directory, or files: the path is that of a folder in which it writes them"),
    "glob": glob("Of kind files: which names count"),
    "expect": expected("What has to be found in it; a job may say otherwise"),
}

TABLES = (
    PARAMS,
    EXPECTED,
    Keys("modules/manifest.py KEYS", KEYS, "modules/schema.py MODULE", MODULE),
    Keys("modules/manifest.py PORT_KEYS['inputs']", PORT_KEYS["inputs"], "modules/schema.py INPUT", INPUT),
    Keys("modules/manifest.py PORT_KEYS['outputs']", PORT_KEYS["outputs"], "modules/schema.py OUTPUT", OUTPUT),
)


def schema() -> Schema:
    """The schema of a manifest."""
    return document(
        "manifest",
        "A module of job_manager",
        mapping("A program that jobs can use", KEYS, MODULE, REQUIRED),
        {
            "input": mapping("A file it reads", PORT_KEYS["inputs"], INPUT, PORT_REQUIRED),
            "output": mapping("A file it writes", PORT_KEYS["outputs"], OUTPUT, PORT_REQUIRED),
        },
    )
