"""Which results survive an edit of the job file: those of actions whose canonical text and inputs are unchanged.

Pure but for looking whether the kept artifacts still lie in the store. Knows no engine.
"""

from __future__ import annotations

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

    An input is unchanged when it is the same file as before, or the output of a kept action; so the new actions are
    gone through in listing order, producers before their readers.
    """
    by_path = {path: index for index, path in enumerate(old.shape.paths)}
    shape = Shape(new.job)
    fresh = _same_files(old.site, new.site)
    pairs: list[tuple[int, int]] = []
    for index, (path, action) in enumerate(zip(shape.paths, shape.actions, strict=True)):
        was = by_path.get(path)
        if was is None or not _same(old, was, action, fresh, layout):
            continue
        pairs.append((index, was))
        fresh.update(output.artifact for output in action.outputs)
    return pairs


def _same_files(before: Site, now: Site) -> set[str]:
    known = {given.name: given for given in before.inputs}
    return {given.name for given in now.inputs if known.get(given.name) == given}


def _same(old: JobState, was: int, action: Action, fresh: set[str], layout: Layout) -> bool:
    return (
        old.states[was] == table.SUCCEEDED
        and action_document(old.shape.actions[was]) == action_document(action)
        and all(use.artifact in fresh for use in action.inputs)
        and _still_there(old, was, layout)
    )


def _still_there(old: JobState, was: int, layout: Layout) -> bool:
    public = {output.artifact: output.public for output in old.shape.actions[was].outputs}
    return all(
        unchanged(layout.store.path(name, public[name]), Identity(*rest[:4]))
        for name, *rest in old.results.get(was, ())
    )
