"""Makes the calls of an order one after another in this process; its one argument is the path of the order's JSON.

Standard library only: it runs in whatever Python the modules need. Evaluates nothing; knows nothing of jobs.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Any

STATUS = ".jobstatus"
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")
APPENDING = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


class Lines:
    """A file that grows by whole lines, each in one write. What cannot be written is said once."""

    def __init__(self, path: str, mode: int) -> None:
        self._path, self._mode = path, mode
        self._handle = -1

    def begin(self, text: str) -> None:
        """Put a new file with this text in place of what was there: whoever had the old one keeps it for itself."""
        new = f"{self._path}.{os.getpid()}"
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(new)
            self._handle = os.open(new, APPENDING | os.O_EXCL, self._mode)
            os.write(self._handle, text.encode("utf-8", "backslashreplace"))
            os.replace(new, self._path)
        except OSError as error:
            self._give_up(error)

    def add(self, line: str) -> None:
        """One line more."""
        if self._handle < 0:
            return
        try:
            os.write(self._handle, f"{line}\n".encode("utf-8", "backslashreplace"))
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        warn(f"{self._path} cannot be written: {error.strerror}")
        self._handle = -1


class Status:
    """`.jobstatus`, a list in YAML of the calls so far and how it ended. Only this order ever writes into its file."""

    def __init__(self, folder: str, label: str) -> None:
        self._path = os.path.join(folder, STATUS)
        self._lines = Lines(self._path, 0o644)
        self._label = label
        self._begun = False

    def forget(self) -> None:
        """What an earlier order has left says nothing about this one."""
        with contextlib.suppress(OSError):
            os.unlink(self._path)

    def add(self, word: str) -> None:
        """The next call, or the end."""
        line = f"- {word if PLAIN.match(word) else json.dumps(word)}"
        if self._begun:
            self._lines.add(line)
        else:
            self._begun = True
            self._lines.begin(f"# {self._label}\nstatus:\n{line}\n")


class Failed(Exception):
    """A call, or what is done for it, has raised; the argument is the sentence."""


class Order:
    """The calls, and the variables by which they give each other what they return."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.folder: str = plan["folder"]
        self.calls: list[dict[str, Any]] = plan["order"]
        self.modules: dict[str, Any] = {}
        self.variables: dict[str, Any] = {}
        self.status = Status(self.folder, plan["label"])
        self._named: list[list[str]] = plan["modules"]
        self._log = os.path.join(self.folder, plan["log"])
        self._journal = Lines(plan["journal"], 0o600)
        self._pid = os.getpid()

    def run(self) -> None:
        """From the first call to the last. Raises Failed."""
        self.status.forget()
        self._journal.begin("")
        for alias, path in self._named:
            try:
                self.modules[alias] = imported(alias, path, self.folder)
            except BaseException as error:
                self._fail(f"module {alias} ({path})", error)
        for number, call in enumerate(self.calls):
            self._begin(number, call)
            try:
                self._make(call)
            except BaseException as error:
                self._leave_a_copy(1)
                self._note(number, "failed", said(error))
                where = f"call {number + 1} of {len(self.calls)} ({name_of(call)})"
                self._fail(where, error)
            self._leave_a_copy(0)
            self._note(number, "succeeded")
        self.status.add("Done")

    def _begin(self, number: int, call: dict[str, Any]) -> None:
        self.status.add(name_of(call))
        self._note(number, "running")

    def _note(self, number: int, state: str, *more: str) -> None:
        self._journal.add(json.dumps([number, state, time.time(), *more]))

    def _leave_a_copy(self, code: int) -> None:
        """A function that forked and let both go on: only the first of them is the order."""
        if os.getpid() != self._pid:
            flush()
            os._exit(code)

    def _fail(self, where: str, error: BaseException) -> None:
        self.status.add("Exception")
        show(error)
        raise Failed(f"{where}: {said(error)}") from None

    def _make(self, call: dict[str, Any]) -> None:
        if "log" not in call:
            self._call(call)
            return
        with redirected(os.path.join(self.folder, os.path.expanduser(call["log"])), self._log):
            try:
                self._call(call)
            except BaseException as error:
                show(error)
                raise

    def _call(self, call: dict[str, Any]) -> None:
        function = getattr(self.modules[call["module"]], call["function"])
        for each in call.get("declares", ()):
            self.variables[each["name"]] = each["value"]
        arguments = [self._value(each) for each in call.get("inputs", ())]
        self._keep(function(*arguments), call.get("outputs", ()))

    def _value(self, argument: dict[str, Any]) -> Any:
        if "value" in argument:
            self.variables[argument["name"]] = argument["value"]
        return self.variables[argument["name"]]

    def _keep(self, result: Any, names: list[str]) -> None:
        if len(names) == 1:
            self.variables[names[0]] = result
        elif names:
            values = list(result)
            if len(values) != len(names):
                raise ValueError(f"it returned {len(values)} values for {len(names)} Outputs: {', '.join(names)}")
            for number, name in enumerate(names):
                self.variables[name] = values[number]


def name_of(call: dict[str, Any]) -> str:
    """The call as it is called in `.jobstatus`."""
    return f"{call['module']}.{call['function']}"


def said(error: BaseException) -> str:
    """The exception in one line."""
    try:
        lines = str(error).strip().splitlines()
    except BaseException:
        lines = ["(its text cannot be made)"]
    name = type(error).__name__
    return f"{name}: {lines[0]}" if lines else name


def show(error: BaseException) -> None:
    """Print the traceback, from the called function on."""
    own = os.path.abspath(__file__)
    trace = error.__traceback__
    while trace is not None and os.path.abspath(trace.tb_frame.f_code.co_filename) == own:
        trace = trace.tb_next
    flush()
    sys.stderr.write("".join(traceback.format_exception(type(error), error, trace or error.__traceback__)))
    flush()


def warn(sentence: str) -> None:
    """Say it among what the functions print."""
    flush()
    os.write(1, f"job_manager: {sentence}\n".encode("utf-8", "backslashreplace"))


def flush() -> None:
    """What was printed is in the file; a function may have closed or replaced what it is printed through."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


@contextlib.contextmanager
def redirected(path: str, job_log: str) -> Iterator[None]:
    """All that is printed goes to this file, also what started programs print."""
    if os.path.exists(path) and os.path.exists(job_log) and os.path.samefile(path, job_log):
        raise ValueError(f"{path} is the log of the whole order; Log has to be another file")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o644)
    flush()
    before = os.dup(1)
    _print_into(handle)
    os.close(handle)
    try:
        yield
    finally:
        flush()
        _print_into(before)
        os.close(before)


def _print_into(handle: int) -> None:
    for stream in (1, 2):
        os.dup2(handle, stream)


# --- modules ----------------------------------------------------------------------------------------------------------


def imported(alias: str, path: str, folder: str) -> Any:
    """The module of this file, known to others by the file's stem; one that is no file by its name."""
    file = found(os.path.join(folder, os.path.expanduser(path)))
    stem = os.path.splitext(os.path.basename(path))[0]
    if not file:
        if os.sep in path or path.endswith(".py"):
            raise FileNotFoundError(f"there is no file {path} in {folder}")
        return importlib.import_module(path)
    place = os.path.dirname(file)
    if place not in sys.path:
        sys.path.append(place)
    known = sys.modules.get(stem)
    if known is not None and os.path.realpath(getattr(known, "__file__", None) or "") == os.path.realpath(file):
        return known
    taken = known is not None or stem in getattr(sys, "stdlib_module_names", ())
    return from_file(f"order_{alias}" if taken else stem, file)


def found(path: str) -> str:
    """The file that is meant: with its ending or without, or a package."""
    files = (path, f"{path}.py", os.path.join(path, "__init__.py"))
    return next((os.path.abspath(file) for file in files if os.path.isfile(file)), "")


def from_file(name: str, file: str) -> Any:
    """Import a file under this name."""
    package = [os.path.dirname(file)] if os.path.basename(file) == "__init__.py" else None
    loader = importlib.machinery.SourceFileLoader(name, file)
    spec = importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=package)
    if spec is None:
        raise ImportError(f"{file} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


# --- where it prints --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def shown_as(target: str, source: str) -> Iterator[None]:
    """The log as a file of this name: the same file by a second name; across file systems a link, in the end a copy."""
    linked = any(_placed(make, source, target) for make in (os.link, os.symlink))
    if not linked:
        warn(f"{target} cannot be made")
    try:
        yield
    finally:
        flush()
        if os.path.islink(target) and os.path.realpath(target) == os.path.realpath(source):
            _placed(shutil.copyfile, source, target)


def _placed(make: Any, source: str, target: str) -> bool:
    new = f"{target}.{os.getpid()}"
    try:
        make(source, new)
        os.replace(new, target)
        return True
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(new)
        return False


def say(sentence: str) -> None:
    """The sentence with which the failure is reported."""
    path = os.environ.get("JM_ERROR_FILE", "")
    with contextlib.suppress(OSError):
        if path:
            with open(path, "w", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(f"{sentence}\n")


def main(path: str) -> int:
    """Run the order; 0 when all calls are made, 1 when one has failed."""
    with open(path, encoding="utf-8") as stream:
        plan = json.load(stream)
    folder = plan["folder"]
    os.chdir(folder)
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [each for each in sys.path if os.path.abspath(each or ".") != own]
    sys.path.append(folder)
    sys.argv[:] = [plan["name"]]
    os.dup2(1, 2)
    for text in (sys.stdout, sys.stderr):
        text.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    order = Order(plan)
    with shown_as(os.path.join(folder, plan["log"]), plan["output"]):
        try:
            order.run()
        except Failed as failed:
            say(str(failed))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
