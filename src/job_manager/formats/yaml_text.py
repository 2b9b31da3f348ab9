"""Bytes that may be YAML: whether they are text at all, and where in them a character stands.

Refuses here what the parser would be slow, vague or unsafe about. Knows nothing of YAML's grammar.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.model.errors import InputError, Place, Problem
from job_manager.model.hints import TYPE_CHECKING
from job_manager.model.pattern import late

if TYPE_CHECKING:
    from re import Match

FILE_LIMIT = 256 * 2**20
BREAK = late("\r\n|[\r\n\x85\u2028\u2029]")  # what ends a line in YAML 1.1, which the parser speaks
BREAK_BYTES = late(rb"\r\n|[\r\n]|\xc2\x85|\xe2\x80[\xa8\xa9]")
CONTROLS = bytes(c for c in (*range(32), 127) if c not in b"\t\n\r")
CONTROL = late(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# C1 controls but NEL; a byte order mark inside; U+FFFE and U+FFFF.
UNPRINTABLE = late(rb"\xc2[\x80-\x84\x86-\x9f]|\xef(?:\xbb\xbf|\xbf[\xbe\xbf])")
# The parser compares every new tag directive with all before it; no job needs one.
TAG_DIRECTIVE = late(rb"(?:^|(?<=[\r\n]))%TAG[ \t]")
BOM = b"\xef\xbb\xbf"


def checked(raw: bytes, file: str) -> bytes:
    """The bytes without a byte order mark. Raises InputError when they are too many or not UTF-8 text."""
    if len(raw) > FILE_LIMIT:
        raise InputError([Problem(Place(file, 0, 0), f"the file has {len(raw):,} bytes; the limit is {FILE_LIMIT:,}")])
    if raw.startswith(BOM):
        raw = raw[len(BOM) :]
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(raw, file, error.start) from None
    if found := _forbidden(raw):
        raise _unprintable(raw, file, found)
    if b"%TAG" in raw and (found := TAG_DIRECTIVE.search(raw)):
        raise _refused(raw, file, found.start(), "tags are not allowed, so neither is %TAG", "remove the line")
    return raw


def _forbidden(raw: bytes) -> Match[bytes] | None:
    # Searching costs a second for a big file, deleting a few milliseconds: so search only when there is something.
    if len(raw.translate(None, CONTROLS)) != len(raw):
        return CONTROL.search(raw)
    return None if raw.isascii() else UNPRINTABLE.search(raw)


def _not_utf8(raw: bytes, file: str, offset: int) -> InputError:
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    looks = "; the file looks like UTF-16" if wide else ""
    message = f"byte 0x{raw[offset]:02x} at offset {offset} is not UTF-8{looks}"
    return _refused(raw, file, offset, message, "save the file as UTF-8")


def _unprintable(raw: bytes, file: str, found: Match[bytes]) -> InputError:
    if raw[:200:2].count(0) > 10 or raw[1:200:2].count(0) > 10:
        return _refused(raw, file, found.start(), "the file looks like UTF-16", "save the file as UTF-8")
    code = ord(found.group().decode("utf-8"))
    message = f"the character U+{code:04X} at offset {found.start()} is not allowed in a text file"
    return _refused(raw, file, found.start(), message, 'remove it, or write it as an escape in double quotes: "\\x1b"')


def _refused(raw: bytes, file: str, offset: int, message: str, hint: str) -> InputError:
    lines = BREAK_BYTES.split(raw[:offset])
    column = len(lines[-1].decode("utf-8", "replace")) + 1
    return InputError([Problem(Place(file, len(lines), column), message, hint)])


def lines(raw: bytes, last: int) -> list[str]:
    """The lines up to number `last` (1-based); fewer when the text has fewer."""
    return list(_until(raw.decode("utf-8"), last))


def _until(text: str, last: int) -> Iterator[str]:
    start = 0
    for _ in range(last):
        found = BREAK.search(text, start)
        if found is None:
            yield text[start:]
            return
        yield text[start : found.start()]
        start = found.end()
