"""Where an order wants to run: `ClassType`, and the keys of JobManager's remote jobs, checked and kept as wishes.

Nothing here connects to anything.
"""

from __future__ import annotations

from collections.abc import Callable

from job_manager.formats.jobmanager_yaml.values import FLAGS, OLD_FLAGS
from job_manager.formats.wording import suggestion
from job_manager.formats.yaml_reader import Fields, found, is_null
from job_manager.formats.yaml_tree import Plain, Seq, Value
from job_manager.model.document import canonical
from job_manager.model.job import POOL, Pairs
from job_manager.model.quantity import seconds
from job_manager.model.wording import quoted

CLASSES = ("Local", "Remote", "EC2")
FOLDERS = ("RemoteWorkingDir", "RemoteOutputDir", "LocalWorkingDir", "LocalOutputDir")
TEXTS = ("Hostname", "Username", "Key", *FOLDERS, "InstanceID")
LISTS = ("Uploads", "Downloads")
PERIODS = {"PollPeriod": 60.0, "InstPollPeriod": 1.0}  # what a plain number counts, in seconds
KEYS = (*TEXTS, *LISTS, "Port", "onDemand", *PERIODS)
SECRETS = ("awsIDs",)
# What JobManager's own configuration has, which its jobs may repeat.
SETTINGS = (
    *SECRETS,
    *("regionName", "ec2MaxInstances", "LocalMaxJobs", "RemoteMaxJobsPerHost", "amiID"),
    *("instanceSize", "securityGroups", "sshKeyName"),
)
REQUIRED = {"Remote": ("Hostname", "Username", "RemoteWorkingDir"), "EC2": ("Username", "RemoteWorkingDir")}
WHY = {
    "Hostname": "Hostname: the machine it runs on",
    "Username": "Username: who you are there",
    "RemoteWorkingDir": "RemoteWorkingDir: the folder there in which it runs",
}


def read_pool(fields: Fields) -> Pairs:
    """The wishes, sorted; with `pool` unless it is to run here."""
    kind = _class(fields)
    for key in REQUIRED.get(kind, ()):
        if key not in fields.map:
            fields.reader.error(fields.at("ClassType"), "ClassType", f"ClassType {kind} needs {quoted(key)}", WHY[key])
    wishes = {key: text for key in KEYS if key in fields.map and (text := READ[key](fields, key))}
    for key in SETTINGS:
        if key in fields.map:
            _look_at_setting(fields, key)
    if kind in REQUIRED:
        wishes[POOL] = kind.lower()
    return tuple(sorted(wishes.items()))


def _class(fields: Fields) -> str:
    written = fields.text("ClassType")
    if written is None:
        if "RemoteWorkingDir" in fields.map:
            text = "without ClassType it runs on this machine"
            fields.reader.note(fields.key_at("RemoteWorkingDir"), "RemoteWorkingDir", text, "write ClassType: Remote")
        return "Local"
    for name in CLASSES:
        if written.lower() == name.lower():
            return name
    fields.wrong("ClassType", f"there is no ClassType {quoted(written)}", suggestion(written, CLASSES) or KNOWN)
    return "Local"


KNOWN = f"known: {', '.join(CLASSES)}"


def _text(fields: Fields, key: str) -> str:
    text = fields.text(key)
    if text is None:
        return ""
    if not text.strip():
        fields.wrong(key, f'"{key}" is empty')
    elif not text.isprintable():
        fields.wrong(key, f"{quoted(text)} contains a control character")
    elif key in ("Hostname", "Username") and (text.startswith("-") or any(c.isspace() for c in text)):
        fields.wrong(key, f"{quoted(text)} is no {'name of a machine' if key == 'Hostname' else 'name of a user'}")
    else:
        _look_for_placeholder(fields, key, text)
    return text


def _look_for_placeholder(fields: Fields, key: str, text: str) -> None:
    if "[" in text and text.rstrip().endswith("]"):
        fields.reader.warn(fields.at(key), fields.path_of(key), f"{quoted(text)} looks like a place to fill in")


def _texts(fields: Fields, key: str) -> str:
    texts = fields.texts(key)
    return canonical([text for text, _ in texts]) if texts else ""


def _port(fields: Fields, key: str) -> str:
    number = fields.integer(key, 1, 65535)
    return "" if number is None else str(number)


def _flag(fields: Fields, key: str) -> str:
    value = fields.map[key]
    known = FLAGS | OLD_FLAGS
    if isinstance(value, Plain) and value.lower() in known:
        return str(known[value.lower()]).lower()
    if not is_null(value):
        fields.wrong(key, f"expected true or false, found {found(value)}")
    return ""


def _period(fields: Fields, key: str) -> str:
    value = fields.map[key]
    if is_null(value):
        return ""
    try:
        text = value if isinstance(value, str) and len(value) <= 100 else found(value)
        number = float(text) * PERIODS[key] if isinstance(value, Plain) and _is_number(value) else seconds(text)
        return f"{seconds(f'{number:f}'):g}"
    except ValueError as error:
        unit = "minutes" if PERIODS[key] == 60 else "seconds"
        fields.wrong(key, str(error), f"a plain number counts {unit}; it must be more than 0")
        return ""


def _is_number(text: Value) -> bool:
    try:
        return isinstance(text, str) and float(text) > 0 and text[:1].isdigit()
    except ValueError:
        return False


READ: dict[str, Callable[[Fields, str], str]] = {
    **dict.fromkeys(TEXTS, _text),
    **dict.fromkeys(LISTS, _texts),
    **dict.fromkeys(PERIODS, _period),
    "Port": _port,
    "onDemand": _flag,
}


def _look_at_setting(fields: Fields, key: str) -> None:
    at = fields.key_at(key)
    if key in SECRETS:
        hint = "remove it; use the places where AWS's own tools keep keys"
        fields.reader.warn(at, key, "secrets do not belong in a job file; these are not kept", hint)
        return
    value = fields.map[key]
    texts = [text for text in (value if isinstance(value, Seq) else [value]) if isinstance(text, str)]
    if any("[" in text and text.endswith("]") for text in texts) or any(isinstance(item, Seq) for item in value):
        fields.reader.warn(fields.at(key), key, "this looks like a place to fill in")
    fields.reader.note(at, key, f"{key} is a setting of JobManager itself; it has no effect here")
