"""The import law as a table: which room may import which, and why.

Knows the rooms of docs/architecture.md; how imports are found is in imports.py.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Room:
    """What the files of one folder below src/job_manager may import."""

    rooms: tuple[str, ...]
    why: str
    modules: tuple[str, ...] = ()  # single modules of rooms that are otherwise closed to it
    libraries: tuple[str, ...] = ()  # what is not in the standard library


ROOMS = {
    "model": Room((), "the nouns stand alone: everything else is written in terms of them"),
    "roles": Room((), "a script's functions and the process that calls one: they serve whoever asks, and know nobody"),
    "formats": Room(
        ("model", "roles"),
        "a job language is text to model.Job and back; it knows neither modules nor engines",
        libraries=("yaml", "msgspec"),
    ),
    "modules": Room(
        ("model",),
        "the shelf is folders to a catalogue; of formats it needs only how YAML is read",
        modules=(
            "job_manager.formats.yaml_reader",
            "job_manager.formats.yaml_params",
            "job_manager.formats.yaml_expect",
            "job_manager.formats.schema",  # the same for editors
        ),
    ),
    "core": Room(("model",), "the decider is pure: the same history gives the same decisions everywhere"),
    "ports": Room(("model", "core"), "a port is a promise in the core's words; it names nobody who keeps it"),
    "engines": Room(("model", "core", "ports"), "an engine is an adapter: the core must not notice which one runs"),
    "artifacts": Room(
        ("model", "ports"),
        "the store knows names, bytes and types, not what is done with them",
        libraries=("puremagic",),
    ),
    "worker": Room(
        ("model", "core", "ports", "modules", "artifacts", "roles"),
        "a worker takes orders and reports; who decides and where that is stored is not its business",
    ),
    "supervisor": Room(("model", "core", "ports"), "the turns drive ports; a concrete engine here is a missing port"),
    "app": Room(
        ("model", "formats", "modules", "core", "ports", "engines", "artifacts", "worker", "supervisor"),
        "what a user may ask; how it is asked is the command line's and the server's",
    ),
    "cli": Room(("app", "model"), "argv in, text out: a rule found here belongs into app", libraries=("rich",)),
    "scripting": Room(
        ("model", "core", "formats", "modules", "roles", "app", "cli"),
        "what a script in Python imports: it asks app, and shows a run as the command line does; nobody asks it",
    ),
    "server": Room(("app", "model"), "HTTP in, HTTP out: a rule found here belongs into app"),
    "testing": Room(
        ("model", "formats", "modules", "core", "ports", "engines", "artifacts", "worker", "supervisor"),
        "fakes share the real core so that they cannot lie; app and cli are what they are used on",
    ),
}

# The package's own two files: `__init__` re-exports lazily, `__main__` starts the command line.
FRONT = {
    "job_manager": ((), "importing the package must cost nothing: name things in __getattr__"),
    "job_manager.__main__": (("cli",), "it only starts the command line"),
    "job_manager.order": (("cli",), "it only starts the command line"),
}

# The second package: mass's names for what stands in this room or in the command line.
SECOND = "mass"
SECOND_ROOMS = ("scripting", "roles", "cli")

PURE = ("model", "core")
IMPURE = frozenset(
    "time datetime calendar sched os io pathlib glob shutil tempfile fileinput random secrets uuid threading _thread "
    "queue logging asyncio concurrent multiprocessing socket socketserver select selectors ssl http urllib subprocess "
    "pty signal sqlite3 dbm mmap fcntl resource platform getpass ctypes".split()
)
IMPURE_CALLS = frozenset({"open", "print", "input", "breakpoint"})

# What runs a person's Python: it imports by names that only the person knows, and nothing of ours.
RUNNERS = ("job_manager.worker.runners.", "job_manager.worker.warm.")
# The keeper and the filter are processes of their own, on other hosts too; these files are all that is carried there.
CARRIED = frozenset(
    f"job_manager.worker.{name}"
    for name in "cgroups child children connection copies keeper logs processes records redaction templates".split()
)
WIRING = "job_manager.app.wiring"
ENGINE_NAMERS = ("engines", "testing")  # rooms that may name concrete engines beside WIRING
