"""Which names are safe: artifacts, parameters, environment variables, job ids. One rule each, as a sentence or None.

Knows nothing of where the name stands; the reader adds the place. Rules: reference bad-inputs B50-B59, security T7.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from job_manager.model.pattern import late
from job_manager.model.wording import quoted

PARAM = late(r"[A-Za-z][A-Za-z0-9_-]{0,63}\Z")
ENV = late(r"[A-Za-z_][A-Za-z0-9_]*\Z")
JOB_ID = late(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
SECRET = late(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
SAFE = late(r"[A-Za-z0-9._-]*\Z")
ORDINARY = late(r"([A-Za-z0-9_-]{1,60})(?:\.[A-Za-z0-9_-]{1,30}){0,2}\Z")
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))})
# A line for each of many names that are surely ordinary, none of them a word that YAML takes for nothing.
_LINES = late(
    rf"(?:(?!(?i:{'|'.join(sorted(DEVICES))})[.\n]|(?i:null)\n)"
    r"[A-Za-z0-9_-]{1,60}(?:\.[A-Za-z0-9_-]{1,30}){0,2}\n)*\Z"
)
_AT_ONCE = 1000
MAX_NAME_CHARS = 128
MAX_NAME_BYTES = 240  # a file name holds 255; suffixes of ours need room


def is_ordinary(name: str) -> bool:
    """Whether nothing can be said against a name, of an artifact or an action; there may be nothing to say against
    another, too."""
    found = ORDINARY.match(name)
    return found is not None and (len(found[1]) > 4 or found[1].lower() not in DEVICES)


def are_ordinary(names: Sequence[str]) -> bool:
    """Whether all of these names are, and are not `null`; where it says no they may still be. Raises TypeError when one
    is no text."""
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        lines = "\n".join([*some, ""])
        if lines.count("\n") != len(some) or not _LINES.match(lines):
            return False
    return True


def artifact_name(name: str) -> str | None:
    """Why `name` cannot be a file name of ours, or None when it can."""
    if is_ordinary(name):
        return None
    if not name.strip():
        return "the name is empty"
    if name in (".", ".."):
        return f"{quoted(name)} is not a file name"
    if "/" in name or "\\" in name:
        return f"{quoted(name)} contains a path separator"
    if not name.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        return f"{quoted(name)} contains a control character"
    return _length(name) or _ending(name)


def _length(name: str) -> str | None:
    if len(name) > MAX_NAME_CHARS:
        return f"the name has {len(name)} characters; the limit is {MAX_NAME_CHARS}"
    size = len(name.encode("utf-8"))
    if size > MAX_NAME_BYTES:
        return f"the name has {size} bytes in UTF-8; the limit is {MAX_NAME_BYTES}"
    return None


def _ending(name: str) -> str | None:
    if name[-1] in " ." or name[0] == " ":
        return f"{quoted(name)} begins or ends with a space, or ends with a dot"
    if name.split(".", 1)[0].lower() in DEVICES:
        return f"{quoted(name)} is a reserved device name"
    return None


def param_name(name: str) -> str | None:
    """Why `name` cannot be a `--parameter`, or None."""
    return None if PARAM.match(name) else f"{quoted(name)} is not a parameter name; {_must_match(PARAM)}"


def env_name(name: str) -> str | None:
    """Why `name` cannot be an environment variable a job sets, or None."""
    if not ENV.match(name):
        return f"{quoted(name)} is not a name of an environment variable"
    return f"{quoted(name)} is set by job_manager itself" if name.startswith("JM_") else None


def job_id(name: str) -> str | None:
    """Why `name` cannot be a job id, or None."""
    return None if JOB_ID.match(name) else f"{quoted(name)} is not a job id; {_must_match(JOB_ID)}"


def secret_name(name: str) -> str | None:
    """Why `name` cannot be the name of a secret, or None."""
    return None if SECRET.match(name) else f"{quoted(name)} is not the name of a secret; {_must_match(SECRET)}"


def _must_match(pattern: re.Pattern[str]) -> str:
    return "it must match " + pattern.pattern.removesuffix(r"\Z")


def folded(name: str) -> str:
    """The form in which two names are one on some file system: normalised, case folded."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def slug(text: str, default: str) -> str:
    """`text` made into a name that is safe in a path and on a command line; `default` when nothing is left."""
    safe = SAFE.match(text)
    kept = (text if safe else "".join(c if c.isalnum() or c in "._-" else "-" for c in text)).strip("-. ")
    return kept[:64].rstrip("-.") or default
