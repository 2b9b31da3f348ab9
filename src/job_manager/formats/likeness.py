"""How much a file looks like each job language, by its first keys or words: no more than a glance.

Reads nothing; a file that looks like a language may still be full of mistakes.
"""

from __future__ import annotations

from collections.abc import Collection

from job_manager.formats.yaml_text import BOM
from job_manager.model.pattern import late

# A key inside the braces with which the file begins.
INNER_KEY = late(rb"""[{,\s]["']?([A-Za-z_]\w{1,30})["']?[ \t]*:""")

JOB_YAML = frozenset(
    {b"name", b"version", b"steps", b"tasks", b"params", b"inputs", b"input_artifact", b"input_artifacts", b"parallel"}
)
ORDER = frozenset(
    {b"Modules", b"Order", b"ClassType", b"Hostname", b"Username", b"RemoteWorkingDir", b"Uploads", b"Downloads"}
)
SURELY = 100  # as formats.CERTAIN: it can be no other
OF_A_JOB = (b"-title", b"-subtasks", b"-serialsubtasks", b"-cmds")
INSIDE = (b" ", b"-", b"#")  # with which a line begins that has no such key
WRITTEN = (b"%s", b'"%s"', b"'%s'", b"%s ")  # before a colon
MISSPELT = frozenset({b"modules", b"order", b"orders", b"classtype", b"Orders", b"Module", b"MODULES", b"ORDER"})
JSON = late(rb'\{\s*"(?:Job|format|\$schema)"\s*:')


def of_job_yaml(head: bytes) -> int:
    """How many of the keys of a job.yaml there are."""
    return len(_there(head, JOB_YAML))


def of_order(head: bytes) -> int:
    """How many of the keys of JobManager's YAML there are."""
    return 2 * len(_there(head, ORDER)) + len(_there(head, MISSPELT))


def of_alfscript(head: bytes) -> int:
    """Whether it has Alfred's first line, or an operator Job at the left edge and one of its options."""
    text = b"\n" + head.removeprefix(BOM).replace(b"\r", b"\n")
    if text.startswith(b"\n##AlfredToDo"):
        return SURELY
    begins = any(b"\nJob" + blank in text for blank in (b" ", b"\t", b"\n", b"\\"))
    return SURELY if begins and any(option in text for option in OF_A_JOB) else 0


def of_json(head: bytes) -> int:
    """Whether its first key is one of ours; a brace alone may be YAML as well."""
    text = head.removeprefix(BOM).lstrip()
    if not text.startswith((b"{", b"[")):
        return 0
    return 100 if JSON.match(text) else 1


def _there(head: bytes, keys: Collection[bytes]) -> set[bytes]:
    """Those of the keys that stand at the left edge, or in the braces with which the file begins."""
    text = head.removeprefix(BOM)
    if text.removeprefix(b"---").lstrip().startswith(b"{"):
        return set(INNER_KEY.findall(text)) & set(keys)
    # No pattern, and nothing done with each line: every start of jm on a job comes by here.
    lines = text.replace(b"\r", b"\n").replace(b"\n ", b"\0").split(b"\n")
    edge = {line.partition(b":")[0] for line in lines if not line.startswith(INSIDE) and b":" in line}
    return {key for key in keys if any(written % key in edge for written in WRITTEN)}
