"""job_manager: runs jobs of many actions to the end, whatever dies on the way.

This file knows the package's version and the names of the original's library, which are looked up when somebody asks
for one: importing the package must stay free of cost.
"""

__version__ = "0.1.0"

_ORIGINAL = frozenset(
    "Artifact ArtifactManager Job JobFailed JobManager JobManagerProgressUpdate load_job run_job".split()
)


def __getattr__(name: str) -> object:
    if name not in _ORIGINAL:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.app.original"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ORIGINAL})
