"""A module called from a script: `sheet = module("contact_sheet", video=clip, rows=3)`; and the worker of its roles.

What each argument is - a file, a value, the name of a result - its manifest says. Runs nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from job_manager.formats.python import tree
from job_manager.formats.python.actions import NAMED, SHARED, WHEN
from job_manager.formats.wording import suggestion
from job_manager.model.errors import InputError
from job_manager.model.hints import Any
from job_manager.model.job import FILE
from job_manager.model.module import Port
from job_manager.modules.shelf import Shelf, find
from job_manager.scripting.foreign import BaseWorker

CONTROL = frozenset({*SHARED, *NAMED, *WHEN, "hook"}) - {"inputs", "outputs", "params"}
ENDINGS = {"video": ".mp4", "audio": ".wav", "image": ".png", "text": ".txt", "subtitles": ".srt", "subtitle": ".srt"}
ENDING = re.compile(r"[a-z0-9]{2,4}\Z")
Path = str | os.PathLike[str]
worker = BaseWorker()


class Outputs:
    """The results of a call, by the names that the module gives them: `parts.left`, `parts["left"]`, or in order."""

    def __init__(self, action: tree.Action, artifacts: Mapping[str, tree.Artifact]) -> None:
        self.action = action
        self._artifacts = dict(artifacts)

    def __getattr__(self, name: str) -> tree.Artifact:
        if name.startswith("_") or name not in self._artifacts:
            raise AttributeError(f"there is no result {name!r}; there are {', '.join(self._artifacts) or 'none'}")
        return self._artifacts[name]

    def __getitem__(self, name: str) -> tree.Artifact:
        return self._artifacts[name]

    def __iter__(self) -> Iterator[tree.Artifact]:
        return iter(self._artifacts.values())

    def __len__(self) -> int:
        return len(self._artifacts)


def module(
    name: str,
    *,
    params: Mapping[str, Any] | None = None,
    public: bool = False,
    shelf: Path | Sequence[Path] = (),
    **given: Any,
) -> Any:
    """An action that calls the module; its result, or an Outputs where it makes several, or the action without any.

    given: for an input the artifact to read, for an output what to call it, for a param its value; and what every
    action may be told: needs, retries, timeout, env, cpus, memory, limits, foreach, when, title. params: values of
    params that are called like one of these. public: keep the results. shelf: where modules are, beside the places
    where `jm` looks."""
    found = _shelf(shelf).get(name)
    ports = {port.param: port for port in found.inputs} if found else {}
    results = {port.param: port for port in found.outputs} if found else {}
    values = dict(params or {})
    reads: list[dict[str, Any]] = []
    called: dict[str, Any] = {}
    control: dict[str, Any] = {}
    wrong: list[tree.Flaw] = []
    known = {param.name for param in found.params} if found else set()
    for key, value in given.items():
        if key in ports or (found is None and isinstance(value, tree.Artifact)):
            reads += _reads(key, value, wrong)
        elif key in results:
            called[key] = value
        elif key.removeprefix("_") in CONTROL:
            control[key if key.startswith("_") else f"_{key}"] = value
        elif key in known or found is None:
            values[key] = value
        else:
            wrong.append(_unknown(key, name, [*ports, *results, *known, *CONTROL]))
    stem = _stem(name)
    wanted = [port for port in results.values() if not port.optional or port.param in called]
    writes = [_write(stem, port, called.get(port.param), public) for port in wanted]
    action = tree.Action(_role="module", _module=name, _inputs=reads, _outputs=writes, _params=values, **control)
    action._jm_flaws.extend(wrong)
    written = {use["param"]: use for use in action.body["_outputs"]}
    artifacts = {key: tree.Artifact(use["name"], use, action) for key, use in written.items()}
    if len(artifacts) == 1:
        return next(iter(artifacts.values()))
    return Outputs(action, artifacts) if artifacts else action


def _reads(key: str, value: Any, wrong: list[tree.Flaw]) -> list[dict[str, Any]]:
    if isinstance(value, Outputs) and len(value) == 1:
        value = next(iter(value))
    if isinstance(value, str):
        return [{"name": str(value), "param": key}]
    wrong.append(tree.Flaw(key, f"expected a file of the job, found {type(value).__name__}", "job.input(...) is one"))
    return []


def _unknown(key: str, name: str, known: Sequence[str]) -> tree.Flaw:
    return tree.Flaw(key, f'the module "{name}" takes no "{key}"', suggestion(key, known))


def _write(stem: str, port: Port, name: Any, public: bool) -> dict[str, Any]:
    made = str(name) if isinstance(name, str) and name else f"{stem}.{port.param}{_ending(port)}"
    kind = {} if port.kind == FILE else {"kind": port.kind}
    return {"name": made, "param": port.param, **kind, **({"public": True} if public else {})}


def _ending(port: Port) -> str:
    word = port.type.strip().lower() if port.kind == FILE else ""
    return ENDINGS.get(word, f".{word}" if ENDING.match(word) else "")


def _stem(name: str) -> str:
    """The module's name, numbered from the second call in a job on: the same script gives the same names."""
    counts = tree.counts()
    counts[name] = counts.get(name, 0) + 1
    return name if counts[name] == 1 else f"{name}-{counts[name]}"


# --- where modules are ------------------------------------------------------------------------------------------------


def _shelf(more: Path | Sequence[Path]) -> Shelf:
    made = tree.record()
    asked = [more] if isinstance(more, str | os.PathLike) else list(more)
    folders = [os.path.abspath(os.fspath(path)) for path in asked]
    folders += made.shelves if made is not None else ()
    return _found(tuple(folders), os.getcwd(), _script_folder())


def _script_folder() -> str:
    import sys

    return os.path.dirname(os.path.abspath(sys.argv[0])) if sys.argv and sys.argv[0] else os.getcwd()


@lru_cache(maxsize=8)
def _found(folders: tuple[str, ...], cwd: str, beside: str) -> Shelf:
    """The modules there; none where they cannot be read, which the check of the job says."""
    try:
        if not folders:
            from job_manager.app.config import configure

            folders = tuple(configure({}, os.environ, cwd).config.modules)
        return find(list(folders), os.path.join(beside, "modules"))
    except InputError:
        return find([])
