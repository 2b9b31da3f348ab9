"""Bytes that may be JSON: whether they are text at all, and at which line and column a character of it stands.

Knows nothing of JSON's grammar beyond that it is text in UTF-8.
"""

from __future__ import annotations

import re

from job_manager.formats.yaml_text import FILE_LIMIT
from job_manager.formats.yaml_tree import LINE_SHIFT
from job_manager.model.errors import InputError, Place, Problem

BREAK = re.compile("\r\n|[\r\n]")  # what ends a line in JSON; U+2028 and the like are ordinary characters in it
SAVE = "save the file as UTF-8"
# RFC 4627, section 3: the first two characters of JSON are ASCII, so the zeros of the first four bytes tell.
WIDE: dict[tuple[int, ...], str] = {
    (0, 0, 0, 1): "UTF-32",
    (0, 1, 0, 1): "UTF-16",
    (1, 0, 0, 0): "UTF-32",
    (1, 0, 1, 0): "UTF-16",
}
MARKS = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def decoded(raw: bytes, file: str) -> str:
    """The text without a byte order mark. Raises InputError when the bytes are too many or not UTF-8."""
    if len(raw) > FILE_LIMIT:
        raise InputError([Problem(Place(file, 0, 0), f"the file has {len(raw):,} bytes; the limit is {FILE_LIMIT:,}")])
    if wide := _wide(raw):
        raise InputError([Problem(Place(file, 1, 1), f"the file looks like {wide}", SAVE)])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(raw, file, error) from None


def _wide(raw: bytes) -> str:
    for mark, name in MARKS.items():
        if raw.startswith(mark):
            return name
    return WIDE.get(tuple(int(byte != 0) for byte in raw[:4]), "")


def _not_utf8(raw: bytes, file: str, error: UnicodeDecodeError) -> InputError:
    # The codec counts from behind the byte order mark that it took off.
    offset = error.start + len(raw) - len(error.object)
    before = raw[:offset].decode("utf-8-sig")
    starts = [0, *(found.end() for found in BREAK.finditer(before))]
    place = Place(file, len(starts), len(before) - starts[-1] + 1)
    return InputError([Problem(place, f"byte 0x{raw[offset]:02x} at offset {offset} is not UTF-8", SAVE)])


class Sheet:
    """One text, of which every line ends with a line feed, and the places in it."""

    def __init__(self, text: str, file: str) -> None:
        # What may end a line is a blank in JSON and stands in no text, so only the places are made of it.
        self.text = text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text
        self.file = file
        self._line = 0  # the line of the last mark asked for, shifted as in a mark, and where it and the next begin
        self._start = 0
        self._next = self._after(0)
        self._looked = (1, 0)

    def _after(self, offset: int) -> int:
        return self.text.find("\n", offset) + 1 or len(self.text) + 1

    def mark(self, offset: int) -> int:
        """The packed place of a character that stands in or after the line of the last one asked for."""
        if offset >= self._next:
            self._line += self.text.count("\n", self._start, offset) << LINE_SHIFT
            self._start = self.text.rfind("\n", self._start, offset) + 1
            self._next = self._after(offset)
        return self._line | (offset - self._start)

    def at(self, offset: int, path: str = "") -> Place:
        """The place of any character. Going forward costs no more than reading does."""
        line, start = self._looked if offset >= self._looked[1] else (1, 0)
        line += self.text.count("\n", start, offset)
        start = self.text.rfind("\n", start, offset) + 1 or start
        self._looked = (line, start)
        return Place(self.file, line, offset - start + 1, path)
