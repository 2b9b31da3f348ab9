"""`warm:` and `preload:` of a manifest: whether actions are copied from an interpreter that is ready, and what that has
imported. Knows no process.
"""

from __future__ import annotations

import os

from job_manager.formats.yaml_reader import Fields
from job_manager.model.wording import quoted
from job_manager.modules.interpreter import is_python

NAME_HINT = "a name as after import: numpy, or package.module"


def warmth(fields: Fields, folder: str, entrypoint: str) -> tuple[bool, tuple[str, ...]]:
    """What the two keys say. `entrypoint`: as the manifest has it, or "" when that is wrong."""
    said = fields.flag("warm")
    names = _names(fields, entrypoint)
    if names and (said is False or "warm" not in fields.map):
        fields.wrong("preload", "nothing is imported before the start of a module that is not warm", "write warm: true")
    path = os.path.join(folder, entrypoint)
    if said and entrypoint and os.path.isfile(path) and not is_python(path):
        fields.wrong("warm", f"only Python can be warm, and {quoted(entrypoint)} is not Python", "leave the key out")
    return said is True, names


def _names(fields: Fields, entrypoint: str) -> tuple[str, ...]:
    own = os.path.splitext(entrypoint)[0]
    found: dict[str, None] = {}
    for number, (name, at) in enumerate(fields.texts("preload") or ()):
        place = at, f"{fields.path_of('preload')}[{number}]"
        if not all(part.isidentifier() for part in name.split(".")):
            fields.reader.error(*place, f"{quoted(name)} cannot be the name of a Python module", NAME_HINT)
        elif name == own:
            hint = "put what takes long to import into a module beside it"
            fields.reader.error(*place, f"{quoted(name)} is the entrypoint, which is run and not imported", hint)
        elif name in found:
            fields.reader.error(*place, f"{quoted(name)} is repeated")
        found[name] = None
    return tuple(found)
