"""job_manager: runs jobs of many actions to the end, whatever dies on the way.

This file knows the package's version, the names for building jobs in Python and those of the original's library, which
are looked up when somebody asks for one: importing the package must stay free of cost.
"""

__version__ = "0.1.0"

_ROOMS = {
    **dict.fromkeys("Artifact ArtifactManager JobFailed JobManager JobManagerProgressUpdate load_job run_job".split(),
                    "app.original"),
    **dict.fromkeys(("Action", "Job", "Task"), "scripting.jobs"),
    **dict.fromkeys(("module", "worker"), "scripting.calls"),
    "Secret": "model.secret",
}  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS})
