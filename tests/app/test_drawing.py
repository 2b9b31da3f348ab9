"""The formats of a graph: kept pictures, and whatever a title says, the text stays what its format allows.

Knows XML, Graphviz and the rules of Mermaid's text; what belongs on a picture is in test_graph.py.
"""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from job_manager.app.drawing.layout import Layout
from job_manager.app.drawing.routes import routes
from job_manager.app.drawing.words import both_ends, clipped, listed, plain
from job_manager.app.graph import FORMATS, drawn, graph_of_job
from job_manager.model.job import HOOKS, Action, Echo, Job, Output, Shell, Task
from job_manager.model.record import replace
from job_manager.testing import action, job, parallel, serial
from job_manager.testing.building import linked
from tests.app.graph_jobs import SHOWN, film, golden, many, shown, various

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    '</text><script>alert(1)</script>',
    '"]; evil -> good; x ["',
    "%%{init: {'theme':'dark'}}%%",
    '"] \n end \n click b1 "javascript:alert(1)"',
    "a\\",
    "\\N\\G\\\"",
    "&lt;&amp;&#60;#60;#quot;",
    "]]> <!-- -- > <![CDATA[",
    "\x00\x1b[31m\u202e\ud800\ufffe\u2028",
    "`**end**` subgraph",
    "中文" * 100,
    "x" * 100_000,
    "e\u0301" * 50 + "\u200d",
)  # fmt: skip

titles = st.text(max_size=60) | st.sampled_from(HOSTILE)


@st.composite
def nodes(draw: Any, depth: int = 3) -> tuple[Task | Action, ...]:
    found: list[Task | Action] = []
    for number in range(draw(st.integers(0, 6))):
        title = draw(titles)
        if depth and draw(st.booleans()):
            below = draw(nodes(depth - 1))
            found.append(Task(f"t{number}", below, parallel=draw(st.booleans()), title=title))
        else:
            work = Shell(draw(titles)) if draw(st.booleans()) else Echo(draw(titles))
            outputs = (Output(draw(titles) or "x", public=True),)
            found.append(Action(f"a{number}", work, title=title, outputs=outputs))
    if found and draw(st.booleans()):
        hook = Action("h", Echo("x"), hook=draw(st.sampled_from(HOOKS)), title=draw(titles))
        found.append(hook)
    return tuple(found)


@st.composite
def jobs(draw: Any) -> Job:
    return Job(draw(titles) or "x", draw(nodes()), parallel=draw(st.booleans()), version=draw(titles))


def hostile() -> Job:
    """Every hostile text as the title of a task, an action, a file and the job."""
    tasks = [
        Task(f"t{n}", (Action("a", Shell(text), title=text, outputs=(Output(text),)), action("b")), title=text)
        for n, text in enumerate(HOSTILE)
    ]
    readers = [linked(f"r{n}", reads=(text,)) for n, text in enumerate(HOSTILE)]
    return replace(job(*tasks, *readers), name="".join(HOSTILE[:9]), version=HOSTILE[1])


@pytest.mark.parametrize("format", FORMATS)
def test_the_picture_of_a_small_job_is_the_one_that_is_kept(format):
    kept = golden(format).read_text(encoding="utf-8")
    assert drawn(graph_of_job(film()), format) == kept, "python -m tests.app.graph_jobs writes it anew: look at it"


def test_so_is_the_picture_of_the_documentation():
    assert SHOWN.read_text(encoding="utf-8") == shown(), "python -m tests.app.graph_jobs writes it anew: look at it"


# --- SVG ------------------------------------------------------------------------------------------------------------


def in_svg(tree: Job) -> ET.Element:
    text = drawn(graph_of_job(tree), "svg")
    root = ET.fromstring(text)
    allowed = {"svg", "title", "desc", "style", "rect", "g", "text", "path"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed
    assert not any(name.startswith("on") or "href" in name for element in root.iter() for name in element.attrib)
    return root


@settings(max_examples=25)
@given(jobs())
def test_svg_is_sound_whatever_titles_say(tree):
    in_svg(tree)


def test_hostile_titles_are_text_in_svg():
    root = in_svg(hostile())
    shown = [element.text for element in root.iter(f"{SVG}text")]
    assert any(text and text.startswith("</text><script>") for text in shown)
    assert max(len(text or "") for text in shown) < 200


def test_svg_says_what_it_is_and_each_box_has_its_words():
    root = in_svg(film())
    assert root.attrib["role"] == "img"
    assert (root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")) == (
        'film "1" <&>',
        'film "1" <&> 1.0, 248 actions',
    )
    tips = [element.text or "" for element in root.iter(f"{SVG}title")]
    assert any("path: shots/frames" in tip and "240 actions" in tip for tip in tips)
    assert "prefers-color-scheme: dark" in (root.findtext(f"{SVG}style") or "")


@pytest.mark.parametrize(
    "tree", [film(), many(1000), various(1000), hostile()], ids=["film", "many", "various", "hostile"]
)
def test_boxes_lie_in_what_holds_them_and_not_upon_each_other(tree):
    graph = graph_of_job(tree)
    rects = Layout(graph.job, graph.edges).rects
    for box in graph.job.all():
        outer = rects[box.id]
        for inner in (rects[each.id] for each in box.children):
            assert outer.x <= inner.x and inner.right <= outer.right + 0.01
            assert outer.y <= inner.y and inner.bottom <= outer.bottom + 0.01
        for one, other in combinations([rects[each.id] for each in box.children], 2):
            assert one.right <= other.x or other.right <= one.x or one.bottom <= other.y or other.bottom <= one.y


@settings(max_examples=25)
@given(jobs())
def test_what_follows_stands_below(tree):
    graph = graph_of_job(tree)
    rects = Layout(graph.job, graph.edges).rects
    for edge in graph.edges:
        if edge.kind in ("order", "hook"):
            assert rects[edge.source.id].bottom < rects[edge.target.id].y


@pytest.mark.parametrize("tree", [film(), various(1000), hostile()], ids=["film", "various", "hostile"])
def test_no_edge_goes_through_a_box(tree):
    graph = graph_of_job(tree)
    layout = Layout(graph.job, graph.edges)
    leaves = [box for box in graph.job.all() if not box.open]
    for edge, points in routes(layout, graph.job, graph.edges):
        assert [y for _, y in points] == sorted(y for _, y in points)
        straight = [(x, y, to_y) for (x, y), (to_x, to_y) in pairwise(points) if x == to_x]
        for box in leaves:
            rect = layout.rects[box.id]
            assert box in (edge.source, edge.target) or not any(
                rect.x < x < rect.right and y < rect.bottom and to_y > rect.y for x, y, to_y in straight
            )


# --- Graphviz -------------------------------------------------------------------------------------------------------

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@settings(max_examples=25)
@given(jobs())
def test_in_dot_no_title_leaves_its_quotes(tree):
    text = drawn(graph_of_job(tree), "dot")
    for line in text.splitlines():
        rest = STRING.sub("", line)
        assert re.fullmatch(r"[a-zA-Z0-9_ =,;:.\[\]{}>\-]*", rest), line
    assert text.count("\n") == len(text.splitlines())


@pytest.mark.needs("dot")
@pytest.mark.parametrize("tree", [film(), many(1000), various(1000), hostile(), job()], ids=list("fmvhn"))
def test_graphviz_draws_it(tree):
    text = drawn(graph_of_job(tree), "dot")
    done = subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    nodes = [box for box in graph_of_job(tree).job.all() if not box.open]
    assert done.stdout.count(b'class="node"') == len(nodes)


# --- Mermaid --------------------------------------------------------------------------------------------------------

WORDS = r'"(?:[^"<>{}%`\\\[\]();]|#\d+;|<br/>)*"'
LINE = re.compile(
    rf"flowchart TB|%% [^{{}}%]*|end|subgraph b\d+\[{WORDS}\]|b\d+(?:\[{WORDS}\]|\[\[{WORDS}\]\]|\(\[{WORDS}\]\))"
    rf"|b\d+ (?:-->|-\.->)(?:\|{WORDS}\|)? b\d+|classDef \w+ [\w#:,\- ]+|class [b\d,]+ \w+"
)


@settings(max_examples=25)
@given(jobs())
def test_in_mermaid_every_line_is_one_of_ours(tree):
    for line in drawn(graph_of_job(tree), "mermaid").splitlines():
        assert LINE.fullmatch(line.strip()), line


def test_hostile_titles_are_text_in_mermaid():
    text = drawn(graph_of_job(hostile()), "mermaid")
    assert all(LINE.fullmatch(line.strip()) for line in text.splitlines())
    assert "%%{" not in text and "javascript:" not in text.replace("#34;javascript:", "")


# --- words ----------------------------------------------------------------------------------------------------------


def test_what_does_not_show_stands_as_its_code():
    assert plain("a\x1b\u202e\ud800b\n\tc") == "a\\u001b\\u202e\\ud800b c"


def test_long_texts_are_cut():
    assert clipped("x" * 1000) == "x" * 33 + "…"
    assert both_ends("a" * 500 + "b" * 500, 11) == "aaaaa…bbbbb"
    assert listed(("a", "b")) == "a, b" and listed(tuple("abcdef")) == "a and 5 more" and listed(()) == ""


def test_serial_and_parallel_look_different():
    text = drawn(graph_of_job(job(serial("s", "a", "b"), parallel("p", "c", "d"))), "svg")
    assert 'class="frame"' in text and 'class="frame parallel"' in text
