"""Lists of a big YAML file whose items are written alike, cut out of the text and read by a pattern of their own.

A program writes a hundred thousand entries that differ in a few words. Of each run of such items the first stays in the
text for the YAML parser, which has to find in it what the pattern finds; all the others have the same text around words
of the same kind. What is unusual in any way is left to the parser. Knows no key of any language.
"""

from __future__ import annotations

import re
from array import array
from operator import itemgetter

from job_manager.formats.yaml_tree import LINE_SHIFT, Map, Plain, Seq, Value
from job_manager.model.hints import TYPE_CHECKING, Any
from job_manager.model.pattern import late
from job_manager.model.record import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_PATTERNS, MOST_TRIES = 64, 256  # of one file; items after which the rest is left to the parser
LONGEST_ITEM, MOST_WORDS = 4000, 100  # of an item that has a pattern
ITEM = re.compile(r"^( *)- (?=\S)", re.M)
BREAKS = "\r\x85\u2028\u2029"  # what only some take for the end of a line
ODD = late(r"[^-A-Za-z0-9_ \n:,{}\[\]\"'.]")  # what may mean something around words
KEY = late(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}\Z")
# What is a word and nothing else, whatever stands around it.
_WORD = r"-{0,2}[A-Za-z0-9_./$+][A-Za-z0-9_./$+~=@%^-]{0,200}"
_DOUBLE = r'"([^"\\\n]{0,2000}(?:\\["\\nt][^"\\\n]{0,2000}){0,60})"'
SAID = {"": rf"({_WORD}(?: {_WORD}){{0,40}})", '"': _DOUBLE, "'": r"'([^'\n]{0,2000})'"}
ESCAPE, ESCAPED = late(r"\\(.)"), {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


class Node(NamedTuple):
    """A mapping (with keys) or list of a pattern. members: numbers of words, or nodes; first: where its marks begin
    among those of the item."""

    keys: tuple[str, ...] | None
    members: tuple[Any, ...]
    first: int


class Outline(NamedTuple):
    """What the parser makes of one item: its nodes, the style of each word and where it stands, for each mark its
    place in the item, and the number of events."""

    root: Node
    styles: list[str]
    spans: list[tuple[int, int]]
    marks: list[int]
    events: int


class Making(NamedTuple):
    """How one value of an item is made. members: what takes them out of the item's words and of the values that were
    made before it, which stand behind the words; first: as of the node."""

    keys: tuple[str, ...] | None
    members: Callable[[list[Any]], Any]
    first: int


class Rows:
    """All items of one pattern, and where everything in them stands, which is found when somebody asks for it."""

    def __init__(self, text: str, indent: int, item: str, outline: Outline) -> None:
        self._text = text
        self.events = outline.events
        self.lines = item.count("\n")
        self.match = _pattern(indent, item, outline).match
        self._makings: list[Making] = []
        _planned(outline.root, len(outline.styles), self._makings)
        self._plain = [number for number, style in enumerate(outline.styles) if not style]
        self._double = [number for number, style in enumerate(outline.styles) if style == '"']
        self._spots = [_spot(mark, outline.spans) for mark in outline.marks]
        self._starts, self._at = array("Q"), array("Q")
        self._last = -1
        self._regs: tuple[tuple[int, int], ...] = ()

    def add(self, found: re.Match[str], line: int, kept: dict[str, Plain]) -> Value:
        """The value of an item that was matched and begins in this line (from 0). kept: plain words that there are."""
        words: list[Any] = list(found.groups())
        for number in self._plain:
            word = kept.get(words[number])
            words[number] = _keep(words[number], kept) if word is None else word
        for number in self._double:
            if "\\" in words[number]:
                words[number] = ESCAPE.sub(lambda escape: ESCAPED[escape[1]], words[number])
        base = len(self._starts) * len(self._spots)
        self._starts.append(found.start())
        self._at.append(line)
        for keys, members, first in self._makings:
            made: Map | Seq = Seq(members(words)) if keys is None else Map(zip(keys, members(words), strict=True))
            made._marks = self  # type: ignore[assignment]  # of an array it has what containers use
            made._first = base + first
            words.append(made)
        return words[-1]  # type: ignore[no-any-return]  # a pattern has a node at least, and its last is the whole

    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice) and at.start == at.stop:
            return []  # of what is empty, perhaps behind the last mark of all
        size = len(self._spots)
        row, first = divmod(at.start if isinstance(at, slice) else at, size)
        if isinstance(at, slice):
            return [self._mark(row, *spot) for spot in self._spots[first : first + at.stop - at.start]]
        return self._mark(row, *self._spots[first])

    def _mark(self, row: int, word: int, far: int) -> int:
        text, begin = self._text, self._starts[row]
        at = (self._regs_of(row)[word][1] if word else begin) + far
        line = self._at[row] + text.count("\n", begin, at)
        return line << LINE_SHIFT | at - text.rfind("\n", 0, at) - 1

    def _regs_of(self, row: int) -> tuple[tuple[int, int], ...]:
        if row != self._last:
            self._last, self._regs = row, getattr(self.match(self._text, self._starts[row]), "regs", ())
        return self._regs


def _keep(text: str, kept: dict[str, Plain]) -> Plain:
    # As when each is read: the few words that are said over and over are kept once.
    word = Plain(text)
    if len(kept) < 10_000:
        kept[text] = word
    return word


def _planned(node: Node, words: int, into: list[Making]) -> int:
    """Add how a value is made, after those that are in it; the number that it will have, counted on from `words`."""
    # Recursion is bounded by how deep a YAML file may be nested.
    members = [_planned(each, words, into) if isinstance(each, Node) else each for each in node.members]
    into.append(Making(node.keys, _taking(members), node.first))
    return words + len(into) - 1


def _taking(numbers: list[int]) -> Callable[[list[Any]], Any]:
    """What takes these, as a sequence, out of a list."""
    begin, end = (numbers[0], numbers[0] + len(numbers)) if numbers else (0, 0)
    return itemgetter(slice(begin, end)) if numbers == list(range(begin, end)) else itemgetter(*numbers)


def _spot(mark: int, spans: list[tuple[int, int]]) -> tuple[int, int]:
    """A place in an item as the number of the last word before it (0: none) and how far it is from the end of that."""
    before = [end for _, end in spans if end <= mark]
    return (len(before), mark - before[-1]) if before else (0, mark)


def _pattern(indent: int, item: str, outline: Outline) -> re.Pattern[str]:
    """What matches an item at its beginning, if the line after it does not go on with it."""
    parts, at = [], 0
    for style, (start, end) in zip(outline.styles, outline.spans, strict=True):
        parts += [re.escape(item[at : start - bool(style)]), SAID[style]]
        at = end + bool(style)
    return re.compile("".join([*parts, re.escape(item[at:]), rf"(?= {{0,{indent}}}[^ \t\n]|\Z)"]))


class _Open:
    """A mapping or list of an item that is being outlined."""

    def __init__(self, keyed: bool, mark: int) -> None:
        self.keyed = keyed
        self.keys: list[str] = []
        self.members: list[Any] = []
        self.marks = [mark]


class _Outliner:
    """Takes the parser's events of one item; `add` says whether it is of the ordinary still."""

    def __init__(self, item: str) -> None:
        self._item = item
        self._stack: list[_Open] = []
        self.styles: list[str] = []
        self.spans: list[tuple[int, int]] = []
        self.marks: list[int] = []
        self.root: Any = None

    def open(self, event: Any, keyed: bool) -> bool:
        self._stack.append(_Open(keyed, event.start_mark.index))
        return event.anchor is None and event.tag is None and self._is_due()

    def _is_due(self) -> bool:
        """Whether a value may come here, not a key."""
        above = self._stack[-2] if len(self._stack) > 1 else None
        return above is None or not above.keyed or len(above.keys) > len(above.members)

    def close(self) -> bool:
        done = self._stack.pop()
        node = Node(tuple(done.keys) if done.keyed else None, tuple(done.members), len(self.marks))
        self.marks += done.marks
        if self._stack:
            self._stack[-1].members.append(node)
            self._stack[-1].marks.append(done.marks[0])
        else:
            self.root = node
        return True

    def scalar(self, event: Any) -> bool:
        above, start, end = self._stack[-1], event.start_mark.index, event.end_mark.index
        above.marks.append(start)
        if event.anchor is not None or event.tag is not None:
            return False
        if above.keyed and len(above.keys) == len(above.members):
            above.keys.append(event.value)
            fresh = above.keys.index(event.value) == len(above.members)
            return fresh and not event.style and KEY.match(event.value) is not None
        style = event.style or ""
        above.members.append(len(self.styles))
        self.styles.append(style)
        self.spans.append((start + bool(style), end - bool(style)))
        return style in SAID and re.fullmatch(SAID[style], self._item[start:end]) is not None


def outlined(item: str, parser: Any, yaml: Any) -> Outline | None:
    """What the parser makes of an item; None where anything in it is out of the ordinary."""
    into, events = _Outliner(item), 0
    try:
        while not isinstance(event := parser.get_event(), yaml.StreamEndEvent):
            events += 1
            if not _take(into, event, yaml):
                return None
    except yaml.YAMLError:
        return None
    at, between = 0, []
    for start, end in into.spans:
        between.append(item[at:start])
        at = end
    plainly = not ODD.search("".join([*between, item[at:]]))
    top = into.root
    # The item is the one member of a list.
    if not plainly or top is None or top.keys is not None or len(top.members) != 1 or len(into.styles) > MOST_WORDS:
        return None
    root = top.members[0]
    return Outline(root, into.styles, into.spans, into.marks[:-2], events - 5) if isinstance(root, Node) else None


def _take(into: _Outliner, event: Any, yaml: Any) -> bool:
    if isinstance(event, yaml.ScalarEvent):
        return bool(into._stack) and into.scalar(event)
    if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
        return into.open(event, isinstance(event, yaml.MappingStartEvent))
    if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
        return into.close()
    return isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent | yaml.DocumentEndEvent)


class Run(NamedTuple):
    """Items that were cut out behind one that is left, which begins at the mark `anchor` and is to be like `first`."""

    anchor: int
    first: Value
    lines: int
    items: list[Value]
    marks: list[int]


class Cut:
    """A text and what is left of it without the items that were cut out of it. `events`: how many the parser would
    have made of these."""

    def __init__(self, text: str, parse: Any, yaml: Any) -> None:
        self.text = text
        self.runs: list[Run] = []
        self.events = 0
        self._parse, self._yaml = parse, yaml
        self._left: list[str] = []
        self._taken = 0  # characters of the text that are in `_left` or cut out
        self._rows: dict[int, list[Rows]] = {}  # by indentation
        self._made = self._tries = 0
        self._kept: dict[str, Plain] = {}
        if not any(sign in text for sign in BREAKS):
            self._go_through()

    @property
    def left(self) -> str:
        """What is for the parser to read."""
        return "".join([*self._left, self.text[self._taken :]])

    def _go_through(self) -> None:
        text, pos, line, counted = self.text, 0, 0, 0
        while self._tries < MOST_TRIES and (found := ITEM.search(text, pos)):
            at, indent = found.start(), len(found[1])
            line += text.count("\n", counted, at)
            counted = at
            rows = self._rows.setdefault(indent, [])
            first = self._matched(rows, at) or self._new(rows, indent, at)
            if first is None:
                pos = found.end()
                continue
            pos = self._run(first, rows, line, indent)

    def _matched(self, rows: list[Rows], at: int) -> tuple[Rows, re.Match[str]] | None:
        """The item that begins here, by the patterns that there are; the one that fits goes first next time."""
        for number, one in enumerate(rows):
            found = one.match(self.text, at)
            if found:
                if number:
                    rows.insert(0, rows.pop(number))
                return one, found
        return None

    def _new(self, rows: list[Rows], indent: int, at: int) -> tuple[Rows, re.Match[str]] | None:
        """A pattern made of the item that begins here."""
        self._tries += 1
        item = _item(self.text, at, indent)
        whole = len(item) <= LONGEST_ITEM and item.endswith("\n")
        outline = outlined(item, self._parse(item), self._yaml) if whole else None
        if outline is None or self._made >= MOST_PATTERNS:
            return None
        one = Rows(self.text, indent, item, outline)
        found = one.match(self.text, at)
        if not found or found.end() != at + len(item):
            return None
        self._made += 1
        rows.insert(0, one)
        return one, found

    def _run(self, begun: tuple[Rows, re.Match[str]], rows: list[Rows], line: int, indent: int) -> int:
        """Everything from an item on that has a pattern is cut out but itself; where it ends."""
        (one, found), text, kept = begun, self.text, self._kept
        anchor, column = line << LINE_SHIFT | indent + 2, indent
        first = one.add(found, line, kept)
        line += one.lines
        start = end = found.end()
        items: list[Value] = []
        marks: list[int] = []
        before = line
        while True:
            again = one.match(text, end)
            if again is None:
                other = self._matched(rows, end)
                if other is None:
                    break
                one, again = other
            items.append(one.add(again, line, kept))
            marks.append(line << LINE_SHIFT | column + 2)
            line += one.lines
            end = again.end()
            self.events += one.events
        self._left.append(text[self._taken : start])
        self._taken = end
        self.runs.append(Run(anchor, first, line - before, items, marks))
        return end


def _item(text: str, at: int, indent: int) -> str:
    """The item that begins here: its line and those after it that are deeper."""
    deeper = re.compile(rf" {{{indent + 1}}}.{{0,{LONGEST_ITEM}}}\n")
    end = text.find("\n", at) + 1 or len(text)
    while end - at <= LONGEST_ITEM and (more := deeper.match(text, end)):
        end = more.end()
    return text[at:end]
