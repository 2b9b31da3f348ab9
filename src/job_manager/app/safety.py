"""Whether a place is one in which only this user can change what is kept. Knows nothing of what is kept there.

Rule: reference security T7.
"""

from __future__ import annotations

import os
import stat

from job_manager.model.errors import InputError

ELSEWHERE = "choose another place with --home DIR, JM_HOME or jm.toml"


def check_place(path: str) -> None:
    """Raises InputError when the directory at `path`, should it be there, is somebody else's, or when anybody may put
    another in its place."""
    path = os.path.realpath(path)
    found = _looked_at(path)
    if found is not None and found.st_uid != os.geteuid():
        message = f"the state directory {path} belongs to {_name(found.st_uid)} and not to {_name(os.geteuid())}"
        raise InputError(message, ELSEWHERE)
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        above = _looked_at(path)
        if above is not None and above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX:
            message = f"anybody may put something else in place of the state directory: all may write into {path}"
            raise InputError(message, f"chmod o-w {path} (or chmod +t, as /tmp has it), or {ELSEWHERE}")


def _looked_at(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:  # not there, or not to be looked at: what is done with it says so
        return None


def _name(user: int) -> str:
    import pwd  # only where it has to be said

    try:
        return pwd.getpwuid(user).pw_name
    except (KeyError, OSError):
        return f"user {user}"
