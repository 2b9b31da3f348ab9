"""`jm modules test`: a module run alone on a sample, the way a job would run it, its outputs held to its manifest.

All is looked at before anything starts. What runs is an ordinary job of one action, in a state directory of its own.
Knows no terminal.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from job_manager.app import samples
from job_manager.app.cards import failure_cards
from job_manager.app.expected import differ
from job_manager.app.finishing import Outcome
from job_manager.app.home import Home
from job_manager.app.loading import Loaded, Wish, load
from job_manager.app.observing import Observer
from job_manager.app.params import given_params
from job_manager.app.running import run
from job_manager.app.settings import Config
from job_manager.artifacts import removal
from job_manager.core.fanning import inside
from job_manager.formats.wording import suggestion
from job_manager.model.errors import InputError, Place, Problem
from job_manager.model.hints import Any
from job_manager.model.job import DIRECTORY, FILE, FILES, Action, Input, Job, JobInput, ModuleCall, Output, Task
from job_manager.model.module import Module, Port
from job_manager.model.names import artifact_name, folded, slug
from job_manager.model.params import Given, named
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted
from job_manager.modules.digest import folder_digest
from job_manager.modules.manifest import NAMES, OLD_NAME, read
from job_manager.modules.shelf import find
from job_manager.worker.last_words import ERROR_FILE
from job_manager.worker.layout import Layout, label

Document = dict[str, Any]
SAMPLE, EXPECTED, PARAMS = "sample", "expected", "params.yaml"
COMMAND_LINE = Place("command line", 0, 0)
LIST = re.compile(r"[0-9]+\.list")
SEVERAL = 3  # files in a sample that is made, for an input that takes several
# What an attempt has in its directory before it begins, and may have afterwards.
OWN = frozenset({"out", "tmp", "inputs.json", ERROR_FILE})


class Supplied(NamedTuple):
    """One input of the test. `origin`: given (on the command line), sample (beside the module) or made. `path` is that
    of a folder when it is a directory or several files."""

    param: str
    type: str
    path: str
    origin: str
    kind: str = FILE


class Trial(NamedTuple):
    """One module ready to be tried. `plain`: on its sample and nothing else, so that what is expected counts."""

    module: Module
    loaded: Loaded
    inputs: tuple[Supplied, ...]
    params: Mapping[str, str]
    notes: tuple[Problem, ...]
    plain: bool


@contextmanager
def workplace(keep: bool) -> Iterator[str]:
    """A new folder for samples and a state directory, removed in the end unless it is to be kept."""
    folder = tempfile.mkdtemp(prefix="jm-test-")
    try:
        yield folder
    finally:
        if not keep:
            removal.remove(os.path.dirname(folder), [os.path.basename(folder)])


# --- which modules ----------------------------------------------------------------------------------------------------


def modules_in(folders: Sequence[str], cwd: str) -> tuple[list[Module], list[Problem]]:
    """The modules that the folders are or hold, each once, with the warnings of their manifests.

    Raises InputError with everything that is wrong with any of them."""
    found: dict[str, Module] = {}
    problems: list[Problem] = []
    for typed in folders:
        folder = os.path.normpath(os.path.join(cwd, os.path.expanduser(typed)))
        for module in _modules(folder, typed, problems):
            found.setdefault(os.path.realpath(module.folder), module)
    if any(problem.severity == "error" for problem in problems):
        raise InputError(problems)
    return list(found.values()), problems


def _modules(folder: str, typed: str, problems: list[Problem]) -> Sequence[Module]:
    if any(os.path.lexists(os.path.join(folder, name)) for name in (*NAMES, OLD_NAME)):
        reading = read(folder)
        problems += [problem for problem in reading.problems if problem.severity != "note"]
        return [reading.module] if reading.module else []
    shelf = find([folder])
    problems += [problem for broken in shelf.broken for problem in broken.problems]
    problems += [problem for name in shelf.names for problem in shelf.warnings(name)]
    if not shelf.modules and not shelf.broken:
        problems.append(Problem(Place(typed, 0, 0), "there is no module", "jm new module NAME makes one"))
    return shelf.modules


# --- what they are tried on -------------------------------------------------------------------------------------------


def prepare(
    modules: Sequence[Module],
    folder: str,
    files: Sequence[tuple[str, str]],
    params: Sequence[str],
    config: Config,
    environ: Mapping[str, str],
    cwd: str,
) -> list[Trial]:
    """A trial of each module; samples that have to be made are made in `folder`. `files` are (param, path) and `params`
    NAME=VALUE as typed. Raises InputError with everything that stands in the way of any of them."""
    if len(modules) > 1 and (files or params):
        message = f"--input and -p are for the test of one module; here are {len(modules)}"
        raise InputError([Problem(COMMAND_LINE, message, "name the folder of one module")])
    trials: list[Trial] = []
    problems: list[Problem] = []
    for number, module in enumerate(modules):
        own = os.path.join(folder, f"{number + 1}-{slug(module.name, 'module')}")
        os.makedirs(own)
        try:
            trials.append(_trial(module, own, files, params, config, environ, cwd))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return trials


def _trial(
    module: Module,
    folder: str,
    files: Sequence[tuple[str, str]],
    typed: Sequence[str],
    config: Config,
    environ: Mapping[str, str],
    cwd: str,
) -> Trial:
    problems: list[Problem] = []
    beside = _beside(module, problems)
    inputs = _inputs(module, folder, beside, files, cwd, problems)
    params = _params(module, typed, cwd, problems)
    if any(problem.severity == "error" for problem in problems):
        raise InputError(problems)
    job, named_files = _job(module, inputs, params)
    wish = Wish(
        "",
        named=named_files,
        shelves=(module.folder,),
        python=config.python,
        slots=1,
        keep_temp=True,
        loose_types=config.loose_types,
    )
    loaded = load(wish, environ, cwd, job=job)
    return Trial(module, loaded, inputs, params, (*problems, *loaded.problems), not files and not typed)


def _beside(module: Module, problems: list[Problem]) -> dict[str, str]:
    """The files of the sample by the input that each is named after; what is odd there."""
    folder = os.path.join(module.folder, SAMPLE)
    params = [port.param for port in module.inputs]
    found: dict[str, str] = {}
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return {}
    except OSError as cause:
        raise InputError([Problem(Place(folder, 0, 0), f"cannot be read: {cause.strerror}")]) from cause
    for name in names:
        param, path = name.partition(".")[0], os.path.join(folder, name)
        if name in (EXPECTED, PARAMS) or name.startswith("."):
            continue
        if param not in params:
            hint = suggestion(param, params) or f"its inputs: {', '.join(params) or 'none'}"
            problems.append(Problem(Place(path, 0, 0), "is named after no input of the module", hint, "warning"))
        elif param in found:
            message = (
                f"is the second sample for the input {quoted(param)}; the first is {os.path.basename(found[param])}"
            )
            problems.append(Problem(Place(path, 0, 0), message, "leave one of them"))
        else:
            found[param] = path
    return found


def _inputs(
    module: Module,
    folder: str,
    beside: Mapping[str, str],
    files: Sequence[tuple[str, str]],
    cwd: str,
    problems: list[Problem],
) -> tuple[Supplied, ...]:
    given = {name: os.path.normpath(os.path.join(cwd, os.path.expanduser(path))) for name, path in files}
    params = [port.param for port in module.inputs]
    for name in given:
        if name not in params:
            hint = suggestion(name, params) or f"its inputs: {', '.join(params) or 'none'}"
            message = f"--input {name}: module {quoted(module.name)} has no input of that name"
            problems.append(Problem(COMMAND_LINE, message, hint))
    found: list[Supplied] = []
    for port in module.inputs:
        if port.param in given or port.param in beside:
            origin, path = ("given", given[port.param]) if port.param in given else ("sample", beside[port.param])
            problems += _misshapen(port, path) if origin == "sample" else []
            found.append(Supplied(port.param, port.type, path, origin, port.kind))
        elif not port.optional:
            found += _made(module, port, folder, problems)
    return tuple(found)


def _misshapen(port: Port, path: str) -> Iterator[Problem]:
    """A folder in place of a file, or the other way round; one file is as good as several."""
    if os.path.isdir(path) and port.kind == FILE:
        yield Problem(Place(path, 0, 0), f"is a folder, and the input {quoted(port.param)} is one file")
    elif port.kind == DIRECTORY and not os.path.isdir(path):
        message = f"is no folder, and the input {quoted(port.param)} is a directory"
        yield Problem(Place(path, 0, 0), message, f"make it {os.path.join(SAMPLE, port.param)}{os.sep}")


def _made(module: Module, port: Port, folder: str, problems: list[Problem]) -> list[Supplied]:
    try:
        return [Supplied(port.param, port.type, _sample(port, folder), "made", port.kind)]
    except samples.NoSample as why:
        path = os.path.join(module.folder, SAMPLE, port.param) + (".*" if port.kind == FILE else os.sep)
        message = f"there is no sample for the input {quoted(port.param)}: {why}"
        hint = f"put one there: {path}, or say --input {port.param}={'FILE' if port.kind == FILE else 'FOLDER'}"
        problems.append(Problem(port.place or COMMAND_LINE, message, hint))
    except OSError as cause:
        raise InputError(f"the sample for {quoted(port.param)} cannot be made: {cause.strerror}") from cause
    return []


def _sample(port: Port, folder: str) -> str:
    if port.kind == FILE:
        return samples.make(port.type, folder, port.param)
    inside = os.path.join(folder, port.param)
    os.mkdir(inside)
    for number in range(1, SEVERAL + 1):
        samples.make(port.type, inside, f"{port.param}_{number}")
    return inside


def _params(module: Module, typed: Sequence[str], cwd: str, problems: list[Problem]) -> dict[str, str]:
    """The values of `sample/params.yaml` and then those that were typed; the others have their defaults."""
    file = os.path.join(module.folder, SAMPLE, PARAMS)
    given, wrong = given_params([*([f"@{file}"] if os.path.exists(file) else []), *typed], cwd)
    problems += wrong
    declared = named(module.params)
    values: dict[str, str] = {}
    for value in given:
        if value.name not in declared:
            message = f"module {quoted(module.name)} has no param {quoted(value.name)}"
            known = suggestion(value.name, declared) or f"its params: {', '.join(declared) or 'none'}"
            problems.append(Problem(value.place, message, known))
            continue
        try:
            values[value.name] = declared[value.name].canonical(value.text, value.base)
        except ValueError as error:
            problems.append(Problem(value.place, str(error), declared[value.name].help))
    problems += _unset(module, values, [*given])
    return values


def _unset(module: Module, values: Mapping[str, str], given: Sequence[Given]) -> list[Problem]:
    said = {value.name for value in given}
    return [
        Problem(
            param.place or COMMAND_LINE,
            f"the param {quoted(param.name)} has no default, and no value is given for it",
            f"write it into {SAMPLE}/{PARAMS} beside the manifest, or say -p {param.name}=VALUE ({param.kind})",
        )
        for param in module.params
        if param.default is None and param.name not in values and param.name not in said
    ]


def _job(
    module: Module, inputs: Sequence[Supplied], params: Mapping[str, str]
) -> tuple[Job, tuple[tuple[str, str], ...]]:
    """A job of one action that calls the module once, and which file each of its inputs is."""
    taken: set[str] = set()
    reads, given = [], []
    for one in inputs:
        artifact = _free(one.param + (_ending(one.path) if one.kind == FILE else ""), taken)
        reads.append((artifact, one))
        given.append((artifact, one.path))
    # Their kinds, and what of several files counts, are the manifest's word here as in any job.
    outputs = tuple(Output(_free(_named(port), taken), port.param, public=True) for port in module.outputs)
    action = Action(
        name=slug(module.name, "module"),
        work=ModuleCall(module.name),
        inputs=tuple(Input(artifact, one.param) for artifact, one in reads),
        outputs=outputs,
        retries=0,  # a second attempt would hide what the first one did
        params=tuple(sorted(params.items())),
        place=module.place,
    )
    task = Task("test", (action,), parallel=True)
    taking = tuple(JobInput(artifact, kind=one.kind) for artifact, one in reads)
    return Job(f"test of {module.name}", (task,), inputs=taking), tuple(given)


def _named(port: Port) -> str:
    ending = ENDINGS.get(port.type.lower(), "") if port.kind == FILE else ""
    return f"{port.param}.{ending}".rstrip(".")


# What programs go by when they choose a format by the ending of the file they are to write.
ENDINGS = {
    "text": "txt", "image": "png", "picture": "png", "audio": "wav", "sound": "wav", "video": "mp4", "movie": "mp4",
    **{word: word for word in (
        "txt json jsonl csv tsv html xml svg pdf srt vtt yaml md png jpg jpeg gif webp tiff wav mp3 flac mp4 mov mkv "
        "webm avi zip gz"
    ).split()},
}  # fmt: skip


def _ending(path: str) -> str:
    name = os.path.basename(path)
    ending = name[name.index(".") :] if "." in name[1:] else ""
    return ending if len(ending) < 20 and artifact_name(f"x{ending}") is None else ""


def _free(name: str, taken: set[str]) -> str:
    while artifact_name(name) is not None or folded(name) in taken:
        name = f"a-{name}"
    taken.add(folded(name))
    return name


# --- the trial --------------------------------------------------------------------------------------------------------


class Verdict(NamedTuple):
    """How a trial went. `document`: everything, with stable keys; `stopped`: a person ended it."""

    trial: Trial
    document: Document
    stopped: bool = False

    @property
    def ok(self) -> bool:
        """Whether the module kept its promises."""
        return bool(self.document["ok"])


def perform(
    trial: Trial, home: Home, id: str, observer: Observer, environ: Mapping[str, str], config: Config, keep: bool
) -> Verdict:
    """Run it and hold what came of it to the manifest. `keep`: paths of what it left mean something afterwards."""
    before = folder_digest(trial.module.folder)
    outcome = run(home, trial.loaded, observer, environ, id, config=config)
    job = outcome.job
    failure = _failure(home, outcome, keep) if job.state == "failed" else None
    layout = Layout(home.jobs, job.id, "")
    outputs = _outputs(trial, outcome, layout, keep)
    done = job.state == "succeeded"
    differences = list(_differences(trial, layout, outputs)) if done and trial.plain else []
    notes = [*trial.notes, *(_left(trial, layout) if done else ())]
    if folder_digest(trial.module.folder) != before:
        message = "the module has written into its own folder: where that is read-only it will fail"
        notes.append(Problem(Place(trial.module.folder, 0, 0), message, "write below TMPDIR instead", "warning"))
    return Verdict(
        trial,
        {
            "name": trial.module.name,
            "folder": trial.module.folder,
            "ok": done and not differences,
            "seconds": max(0.0, job.ended[0] - job.began[0]) if job.began[0] and job.ended[0] else None,
            "inputs": [one._asdict() for one in trial.inputs],
            "values": dict(next(iter(job.shape.actions)).params),
            "outputs": outputs,
            "differences": differences,
            "problems": notes,
            "failure": failure,
        },
        stopped=job.state not in ("succeeded", "failed"),
    )


def _failure(home: Home, outcome: Outcome, keep: bool) -> Document:
    card, _ = failure_cards(home, outcome)
    return card if keep else {**card, "directory": None, "log": None, "err": None}


def _outputs(trial: Trial, outcome: Outcome, layout: Layout, keep: bool) -> list[Document]:
    made = {row[0]: row for row in outcome.job.results.get(0, ())}
    found = []
    for output, port in zip(outcome.job.shape.actions[0].outputs, trial.module.outputs, strict=True):
        row = made.get(output.artifact)
        path = layout.store.path(output.artifact, True) if row and keep else None
        size = row[3] if row else None
        said = {"param": port.param, "type": port.type, "kind": port.kind, "name": output.artifact}
        found.append({**said, "bytes": size, "files": _files(row, port), "path": path})
    return found


def _files(row: Sequence[Any] | None, port: Port) -> list[str] | None:
    return [str(name) for name, *_ in inside(row)] if row is not None and port.kind == FILES else None


def _left(trial: Trial, layout: Layout) -> list[Problem]:
    """What it wrote that the manifest does not declare. It is allowed to, and nobody will ever see it."""
    task = trial.loaded.job.children[0]
    assert isinstance(task, Task)
    folder = layout.store.attempt_path(label(f"{task.name}/{task.children[0].name}", 1))
    try:
        names = sorted(name for name in set(os.listdir(folder)) - OWN if not LIST.fullmatch(name))
        names += [os.path.join("out", name) for name in sorted(os.listdir(os.path.join(folder, "out")))]
    except OSError:
        return []
    message = "was written, and is no output: it is removed when the job is done"
    hint = "if others need it, declare it under outputs: and write it to the path that is given"
    return [Problem(Place(name, 0, 0), message, hint, "note") for name in names]


def _differences(trial: Trial, layout: Layout, outputs: Sequence[Document]) -> list[Document]:
    """Where outputs are not what `sample/expected/` says: files there are named after the outputs."""
    folder = os.path.join(trial.module.folder, SAMPLE, EXPECTED)
    by_param = {output["param"]: output for output in outputs}
    found = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        param, path = name.partition(".")[0], os.path.join(folder, name)
        if name.startswith("."):
            continue
        if param not in by_param:
            message = f"is named after no output of the module; its outputs: {', '.join(by_param) or 'none'}"
        elif by_param[param]["bytes"] is None:
            message = "is expected, and nothing was written"
        else:
            written = layout.store.path(by_param[param]["name"], True)
            for file, message in differ(path, written, by_param[param]):
                found.append({"param": param, "expected": file, "message": message})
            continue
        found.append({"param": param, "expected": path, "message": message})
    return found
