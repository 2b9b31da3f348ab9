"""`{name}` in the words of a command: what is replaced, what stays, what only looks like it.

`{name}` is replaced only when `name` is declared; `{{name}}` is the literal `{name}`; every other brace stays as it is.
Knows nothing of artifacts or shells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from job_manager.model.pattern import late

FIELD = late(r"\{\{([^{}\n]{1,128})\}\}|\{([^{}\n]{1,128})\}")


def fill(word: str, values: Mapping[str, str], quote: Callable[[str], str] = str) -> str:
    """`word` with each declared `{name}` replaced by its value (through `quote`)."""
    if "{" not in word:
        return word

    def put(match: re.Match[str]) -> str:
        doubled, single = match.groups()
        if doubled is not None:
            return "{" + doubled + "}" if doubled in values else match.group()
        return quote(values[single]) if single in values else match.group()

    return FIELD.sub(put, word)


def fields(word: str) -> Iterator[str]:
    """The names that stand in single braces in `word`, declared or not."""
    for match in FIELD.finditer(word):
        if match.group(2) is not None:
            yield match.group(2)


def mentioned(word: str) -> Iterator[str]:
    """The names that stand in single or double braces in `word`."""
    if "{" in word:
        for match in FIELD.finditer(word):
            yield match.group(1) or match.group(2)
