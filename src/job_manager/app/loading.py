"""From what a person typed to a job that may start: read, matched with its files, checked as a whole against the shelf.

All mistakes at once, before anything starts. Knows no state directory, no engine, no terminal.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from job_manager.app.capacity import Capacity, capacity, check_needs
from job_manager.app.fanouts import fan_out_problems
from job_manager.app.given import absolute, given_files, typed
from job_manager.app.orders import as_wished, order_runners, pool_problems
from job_manager.app.params import given_params
from job_manager.app.pythons import function_runners, script_python
from job_manager.app.schedule import moment
from job_manager.app.serving import unserved
from job_manager.app.settings import DEFAULTS, Config
from job_manager.artifacts.export import blocked
from job_manager.formats import LANGUAGES, draft, folder_of
from job_manager.formats.params import again
from job_manager.formats.reading import Reading
from job_manager.model.bulk import bulk
from job_manager.model.errors import InputError, Place, Problem, in_order
from job_manager.model.job import FILE, Action, Job, ModuleCall, actions
from job_manager.model.params import Values
from job_manager.model.record import NamedTuple, replace
from job_manager.model.secret import secrets_of
from job_manager.model.site import GivenFile, Installed, Site
from job_manager.model.survey import survey
from job_manager.model.wording import quoted
from job_manager.modules.agree import check_modules
from job_manager.modules.install import installed
from job_manager.modules.interpreter import which
from job_manager.modules.kinds import with_kinds
from job_manager.modules.params import with_defaults
from job_manager.modules.shelf import Shelf, find


class Wish(NamedTuple):
    """What a person asked for. Paths as typed, relative to `cwd`. `files` are given in the order of the job's inputs,
    `named` by name. `slots` 0: as many as there are cores. `store`: another place for the artifacts, or "". None:
    nothing was said (`completed` puts what the configuration says). `params`: NAME=VALUE or @FILE, relative to
    `params_from` (default `cwd`); `former`: values from before; `base`: the folder of a job that is not read again;
    `config`: of which cpus, memory and limits hold. `here`: on this machine, whatever place the job wishes for; `log`:
    the name of an order's log."""

    job_file: str
    files: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    shelves: tuple[str, ...] = ()
    python: str = ""
    out: str | None = None
    slots: int = 0
    keep_temp: bool | None = None
    verify: bool | None = None
    loose_types: bool | None = None
    split_streams: bool = False
    store: str = ""
    format: str | None = None
    params: tuple[str, ...] = ()
    params_from: str = ""
    former: tuple[tuple[str, str], ...] = ()
    base: str = ""
    config: Config = DEFAULTS
    here: bool = False
    log: str = ""


def completed(wish: Wish, config: Config) -> Wish:
    """The wish with what the configuration says where it says nothing itself."""
    return wish._replace(
        shelves=wish.shelves or config.modules,
        python=wish.python or config.python,
        out=config.out if wish.out is None else wish.out,
        slots=wish.slots or config.jobs,
        keep_temp=config.keep_temp if wish.keep_temp is None else wish.keep_temp,
        verify=config.verify if wish.verify is None else wish.verify,
        loose_types=config.loose_types if wish.loose_types is None else wish.loose_types,
        config=config,
    )


class Loaded(NamedTuple):
    """A job that may start, where it runs, and what is odd about it (warnings and notes)."""

    job: Job
    site: Site
    problems: tuple[Problem, ...]
    values: Mapping[str, str] = MappingProxyType({})  # of its params, the defaults among them
    capacity: Capacity = Capacity(1, None)


def load(
    wish: Wish,
    environ: Mapping[str, str],
    cwd: str,
    *,
    files_needed: bool = True,
    job: Job | None = None,
    read: Callable[[Values], Reading] | None = None,
) -> Loaded:
    """Read (unless the `job` is there already, or something else reads it) and check. Raises InputError with every
    mistake. With `files_needed` false (check, plan) inputs may be left out, but what is given is checked."""
    with bulk():
        return _loaded(wish, environ, cwd, files_needed, job, read)


def _loaded(
    wish: Wish,
    environ: Mapping[str, str],
    cwd: str,
    files_needed: bool,
    job: Job | None,
    read: Callable[[Values], Reading] | None,
) -> Loaded:
    params, wrong = given_params(wish.params, wish.params_from or cwd, wish.former)
    base = wish.base or folder_of(absolute(wish.job_file, cwd) if wish.job_file not in ("", "-") else "-")
    python = script_python(os.path.join(base, "-"), wish.python, environ)
    values = Values(params, base, tuple(absolute(path, cwd) for path in wish.shelves), python)
    if read is not None:
        reading = read(values)
    else:
        reading = _draft(wish, cwd, values) if job is None else again(job, values, loose=bool(wish.loose_types))
    job = as_wished(reading.job, wish.here, wish.log)
    shelf, missing = _shelf(wish, cwd)
    given, problems = given_files(job, wish.files, wish.named, cwd, files_needed)
    problems += [*wrong, *reading.problems, *missing]
    problems += reading.placed(check_modules(job, shelf, bool(wish.loose_types)))
    modules = _runners(job, shelf, wish, environ, problems, running=read is not None)
    here = capacity(wish.slots, wish.config)
    problems += pool_problems(job, "error" if files_needed else "note")
    problems += _against_here(reading, job, modules, wish, environ, here)
    problems += _out(job, wish, given, cwd)
    if any(problem.severity == "error" for problem in problems):
        raise InputError(problems)
    site = replace(_site(wish, cwd, given, modules, shelf), base=base)
    said = {value.name for value in params}
    return _completed(reading, job, shelf, wish, replace(site, params=_said(reading, said)), here, problems)


def _runners(
    job: Job, shelf: Shelf, wish: Wish, environ: Mapping[str, str], problems: list[Problem], running: bool
) -> list[Installed]:
    """All that runs here what is no program itself."""
    return [
        *_modules(job, shelf, wish.python, environ, problems),
        *order_runners(job, wish.python, environ, problems),
        *function_runners(job, wish.python, environ, problems, running=running),
    ]


def _against_here(
    reading: Reading,
    job: Job,
    modules: Sequence[Installed],
    wish: Wish,
    environ: Mapping[str, str],
    here: Capacity,
) -> list[Problem]:
    """What the job asks of this machine, and is not there."""
    return [
        *_programs(job, environ),
        *unserved(job, reading.roles),
        *reading.placed(_secrets(job, wish.config)),
        *reading.placed([*check_needs(job, modules, here), *wished(job, wish.config, here)]),
    ]


def _said(reading: Reading, names: Collection[str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, text) for name, text in reading.values.items() if name in names))


def _completed(
    reading: Reading, job: Job, shelf: Shelf, wish: Wish, site: Site, here: Capacity, problems: list[Problem]
) -> Loaded:
    """The job with all that was left unsaid, and what can only be seen then."""
    try:
        whole = with_wished(with_defaults(with_kinds(job, shelf), shelf, site.base), wish.config)
    except ValueError as error:
        # A value that looks like a param without one: it was passed over when the others were looked at.
        raise InputError(str(error)) from None
    site = replace(
        site,
        not_before=moment(whole.after, time.time()),
        counted=_counted(whole, wish.config),
        zone=wish.config.zone,
        template=(reading.template or job) if reading.template or whole is not job else None,
    )
    problems += reading.placed(_times(whole, site))
    clashes = list(fan_out_problems(whole, site))
    if clashes:
        raise InputError([*problems, *reading.placed(clashes)])
    return Loaded(whole, site, tuple(in_order(problems)), reading.values, here)


def _draft(wish: Wish, cwd: str, values: Values) -> Reading:
    """Errors name the file as it was typed."""
    path = os.path.expanduser(wish.job_file)
    if path != "-" and cwd != os.getcwd():
        path = os.path.join(cwd, path)
    try:
        loose = bool(wish.loose_types)
        return draft(path, wish.format, loose=loose, values=values)
    except InputError:
        behind = next((file for file in wish.files if _looks_like_a_job(file)), "")
        if wish.format or not behind or _looks_like_a_job(wish.job_file):
            raise
        raise InputError(
            [typed(f"{wish.job_file} is no job file", f"the job file comes first: {behind} {wish.job_file}")]
        ) from None


def _looks_like_a_job(path: str) -> bool:
    return path.lower().endswith(tuple(ending for language in LANGUAGES for ending in language.endings))


def _counted(job: Job, config: Config) -> tuple[str, ...]:
    known = sorted(name for name, _ in config.limits)
    if any(action.expand for _, action in survey(job).actions):
        return tuple(known)  # nobody knows which tags will be printed
    tags = {tag for _, action in survey(job).actions for tag in action.tags}
    return tuple(name for name in known if name in tags)


def _times(job: Job, site: Site) -> Iterable[Problem]:
    """What a person should know who waits for the job."""
    place = job.place or Place(job.source, 0, 0)
    if job.paused:
        hint = "jm resume takes it up"
        yield Problem(place._replace(path="paused"), "the job starts paused", hint, "note")
    if site.not_before:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(site.not_before))
        yield Problem(place._replace(path="after"), f"nothing starts before {when}", severity="note")


def _site(wish: Wish, cwd: str, given: Sequence[GivenFile], modules: Sequence[Installed], shelf: Shelf) -> Site:
    return Site(
        workdir=cwd,
        store=wish.store,
        inputs=tuple(given),
        modules=tuple(modules),
        shelves=tuple(shelf.searched),
        python=wish.python,
        slots=wish.slots,
        cap=wish.slots,
        loose_types=bool(wish.loose_types),
        out=absolute(wish.out, cwd) if wish.out else "",
        keep_temp=bool(wish.keep_temp),
        verify=bool(wish.verify),
        split_streams=wish.split_streams,
    )


# --- where results go -----------------------------------------------------------------------------------------------


def _out(job: Job, wish: Wish, given: Sequence[GivenFile], cwd: str) -> Iterable[Problem]:
    """Why the results could not be written where they are wanted: better said before the hours than after."""
    if wish.out:
        outputs = [output for _, action in survey(job).actions for output in action.outputs if output.public]
        public = [output.artifact for output in outputs]
        sentences = [
            *blocked(absolute(wish.out, cwd), [output.artifact for output in outputs if output.kind == FILE]),
            *_written_over(absolute(wish.out, cwd), public, given, wish),
        ]
        for sentence in sentences:
            yield typed(f"--out {wish.out}: {sentence}", "choose another --out")


def _written_over(out: str, public: Sequence[str], given: Sequence[GivenFile], wish: Wish) -> Iterable[str]:
    """Files that the job is made from and that its results would replace."""
    sources = {os.path.realpath(file.path): f"the input {quoted(file.name)}" for file in given}
    sources[os.path.realpath(wish.job_file)] = "the job file"
    for name in public:
        source = sources.get(os.path.realpath(os.path.join(out, name)))
        if source:
            yield f"{quoted(name)} would be written over {source}"


# --- what jobs of a farm wish for -----------------------------------------------------------------------------------


def _wishes(job: Job) -> bool:
    """Whether anything in the job wishes for anything. Nearly no job does, and it is asked of all of them."""
    return bool(job.wishes) or any(node.wishes for node in survey(job).nodes)


def wished(job: Job, config: Config, here: Capacity) -> list[Problem]:
    """What is wrong or odd about what the job wishes for on this machine."""
    if not _wishes(job):
        return []
    from job_manager.app.env_keys import check_env_keys
    from job_manager.app.services import check_services

    return [*check_services(job, config.services, here), *check_env_keys(job, config)]


def with_wished(job: Job, config: Config) -> Job:
    """The job with what it gets of its wishes: the variables of its environment keys."""
    if not config.envkeys or not _wishes(job):
        return job
    from job_manager.app.env_keys import with_env_keys

    return with_env_keys(job, config.envkeys)


# --- modules and programs -------------------------------------------------------------------------------------------


def _shelf(wish: Wish, cwd: str) -> tuple[Shelf, list[Problem]]:
    """The modules under the shelves, else `modules/` beside the job (which need not exist)."""
    beside = cwd if wish.job_file in ("-", "") else os.path.dirname(absolute(wish.job_file, cwd))
    try:
        return find([absolute(path, cwd) for path in wish.shelves], os.path.join(beside, "modules")), []
    except InputError as error:
        return find([]), list(error.problems)


def _modules(
    job: Job, shelf: Shelf, python: str, environ: Mapping[str, str], problems: list[Problem]
) -> list[Installed]:
    """The modules that the job calls, each with the program that will run it."""
    called = dict.fromkeys(
        action.work.module for _, action in survey(job).actions if isinstance(action.work, ModuleCall)
    )
    found: list[Installed] = []
    for name in called:
        module = shelf.get(name)
        if module is None:
            continue  # check_modules has said why
        try:
            found.append(installed(module, python, environ))
        except InputError as error:
            problems += error.problems
    return found


def _programs(job: Job, environ: Mapping[str, str]) -> Iterable[Problem]:
    """A warning for each program that is not on PATH, at the first command that starts it."""
    asked: dict[str, list[Action]] = {}
    for _, action in actions(job):
        word = _program(action) if action.when != "false" else ""
        if word and "{" not in word:
            asked.setdefault(word, []).append(action)
    for word, users in asked.items():
        if not which(word, environ):
            more = f" (and for {len(users) - 1:,} more)" if len(users) > 1 else ""
            place = users[0].place or Place(job.source, 0, 0)
            hint = "install it, or give its whole path"
            yield Problem(place, f"{quoted(word)} is not on PATH here{more}", hint, "warning")


def _secrets(job: Job, config: Config) -> Iterable[Problem]:
    """What is wrong with the secrets that the job asks for; nearly no job asks for any."""
    if not any(secrets_of(action.env) for _, action in survey(job).actions if action.env):
        return []
    from job_manager.app.secrets import check_secrets

    return check_secrets(job, config)


def _program(action: Action) -> str:
    words = getattr(action.work, "argv", ())
    return words[0] if words and "/" not in words[0] else ""
