"""The import law, held against src as it is, and each clause held against a tree that breaks it.

Knows which clause must speak for which offence; the clauses themselves are in imports.py.
"""

from __future__ import annotations

import pytest

from tests.house import imports
from tests.house.laws import ROOMS
from tests.house.source import ROOT, read, shown, written

SRC = read("src")
PACKAGE = "src/job_manager"
HALVES = """if TYPE_CHECKING or __package__:
    from job_manager.worker.templates import {}
else:
    from templates import {}"""


def tree(files: dict[str, str]) -> list:
    return written({f"{PACKAGE}/{path}": text for path, text in files.items()})


def test_every_room_imports_only_what_it_may():
    found = imports.broken_laws(SRC)
    assert not found, shown(found)


def test_model_and_core_are_pure():
    found = imports.impurities(SRC)
    assert not found, shown(found)


def test_the_keeper_needs_nothing_but_the_standard_library_and_what_is_carried_with_it():
    found = imports.keeper_baggage(SRC)
    assert not found, shown(found)


def test_only_the_wiring_names_concrete_engines():
    found = imports.named_engines(SRC)
    assert not found, shown(found)


def test_no_module_imports_itself_round_a_ring():
    found = imports.cycles(SRC)
    assert not found, shown(found)


def test_every_folder_is_a_room_of_the_law():
    folders = {path.name for path in (ROOT / PACKAGE).iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= set(ROOMS)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"core/table.py": "from job_manager.supervisor import loop"}, "the decider is pure"),
        ({"core/table.py": "def f():\n    import job_manager.app.submit"}, "table.py:2"),
        ({"model/job.py": "if TYPE_CHECKING:\n    from job_manager.core.state import State"}, "the nouns stand alone"),
        ({"worker/pool.py": "from ..supervisor.turns import turn"}, "who decides"),
        ({"worker/pool.py": "from .. import app"}, "front door"),
        ({"modules/shelf.py": "from job_manager.formats.job_yaml import read"}, "only how YAML is read"),
        ({"cli/main.py": "import importlib\nimportlib.import_module('job_manager.engines.sqlite')"}, "main.py:2"),
        ({"cli/main.py": "from importlib import import_module\nimport_module(name)"}, "hides an import"),
        ({"testing/fakes.py": "from job_manager.app import submit"}, "testing may not import"),
        ({"cellar/wine.py": "from job_manager.model import Job"}, "there is no room 'cellar'"),
        ({"supervisor/loop.py": "import requests"}, "may not import the library requests"),
        ({"core/table.py": "import yaml"}, "core may not import the library yaml"),
        ({"app/run.py": "from job_manager import Job"}, "front door"),
        ({"__init__.py": "from job_manager.app.submit import run_job"}, "must cost nothing"),
        ({"__main__.py": "from job_manager.app.submit import run_job"}, "only starts the command line"),
    ],
)
def test_a_broken_law_is_found_and_explained(files, words):
    found = imports.broken_laws(tree(files))
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(
    "files",
    [
        {"modules/shelf.py": "from job_manager.formats.yaml_reader import read"},
        {"modules/shelf.py": "from job_manager.formats import yaml_reader", "formats/yaml_reader.py": ""},
        {
            "core/table.py": "import json\nfrom job_manager.model.job import Job\nfrom . import state",
            "core/state.py": "",
        },
        {"formats/yaml_reader.py": "def read():\n    import yaml"},
        {"app/version.py": "from job_manager import __version__"},
        {"__main__.py": "from job_manager.cli.main import main"},
        {"__init__.py": "import importlib\ndef __getattr__(name):\n    return importlib.import_module(WHERE[name])"},
    ],
)
def test_what_the_law_allows_is_left_alone(files):
    assert imports.broken_laws(tree(files)) == []


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "from datetime import datetime",
        "def f():\n    from os import path",
        "import os.path",
        "import concurrent.futures",
        "from urllib.request import urlopen",
        "text = open('x').read()",
        "print('here')",
    ],
)
@pytest.mark.parametrize("room", ["core", "model"])
def test_an_impurity_is_found(room, text):
    assert len(imports.impurities(tree({f"{room}/table.py": text}))) == 1
    assert imports.impurities(tree({"worker/table.py": text})) == []


@pytest.mark.parametrize(
    "text",
    [
        "import psutil",
        "from job_manager.model import Job",
        "from . import pool",
        "from . import templates",
        "def f():\n    import yaml",
        HALVES.format("a", "b"),
    ],
)
def test_baggage_of_the_keeper_is_found(text):
    for name in ("keeper", "processes", "redaction"):
        files = {f"worker/{name}.py": text, "worker/templates.py": "", "worker/pool.py": ""}
        assert len(imports.keeper_baggage(tree(files))) == 1


def test_what_is_carried_with_the_keeper_is_no_baggage():
    for text in (
        "import templates",
        HALVES.format("a", "a"),
        "if TYPE_CHECKING:\n    from job_manager.worker.templates import A",
    ):
        files = {"worker/keeper.py": text, "worker/templates.py": "", "worker/pool.py": "import templates"}
        assert imports.keeper_baggage(tree(files)) == []
        (found,) = imports.broken_laws(tree(files))
        assert "worker/pool.py" in found


@pytest.mark.parametrize(
    "text",
    [
        "from job_manager.engines.sqlite import SqliteEngine",
        "from job_manager.engines import sqlite",
        "def f():\n    import job_manager.engines.memory",
        "ENGINES = {'sqlite': 'job_manager.engines.sqlite'}",
    ],
)
def test_a_concrete_engine_named_outside_the_wiring_is_found(text):
    assert len(imports.named_engines(tree({"app/submit.py": text, "engines/sqlite/__init__.py": ""}))) == 1
    assert imports.named_engines(tree({"app/wiring.py": text})) == []
    assert imports.named_engines(tree({"testing/memory.py": text})) == []


def test_a_ring_of_imports_is_found_once_however_it_is_closed():
    ring = {
        "core/state.py": "from . import table",
        "core/table.py": "def f():\n    from job_manager.core.policy import p",
        "core/policy.py": "if TYPE_CHECKING:\n    from job_manager.core.state import State",
        "core/story.py": "from job_manager.core import state",
    }
    found = imports.cycles(tree(ring))
    assert len(found) == 1
    assert found[0].count(" -> ") == 3
    assert "story" not in found[0]
    assert imports.cycles(tree({**ring, "core/policy.py": ""})) == []
