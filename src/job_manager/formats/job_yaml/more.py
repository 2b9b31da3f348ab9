"""The keys of a job.yaml about when and how often things run that most jobs never write: hooks, priorities, what is
tried again, pauses.

Knows nothing of what an entry runs.
"""

from __future__ import annotations

from job_manager.formats.wording import suggestion
from job_manager.formats.yaml_reader import Fields
from job_manager.model.job import HOOKS, Pairs
from job_manager.model.need import limit_name
from job_manager.model.pattern import late
from job_manager.model.reasons import RETRIED
from job_manager.model.wording import quoted

OF_JOB = (
    *("hooks", "priority", "paused", "after", "max_active", "timeout", "wait_timeout", "dirmaps", "wishes", "stuck"),
)
OF_NODE = ("title", "priority", "wishes", "stuck")
OF_ENTRY = (*OF_NODE, "retry_on", "backoff", "min_runtime", "tags", "expand", "workdir")
DIRMAP_KEYS = ("from", "to", "zone")
AFTER = late(r"(?:(1[0-2]|0?[1-9])-(3[01]|[12][0-9]|0?[1-9]) )?([01]?[0-9]|2[0-3]):([0-5][0-9])\Z")
MOST_ACTIVE = 1_000_000
WISH = late(r"[A-Za-z][A-Za-z0-9_.-]{0,63}\Z")
CODE = late(r"-?[0-9]{1,3}\Z")


def read_hook(fields: Fields) -> str:
    """When an entry under `hooks:` runs; it has to say."""
    hook = fields.text("hook")
    if hook in HOOKS:
        return str(hook)
    if hook is None:
        fields.reader.error(
            fields.map.at, fields.path, 'required key "hook" is missing', f"write hook: one of {', '.join(HOOKS)}"
        )
    else:
        fields.wrong("hook", f"expected one of {', '.join(HOOKS)}, found {quoted(hook)}", suggestion(hook, HOOKS))
    return ""


def refuse_beside_hook(fields: Fields) -> None:
    """A hook has its place in time already."""
    for key in ("needs", "foreach"):
        if key in fields.map:
            fields.wrong(key, f"a hook has no {key}", "it runs when all else in its step, task or job is over")


def read_expand(fields: Fields, hook: str) -> bool:
    """Whether what the entry prints is more to be done."""
    expands = bool(fields.flag("expand"))
    for wrong in [name for name, there in (("foreach", "foreach" in fields.map), ("hook", hook)) if there and expands]:
        fields.wrong("expand", f"what has {wrong} cannot expand", "let an entry of its own print what is to be done")
        return False
    return expands


def read_wishes(fields: Fields) -> Pairs:
    """What is kept for others to act on."""
    return fields.named_texts("wishes", _wish_name)


def _wish_name(name: str) -> str | None:
    return None if WISH.match(name) else f"{quoted(name)} cannot be a name: letters, digits, _ . and -, at most 64"


def read_retry_on(fields: Fields) -> tuple[str, ...]:
    """Exit codes, signals as negative numbers, and reasons."""
    found = []
    for number, (text, at) in enumerate(fields.texts("retry_on") or ()):
        if text in RETRIED or (CODE.match(text) and -65 < int(text) < 256):
            found.append(text)
            continue
        hint = suggestion(text, RETRIED) or f"reasons: {', '.join(RETRIED)}"
        message = f"expected an exit code or a reason, found {quoted(text)}"
        fields.reader.error(at, f"{fields.path_of('retry_on')}[{number}]", message, hint)
    return tuple(found)


def read_tags(fields: Fields) -> tuple[str, ...]:
    """Names of limits."""
    found = []
    for number, (text, at) in enumerate(fields.texts("tags") or ()):
        wrong = limit_name(text)
        if wrong:
            fields.reader.error(at, f"{fields.path_of('tags')}[{number}]", wrong)
        else:
            found.append(text)
    return tuple(found)


def read_workdir(fields: Fields) -> str:
    """An absolute directory."""
    text = fields.text("workdir") or ""
    if text and not text.startswith("/"):
        fields.wrong("workdir", f"{quoted(text)} is not an absolute path", "write it from / on, or leave it out")
        return ""
    return text


def read_after(fields: Fields) -> str:
    """A time of day, or month, day and time."""
    text = fields.text("after") or ""
    if text and not AFTER.match(text):
        hint = 'write it as "22:30", or "12-24 6:00" (month, day, time)'
        fields.wrong("after", f"expected a local time, found {quoted(text)}", hint)
        return ""
    return text


def read_dirmaps(fields: Fields) -> tuple[tuple[str, str, str], ...]:
    """Rows of from, to and zone."""
    found = []
    for _, value, at, path in fields.items("dirmaps"):
        row = fields.reader.fields(value, at, path, DIRMAP_KEYS, DIRMAP_KEYS)
        if row is not None:
            found.append((row.text("from") or "", row.text("to") or "", row.text("zone") or ""))
    return tuple(found)
