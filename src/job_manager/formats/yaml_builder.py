"""Makes the tree of values out of parser events, with its own rules: no tags, text keys, none twice, bounded aliases.

Knows nothing of the text the events came from, and nothing of jobs or manifests.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence

from job_manager.formats.wording import PROBLEM_LIMIT
from job_manager.formats.yaml_tree import LINE_SHIFT, NULLS, At, Map, Plain, Seq, Value, alike, position, settle
from job_manager.model.errors import InputError, Place, Problem
from job_manager.model.hints import TYPE_CHECKING, Any
from job_manager.model.record import NamedTuple

if TYPE_CHECKING:
    from job_manager.formats.yaml_rows import Run

SCALAR_LIMIT = 2**20
DEPTH_LIMIT = 64
SHORT = 128  # characters that weigh as one node: a long text repeated by aliases is as bad as many short ones
ALIAS_LIMIT = 1_000_000
# What YAML 1.2's core schema reads as null, bool or number; anything else plain is text.
NOT_TEXT = re.compile(
    r"(?:~|null|Null|NULL|true|True|TRUE|false|False|FALSE|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))?\Z"
)
MERGE = "\0<<"
LOST = "\0"  # begins the stand-in for a refused key, under which its value is kept until its mapping is complete


class _Frame:
    """One open mapping or list. `before` counts the nodes of the file up to it; `height` is its tallest member's."""

    __slots__ = ("anchor", "before", "container", "height", "key", "marks", "members", "merged", "normal")

    def __init__(self, container: Map | Seq, mark: int, anchor: str | None, before: int) -> None:
        self.container = container
        self.members = container if isinstance(container, Map) else None
        self.marks = [mark]
        self.anchor = anchor
        self.before = before
        self.height = 0
        self.key: str | None = None
        self.merged: tuple[Value, int] | None = None
        self.normal: dict[str, str] | None = None


class Unlike(Exception):
    """What was cut out of a text cannot be put in where the rest says: all has to be read."""


class _Anchored(NamedTuple):
    value: Value
    size: int  # in nodes: itself and everything in it, what aliases add included
    height: int


_OPEN = _Anchored("", 0, -1)
_UNKNOWN = _Anchored("", 1, 0)


class Builder:
    """Takes events and grows the tree. `problems` holds what is wrong and does not stop the reading.

    Most of it leaves no tree to go on with. A tag or a key that cannot stand can be left out, so that what else is
    wrong in the file is said as well.
    """

    def __init__(self, file: str, runs: Sequence[Run] = ()) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._runs = list(reversed(runs))
        self._next = runs[0].anchor if runs else None
        self._cut_out = 0  # lines of the file before the one that is read now and missing from what is read, packed
        self._left_out = 0  # so many of the problems are about what the tree does without
        self._root: Value | None = None
        self._stack: list[_Frame] = []
        self._frame: _Frame | None = None
        self._marks: array[int] = array("Q")
        self._plain: dict[str, Plain] = {}
        self._keys: dict[str, str] = {}
        self._anchors: dict[str, _Anchored] = {}
        self._nodes = 0
        self._added = 0
        self._first_over: int | None = None

    @property
    def opened(self) -> At | None:
        """Where the innermost mapping or list that is still open begins."""
        return position(self._stack[-1].marks[0]) if self._stack else None

    def refuse(self, mark: int, message: str, hint: str = "") -> None:
        """Notes what is wrong at this mark. Raises when it is one too many."""
        line, column = position(mark)
        self.problems.append(Problem(Place(self.file, line, column, self._path()), message, hint))
        if len(self.problems) >= PROBLEM_LIMIT:
            raise InputError(self.problems)

    def _leave_out(self, mark: int, message: str, hint: str = "") -> None:
        self._left_out += 1
        self.refuse(mark, message, hint)

    def _stop(self, mark: int, message: str, hint: str = "") -> InputError:
        self.refuse(mark, message, hint)
        return InputError(self.problems)

    def _path(self) -> str:
        parts: list[str] = []
        for frame in self._stack:
            if frame.members is None:
                parts.append(f"[{len(frame.container)}]")
            elif frame.key is not None and not frame.key.startswith(LOST):
                parts.append(f".{frame.key[:60]}")
        path = "".join(parts).removeprefix(".")
        return path if len(path) <= 120 else f"{path[:120]}..."

    def scalar(self, event: Any) -> None:
        start = event.start_mark
        mark = (start.line << LINE_SHIFT | start.column) + self._cut_out
        text: str = event.value
        frame = self._frame
        special = event.style or event.tag is not None or event.anchor is not None
        if special or frame is None or len(text) > SHORT:
            self._special(event, text, mark)
            return
        # From here on the ordinary scalar of a big file, of which there are millions: few calls.
        self._nodes += 1
        if frame.members is not None and frame.key is None:
            key = self._keys.get(text)
            if key is None or key in frame.members:
                self._set_key(frame, frame.members, text, True, mark)
            else:
                frame.key = key
                frame.marks.append(mark)
            return
        value = self._plain.get(text)
        self._place(value if value is not None else self._plain_text(text), mark)

    def _special(self, event: Any, text: str, mark: int) -> None:
        if event.tag is not None:
            self._refuse_tag(event.tag, mark)
        if len(text) > SCALAR_LIMIT:
            self.refuse(mark, f"this text has {len(text):,} characters; the limit is {SCALAR_LIMIT:,}")
        if event.style == '"':
            self._check_escapes(text, mark)
        weight = 1 + len(text) // SHORT
        self._nodes += weight
        value = text if event.style else Plain(text)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, weight, 0)
        self._place(value, mark)

    def _plain_text(self, text: str) -> Plain:
        value = Plain(text)
        # A big file says the same few words over and over: each is kept once. The unique ones are not remembered.
        if len(self._plain) < 10_000:
            self._plain[text] = value
        return value

    def _check_escapes(self, text: str, mark: int) -> None:
        if "\0" in text:
            self.refuse(mark, r"this text contains a NUL character (\0), which no program can be given")
        elif not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
            self.refuse(mark, "this is not valid Unicode text: it contains half of a surrogate pair")

    def _refuse_tag(self, tag: str, mark: int) -> None:
        shown = tag.replace("tag:yaml.org,2002:", "!!")[:60]
        self._leave_out(mark, f'the tag "{shown}" is not allowed', "remove it; write the value as plain or quoted text")

    def open(self, event: Any, container: Map | Seq) -> None:
        mark = (event.start_mark.line << LINE_SHIFT | event.start_mark.column) + self._cut_out
        if event.tag is not None:
            self._refuse_tag(event.tag, mark)
        if len(self._stack) >= DEPTH_LIMIT:
            raise self._stop(mark, f"this is nested deeper than {DEPTH_LIMIT} levels")
        if event.anchor is not None:
            self._anchors[event.anchor] = _OPEN
        self._frame = _Frame(container, mark, event.anchor, self._nodes)
        self._stack.append(self._frame)
        self._nodes += 1

    def close(self) -> None:
        frame = self._stack.pop()
        self._frame = parent = self._stack[-1] if self._stack else None
        if self._left_out and frame.members is not None:
            _forget_lost(frame.members, frame.marks)
        if frame.merged is not None and frame.members is not None:
            self._merge(frame.members, frame.merged, frame.marks)
        settle(frame.container, self._marks, frame.marks)
        height = frame.height + 1
        if parent is not None and parent.height < height:
            parent.height = height
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchored(frame.container, self._nodes - frame.before, height)
        self._place(frame.container, frame.marks[0])
        if frame.marks[0] == self._next:
            self._put_in(frame.container, parent)

    def _put_in(self, first: Map | Seq, into: _Frame | None) -> None:
        """The items that were cut out of a list behind this one. Raises Unlike when that is no item of a list."""
        run = self._runs.pop()
        self._next = self._runs[-1].anchor if self._runs else None
        if into is None or not isinstance(into.container, Seq) or not alike(first, run.first):
            raise Unlike
        into.container += run.items
        into.marks += run.marks
        self._cut_out += run.lines << LINE_SHIFT

    def alias(self, event: Any) -> None:
        mark = event.start_mark.line << LINE_SHIFT | event.start_mark.column
        target = self._target(event.anchor, mark)
        self._nodes += target.size
        self._added += target.size
        if self._added > ALIAS_LIMIT and self._first_over is None:
            self._first_over = mark
        frame = self._frame
        if frame is not None and frame.height < target.height:
            frame.height = target.height
        # Beyond the limit the counting goes on, so that the message can say how far, but nothing is shared any more.
        self._place(target.value if self._first_over is None else Map(), mark)

    def _target(self, name: str, mark: int) -> _Anchored:
        target = self._anchors.get(name)
        if target is None:
            hint = f'write "*{name[:60]}" in quotes if it is meant as text'
            self.refuse(mark, f'the alias "*{name[:60]}" names nothing: there is no "&{name[:60]}" before it', hint)
            return _UNKNOWN
        if target is _OPEN:
            self.refuse(mark, f'the alias "*{name[:60]}" refers to itself')
            return _UNKNOWN
        if len(self._stack) + target.height > DEPTH_LIMIT:
            raise self._stop(mark, f'the alias "*{name[:60]}" makes this nested deeper than {DEPTH_LIMIT} levels')
        return target

    def too_much(self, event: Any) -> InputError:
        mark = event.start_mark.line << LINE_SHIFT | event.start_mark.column
        return self._stop(mark, "there is too much in this file: it is not read beyond this point", "split it up")

    def refuse_document(self, event: Any) -> None:
        mark = event.start_mark.line << LINE_SHIFT | event.start_mark.column
        self.refuse(mark, "a second document begins here; a file holds one", 'remove the "---" or make two files')

    def _place(self, value: Value, mark: int) -> None:
        frame = self._frame
        if frame is None:
            self._root = value
        elif frame.members is None:
            frame.container.append(value)  # type: ignore[union-attr]
            frame.marks.append(mark)
        elif frame.key is None:
            self._other_key(frame, frame.members, value, mark)
        elif frame.key is MERGE:
            frame.merged = (value, mark)
            frame.key = None
        else:
            frame.members[frame.key] = value
            frame.marks.append(mark)
            frame.key = None

    def _other_key(self, frame: _Frame, members: Map, value: Value, mark: int) -> None:
        if isinstance(value, str):
            self._set_key(frame, members, str(value), isinstance(value, Plain), mark)
            return
        self._leave_out(mark, "a key must be text, not a list or a mapping", "quote it if it begins with [ or {")
        self._take_key(frame, f"{LOST}{len(members)}", mark)

    def _set_key(self, frame: _Frame, members: Map, text: str, plain: bool, mark: int) -> None:
        if plain and text == "<<":
            if frame.merged is not None:
                self.refuse(mark, 'the key "<<" is repeated', "write one, with a list: <<: [*first, *second]")
            frame.key = MERGE
            return
        key = self._keys.get(text)
        if key is None or not plain:
            key = self._text_key(text, plain, mark, len(members))
        if key in members or not key.isascii():
            key = self._single(frame, members, key, mark)
        self._take_key(frame, key, mark)

    def _take_key(self, frame: _Frame, key: str, mark: int) -> None:
        frame.key = key
        frame.marks.append(mark)

    def _text_key(self, text: str, plain: bool, mark: int, count: int) -> str:
        if plain and NOT_TEXT.match(text):
            found = f'"{text[:40]}" is not' if text else "this one is empty"
            self._leave_out(mark, f"a key must be text; {found}", f'write it in quotes: "{text[:40]}"' if text else "")
            return f"{LOST}{count}"
        if plain and text.isascii():
            self._keys[text] = text
        return text

    def _single(self, frame: _Frame, members: Map, key: str, mark: int) -> str:
        first = key if key in members else None
        if not key.isascii():
            import unicodedata

            frame.normal = frame.normal if frame.normal is not None else {}
            first = frame.normal.setdefault(unicodedata.normalize("NFC", key), key)
            first = None if first not in members else first
        if first is None:
            return key
        line, column = position(frame.marks[1 + 2 * list(members).index(first)])
        same = "" if first == key else " (they differ only in how an accent is encoded)"
        self._leave_out(mark, f'the key "{key[:60]}" is repeated; it is first written at {line}:{column}{same}')
        return f"{LOST}{len(members)}"

    def _merge(self, members: Map, merged: tuple[Value, int], marks: list[int]) -> None:
        # As YAML 1.1 has it: what is written in the mapping itself wins, then the sources in their order.
        for source in self._sources(*merged):
            theirs = source.member_marks(2 * len(source)) if source else ()
            for n, (key, member) in enumerate(source.items()):
                if key not in members:
                    members[key] = member
                    marks += theirs[2 * n : 2 * n + 2]

    def _sources(self, value: Value, mark: int) -> Iterator[Map]:
        for source in value if isinstance(value, Seq) else [value]:
            if isinstance(source, Map):
                yield source
            elif source or isinstance(source, Plain):  # "" alone stands for an alias already refused
                self.refuse(mark, '"<<" takes a mapping or a list of mappings, such as *name')

    def finish_cut(self) -> Value | None:
        """The tree, when everything that was cut out is in it and nothing was refused. Raises Unlike."""
        if self._runs or self.problems or self._anchors:
            raise Unlike
        return self._root

    def finish(self, flaws: list[Problem] | None = None) -> Value | None:
        """The tree, or None when there is nothing in the file. Raises InputError when anything was refused.

        With `flaws`, what is wrong goes there instead when the tree can do without it.
        """
        if self._first_over is not None:
            many = f"{self._added:,}" if self._added < 10**15 else "more than 1,000,000,000,000,000"
            self.refuse(self._first_over, f"aliases expand to {many} nodes; the limit is {ALIAS_LIMIT:,}")
        if self.problems and (flaws is None or len(self.problems) > self._left_out):
            raise InputError(self.problems)
        if flaws is not None:
            flaws += self.problems
        return None if isinstance(self._root, Plain) and self._root in NULLS else self._root


def _forget_lost(members: Map, marks: list[int]) -> None:
    # The values of refused keys were kept only so that the marks fit the members.
    lost = [key.startswith(LOST) for key in members]
    if not any(lost):
        return
    marks[1:] = [mark for n, mark in enumerate(marks[1:]) if not lost[n // 2]]
    for key in [key for key in members if key.startswith(LOST)]:
        del members[key]
