"""Take up a job that was interrupted or has failed, with the module code of today and perhaps an edited job file.

Knows how the parts follow each other; what must happen is decided in core, what is shown by the observer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from job_manager.app.bringing import bring_in, refuse_inside
from job_manager.app.capacity import Capacity
from job_manager.app.finishing import Outcome, finish
from job_manager.app.home import Home
from job_manager.app.host import Host, Terms
from job_manager.app.keeping import Kept, kept
from job_manager.app.loading import Loaded, Wish, completed, load
from job_manager.app.looking import resolve
from job_manager.app.observing import Observer
from job_manager.app.running import children_environ, let_go, run_to_its_end, seat, umask
from job_manager.app.settings import DEFAULTS, Config
from job_manager.artifacts.outputs import declared
from job_manager.core import table
from job_manager.core.said import HoldJob, ResumeJob
from job_manager.core.state import JobState
from job_manager.model.document import Document, job_document
from job_manager.model.errors import NOWHERE, Problem, Refused
from job_manager.model.hints import TYPE_CHECKING
from job_manager.model.job import Job, Order
from job_manager.model.record import NamedTuple, replace
from job_manager.model.site import Site
from job_manager.model.site_document import site_document
from job_manager.model.survey import survey
from job_manager.model.wording import quoted
from job_manager.worker.layout import Layout, layout_of

if TYPE_CHECKING:
    from job_manager.app.guest import Guest


class Renewal(NamedTuple):
    """A job as it is to go on: with the module code of today, and the edited job file if there is one."""

    loaded: Loaded
    document: Document | None  # None: the job is unchanged
    notes: tuple[Problem, ...]


def resume(
    home: Home,
    word: str,
    wish: Wish | None,
    observer: Observer,
    environ: Mapping[str, str],
    cwd: str,
    config: Config = DEFAULTS,
    lost: bool = False,
    *,
    tell: Callable[[Sequence[Problem]], None] | None = None,
) -> tuple[Outcome, tuple[Problem, ...]]:
    """Take up the job that `word` names and run it to its end. `wish` has an edited job file and what was said anew.
    `config` is asked for what neither says, nor was set when the job was submitted.

    `tell` hears what is odd or has changed before anything starts; it is returned, too.
    What succeeded is not run again; nor, unless `lost`, what must not run twice and may have run. Raises InputError,
    NotFound, Refused."""
    id = resolve(home, word)
    home.make()
    terms = Terms(Capacity(0, None), config, children_environ(environ, config), umask())
    try:
        with seat(home, terms) as here:
            job = here.load(id)
            layout = layout_of(home.jobs, id, job.site)
            renewal = _renew(job, wish, config, environ, cwd, layout)
            if not lost:
                renewal = renewal._replace(notes=(*renewal.notes, *_perhaps_done(job)))
            refuse_inside(home, renewal.loaded.site.out)
            if job.finished == "succeeded" and renewal.document is None:
                return finish(job, layout, renewal.loaded.site.out), ()
            if tell is not None:
                tell(renewal.notes)
            here.offer(renewal.loaded.capacity, config)
            return _go_on(here, job, layout, renewal, observer, lost), renewal.notes
    finally:
        let_go(home)


def _go_on(
    here: Host | Guest, job: JobState, layout: Layout, renewal: Renewal, observer: Observer, lost: bool
) -> Outcome:
    site = renewal.loaded.site
    if renewal.document is not None and job.leases:
        if not isinstance(here, Host):
            raise Refused(f"job {job.id} runs by its old text", "`jm cancel` it first, or wait for its end")
        # Children of the old text are still alive: they end before the new text begins.
        here.say(HoldJob(job.id, "interrupted", 10.0))
        here.run(job, observer)
    survives = Kept([], [])
    if renewal.document is not None:
        survives = kept(job, renewal.loaded, layout)
        remaining = [job.shape.actions[was].outputs for _, was in survives.pairs]
        layout.store.keep_only([declared(output) for outputs in remaining for output in outputs])
    bring_in(layout, renewal.loaded.job, site)
    site = replace(site, not_before=0.0)  # who takes it up does not want to wait
    job = here.say(ResumeJob(job.id, site_document(site), renewal.document, survives.pairs, lost, survives.fans))
    return run_to_its_end(here, job, layout, observer)


def _renew(
    job: JobState, wish: Wish | None, config: Config, environ: Mapping[str, str], cwd: str, layout: Layout
) -> Renewal:
    """Read and check again: the same job, or the edited file, with the modules as they are now."""
    wish = wish or Wish(job_file="")
    edited = bool(wish.job_file)
    base = "" if edited else job.site.base
    again = completed(_as_before(wish, job.site), config)._replace(params_from=cwd, base=base)
    before = job.site.template or job.job
    loaded = load(again, environ, cwd if edited else job.site.workdir, job=None if edited else before)
    site = loaded.site
    changed = _is_another(loaded.job, job.job) or _inputs_changed(job.site, site)
    gone = () if changed or job.finished == "succeeded" else _gone(job, loaded, layout)
    document = job_document(loaded.job) if changed or gone else None
    odd = loaded.problems if edited else ()  # of an unchanged text it was said when the job was submitted
    return Renewal(loaded, document, (*odd, *_changes(job.site, site), *gone, *_from_the_first(job)))


def _is_another(job: Job, before: Job) -> bool:
    """Whether two jobs differ in what is kept of them. Mostly it is the same one, and a big one has a big document."""
    return job is not before and job_document(job) != job_document(before)


def _from_the_first(job: JobState) -> Iterable[Problem]:
    """Orders that had begun and are not done: what their calls have given each other is lost."""
    for index, path, action in survey(job.job).telling:
        begun = job.attempts[index] and job.states[index] not in (table.SUCCEEDED, table.RUNNING, table.LEASED)
        if begun and isinstance(action.work, Order):
            yield Problem(NOWHERE, f"{path} is run again from its first call", severity="note")


def _gone(job: JobState, loaded: Loaded, layout: Layout) -> Sequence[Problem]:
    """Actions whose results have been removed or changed and are still needed: they have to be made again."""
    still = {was for _, was in kept(job, loaded, layout, edited=False).pairs}
    still.update(index for graft in job.shape.grown.values() for index in range(graft.low, graft.high))
    return [
        Problem(NOWHERE, f"what {path} had made is gone or has changed; it is run again", severity="note")
        for index, path in enumerate(job.shape.paths)
        if job.states[index] == table.SUCCEEDED and index not in still
    ]


def _as_before(wish: Wish, site: Site) -> Wish:
    """What is not said anew stays as it was said the first time."""
    named = dict(wish.named)
    given = ((g.name.partition("/")[0], g.path) for g in site.inputs)  # of several for one input each has its own name
    before = () if wish.files else tuple((name, path) for name, path in given if name not in named)
    return wish._replace(
        named=(*wish.named, *before),
        shelves=wish.shelves or tuple(folder for folder in site.shelves if os.path.isdir(folder)),
        python=wish.python or site.python,
        out=(site.out or None) if wish.out is None else wish.out,
        slots=wish.slots or site.slots,
        keep_temp=(site.keep_temp or None) if wish.keep_temp is None else wish.keep_temp,
        verify=(site.verify or None) if wish.verify is None else wish.verify,
        loose_types=(site.loose_types or None) if wish.loose_types is None else wish.loose_types,
        split_streams=site.split_streams,
        store=site.store,
        former=site.params,
    )


def _inputs_changed(before: Site, now: Site) -> bool:
    return {g.name: (g.path, g.identity) for g in before.inputs} != {g.name: (g.path, g.identity) for g in now.inputs}


def _perhaps_done(job: JobState) -> Iterable[Problem]:
    """Actions declared `idempotent: false` of which nobody knows whether they ran: they wait for a person's word."""
    for index in range(len(job.states) if job.counts[table.LOST] else 0):
        if job.states[index] == table.LOST:
            path = job.shape.paths[index]
            text = f"{path} may have run already (idempotent: false, and its outcome is unknown); it is not run again"
            yield Problem(NOWHERE, text, "say --retry-lost if it may", severity="warning")


def _changes(before: Site, now: Site) -> Iterable[Problem]:
    """What is not as it was when the job was submitted, to be said before it goes on."""
    for module in now.modules:
        old = before.module(module.name)
        if old is not None and old.digest != module.digest:
            text = f"module {quoted(module.name)} has changed since the job was submitted; its new code is used"
            yield Problem(NOWHERE, text, severity="note")
    known = {given.name: given for given in before.inputs}
    for given in now.inputs:
        if given.name in known and known[given.name] != given:
            text = f"the input {quoted(given.name)} has changed; what was made from it is made again"
            yield Problem(NOWHERE, text, severity="note")
