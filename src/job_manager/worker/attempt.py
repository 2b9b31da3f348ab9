"""One attempt from both ends: what the keeper is told to run, and what its exit record means.

Prepares directories and publishes outputs through the store; starts no process itself and decides no retry.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence

from job_manager.artifacts.folders import make, private
from job_manager.artifacts.identity import difference, sha256
from job_manager.artifacts.outputs import DISK, MISSING, Fault
from job_manager.artifacts.store import Published
from job_manager.core.said import AttemptEnded
from job_manager.model.errors import EngineError
from job_manager.model.hints import TYPE_CHECKING, Any
from job_manager.model.job import Command, Function, Input, Output
from job_manager.model.need import PLAIN
from job_manager.model.quantity import human, size_text
from job_manager.model.record import NamedTuple
from job_manager.model.site import Installed
from job_manager.model.wording import quoted
from job_manager.worker.brief import (
    NO_SECRETS,
    Brief,
    directory,
    has_lists,
    inputs_file,
    list_files,
    missing,
    needs_folder,
    paths,
    read_paths,
    signs,
    variables,
)
from job_manager.worker.calls import close_status, left_early, write_order
from job_manager.worker.command import argv, path_values, script, script_file
from job_manager.worker.functions import CALL_FILE, REFUSED, call_document
from job_manager.worker.growing import Grown
from job_manager.worker.keeper_link import ExitRecord, Order, Warm
from job_manager.worker.last_words import NOTHING, Words, error_file, error_text, sentence, speaks_of_room, words_in
from job_manager.worker.layout import Layout
from job_manager.worker.looking import look_into
from job_manager.worker.room import fullness

if TYPE_CHECKING:
    from job_manager.artifacts.settling import Steps
    from job_manager.worker.hiding import Share

GRACE = 10.0  # seconds between asking a child to end and ending it


class Unfit(Exception):
    """The attempt ended before or after its process for a reason of ours: `reason` as in model.reasons."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Ending(NamedTuple):
    """How a process ended, in words: an empty reason is success, whose message is a note."""

    reason: str
    code: int | None
    message: str


def token(job: str, index: int, attempt: int) -> str:
    """The name of an attempt for ever; given to the keeper and to the child's environment."""
    return f"{job}/{index}/{attempt}"


def read_token(token: str) -> tuple[str, int, int]:
    """The job, action index and attempt of a token."""
    job, index, attempt = token.rsplit("/", 2)
    return job, int(index), int(attempt)


def prepare(brief: Brief, layout: Layout, worker: str, now: float, secrets: Mapping[str, str] = NO_SECRETS) -> Order:
    """Make the attempt's directories and say what to run. `secrets`: as of `variables`. Raises Unfit when it cannot
    begin."""
    for source in brief.sources:
        fault = missing(source) or (source.identity and difference(source.path, source.identity))
        if fault:
            raise Unfit("output-missing" if missing(source) else "output-invalid", _about(source.artifact, fault))
    try:
        _make_folders(brief, layout)
    except (OSError, EngineError) as cause:
        scarce = getattr(cause.__cause__ or cause, "errno", None) in (
            errno.EMFILE,
            errno.ENFILE,
        )  # waiting will not help
        raise Unfit("spawn" if scarce else DISK, f"the attempt's directory cannot be made: {cause}") from cause
    return _order(brief, layout, worker, now, secrets)


def _about(artifact: str, fault: str) -> str:
    return fault if fault.startswith("input") else f"input {quoted(artifact)} {fault}"


def _make_folders(brief: Brief, layout: Layout) -> None:
    if needs_folder(brief):
        layout.store.prepare(brief.label, brief.declared)
        if has_lists(brief):
            _write_lists(brief, layout)
        if brief.action.role == "order":
            write_order(brief, layout)
        if isinstance(brief.action.work, Function):
            _write_call(brief, brief.action.work, layout)
    make(layout.logs)


def _write_lists(brief: Brief, layout: Layout) -> None:
    """The paths of inputs that are several files, for programs that take them from a file: one a line, and as JSON."""
    import json

    found = read_paths(brief)
    for artifact, path in list_files(brief, layout).items():
        with open(path, "w", encoding="utf-8", errors="surrogateescape", opener=private) as stream:
            stream.writelines(f"{each}\n" for each in found[artifact])
    with open(inputs_file(brief, layout), "w", encoding="ascii", opener=private) as stream:
        json.dump(found, stream)
    lists = list_files(brief, layout)
    text = script(brief.action, paths(brief, layout), lists)
    if text:
        with open(script_file(lists), "w", encoding="utf-8", errors="surrogateescape", opener=private) as stream:
            stream.write(text)


def _write_call(brief: Brief, work: Function, layout: Layout) -> None:
    """What a function is called with, as JSON: of any size, for it is no word of a command line."""
    import json

    uses: list[Input | Output] = [*brief.action.inputs, *brief.action.outputs]
    values = path_values(uses, paths(brief, layout), list_files(brief, layout)) | dict(brief.action.params)
    error = error_file(layout.store.attempt_path(brief.label))
    call = call_document(work, values, layout.result(brief.path, brief.attempt), error)
    file = f"{layout.store.attempt_path(brief.label)}/{CALL_FILE}"
    with open(file, "w", encoding="ascii", opener=private) as stream:
        json.dump(call, stream)


def _order(brief: Brief, layout: Layout, worker: str, now: float, secrets: Mapping[str, str]) -> Order:
    log = layout.log(brief.path, brief.attempt)
    env = variables(brief, layout, worker, now, secrets, log)
    order: Order = {
        "token": token(brief.job, brief.number, brief.attempt),
        "argv": words(brief, layout),
        "env": env,
        "cwd": directory(brief, layout),
        "log": log,
    }
    # What is as the keeper has it anyway is not said: it would be written and read for each of many.
    takes = brief.need
    if takes is not PLAIN:
        order["weight"], order["memory"] = takes.cpus, takes.memory
    if brief.split_streams:
        order["err"] = layout.log(brief.path, brief.attempt, "err")
    if brief.timeout is not None:
        order["timeout"] = brief.timeout
    if not brief.idempotent:
        order["durable"] = True
    if brief.stuck:
        order["stuck"] = (brief.stuck.after, brief.stuck.kill)
    module = brief.module
    if module is not None and module.warm and module.interpreter:
        order["warm"] = warmth(module)
    hidden = [variable for variable, value in secrets.items() if env[variable] == value]
    if hidden:
        order["secrets"] = hidden
    return order


def warmth(module: Installed) -> Warm:
    """What an interpreter of the module has imported."""
    return {"preload": list(module.preload), "digest": module.digest}


def words(brief: Brief, layout: Layout) -> list[str]:
    """The argv of an attempt."""
    action, work = brief.action, brief.action.work
    if isinstance(work, Command) and not work.percent and not any("{" in word for word in work.argv):
        return list(work.argv)
    folder = layout.store.attempt_path(brief.label)
    return argv(action, brief.module, paths(brief, layout), list_files(brief, layout), folder, signs(brief))


def conclude(
    brief: Brief,
    record: ExitRecord,
    layout: Layout,
    worker: str,
    grow: Callable[[str], Grown] | None = None,
    said: str = "",
    share: Share | None = None,
) -> Steps[AttemptEnded]:
    """The report of an attempt whose process is over: its outputs verified and published when it did well. `grow` makes
    tasks of what stands in a log, for an action that expands; it raises ValueError. `said`: what is to be known of the
    attempt, however it ended. `share`: the secrets it had."""
    conceal(brief, layout, share)
    ending = heard(read_ending(record, brief), brief, layout)
    if brief.action.role == "order":
        ending = _of_order(ending, brief, layout)
    outputs: Sequence[Sequence[Any]] = ()
    grown = Grown()
    if not ending.reason:
        try:
            grown = _printed(brief, layout, grow, share)
            outputs, unchecked = yield from _collect(brief, layout, share)
            ending = ending._replace(message="; ".join(filter(None, (ending.message, grown.note, unchecked))))
        except Unfit as unfit:
            note = f" ({ending.message})" if ending.message else ""
            ending = Ending(unfit.reason, None, f"{unfit}{note}")
    ending = _for_want_of_room(ending, brief, layout, record)
    ending = ending._replace(message="; ".join(filter(None, (ending.message, said))))
    usage = (record["utime"], record["stime"], record["maxrss_kib"])
    if needs_folder(brief):
        # What has outlived its process might still be writing.
        layout.store.close_off(brief.label, reuse=not ending.reason and record.get("tidy", False))
    told = ended(brief, worker, record["began"], end_of(record), ending, usage, outputs)
    told = share.hidden(told) if share else told
    return told if ending.reason or not grown.children else told._replace(grown=grown.children)


def end_of(record: ExitRecord) -> float:
    """When it ended (Unix time), by how long it took: the clock may have been set meanwhile."""
    return record["began"] + record["elapsed"] if record["began"] else record["ended"]


def conceal(brief: Brief, layout: Layout, share: Share | None) -> None:
    """Take the secrets of an attempt that is over out of the files that its process has written for us."""
    if share:
        share.hide_in_files(_own_files(brief, layout))


def _own_files(brief: Brief, layout: Layout) -> list[str]:
    """What is written by the process of an attempt, and shown or kept beside its logs."""
    files = [layout.result(brief.path, brief.attempt)] if isinstance(brief.action.work, Function) else []
    return [*files, error_file(layout.store.attempt_path(brief.label))] if needs_folder(brief) else files


def _for_want_of_room(ending: Ending, brief: Brief, layout: Layout, record: ExitRecord) -> Ending:
    """A failure on a full disk is one of the disk, whatever the program made of it; what it wrote is given back."""
    if ending.reason not in ("code", "signal", "output-missing", "output-invalid", DISK):
        return ending
    full = fullness({layout.folder, layout.store.root, directory(brief, layout)})
    if not full and ending.reason == "code":
        logs = (layout.log(brief.path, brief.attempt, stream) for stream in ("log", "err"))
        full = "its log says that there was no space left" if any(map(speaks_of_room, logs)) else ""
    if full:
        layout.was_full.note(end_of(record))
    full = full or layout.was_full.meanwhile(record["began"], end_of(record))
    if not full:
        return ending
    try:
        layout.store.discard(brief.label)  # it would be in its own way
    except EngineError:
        pass
    return Ending(DISK, ending.code, f"{full}; {ending.message}")


def may_be_torn(brief: Brief, layout: Layout) -> bool:
    """Whether a power cut may have left what the attempt wrote in part: outputs and logs are not forced to disk before
    they are published."""
    return brief.action.expand or not layout.store.is_published(brief.label, brief.declared)


def _printed(brief: Brief, layout: Layout, grow: Callable[[str], Grown] | None, share: Share | None) -> Grown:
    if not brief.action.expand:
        return Grown()
    if share and share.stood_in(layout.log(brief.path, brief.attempt)):
        # What stands there instead would mean something else to a shell.
        raise Unfit("output-invalid", "it printed a secret among its tasks, which take secrets by their variables only")
    if grow is None:
        raise Unfit("output-invalid", "nobody here reads what it printed")
    try:
        return grow(layout.log(brief.path, brief.attempt))
    except ValueError as error:
        raise Unfit("output-invalid", str(error)) from error


def ended(
    brief: Brief,
    worker: str,
    began: float,
    end: float,
    ending: Ending,
    usage: Sequence[float] = (),
    outputs: Sequence[Sequence[Any]] = (),
) -> AttemptEnded:
    """The report of this attempt's end."""
    return AttemptEnded(brief.job, brief.number, brief.attempt, worker, began, end, *ending, usage, outputs)


def read_ending(record: ExitRecord, brief: Brief) -> Ending:
    """What an exit record means, before any output is looked at."""
    why, code, number = record["why"], record["code"], record["signal"]
    if why in ("stopped", "lost"):
        return Ending(why, None, "")
    if why == "timeout":
        late = f"it ran longer than its timeout of {brief.timeout:g} s and was ended"
        return Ending("timeout", None, late + _stillness(record))
    if why == "stuck":
        return Ending("stuck", None, f"it was ended because it was stuck{_stillness(record)}")
    if why == "spawn":
        return Ending("spawn", None, record["error"] or "the program could not be started")
    if record.get("oom"):
        return Ending("oom", number if number is not None else code, _out_of_memory(record, brief.need.memory))
    if number is not None:
        return Ending("signal", number, f"killed by {_signal_name(number)}")
    if code == REFUSED and isinstance(brief.action.work, Function):
        return Ending("arguments", code, "it cannot take its arguments")
    return Ending("code", code, f"exit code {code}") if code else _too_soon(record, brief.action.min_runtime)


def _stillness(record: ExitRecord) -> str:
    still = record.get("still") or 0.0
    return f": no output and no processor time for {human(still)}" if still else ""


def _too_soon(record: ExitRecord, least: float | None) -> Ending:
    took = record["elapsed"]
    if least is None or took >= least:
        return Ending("", None, "")
    return Ending("code", 0, f"it was done after {took:.1f} s, sooner than its min_runtime of {least:g} s")


def _out_of_memory(record: ExitRecord, asked: int | None) -> str:
    limit = f"memory: {size_text(asked)}" if asked else "it asks for none with memory:"
    if record.get("oom") == "cgroup":
        peak = record.get("peak") or 0
        used = f"it used {size_text(peak)}, " if peak else ""
        return f"out of memory: {used}{limit}"
    used = size_text(record["maxrss_kib"] * 1024)
    return f"out of memory, probably: killed while the system ran short; it used at least {used}, {limit}"


def heard(ending: Ending, brief: Brief, layout: Layout) -> Ending:
    """The ending after the attempt's own last words: an exit status in its log overrules the real one, and a failure
    message of its own heads what is said of a failure."""
    if ending.reason not in ("", "code", "signal", "arguments"):  # an end for want of memory leaves no last words
        return ending
    words = words_in(layout.log(brief.path, brief.attempt))
    if brief.split_streams and words is NOTHING:
        words = words_in(layout.log(brief.path, brief.attempt, "err"))
    ending = _overruled(ending, words)
    if not ending.reason:
        return ending
    failure = words.failure
    if not failure and needs_folder(brief):
        failure = sentence(error_text(layout.store.attempt_path(brief.label)))
    return ending._replace(message=f"{failure} ({ending.message})") if failure else ending


def _of_order(ending: Ending, brief: Brief, layout: Layout) -> Ending:
    """What its own notes say: a function may end the whole process and call it a success."""
    close_status(brief, layout)
    early = "" if ending.reason else left_early(brief, layout)
    return Ending("code", 0, early) if early else ending


def _overruled(ending: Ending, words: Words) -> Ending:
    real = 0 if not ending.reason else ending.code if ending.reason == "code" else None
    if words.status is None or words.status == real:
        return ending
    said = f"its log says {words.name} {words.status}"
    if words.status == 0:
        return Ending("", None, f"{ending.message}, but {said}: taken for a success")
    return Ending("code", words.status, f"{said} instead of {ending.message or 'exit code 0'}")


def _signal_name(number: int) -> str:
    import signal  # with its enums: few are killed

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _collect(brief: Brief, layout: Layout, share: Share | None) -> Steps[tuple[list[tuple[Any, ...]], str]]:
    """Verify every declared output, publish them all; a row for each, and what a person should know all the same."""
    for source in brief.sources:
        fault = source.identity and difference(source.path, source.identity)
        if fault:
            raise Unfit("output-invalid", f"input {quoted(source.artifact)} {fault} while the action ran")
    if not brief.action.outputs:
        return [], ""
    outputs = brief.declared
    if share:
        _refuse(brief, share.named_after(layout.store, brief.label, outputs))
    faults: Sequence[Fault] = layout.store.faults(brief.label, outputs)
    bad = {fault.name for fault in faults}
    looked = look_into(layout.store, brief.label, [output for output in outputs if output.name not in bad])
    _refuse(brief, [*faults, *looked.faults])
    outcome = yield from layout.store.publish(brief.label, outputs, checked=True)
    if outcome.faults:
        layout.store.withdraw(outputs)  # some may be in place already, of an attempt that has failed
    _refuse(brief, outcome.faults)
    return [_row(brief, artifact, looked.facts.get(artifact.name)) for artifact in outcome.published], looked.unchecked


def _refuse(brief: Brief, faults: Sequence[Fault]) -> None:
    if faults:
        detail = "; ".join(fault.detail for fault in faults)
        raise Unfit(faults[0].reason, detail + _elsewhere(brief, faults))


def _elsewhere(brief: Brief, faults: Sequence[Fault]) -> str:
    """A hint when a missing output stands in the working directory: the command wrote it there by its bare name."""
    for fault in faults:
        folder = brief.action.workdir or brief.workdir
        beside = os.path.join(folder, fault.name)
        if fault.reason == MISSING and brief.action.role != "module" and os.path.isfile(beside):
            return f"; a file of that name is in {folder}: write it to the path given as {{{fault.name}}}"
    return ""


def _row(brief: Brief, artifact: Published, facts: dict[str, Any] | None) -> tuple[Any, ...]:
    row = (artifact.name, *artifact.identity, sha256(artifact.path) if brief.verify else "")
    more = (facts or {}) | ({"files": artifact.files} if artifact.files else {})
    return (*row, more) if more else row
