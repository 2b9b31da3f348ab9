"""Run a job here and wait for it.

Knows how the parts follow each other; what must happen is decided in core, what is shown by the observer.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from job_manager.app.bringing import bring_in, refuse_inside
from job_manager.app.finishing import Outcome, clear_up, handed_over
from job_manager.app.home import Home
from job_manager.app.host import Host, Terms
from job_manager.app.inbox import Inbox
from job_manager.app.interrupts import Interrupts
from job_manager.app.loading import Loaded
from job_manager.app.observing import Observer
from job_manager.app.settings import DEFAULTS, Config
from job_manager.core.said import SubmitJob
from job_manager.core.state import JobState
from job_manager.model.document import job_document
from job_manager.model.errors import EngineError, InputError, Refused
from job_manager.model.hints import TYPE_CHECKING
from job_manager.model.names import job_id
from job_manager.model.site_document import site_document
from job_manager.worker.brief import clean
from job_manager.worker.layout import Layout, layout_of

if TYPE_CHECKING:
    from job_manager.app.guest import Guest


def new_id() -> str:
    """An id for a job: 12 random hexadecimal digits."""
    return os.urandom(6).hex()


def children_environ(environ: Mapping[str, str], config: Config) -> dict[str, str]:
    """What the environment of actions is made of: all of the caller's, or a clean one."""
    return clean(environ, config.pass_env) if config.environment == "clean" else dict(environ)


def umask() -> int:
    """The caller's umask, which children get."""
    try:
        with open("/proc/self/status", "rb") as status:
            return next(int(line.split()[1], 8) for line in status if line.startswith(b"Umask:"))
    except (OSError, StopIteration):
        pass
    # Where there is no other way, by changing it: another thread may notice.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def run(
    home: Home,
    loaded: Loaded,
    observer: Observer,
    environ: Mapping[str, str],
    id: str = "",
    interrupts: Interrupts | None = None,
    config: Config = DEFAULTS,
) -> Outcome:
    """Submit a checked job and run it to its end. Raises Refused when the directory is held or the id taken.

    `interrupts` are those of a caller who stops the run otherwise than by a signal."""
    id = id or new_id()
    wrong = job_id(id)
    if wrong:
        raise InputError(wrong)
    refuse_inside(home, loaded.site.out)
    home.make()
    terms = Terms(loaded.capacity, config, children_environ(environ, config), umask())
    try:
        with seat(home, terms) as here:
            if here.knows(id):
                raise Refused(f"there is a job {id} already", "use another id, or `jm resume`")
            if isinstance(here, Host):
                here.offer(loaded.capacity, config)
                here.worker.start()
            layout = layout_of(home.jobs, id, loaded.site)
            if isinstance(here, Host) and any(module.warm for module in loaded.site.modules):
                from job_manager.worker.foreseen import foreseen  # few jobs have such modules

                here.worker.foresee(foreseen(loaded.job, loaded.site, layout))
            bring_in(layout, loaded.job, loaded.site)
            job = here.say(SubmitJob(id, job_document(loaded.job), site_document(loaded.site)))
            return run_to_its_end(here, job, layout, observer, interrupts)
    finally:
        let_go(home)


def seat(home: Home, terms: Terms) -> Host | Guest:
    """The state directory to run a job in: as its holder, or with whoever is. Raises Refused."""
    try:
        home.lock()
    except Refused:
        # Imported here: mostly nobody is there.
        from job_manager.app.guest import join

        return join(home, terms)
    return Host(home, terms.capacity.slots, terms.environ, terms.umask)


def run_to_its_end(
    here: Host | Guest, job: JobState, layout: Layout, observer: Observer, interrupts: Interrupts | None = None
) -> Outcome:
    job = here.run(job, observer, interrupts)
    if not isinstance(here, Host) and here.detached:
        return Outcome(job, goes_on=here.detached)
    outcome = handed_over(job, layout)

    def rest() -> None:
        clear_up(job, layout)
        here.seen_to(job.id)

    if isinstance(here, Host) and job.results:  # there is something to remove, which takes about as long as closing
        here.meanwhile.begin(rest)
    else:
        rest()
    return outcome._replace(handed_on=here.handed_on)


def let_go(home: Home) -> None:
    """The end of being the holder, however it comes about."""
    if not home.locked:
        return
    try:
        Inbox(home.inbox).tidy()
        if os.listdir(home.keepers):
            from job_manager.app.removing import sweep_keepers  # there is seldom anything to sweep

            sweep_keepers(home)
    except (OSError, EngineError):
        pass  # what cannot be swept now is swept another time; why the run ended is what counts
    finally:
        home.unlock()
