"""`manifest.yaml` of one folder, read into a Module or into everything that is wrong with it.

Knows nothing of other modules or of what will run this one.
Rules: reference seed-systems S6, S7, D5-D8; bad-inputs B56-B65.
"""

from __future__ import annotations

import os
import re
import stat

from job_manager.formats.yaml_expect import read_expect
from job_manager.formats.yaml_params import read_params
from job_manager.formats.yaml_reader import At, Fields, Map, Reader, Value, load, suggestion
from job_manager.model.errors import InputError, Place, Problem
from job_manager.model.job import FILE, FILES, KINDS
from job_manager.model.module import Module, Port
from job_manager.model.names import artifact_name, param_name
from job_manager.model.need import MOST_CPUS, MOST_OF_A_LIMIT, limit_name
from job_manager.model.params import Param
from job_manager.model.pattern import late
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted
from job_manager.modules.warmth import warmth

NAMES = ("manifest.yaml", "manifest.yml")
OLD_NAME = "modules.yaml"
NAME_LINE = late(rb"^name:[ \t]+[\"']?([^\"'#\r\n]{1,128})", re.MULTILINE)
SIZE_LIMIT = 1 << 20
MOST_RETRIES = 1000
REQUIRED = ("name", "entrypoint")
KEYS = (
    *("name", "description", "entrypoint", "inputs", "outputs", "params"),
    *("version", "timeout", "retries", "env", "idempotent", "python", "progress"),
    *("cpus", "memory", "limits"),
    *("warm", "preload"),
)
PORT_REQUIRED = ("param_name", "type")
PORT_KEYS = {
    "inputs": (*PORT_REQUIRED, "optional", "kind"),
    "outputs": (*PORT_REQUIRED, "optional", "allow_empty", "kind", "glob", "expect"),
}


class Reading(NamedTuple):
    """What came of a folder: the module unless something is wrong, the name it goes by, all problems and warnings."""

    module: Module | None
    name: str
    problems: tuple[Problem, ...]


def read_manifest(folder: str) -> Module:
    """The module in `folder`. Raises InputError with every problem, each with file:line:column."""
    reading = read(folder)
    if reading.module is None:
        raise InputError(reading.problems)
    return reading.module


def read(folder: str) -> Reading:
    """The module in `folder`, and what is wrong with it or odd. Never raises for what the folder holds."""
    fallback = os.path.basename(os.path.abspath(folder))
    file, *others = [path for name in NAMES if os.path.lexists(path := os.path.join(folder, name))] or [""]
    if not file:
        return Reading(None, fallback, (_no_manifest(folder),))
    reader = Reader(file)
    raw = b""
    try:
        raw = _content(file)
        _refuse_second(file, others)
        value = load(raw, file, flaws=reader.problems)
    except InputError as error:
        return Reading(None, _guessed(raw) or fallback, tuple(error.problems))
    fields = _fields(reader, value)
    module = None if fields is None else _module(fields, folder, reader)
    broken = module is None or any(problem.severity == "error" for problem in reader.problems)
    name = (module.name if module else "") or fallback
    return Reading(None if broken else module, name, tuple(reader.problems))


def _refuse_second(file: str, others: list[str]) -> None:
    for other in others:
        if not (os.path.exists(other) and os.path.samefile(file, other)):
            message = f"there are two manifests in this folder, {NAMES[0]} and {NAMES[1]}"
            raise InputError([Problem(Place(file, 0, 0), message, "remove the one that does not count")])


def _guessed(raw: bytes) -> str:
    # Of a manifest that is no YAML: a job that names the module is to hear why it cannot be used.
    match = NAME_LINE.search(raw)
    return match[1].decode("utf-8", "replace").strip() if match else ""


def _no_manifest(folder: str) -> Problem:
    old = os.path.join(folder, OLD_NAME)
    if os.path.lexists(old):
        return Problem(Place(old, 0, 0), "a module's manifest has another name", f"rename it to {NAMES[0]}")
    if not os.path.isdir(folder):
        return Problem(Place(folder, 0, 0), "is not a folder" if os.path.lexists(folder) else "does not exist")
    if not os.access(folder, os.R_OK | os.X_OK):
        return Problem(Place(folder, 0, 0), "cannot be read: Permission denied")
    message = f"there is no {NAMES[0]} in this folder"
    return Problem(Place(folder, 0, 0), message, f"write a {NAMES[0]} beside the program")


def _content(file: str) -> bytes:
    # O_NONBLOCK: a pipe somebody made under this name would be waited for.
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as stream:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise InputError([Problem(Place(file, 0, 0), "is not a regular file")])
            if found.st_size > SIZE_LIMIT:
                message = f"the manifest has {found.st_size:,} bytes; the limit is {SIZE_LIMIT:,}"
                raise InputError([Problem(Place(file, 0, 0), message)])
            return stream.read()
    except OSError as error:
        raise InputError([Problem(Place(file, 0, 0), f"cannot be read: {error.strerror}")]) from None


def _fields(reader: Reader, value: Value | None) -> Fields | None:
    at = value.at if isinstance(value, Map) else (1, 1)
    return _known(reader, value, at, "", KEYS, REQUIRED)


def _known(
    reader: Reader, value: Value | None, at: At, path: str, keys: tuple[str, ...], required: tuple[str, ...]
) -> Fields | None:
    # The original ignores keys it does not know, and shelves rely on it: here they are only pointed out.
    others = [key for key in value if key not in keys and not key.startswith("x-")] if isinstance(value, Map) else []
    fields = reader.fields(value, at, path, (*keys, *others), required)
    if fields is not None:
        for key in others:
            near = suggestion(key, keys)
            say = reader.warn if near else reader.note
            say(fields.key_at(key), fields.path_of(key), f'unknown key "{key}" is ignored', near)
    return fields


def _module(fields: Fields, folder: str, reader: Reader) -> Module:
    ports = {key: _ports(fields, key, reader) for key in ("inputs", "outputs")}
    params = read_params(fields, "params", _unfit)
    _refuse_repeated([*ports["inputs"], *ports["outputs"]], params, reader)
    idempotent = fields.flag("idempotent", True)
    entrypoint = _entrypoint(fields, folder)
    warm, preload = warmth(fields, folder, entrypoint)
    return Module(
        name=_name(fields),
        folder=os.path.abspath(folder),
        entrypoint=entrypoint,
        description=fields.text("description") or "",
        inputs=ports["inputs"],
        outputs=ports["outputs"],
        version=fields.text("version") or "",
        timeout=fields.duration("timeout"),
        retries=fields.integer("retries", 0, MOST_RETRIES),
        env=fields.plain_env("env"),
        idempotent=idempotent is not False,
        python=_python(fields),
        params=params,
        progress=_progress(fields),
        cpus=fields.integer("cpus", 1, MOST_CPUS),
        memory=fields.size("memory"),
        limits=fields.counts("limits", MOST_OF_A_LIMIT, limit_name),
        warm=warm,
        preload=preload,
        place=Place(reader.file, *fields.at("name"), fields.path_of("name")),
    )


def _name(fields: Fields) -> str:
    name = fields.text("name")
    wrong = artifact_name(name) if name is not None else None
    if wrong:
        fields.wrong("name", wrong)
    return "" if wrong or name is None else name


def _python(fields: Fields) -> str | None:
    python = fields.text("python")
    if python is not None and not python.strip():
        fields.wrong("python", "is empty", "a path, or the name of a program on PATH, or leave the key out")
        return None
    return python


def _progress(fields: Fields) -> str:
    pattern = fields.text("progress")
    if pattern is None:
        return ""
    # Imported here: few manifests have one.
    from job_manager.modules.progress_pattern import fault

    wrong = fault(pattern)
    if wrong:
        fields.wrong("progress", wrong.message, wrong.hint)
    return "" if wrong else pattern


def _ports(fields: Fields, key: str, reader: Reader) -> tuple[Port, ...]:
    found = (_port(reader, key, item, at, path) for _, item, at, path in fields.items(key))
    return tuple(port for port in found if port is not None)


def _port(reader: Reader, key: str, item: Value, at: At, path: str) -> Port | None:
    fields = _known(reader, item, at, path, PORT_KEYS[key], PORT_REQUIRED)
    if fields is None:
        return None
    param, type = fields.text("param_name"), fields.text("type")
    if param is not None:
        wrong = _unfit(param)
        if wrong:
            fields.wrong("param_name", wrong)
    if type is not None and not type.strip():
        fields.wrong("type", "is empty", "any word will do: video, audio, json ...")
    if param is None or type is None:
        return None
    place = Place(reader.file, *fields.at("param_name"), fields.path_of("param_name"))
    optional, allow_empty = fields.flag("optional", False), key == "outputs" and fields.flag("allow_empty", False)
    kind, glob = _kind(fields, key)
    expect = read_expect(fields, type.strip(), sequence=kind != FILE) if key == "outputs" else ()
    return Port(param, type.strip(), bool(optional), bool(allow_empty), kind, glob, expect, place)


def _kind(fields: Fields, key: str) -> tuple[str, str]:
    kind, glob = fields.text("kind") or FILE, (key == "outputs" and fields.text("glob")) or ""
    if kind not in KINDS:
        fields.wrong("kind", f"expected one of {', '.join(KINDS)}, found {quoted(kind)}", suggestion(kind, KINDS))
    if glob and kind != FILES:
        fields.wrong("glob", "only an output of kind files has a glob", f"write kind: {FILES} beside it")
    elif glob and ("/" in glob or not glob.strip()):
        fields.wrong("glob", f"{quoted(glob)} is no pattern for file names", 'write something like "*.png"')
    return kind, glob


def _unfit(param: str) -> str | None:
    if param == "help":
        return "a parameter cannot be called help: --help makes most programs print their help and leave"
    return param_name(param)


def _refuse_repeated(ports: list[Port], params: tuple[Param, ...], reader: Reader) -> None:
    first: dict[str, Place | None] = {}
    options = [*((port.param, port.place) for port in ports), *((param.name, param.place) for param in params)]
    for name, place in options:
        before = first.setdefault(name, place)
        if before is place or before is None or place is None:
            continue
        message = f'parameter "{name}" is repeated; first at {before.line}:{before.column}'
        reader.error((place.line, place.column), place.path, message)


def _entrypoint(fields: Fields, folder: str) -> str:
    written = fields.text("entrypoint")
    if written is None:
        return ""
    wrong, hint = _misplaced(written) or _unusable(folder, written) or ("", "")
    if wrong:
        fields.wrong("entrypoint", wrong, hint)
    return os.path.normpath(written)


def _misplaced(written: str) -> tuple[str, str] | None:
    hint = 'a path inside the module\'s folder, such as "main.py"'
    if not written.strip():
        return "is empty", hint
    if "\0" in written:
        return "contains a NUL character", hint
    if os.path.isabs(written):
        return f'"{written}" is an absolute path', hint
    return (f'"{written}" leads out of the module\'s folder', hint) if ".." in written.split("/") else None


def _unusable(folder: str, written: str) -> tuple[str, str] | None:
    path = os.path.join(folder, written)
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return _absent(folder, written, error)
    inside = os.path.realpath(folder)
    if os.path.commonpath([inside, os.path.realpath(path)]) != inside:
        return f'"{written}" is a link that leads out of the module\'s folder', "put the program into the folder"
    if not stat.S_ISREG(mode):
        return f'"{written}" is {"a folder" if stat.S_ISDIR(mode) else "not a regular file"}', "name the program to run"
    return None if os.access(path, os.R_OK) else (f'"{written}" cannot be read: Permission denied', "")


def _absent(folder: str, written: str, error: OSError) -> tuple[str, str]:
    if not isinstance(error, FileNotFoundError):
        return f'"{written}" cannot be read: {error.strerror}', ""
    try:
        near = suggestion(written, [name for name in os.listdir(folder) if name not in NAMES])
    except OSError:
        near = ""
    return f'"{written}" does not exist in {folder}', near
