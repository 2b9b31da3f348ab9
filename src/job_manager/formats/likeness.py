"""How much a file looks like each job language in YAML, by its first keys: no more than a glance.

Reads nothing; a file that looks like a language may still be full of mistakes.
"""

from __future__ import annotations

import re

# A key at the left edge, or one inside the braces with which the file begins.
KEY = re.compile(rb"""^(?:\xef\xbb\xbf)?["']?([A-Za-z_]\w{1,30})["']?[ \t]*:(?=[\s{\["'])""", re.MULTILINE)
INNER_KEY = re.compile(rb"""[{,\s]["']?([A-Za-z_]\w{1,30})["']?[ \t]*:""")
BRACE = re.compile(rb"(?:\xef\xbb\xbf)?(?:---)?\s*\{")

JOB_YAML = frozenset(
    {b"name", b"version", b"steps", b"tasks", b"params", b"inputs", b"input_artifact", b"input_artifacts", b"parallel"}
)
ORDER = frozenset(
    {b"Modules", b"Order", b"ClassType", b"Hostname", b"Username", b"RemoteWorkingDir", b"Uploads", b"Downloads"}
)
MISSPELT = frozenset({b"modules", b"order", b"orders", b"classtype", b"Orders", b"Module", b"MODULES", b"ORDER"})


def of_job_yaml(head: bytes) -> int:
    """How many of the keys of a job.yaml there are."""
    return len(_keys(head) & JOB_YAML)


def of_order(head: bytes) -> int:
    """How many of the keys of JobManager's YAML there are."""
    keys = _keys(head)
    return 2 * len(keys & ORDER) + len(keys & MISSPELT)


def _keys(head: bytes) -> set[bytes]:
    brace = BRACE.match(head)
    return set(INNER_KEY.findall(head, brace.end() - 1) if brace else KEY.findall(head))
