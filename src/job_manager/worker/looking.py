"""What an attempt wrote, looked into before it is published: outputs with a known type, or with expectations.

Runs in the thread that publishes. Knows no format; what is found goes into the journal with the artifact.
"""

from __future__ import annotations

from job_manager.artifacts.outputs import INVALID, Declared, Fault
from job_manager.artifacts.store import Store
from job_manager.model.expect import family
from job_manager.model.hints import Any
from job_manager.model.job import FILES
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted


class Looked(NamedTuple):
    """What is known for certain to be wrong, and the facts found by artifact."""

    faults: list[Fault]
    facts: dict[str, dict[str, Any]]

    @property
    def unchecked(self) -> str:
        """A sentence on the expectations that nobody could check, or ""."""
        from job_manager.artifacts.looking.held import UNCHECKED

        said = [
            f"{quoted(name)}: {note.removeprefix(UNCHECKED)[2:]}"
            for name, facts in self.facts.items()
            for note in facts.get("notes", ())
            if note.startswith(UNCHECKED)
        ]
        return f"{UNCHECKED}: {'; '.join(said)}" if said else ""


def look_into(store: Store, label: str, outputs: list[Declared]) -> Looked:
    """The outputs that are there looked into; what `store.faults` sees is left to it."""
    looked = Looked([], {})
    for output in outputs:
        if family(output.type) is not None or output.expect:
            _look(store, label, output, looked)
    return looked


def _look(store: Store, label: str, output: Declared, looked: Looked) -> None:
    # Imported here: a job whose outputs have no types needs none of it.
    from job_manager.artifacts.looking.files import look_at_file
    from job_manager.artifacts.looking.sequences import look_at_files, look_at_sequence

    with store.reading(label, output) as handle:
        if handle is None:
            return
        if not output.is_directory:
            found = look_at_file(handle, output.name, output.type, output.expect)
        elif family(output.type) == "image" or output.expect:
            found = look_at_sequence(handle, output.glob if output.kind == FILES else "", output.expect)
        else:
            found = look_at_files(handle, output.glob if output.kind == FILES else "*", output.type)
    looked.faults.extend(Fault(INVALID, f"output {quoted(output.name)} {fault}", output.name) for fault in found.faults)
    facts = found.facts | ({"notes": found.notes} if found.notes else {})
    if facts:
        looked.facts[output.name] = facts
