"""The actions that a fan-out makes of a written one, each for one combination of items. Pure.

Knows nothing of where the items come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from job_manager.model.expand import filled_env, words
from job_manager.model.fanout import Combinations, Filling, all_filled
from job_manager.model.hints import overload
from job_manager.model.job import Action, Input, Output
from job_manager.model.names import folded, slug
from job_manager.model.record import replace
from job_manager.model.template import fill, mentioned


class Members(Sequence[Action]):
    """The actions of one fan-out in order, made when they are asked for: a hundred thousand cost nothing until then."""

    def __init__(self, action: Action, items: Sequence[Sequence[str]]) -> None:
        self.written = action
        self.combinations = Combinations(items)
        self._names: list[str] | None = None

    def __len__(self) -> int:
        return len(self.combinations)

    @overload
    def __getitem__(self, at: int) -> Action: ...

    @overload
    def __getitem__(self, at: slice) -> list[Action]: ...

    def __getitem__(self, at: int | slice) -> Action | list[Action]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        return _member(self.written, self.name(at), self.combinations[at], self.filling(at))

    def outputs(self, at: int) -> tuple[Output, ...]:
        """What the member `at` writes: much cheaper than the whole member."""
        return _written(self.written, self.filling(at))

    def texts(self, text: str) -> Iterator[str]:
        """How `text` reads in every member, in order: what an output is called, without the outputs."""
        return all_filled(text, self.written.foreach, self.combinations.items)

    def filling(self, at: int) -> Filling:
        """What stands in braces in the member `at`."""
        return Filling(self.written.foreach, self.combinations[at], self.combinations.positions(at))

    def name(self, at: int) -> str:
        """The name of the member `at`, made from its items; no two are alike."""
        if self._names is None:
            self._names = _names(self.combinations)
        return self._names[at]


def _names(combinations: Combinations) -> list[str]:
    parts = [
        [slug(item.rsplit("/", 1)[-1].rsplit(".", 1)[0] or item, "item") for item in each]
        for each in combinations.items
    ]
    plain = [_clipped("-".join(pieces)).rstrip("-.") for pieces in Combinations(parts)]
    if len(set(map(folded, plain))) == len(plain) and not any(name.startswith("-") for name in plain):
        return plain
    return _told_apart(plain)


def _told_apart(names: Iterable[str]) -> list[str]:
    taken: set[str] = set()
    found = []
    for at, name in enumerate(names):
        alike = folded(name)
        if alike in taken or name.startswith("-"):
            name = f"{name.lstrip('-')[:70]}+{at + 1}"
            alike = folded(name)
        taken.add(alike)
        found.append(name)
    return found


def _clipped(name: str) -> str:
    # Room for the number that tells it from others of its beginning, within what a file name may have.
    return name[:80] if name.isascii() else name[:80].encode()[:200].decode("utf-8", "ignore")


def _member(action: Action, name: str, items: Sequence[str], filling: Filling) -> Action:
    files = {each.key: item for each, item in zip(action.foreach, items, strict=True) if each.artifact}
    inputs = tuple(_read(use, files, filling) for use in action.inputs)
    beside = _beside(action, filling)
    named = {use.param or use.artifact for use in action.inputs}
    for key, item in files.items():
        # In a command the key itself is the path of the file, declared among the inputs or not.
        if key not in named and key in beside:
            inputs = (*inputs, _implied(key, item))
        beside.pop(key, None)
    params = tuple((param, fill(text, filling)) for param, text in action.params)
    if beside:
        params = tuple(sorted({**dict(params), **beside}.items()))
    return replace(
        action,
        name=name,
        title="",
        inputs=inputs,
        outputs=_written(action, filling),
        env=filled_env(action.env, filling),
        params=params,
        foreach=(),
        needs=None,
        when="",
    )


def _written(action: Action, filling: Filling) -> tuple[Output, ...]:
    return tuple(
        replace(use, artifact=fill(use.artifact, filling), group=use.group or use.artifact) for use in action.outputs
    )


def _read(use: Input, files: Mapping[str, str], filling: Filling) -> Input:
    if use.artifact in files:
        return replace(use, artifact=files[use.artifact], param=use.param or use.artifact, kind=use.kind or "file")
    return replace(use, artifact=fill(use.artifact, filling)) if "{" in use.artifact and use.kind != "files" else use


def _implied(key: str, item: str) -> Input:
    return Input(item, key)


def _beside(action: Action, filling: Filling) -> dict[str, str]:
    return {name: filling[name] for word in words(action) for name in mentioned(word) if name in filling}
