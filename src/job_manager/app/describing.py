"""What a job wants of the person who runs it: its inputs and params, as plain values with stable keys.

Reads the job file alone; looks neither at modules nor at what is given.
"""

from __future__ import annotations

from job_manager.model.hints import Any
from job_manager.model.params import Param

Document = dict[str, Any]


def describe(job_file: str, language: str | None = None) -> Document:
    """Name, version, inputs and params of the job in the file, as far as it can be made out. Raises InputError."""
    # Imported here: who shows a module's params reads no job.
    from job_manager.app.pythons import script_python
    from job_manager.formats import draft

    reading = draft(job_file, language, python=script_python(job_file))
    job = reading.template or reading.job
    return {
        "name": job.name,
        "version": job.version,
        "inputs": [{"name": given.label, "artifact": given.artifact, "type": given.type} for given in job.inputs],
        "params": [param_document(param) for param in job.params],
    }


def param_document(param: Param) -> Document:
    """One param as a document."""
    return {
        "name": param.name,
        "type": param.type,
        "kind": param.kind,
        "default": param.default,
        "help": param.help,
        "range": [param.low, param.high],
        "choices": list(param.choices),
    }


def language_of(ending: str) -> str | None:
    """The name of the job language whose files end like this, or None."""
    from job_manager.formats import LANGUAGES

    return next((language.name for language in LANGUAGES if ending in language.endings), None)
