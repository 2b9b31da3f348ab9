"""What is known of the artifacts of a job: who made each, where it is, who reads it, what was found in it.

Gives plain documents with stable keys; looks at the store, never into a file. Knows no terminal.
"""

from __future__ import annotations

import os

from job_manager.app.looking import Look
from job_manager.artifacts.identity import Identity, identity
from job_manager.artifacts.outputs import declared
from job_manager.core import table
from job_manager.model.errors import NotFound
from job_manager.model.expect import Expect, to_document
from job_manager.model.hints import Any
from job_manager.model.job import FILES, JobInput, ModuleCall, Output
from job_manager.model.wording import quoted

Document = dict[str, Any]
THERE, CHANGED, REMOVED, MISSING, NOT_MADE = "there", "changed", "removed", "missing", "not made"


class Artifacts:
    """The artifacts of one job: its inputs first, then what its actions write, in the order of the job."""

    def __init__(self, found: Look) -> None:
        self._found = found
        self._job = found.job
        self._readers: dict[str, list[str]] = {}
        self._makers: dict[str, tuple[int, Output]] = {}
        self._inputs = {given.artifact: given for given in found.job.job.inputs}
        shape = found.job.shape
        for index in shape.listed():
            action = shape.actions[index]
            for name in dict.fromkeys(use.artifact.partition("/")[0] for use in action.inputs):
                self._readers.setdefault(name, []).append(shape.paths[index])
            for output in action.outputs:
                self._makers[output.artifact] = (index, output)

    @property
    def names(self) -> list[str]:
        """Every artifact's name."""
        return [*self._inputs, *self._makers]

    def named(self, word: str) -> str:
        """The artifact that `word` names: by its name, or an input by its param. Raises NotFound with what is near."""
        if word in self._inputs or word in self._makers:
            return word
        found = next((given.artifact for given in self._inputs.values() if given.param == word), None)
        if found is not None:
            return found
        import difflib

        near = difflib.get_close_matches(word, self.names, 3)
        hint = f"did you mean {', '.join(near)}?" if near else f"`jm show {self._job.id}` lists its artifacts"
        raise NotFound(f"job {self._job.id} has no artifact {quoted(word)}", hint)

    def document(self, name: str) -> Document:
        """Everything about one."""
        given = self._inputs.get(name)
        return self._given(given) if given is not None else self._made(name)

    def _given(self, given: JobInput) -> Document:
        files = [file for file in self._job.site.inputs if file.name.partition("/")[0] == given.artifact]
        states = [_state(file.path, Identity(*file.identity)) for file in files]
        state = next((state for state in states if state != THERE), THERE if states else NOT_MADE)
        plain = self._plain(given.artifact, given.type, "input", state, files[0].path if len(files) == 1 else None)
        size = sum(file.identity[2] for file in files) if files else None
        return plain | {"size": size, "facts": {"files": len(files)} if given.kind == FILES else {}}

    def _made(self, name: str) -> Document:
        index, output = self._makers[name]
        job, action = self._job, self._job.shape.actions[index]
        module = job.site.module(action.work.module) if isinstance(action.work, ModuleCall) else None
        whole = declared(output, module)
        row = next((row for row in job.results.get(index, ()) if row[0] == name), None)
        path = self._found.layout.store.path(name, output.public)
        state = NOT_MADE if row is None else _state(path, Identity(*row[1:5]))
        if state == MISSING and job.finished and not output.public:
            state = REMOVED
        plain = self._plain(name, whole.type, "output", state, path, whole.expect, output)
        maker = {"public": output.public, "made_by": job.shape.paths[index]}
        if row is None:
            return plain | maker | {"maker_state": self._found.as_seen(table.NAMES[job.states[index]])}
        facts = dict(row[6]) if len(row) > 6 else {}
        if "files" in facts:
            facts["files"] = len(facts["files"])
        return plain | maker | {
            "maker_state": self._found.as_seen(table.NAMES[job.states[index]]),
            "attempt": job.attempts[index],
            "made": job.ended[index] or None,
            "size": row[3],
            "sha256": row[5] or None,
            "notes": facts.pop("notes", []),
            "facts": facts,
        }  # fmt: skip

    def _plain(
        self,
        name: str,
        type: str | None,
        role: str,
        state: str,
        path: str | None,
        expect: Expect = (),
        output: Output | None = None,
    ) -> Document:
        readers = self._readers.get(name, [])
        if output is not None and output.group:
            readers = [*readers, *self._readers.get(output.group, [])]
        return {
            "artifact": name,
            "role": role,
            "kind": output.kind if output else self._inputs[name].kind,
            "type": type,
            "public": False,
            "state": state,
            "path": path,
            "size": None,
            "sha256": None,
            "made_by": None,
            "maker_state": None,
            "attempt": None,
            "made": None,
            "readers": readers,
            "expect": to_document(expect),
            "facts": {},
            "notes": [],
        }


def _state(path: str, before: Identity) -> str:
    if not os.path.lexists(path):
        return MISSING
    try:
        return THERE if identity(path) == before else CHANGED
    except OSError:
        return MISSING


def show(found: Look, word: str) -> Document:
    """Everything `jm show --json` says: about the artifact that `word` names, or about all when it is ""."""
    artifacts = Artifacts(found)
    names = [artifacts.named(word)] if word else artifacts.names
    return {
        "id": found.job.id,
        "name": found.job.job.name,
        "artifacts": [artifacts.document(name) for name in names],
    }
