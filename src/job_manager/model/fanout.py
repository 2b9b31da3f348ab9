"""Fan-out: the keys of an action that is run once for each of their items, ranges of numbers, what stands in braces.

Pure. Items are texts: values as they are written, numbers, chunks of numbers (`1-19x2`), or artifacts. Knows nothing of
where the files of a key come from, nor when they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, pairwise, product, repeat
from math import prod

from job_manager.model.errors import Place
from job_manager.model.hints import overload
from job_manager.model.pattern import late
from job_manager.model.record import Record, field
from job_manager.model.template import FIELD

MOST = 1_000_000  # items of one key, and actions of one fan-out
PART = late(r"(-?[0-9]{1,12})(?:-(-?[0-9]{1,12})(?:x([0-9]{1,9}))?)?\Z")
RANGE = late(r"-?[0-9]+(?:--?[0-9]+)?(?:x[0-9]+)?(?:\s*,\s*-?[0-9]+(?:--?[0-9]+)?(?:x[0-9]+)?)*\Z")
WIDTH = late(r"(.+):0?([0-9]{1,2})\Z")
FORMS = ("", ".index")
NUMBER_FORMS = (*FORMS, ".first", ".last", ".step", ".count")
FILE_FORMS = (*FORMS, ".name", ".stem", ".suffix")


class Each(Record):
    """One key of a fan-out: `values` as written, or what it goes `over`: a range (`1-240x2`) or an artifact's name.

    chunk: how many numbers of a range make one item. `{params.NAME}` may stand in values and in `over`.
    """

    key: str
    values: tuple[str, ...] = ()
    over: str = ""
    chunk: int = 1
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def is_range(self) -> bool:
        """Whether it goes over numbers."""
        return bool(self.over) and bool(RANGE.match(self.over))

    @property
    def artifact(self) -> str:
        """The artifact whose files are the items, or ""."""
        return "" if not self.over or self.is_range else self.over

    @property
    def forms(self) -> tuple[str, ...]:
        """What may stand in braces for it, after its name."""
        if "{" in self.over:  # a range or files: known when the value is put in
            return tuple(dict.fromkeys((*NUMBER_FORMS, *FILE_FORMS)))
        if self.artifact:
            return FILE_FORMS
        return NUMBER_FORMS if self.over else FORMS

    def items(self) -> list[str]:
        """The items of a key that needs no files. Raises ValueError with a sentence for what is no range."""
        if not self.over:
            return list(self.values)
        whole = numbers(self.over)
        if self.chunk <= 1:
            return [str(number) for number in whole]
        return [written(whole[at : at + self.chunk]) for at in range(0, len(whole), self.chunk)]


def numbers(text: str) -> list[int]:
    """The whole numbers of `1-240x2,300`, in the order written, each once. Raises ValueError with a sentence."""
    found: dict[int, None] = {}
    for part in text.split(","):
        for number in _part(part.strip(), text):
            found[number] = None
        if len(found) > MOST:
            raise ValueError(f"the range has more than {MOST:,} numbers")
    return list(found)


def _part(part: str, text: str) -> Iterable[int]:
    match = PART.match(part)
    if not match:
        raise ValueError(f'"{text[:60]}" is no range of numbers; write 1-240, 1-240x2 or 1,5,9')
    first, last = int(match[1]), int(match[2] or match[1])
    step = int(match[3] or 1)
    if step < 1:
        raise ValueError(f'"{text[:60]}" has a step of 0')
    if abs(last - first) // step >= MOST:
        raise ValueError(f"the range has more than {MOST:,} numbers")
    return range(first, last + 1, step) if first <= last else range(first, last - 1, -step)


def written(whole: Sequence[int]) -> str:
    """Numbers as a range: `1-19x2`, or all of them with commas when they are not evenly spaced."""
    if len(whole) == 1:
        return str(whole[0])
    step = whole[1] - whole[0]
    if any(b - a != step for a, b in pairwise(whole)):
        return ",".join(map(str, whole))
    return f"{whole[0]}-{whole[-1]}" + (f"x{abs(step)}" if abs(step) != 1 else "")


class Combinations(Sequence[tuple[str, ...]]):
    """All combinations of the items of several keys, the last key's changing quickest; made when asked for."""

    __slots__ = ("_size", "items")

    def __init__(self, items: Sequence[Sequence[str]]) -> None:
        self.items = items
        self._size = prod(len(each) for each in items)

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> tuple[str, ...]: ...

    @overload
    def __getitem__(self, at: slice) -> list[tuple[str, ...]]: ...

    def __getitem__(self, at: int | slice) -> tuple[str, ...] | list[tuple[str, ...]]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        if not 0 <= at < self._size:
            raise IndexError(at)
        found = []
        for each in reversed(self.items):
            at, place = divmod(at, len(each))
            found.append(each[place])
        return tuple(reversed(found))

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return product(*self.items)

    def positions(self, at: int) -> tuple[int, ...]:
        """The place of each item among its key's, from 1."""
        found = []
        for each in reversed(self.items):
            at, place = divmod(at, len(each))
            found.append(place + 1)
        return tuple(reversed(found))


# --- what stands in braces -------------------------------------------------------------------------------------------


class Spoken(frozenset[str]):
    """The names in braces that a fan-out's keys give, with a width behind them (`{frame:04}`) or without."""

    def __contains__(self, name: object) -> bool:
        return frozenset.__contains__(self, name) or (isinstance(name, str) and self.bare(name) is not None)

    def bare(self, name: str) -> str | None:
        """The name without its width, or None when it is none of ours."""
        match = WIDTH.match(name)
        return match[1] if match and frozenset.__contains__(self, match[1]) else None

    def __or__(self, other: Collection[str]) -> Spoken:  # type: ignore[override]
        return Spoken(frozenset.__or__(self, frozenset(other)))


def spoken(foreach: Iterable[Each]) -> Spoken:
    """Everything that may stand in braces for these keys."""
    return Spoken(each.key + form for each in foreach for form in each.forms)


def keys_in(text: str, foreach: Iterable[Each]) -> set[str]:
    """The keys that a text mentions, in whatever form."""
    if "{" not in text:
        return set()
    ours = {form: each.key for each in foreach for form in (each.key + f for f in each.forms)}
    found = set()
    for match in FIELD.finditer(text):
        name = match[2]
        if name is not None:
            width = WIDTH.match(name)
            found.add(ours.get(name) or (ours.get(width[1]) if width else None) or "")
    return found - {""}


class Filling(Mapping[str, str]):
    """What stands for each form of each key in one combination, widths included."""

    def __init__(self, foreach: Sequence[Each], items: Sequence[str], positions: Sequence[int]) -> None:
        self._texts: dict[str, str] = {}
        for each, item, position in zip(foreach, items, positions, strict=True):
            self._texts.update(_forms(each)(item, position))

    def __getitem__(self, name: str) -> str:
        if name in self._texts:
            return self._texts[name]
        match = WIDTH.match(name)
        if not match:
            raise KeyError(name)
        return self._texts[match[1]].zfill(int(match[2]))

    def __contains__(self, name: object) -> bool:
        if name in self._texts:
            return True
        match = WIDTH.match(name) if isinstance(name, str) and ":" in name else None
        return match is not None and match[1] in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def all_filled(text: str, foreach: Sequence[Each], items: Sequence[Sequence[str]]) -> Iterator[str]:
    """`text` as it reads in each combination of the items, in order: much cheaper than one after another."""
    size = prod(len(each) for each in items)
    if not size or "{" not in text:
        return repeat(text, size)
    some = Filling(foreach, [each[0] for each in items], [1] * len(items))
    pieces: list[Iterator[str]] = []
    at = 0
    for match in FIELD.finditer(text):
        doubled, single = match.groups()
        pieces.append(repeat(text[at : match.start()]))
        if single is not None and single in some:
            pieces.append(_column(single, foreach, items))
        else:
            pieces.append(repeat("{" + doubled + "}" if doubled in some else match[0]))
        at = match.end()
    # What is the same in all of them is repeated for ever: the last of the columns says how many there are.
    return map("".join, zip(*pieces, repeat(text[at:], size), strict=False))


def _column(name: str, foreach: Sequence[Each], items: Sequence[Sequence[str]]) -> Iterator[str]:
    """What stands for this name in each combination."""
    form, _, width = name.partition(":")
    place = next(number for number, each in enumerate(foreach) if each.key == form.partition(".")[0])
    all_forms = _forms(foreach[place])
    texts = [all_forms(item, number)[form].zfill(int(width or 0)) for number, item in enumerate(items[place], start=1)]
    before, behind = prod(len(some) for some in items[:place]), prod(len(some) for some in items[place + 1 :])
    if before == behind == 1:
        return iter(texts)
    return chain.from_iterable(repeat(text, behind) for _ in range(before) for text in texts)


def _forms(each: Each) -> Callable[[str, int], dict[str, str]]:
    """All that stands in braces for an item of this key and its place, from 1."""
    of_item = _of_file if each.artifact else _of_numbers if each.over else _of_value
    return partial(of_item, each.key)


def _of_file(key: str, item: str, position: int) -> dict[str, str]:
    name = item.rsplit("/", 1)[-1]
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    return {
        key: name,
        f"{key}.index": str(position),
        f"{key}.name": name,
        f"{key}.stem": stem,
        f"{key}.suffix": dot + suffix,
    }


def _of_value(key: str, item: str, position: int) -> dict[str, str]:
    return {key: item, f"{key}.index": str(position)}


def _of_numbers(key: str, item: str, position: int) -> dict[str, str]:
    whole = numbers(item) if "-" in item or "," in item else (int(item),)
    step = abs(whole[1] - whole[0]) if len(whole) > 1 else 1
    return {
        key: item,
        f"{key}.index": str(position),
        f"{key}.first": str(whole[0]),
        f"{key}.last": str(whole[-1]),
        f"{key}.step": str(step),
        f"{key}.count": str(len(whole)),
    }
