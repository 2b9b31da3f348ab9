"""Which results survive an edit of the job file: those of actions whose canonical text and inputs are unchanged.

Pure but for looking whether the kept artifacts still lie in the store. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.app.loading import Loaded
from job_manager.artifacts.identity import Identity, unchanged
from job_manager.core import table
from job_manager.core.shape import Shape
from job_manager.core.state import JobState
from job_manager.model.document import action_document
from job_manager.model.job import Action
from job_manager.model.site import Site
from job_manager.worker.layout import Layout


def kept(old: JobState, new: Loaded, layout: Layout) -> list[tuple[int, int]]:
    """Pairs (new index, old index) of the actions that need not run again.

    An input is unchanged when it is the same file as before, or the output of a kept action. What runs again needs its
    inputs: where one of these is gone, its maker runs again, too. A new name, of a step or an entry, changes nothing.
    """
    shape = Shape(new.job)
    before = _counterparts(old, shape)
    maker = {output.artifact: index for index, action in enumerate(shape.actions) for output in action.outputs}
    readers: dict[str, list[int]] = {}
    for index, action in enumerate(shape.actions):
        for use in action.inputs:
            readers.setdefault(use.artifact, []).append(index)
    todo = list(_changed(old, new, shape, before, maker, layout))
    again = set(todo)
    while todo:
        action = shape.actions[todo.pop()]
        more = [reader for output in action.outputs for reader in readers.get(output.artifact, ())]
        for made in {use.artifact for use in action.inputs if use.artifact in maker}:
            was = before.get(maker[made])
            more += [] if was is None or _still_there(old, was, layout, {made}) else [maker[made]]
        fresh = set(more) - again
        again |= fresh
        todo += fresh
    return [(index, was) for index, was in before.items() if index not in again]


def _changed(
    old: JobState, new: Loaded, shape: Shape, before: dict[int, int], maker: dict[str, int], layout: Layout
) -> Iterator[int]:
    """The actions that are new, read another file than before, or have lost a result."""
    same = _same_files(old.site, new.site)
    for index, action in enumerate(shape.actions):
        known = all(use.artifact in same or use.artifact in maker for use in action.inputs)
        if index not in before or not known or not _still_there(old, before[index], layout, set()):
            yield index


def _counterparts(old: JobState, shape: Shape) -> dict[int, int]:
    """For each new action the old one that did the same and succeeded: at the same path, else wherever it stands."""
    by_path = {path: index for index, path in enumerate(old.shape.paths)}
    texts = [_text(action) for action in shape.actions]
    found: dict[int, int] = {}
    for index, path in enumerate(shape.paths):
        was = by_path.get(path, -1)
        if was >= 0 and old.states[was] == table.SUCCEEDED and _text(old.shape.actions[was]) == texts[index]:
            found[index] = was
    rest: dict[str, list[int]] = {}
    for was in sorted(set(by_path.values()) - set(found.values()), reverse=True):
        if old.states[was] == table.SUCCEEDED:
            rest.setdefault(_text(old.shape.actions[was]), []).append(was)
    for index, text in enumerate(texts):
        if index not in found and rest.get(text):
            found[index] = rest[text].pop()
    return dict(sorted(found.items()))


def _text(action: Action) -> str:
    """What an action does, whatever it is called."""
    return repr({key: value for key, value in action_document(action).items() if key not in ("name", "title")})


def _same_files(before: Site, now: Site) -> set[str]:
    known = {given.name: given for given in before.inputs}
    return {given.name for given in now.inputs if known.get(given.name) == given}


def _still_there(old: JobState, was: int, layout: Layout, wanted: set[str]) -> bool:
    """Whether what it made and somebody still needs lies in the store as it was made."""
    public = {output.artifact: output.public for output in old.shape.actions[was].outputs}
    return all(
        unchanged(layout.store.path(name, public[name]), Identity(*rest[:4]))
        for name, *rest in old.results.get(was, ())
        if public[name] or name in wanted
    )
