"""What plays the pages notices when a page is wrong: other words, another id, a missing line, an example that fails.

Knows no page.
"""

from __future__ import annotations

import pytest

from tests.docs.matching import match
from tests.docs.pages import Block, blocks, commands
from tests.docs.playing import Play

SHOWN = ["job talk  0123456789ab: 2 actions", "    0.1s  a/x: done in 0.0s", "    0.1s  a/y: done in 0.0s", "over"]
PRINTED = ["job talk  ba9876543210: 2 actions", "   12.3s  a/y: done in 1m 05s", "   12.4s  a/x: done in 0.2s", "over"]


def test_ids_times_and_the_order_of_what_runs_at_once_may_differ():
    assert match(SHOWN, PRINTED, {}) == {"0123456789ab": "ba9876543210"}


@pytest.mark.parametrize(
    "printed",
    [
        PRINTED[:-1],
        [*PRINTED, "more"],
        [PRINTED[0].replace("2", "3"), *PRINTED[1:]],
        [PRINTED[0], PRINTED[3], *PRINTED[1:3]],
        [PRINTED[0], PRINTED[1].replace("done in", "failed after"), *PRINTED[2:]],
        [],
    ],
)
def test_anything_else_may_not(printed):
    assert match(SHOWN, printed, {}) is None


def test_an_id_is_the_same_wherever_the_page_has_the_same():
    page = ["0123456789ab", "0123456789ab"]
    assert match(page, ["aaaaaaaaaaaa", "bbbbbbbbbbbb"], {}) is None
    assert match(page[:1], ["bbbbbbbbbbbb"], {"0123456789ab": "aaaaaaaaaaaa"}) is None


def test_dots_stand_for_anything():
    assert match(["a", "...", "b ... d"], ["a", "x", "y", "b c c d"], {}) is not None
    assert match(["a", "..."], ["b"], {}) is None


def test_a_page_is_read_as_its_reader_sees_it():
    page = (
        "<!-- not run: slow -->\n\n```console\n$ a \\\n  b\nsaid\n$ c\n```\nword\n```yaml\n# x/job.yaml\nname: x\n```\n"
    )
    first, second = blocks("page.md", page)
    assert (first.excuse, first.file, second.excuse, second.file) == ("slow", "", "", "x/job.yaml")
    assert [(command.text, command.expected) for command in commands(first)] == [("a \\\n  b", ["said"]), ("c", [])]
    assert (first.line, second.line) == (4, 11)


def test_output_before_a_command_is_no_example():
    with pytest.raises(AssertionError, match=r"page.md:7: a console block begins with a command"):
        commands(Block("page.md", 7, "console", "said\n"))


def test_a_python_example_that_fails_is_found(tmp_path):
    (tmp_path / "home").mkdir()
    play = Play("page.md", tmp_path / "home")
    with pytest.raises(AssertionError, match="NameError"):
        play._other(Block("page.md", 1, "python", "print(undefined)\n"))


def test_directory_variables_and_code_last_from_command_to_command(tmp_path):
    (tmp_path / "home").mkdir()
    sandbox = Play("page.md", tmp_path / "home").sandbox
    assert sandbox.type("mkdir a; cd a; export WORD=said; (exit 3)") == []
    assert sandbox.type('echo $? $WORD; pwd; echo "$HOME"') == ["3 said", "/home/anna/a", "/home/anna"]
