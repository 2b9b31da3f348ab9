"""Which results survive an edit of the job file: those of actions whose canonical text and inputs are unchanged.

Pure but for looking whether the kept artifacts still lie in the store. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.app.loading import Loaded
from job_manager.artifacts.identity import Identity, unchanged
from job_manager.core import table
from job_manager.core.fanning import look_at_members, made
from job_manager.core.fans import Items, given_of, shape_of
from job_manager.core.parts import Fan
from job_manager.core.state import JobState
from job_manager.model.document import action_document
from job_manager.model.job import Action, Output
from job_manager.model.members import Members
from job_manager.model.record import NamedTuple
from job_manager.model.site import Site
from job_manager.worker.layout import Layout


class Kept(NamedTuple):
    """Pairs (new index, old index) of the actions that need not run again, and the fan-outs (new index of the written
    action, items of its keys) that need not be found anew."""

    pairs: list[tuple[int, int]]
    fans: list[tuple[int, Items]]


def kept(old: JobState, new: Loaded, layout: Layout, *, edited: bool = True) -> Kept:
    """What survives the edit. edited: else everything stays where it is, what has grown, too.

    An input is unchanged when it is the same file as before, or the output of a kept action; so the new actions are
    gone through in listing order, producers before their readers. What runs again needs its inputs: where one of these
    is gone, its maker runs again, too. What grew is forgotten, and its command asked again. A new name, of a step or an
    entry, changes nothing.
    """
    barred: set[int] = set()  # fan-outs whose items are found anew
    while True:
        search = _Search(old, new, layout, barred, edited)
        search.go_through()
        lost = search.give_up()
        if not lost:
            if edited:
                search.repeat_hooks()
            return Kept(sorted(search.pairs.items()), search.fans)
        barred |= lost


class _Search:
    """One comparison of a job with its edited self. `pairs`: new index -> old index of what is kept so far."""

    def __init__(self, old: JobState, new: Loaded, layout: Layout, barred: set[int], edited: bool) -> None:
        self.old = old
        self._edited = edited
        self.layout = layout
        self.job = new.job
        self.site = new.site
        self.shape = shape_of(new.job, new.site)
        self.fresh = _same_files(old.site, new.site)
        self.pairs: dict[int, int] = {}
        self.fans: list[tuple[int, Items]] = []
        self._barred = barred
        self._by_path = {path: index for index, path in enumerate(old.shape.paths)}
        self._texts: dict[int, str] = {}
        self._spare = self._unmatched()
        self._taken: set[int] = set()  # old actions that a new one has been held against

    def go_through(self) -> None:
        """Keep everything that is the same, reads the same, and whose public results are still there."""
        for action in range(self.shape.actions.written):
            if not self.shape.actions[action].foreach:
                self._look_at(action)
                continue
            fan = self.shape.fan(action) or self._adopted(action)
            if fan is not None:
                self._look_at_fan(fan)

    def give_up(self) -> set[int]:
        """Let go of what has to run again since something that does reads what is gone. Returns the fan-outs (by their
        written actions) whose files are among that: they have to be gone through anew."""
        makers, readers = self._makers_and_readers()
        todo = [index for index in self.shape.listed() if index not in self.pairs]
        again = set(todo)
        while todo:
            action = self.shape.actions[todo.pop()]
            more = [reader for use in action.outputs for name in _names(use) for reader in readers.get(name, ())]
            for name in _reads(action):
                for maker in makers.get(name, ()):
                    was = self.pairs.get(maker)
                    if was is not None and not self._still_there(was, name):
                        more.append(maker)
            fresh = {index for index in more if index in self.pairs} - again
            for index in fresh:
                del self.pairs[index]
            again |= fresh
            todo += fresh
        gone = {name for index in again for use in self.shape.actions[index].outputs for name in _names(use)}
        adopted = (action for action, _ in self.fans)
        return {a for a in adopted if any(each.artifact in gone for each in self.shape.actions[a].foreach)}

    def repeat_hooks(self) -> None:
        """What runs again is followed by its hooks again."""
        shape = self.shape
        for node in shape.hooks:
            body = shape.body(shape.parent[node])
            if not all(index in self.pairs for below in body for index in shape.below(below)):
                self.pairs.pop(shape.leaf[node], None)

    def _makers_and_readers(self) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
        makers: dict[str, list[int]] = {}
        readers: dict[str, list[int]] = {}
        for index in self.shape.listed():
            action = self.shape.actions[index]
            for use in action.outputs:
                for name in _names(use):
                    makers.setdefault(name, []).append(index)
            for name in _reads(action):
                readers.setdefault(name, []).append(index)
        return makers, readers

    def _look_at_fan(self, fan: Fan) -> None:
        kept = sum(self._look_at(index) for index in range(fan.low, fan.high))
        if kept == len(fan.members):
            self.fresh.update(output.artifact for output in self.shape.actions[fan.action].outputs)

    def _adopted(self, action: int) -> Fan | None:
        """The fan-out, when the files that it goes over are those of before, whatever else of it was edited."""
        written = self.shape.actions[action]
        if action in self._barred or not all(e.artifact in self.fresh for e in written.foreach if e.artifact):
            return None
        items = [list(self._files(each.artifact)) if each.artifact else each.items() for each in written.foreach]
        members = Members(written, items)
        try:
            look_at_members(self.shape, self.job, members)
        except ValueError:
            return None  # it will be said when its turn comes
        self.fans.append((action, items))
        return self.shape.fan_out(action, members)

    def _files(self, artifact: str) -> Iterator[str]:
        """The files of an artifact that is kept, in the order of now."""
        writer = self.shape.writer(artifact)
        if writer is None:
            yield from given_of(self.site, artifact)
            return
        action, output = writer
        fan = self.shape.fan(action)
        names = [output.artifact] if fan is None else fan.members.texts(output.artifact)
        for index, name in enumerate(names, start=action if fan is None else fan.low):
            yield from made(self.old, self.pairs[index], output, name)

    def _look_at(self, index: int) -> bool:
        action = self.shape.actions[index]
        was = -1 if action.expand and self._edited else self._counterpart(index, action)
        if was < 0 or not all(self._is_fresh(use.artifact) for use in action.inputs) or not self._still_there(was):
            return False
        self.pairs[index] = was
        self.fresh.update(output.artifact for output in action.outputs)
        return True

    def _is_fresh(self, artifact: str) -> bool:
        return artifact in self.fresh or ("/" in artifact and artifact.partition("/")[0] in self.fresh)

    def _counterpart(self, index: int, action: Action) -> int:
        """The old action that did the same and succeeded: at the same path, else wherever it stands; or -1."""
        was = self._by_path.get(self.shape.paths[index], -1)
        if was < 0 or was in self._taken or not self._succeeded(was) or self._text_of(was) != _text(action):
            was = self._elsewhere(_text(action))
        self._taken.add(was)
        return was

    def _elsewhere(self, text: str) -> int:
        spare = self._spare.get(text, [])
        while spare:
            was = spare.pop()
            if was not in self._taken:
                return was
        return -1

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

    def _still_there(self, was: int, wanted: str = "") -> bool:
        """Whether what is public of what it made, and what is wanted, lies in the store as it was made."""
        outputs = {output.artifact: output for output in self.old.shape.actions[was].outputs}
        return all(
            unchanged(self.layout.store.path(name, outputs[name].public), Identity(*row[:4]))
            for name, *row in self.old.results.get(was, ())
            if outputs[name].public or wanted in _names(outputs[name])
        )


def _names(output: Output) -> tuple[str, ...]:
    """The names by which an output is read."""
    return (output.artifact, output.group) if output.group else (output.artifact,)


def _reads(action: Action) -> set[str]:
    return {use.artifact.partition("/")[0] for use in action.inputs} | {each.artifact for each in action.foreach}


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
