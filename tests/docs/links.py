"""The links of a page and the anchors that its headings give; and what the tables below its headings list.

Reads Markdown as far as that; opens no address of the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from tests.docs.pages import text_of

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
CODE = re.compile(r"^(`{3,}).*?^\1 *$|(`+).+?\2(?!`)", re.MULTILINE | re.DOTALL)
WORD = re.compile(r"`([^`]+)`")


class Link(NamedTuple):
    """`target` is a path from the root, `anchor` what stands behind its #."""

    page: str
    target: str
    anchor: str


def links(page: str) -> list[Link]:
    """The relative links of a page, outside of code."""
    return [_link(page, found) for found in LINK.findall(CODE.sub(_blank, text_of(page))) if "://" not in found]


def _blank(code: re.Match[str]) -> str:
    return "" if code[1] else "code"


def _link(page: str, found: str) -> Link:
    path, _, anchor = found.partition("#")
    parts: list[str] = []
    for part in (PurePosixPath(page).parent / path).parts if path else PurePosixPath(page).parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return Link(page, "/".join(parts), anchor)


def anchors(page: str) -> set[str]:
    """What may stand behind a # to lead to a heading of the page."""
    text = re.sub(r"^(`{3,}).*?^\1 *$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    return {slug(heading) for heading in HEADING.findall(text)}


def slug(heading: str) -> str:
    """The anchor of a heading, as the common sites make it."""
    words = re.sub(r"[^\w\- ]", "", heading.lower())
    return words.replace(" ", "-")


def sections(page: str) -> dict[str, str]:
    """The text below each heading, up to the next of any level."""
    parts = HEADING.split(text_of(page))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def listed(text: str) -> Iterator[str]:
    """The code words in the first column of every table in the text."""
    for line in text.split("\n"):
        if line.startswith("|"):
            yield from WORD.findall(line.split("|")[1])
