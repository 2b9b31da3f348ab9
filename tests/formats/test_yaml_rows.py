"""What is read of a big file by patterns is what the parser makes of it, places and mistakes included.

Both ways read the same text; which of them is right is not known here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
import yaml.cyaml
from hypothesis import strategies as st

from job_manager import formats
from job_manager.formats.yaml_reader import load
from job_manager.formats.yaml_rows import Cut
from job_manager.formats.yaml_tree import Value, alike
from job_manager.model.errors import InputError, Problem
from job_manager.model.job import actions
from job_manager.model.params import NO_VALUES
from tests.drawn import drawn
from tests.formats.big import big
from tests.formats.cases import BAD, GOLDEN

EXAMPLES = sorted((Path(__file__).parents[2] / "src").glob("job_manager/app/examples/**/*.yaml"))
PARSER = yaml.cyaml.CParser  # type: ignore[attr-defined]
ALWAYS, NEVER = 0, 1 << 60
HEAD = 'name: n\nversion: "1"\nsteps:\n'


def read(raw: bytes, big: int) -> tuple[Value | None, list[Problem]]:
    """The tree and everything that is wrong with the text."""
    flaws: list[Problem] = []
    try:
        return load(raw, "job.yaml", flaws=flaws, big=big), flaws
    except InputError as error:
        return None, list(error.problems)


def compare(raw: bytes) -> None:
    tree, said = read(raw, ALWAYS)
    exact, said_exactly = read(raw, NEVER)
    assert said == said_exactly
    assert (tree is None) == (exact is None)
    assert tree is None or exact is None or alike(tree, exact)


def cut_of(text: str) -> Cut:
    return Cut(text, PARSER, yaml)


def cut_out(text: str) -> int:
    """How many items of a text are read by patterns."""
    return sum(len(run.items) for run in cut_of(text).runs)


@pytest.mark.parametrize("file", [*BAD, *GOLDEN, *EXAMPLES], ids=lambda file: file.name)
def test_every_file_is_read_alike(file):
    compare(file.read_bytes())


def test_what_is_written_alike_leaves_little_to_the_parser():
    left = {count: cut_of(big("job.yaml", count).decode()).left for count in (1000, 3000)}
    assert len(left[1000]) < 1000 and len(left[3000]) < 3000
    compare(big("job.yaml", 1500))


NASTY = (
    *("a", "a b", "a.b-c", "/bin/true", "-v", "--long=1", "~", "null", "true", "1.5", "x" * 130, "é", "a  b", "a: b"),
    *("a #b", "a#b", "#b", "[a]", "{a}", '"q"', "'q'", '"a \\"b\\" \\\\ \\n"', '"\\x41"', "'it''s'", '""', "''"),
    *("", "*a", "&a b", "!t b", "|", ">", "- a", "-", "? a", "%a", "@a", "`a`", '"a', "'a", "a,b", "a]", "a\tb", "..."),
    *("2026-01-01", "0x1f", "$HOME", "$(ls)", "<<", "=", "a:", ":a", "\u2028", "\U0001f600", "---", "a\n        b"),
)
WORD = st.one_of(st.sampled_from(NASTY), st.sampled_from(NASTY[:7]), st.text("ab \"'#:,[]{}-\\", max_size=6))
FORMS = (
    "  - {{name: {0}, cmd: [{1}, {2}]}}\n",
    "  - name: {0}\n    shell: {1}\n    retries: {2}\n",
    '  - name: {0}\n    shell: "{1}"\n    inputs: [{2}]\n',
    "  - entries:\n      - {{name: {0}, cmd: [{1}]}}\n      - name: '{2}'\n",
    "  - inputs:\n    - {0}\n    - a: {1}\n      b: {2}\n    name: x\n",
    "  - - {0}\n    - {{a: {1}, b: [{2}]}}\n",
    "  - {0}\n",
    "- {{name: {0}}}\n",
)
BETWEEN = (
    *(
        "",
        "",
        "",
        "",
        "",
        "\n",
        "  # said\n",
        "      deeper\n",
        "    also: this\n",
        "  - other\n",
        "key: value\n",
        "\t\n",
    ),
)
BEFORE = (
    *("", "", "steps:\n", HEAD, "text: |\n", "text: >\n", "k: [\n", 'k: "\n', "k: '\n", "a: &a\n", "- x\n"),
    *("---\n", "k:\n"),
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A few lists of items that are written alike, with something odd here and there."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        form, text = draw(st.sampled_from(FORMS)), draw(st.sampled_from(BEFORE))
        for _ in range(draw(st.integers(1, 6))):
            other = draw(st.sampled_from((form, form, form, draw(st.sampled_from(FORMS)))))
            text += other.format(*(draw(WORD) for _ in range(3))) + draw(st.sampled_from(BETWEEN))
        parts.append(text + draw(st.sampled_from(("", "", '"\n', "]\n"))))
    return "".join(parts)


@drawn(100, 4000, texts(), deadline=None)
def test_any_text_is_read_alike(text):
    compare(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "s:\n  - {a: b}\n  - {a: c}\n      deeper\n",
        "s:\n  - a: b\n  - a: c\n    d\n  - a: e\n",
        "t: |\n  - {a: b}\n  - {a: c}\n",
        't: "\n  - {a: b}\n  - {a: c}\n"\n',
        "s: &x\n  - {a: b}\n  - {a: c}\nt: *x\n",
        "s:\n  - {a: b}\n  - {a: c}\n  - {a: d, a: e}\n",
        "- {a: b}\n- {a: c}\n- {a: d}",
        "- {a: b}\n- {a: c}\n# the end\n",
        "- - {}\n",
    ],
)
def test_what_looks_like_an_item_and_is_none_is_told_from_one(text):
    compare(text.encode())


def test_items_of_several_kinds_and_with_places_in_them_are_read_by_patterns():
    kinds = ("  - {{name: a{0}, cmd: [x, {0}]}}\n", '  - name: b{0}\n    cmd:\n      - \'y {0}\'\n      - "z\\"{0}"\n')
    text = "steps:\n" + "".join(kinds[number % 2].format(number) for number in range(40))
    assert cut_out(text) == 38
    compare(text.encode())


# --- what is made of them ---------------------------------------------------------------------------------------------

PLAIN = (
    "a",
    "/bin/true",
    "{f0}",
    "{f1}",
    "{g}",
    "x{a}",
    "-v",
    "a b",
    "|",
    "&&",
    "$(x)",
    "a {b}",
    "{a}",
    "",
    "null",
    "x" * 1001,
    "2>",
    "#a",
    "é",
)


@st.composite
def entries(draw: st.DrawFn) -> list[str]:
    """Entries of a step, each on a line, that say nothing but what they run."""
    word = st.sampled_from(PLAIN)
    made = []
    for number in range(draw(st.integers(1, 5))):
        named = draw(st.sampled_from((f"e{number}", f"e{number}", "same", "'a/b'", "con", "null")))
        words = ", ".join(f"'{text}'" for text in draw(st.lists(word, max_size=3)))
        work = draw(st.sampled_from([f"cmd: [{words}]", f"shell: '{draw(word)}'", "shell: ~"]))
        retries = draw(st.sampled_from(["", "", ", retries: 0", ", retries: 2", ", retries: 2000", ", retries: x"]))
        reads = draw(st.sampled_from(["", "", ", inputs: [a]", ", inputs: [a, f0]", ", inputs: [a, a]", ", inputs: x"]))
        writes = draw(
            st.sampled_from(["", ", outputs: [fN]", ", outputs: [fN, g]", ", outputs: ['a/b']", ", outputs: []"])
        )
        uses = (reads + writes).replace("N", str(number))
        made.append(f"      - {{name: {named}, {work}{retries}{uses}MORE}}\n")
    return made


NAMES = ("", "two", "'two'", "step1", "Step1", "step3", "null", "~", "'null'", "a/b", "con", "''")


@drawn(50, 2000, entries(), st.sampled_from(NAMES))
def test_entries_that_say_little_are_read_as_those_that_say_more(made, name):
    def said(more: str) -> object:
        first = "  - entries: [{name: first, cmd: [cp, x, '{a}'], outputs: [a]}]\n"
        second = f"  - name: {name}\n    entries:\n" if name else "  - entries:\n"
        text = HEAD + first + second + "".join(made).replace("MORE", more)
        reading = formats.LANGUAGES[0].draft(text.encode(), "job.yaml", loose=False, values=NO_VALUES)
        places = [node.place for node in (*reading.job.children, *dict(actions(reading.job)).values())]
        return reading.job, places, reading.problems

    # A key of one's own changes nothing, and with it nobody takes an entry for one that says little.
    assert said("") == said(", x-mine: 1")
