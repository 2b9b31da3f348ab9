"""Which results survive an edit of the job file: those of actions whose canonical text and inputs are unchanged.

Pure but for looking whether the kept artifacts still lie in the store. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from job_manager.app.loading import Loaded
from job_manager.artifacts.identity import Identity, unchanged
from job_manager.core import table
from job_manager.core.fanning import Items, shape_of
from job_manager.core.shape import Fan
from job_manager.core.state import JobState
from job_manager.model.document import action_document
from job_manager.model.fanout import Members
from job_manager.model.job import Action
from job_manager.model.site import Site
from job_manager.worker.layout import Layout


class Kept(NamedTuple):
    """Pairs (new index, old index) of the actions that need not run again, and the fan-outs (new index of the written
    action, items of its keys) that need not be found anew."""

    pairs: list[tuple[int, int]]
    fans: list[tuple[int, Items]]


def kept(old: JobState, new: Loaded, layout: Layout) -> Kept:
    """What survives the edit.

    An input is unchanged when it is the same file as before, or the output of a kept action; so the new actions are
    gone through in listing order, producers before their readers. A new name, of a step or an entry, changes nothing.
    """
    wanted: set[str] = set()
    while True:
        # What is read by those that run again has to be there; where it is not, its maker runs again, and so on.
        search = _Search(old, new, layout, wanted)
        search.go_through()
        more = search.read_again() - wanted
        if not more:
            return Kept(sorted(search.pairs), search.fans)
        wanted |= more


class _Search:
    """One comparison of a job with its edited self."""

    def __init__(self, old: JobState, new: Loaded, layout: Layout, wanted: set[str]) -> None:
        self.old = old
        self.layout = layout
        self.shape = shape_of(new.job, new.site)
        self.fresh = _same_files(old.site, new.site)
        self.pairs: list[tuple[int, int]] = []
        self.fans: list[tuple[int, Items]] = []
        self._by_path = {path: index for index, path in enumerate(old.shape.paths)}
        self._texts: dict[int, str] = {}
        self._spare = self._unmatched()
        self._wanted = wanted

    def go_through(self) -> None:
        for action in range(self.shape.actions.written):
            if not self.shape.actions[action].foreach:
                self._look_at(action)
                continue
            fan = self.shape.fan(action) or self._adopted(action)
            if fan is not None:
                self._look_at_fan(fan)

    def _look_at_fan(self, fan: Fan) -> None:
        kept = sum(self._look_at(index) for index in range(fan.low, fan.high))
        if kept == len(fan.members):
            self.fresh.update(output.artifact for output in self.shape.actions[fan.action].outputs)

    def _adopted(self, action: int) -> Fan | None:
        """The fan-out as it was, when the files that it goes over are those of before."""
        written = self.shape.actions[action]
        was = self._by_path.get(self.shape.paths[action], -1)
        before = self.old.shape.fan(was) if 0 <= was < self.old.shape.actions.written else None
        if before is None or _text(self.old.shape.actions[was]) != _text(written):
            return None
        if not all(each.artifact in self.fresh for each in written.foreach if each.artifact):
            return None
        items = before.members.combinations.items
        self.fans.append((action, items))
        return self.shape.fan_out(action, Members(written, items))

    def _look_at(self, index: int) -> bool:
        action = self.shape.actions[index]
        was = self._counterpart(index, action)
        if was < 0 or not all(self._is_fresh(use.artifact) for use in action.inputs) or not self._still_there(was):
            return False
        self.pairs.append((index, was))
        self.fresh.update(output.artifact for output in action.outputs)
        return True

    def _is_fresh(self, artifact: str) -> bool:
        return artifact in self.fresh or ("/" in artifact and artifact.partition("/")[0] in self.fresh)

    def _counterpart(self, index: int, action: Action) -> int:
        """The old action that did the same and succeeded: at the same path, else wherever it stands; or -1."""
        was = self._by_path.get(self.shape.paths[index], -1)
        if was >= 0 and self._succeeded(was) and self._text_of(was) == _text(action):
            return was
        spare = self._spare.get(_text(action))
        return spare.pop() if spare else -1

    def _succeeded(self, was: int) -> bool:
        return self.old.states[was] == table.SUCCEEDED

    def _text_of(self, was: int) -> str:
        if was not in self._texts:
            self._texts[was] = _text(self.old.shape.actions[was])
        return self._texts[was]

    def _unmatched(self) -> dict[str, list[int]]:
        """Old actions that no new one has the path and text of, by their text, the first last."""
        taken = set()
        for index in self.shape.listed():
            was = self._by_path.get(self.shape.paths[index], -1)
            if was >= 0 and self._text_of(was) == _text(self.shape.actions[index]):
                taken.add(was)
        spare: dict[str, list[int]] = {}
        for was in sorted(set(self._by_path.values()) - taken, reverse=True):
            if self._succeeded(was):
                spare.setdefault(self._text_of(was), []).append(was)
        return spare

    def read_again(self) -> set[str]:
        """The artifacts that the actions read which are not kept."""
        kept = {index for index, _ in self.pairs}
        again = (index for index in self.shape.listed() if index not in kept)
        return {name for index in again for name in _reads(self.shape.actions[index])}

    def _still_there(self, was: int) -> bool:
        """Whether what it made and somebody still needs lies in the store as it was made."""
        outputs = {output.artifact: output for output in self.old.shape.actions[was].outputs}
        return all(
            unchanged(self.layout.store.path(name, outputs[name].public), Identity(*row[:4]))
            for name, *row in self.old.results.get(was, ())
            if outputs[name].public or self._is_wanted(name, outputs[name].group)
        )

    def _is_wanted(self, name: str, group: str) -> bool:
        return name in self._wanted or group in self._wanted


def _reads(action: Action) -> Iterator[str]:
    for use in action.inputs:
        yield use.artifact.partition("/")[0]
    for each in action.foreach:
        yield each.artifact


def _text(action: Action) -> str:
    """What an action does, whatever it is called."""
    return repr({key: value for key, value in action_document(action).items() if key not in ("name", "title")})


def _same_files(before: Site, now: Site) -> set[str]:
    known = {given.name: given for given in before.inputs}
    same = {given.name for given in now.inputs if known.get(given.name) == given}
    groups = {given.name.partition("/")[0] for given in now.inputs if "/" in given.name}
    return same | {group for group in groups if _files(before, group) == _files(now, group)}


def _files(site: Site, group: str) -> list[tuple[object, ...]]:
    return [(given.name, given.path, given.identity) for given in site.inputs if given.name.startswith(f"{group}/")]
