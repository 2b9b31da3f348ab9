"""What an action takes: its own word, then its module's; limits name by name."""

from __future__ import annotations

import pytest

from job_manager.model.document import action_document
from job_manager.model.job import Action, Command
from job_manager.model.need import PLAIN, Need, limit_name, need
from job_manager.model.quantity import size_text
from job_manager.model.site import Installed
from job_manager.model.site_document import read_site, site_document
from job_manager.testing import site

MODULE = Installed("m", "/m", "main.py", "", "", "", cpus=2, memory=100, limits=(("gpu", 1), ("nuke", 2)))


def asking(**words: object) -> Action:
    return Action("a", Command(("true",)), **words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("own", "module", "meant"),
    [
        ({}, None, PLAIN),
        ({"cpus": 3}, None, Need(3)),
        ({}, MODULE, Need(2, (("gpu", 1), ("memory", 100), ("nuke", 2)))),
        ({"cpus": 1, "memory": 7}, MODULE, Need(1, (("gpu", 1), ("memory", 7), ("nuke", 2)))),
        ({"limits": (("gpu", 0), ("x", 1))}, MODULE, Need(2, (("memory", 100), ("nuke", 2), ("x", 1)))),
        ({"limits": (("gpu", 0),)}, None, Need(1)),
    ],
)
def test_the_entrys_word_counts_before_the_modules(own, module, meant):
    assert need(asking(**own), module) == meant


def test_memory_and_limits_are_told_apart():
    found = Need(1, (("gpu", 1), ("memory", 7)))
    assert (found.memory, found.limits) == (7, (("gpu", 1),))
    assert PLAIN.memory is None


def test_the_documents_keep_it_and_leave_out_what_is_not_said():
    document = action_document(asking(cpus=2, memory=9, limits=(("gpu", 1),)))
    assert [document[key] for key in ("cpus", "memory", "limits")] == [2, 9, {"gpu": 1}]
    assert not {"cpus", "memory", "limits"} & set(action_document(asking()))
    plain = MODULE.__class__("p", "/p", "main.py", "", "", "")
    document = site_document(site(MODULE, plain))
    assert not {"cpus", "memory", "limits"} & set(document["modules"][1])
    assert read_site(document).modules == (MODULE, plain)


def test_names_that_are_keys_cannot_be_limits():
    assert limit_name("gpu") is None
    assert "key of its own" in str(limit_name("cpus"))
    assert "cannot be a name" in str(limit_name("a b"))


@pytest.mark.parametrize(
    ("count", "text"), [(1, "1 bytes"), (2**10, "1K"), (2**32, "4G"), (3 * 2**29, "1.5G"), (2**40, "1T")]
)
def test_sizes_for_reading(count, text):
    assert size_text(count) == text
