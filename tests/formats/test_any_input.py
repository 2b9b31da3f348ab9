"""Whatever the bytes are, reading them gives a job or an InputError whose every problem has a place and a sentence."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from job_manager.formats import job_yaml
from job_manager.formats.yaml_reader import load
from job_manager.model.errors import InputError
from tests.drawn import drawn
from tests.formats.cases import BAD, GOLDEN
from tests.formats.fuzz import oracle

SEEDS = [file.read_bytes() for file in (*GOLDEN, *BAD)]
PIECES = [
    b"[",
    b"]",
    b"{",
    b"}",
    b"- ",
    b"? ",
    b": ",
    b"&a ",
    b"*a",
    b"!t ",
    b"|\n",
    b">\n",
    b"'",
    b'"',
    b"\n",
    b"\r",
    b"\t",
]
PIECES += [b"  ", b"#", b"%", b"---\n", b"...\n", b"<<: *a\n", b"~", b"\\u", b"\xff", b"\0", b"\xc2\x85", "名".encode()]
PIECES += [b"name: ", b"steps:", b"entries:", b"module: m\n", b"cmd: [a]\n", b"inputs: [a]\n", b"{a}", b"public: true"]


def survives(raw: bytes) -> None:
    oracle.survives(job_yaml.draft, raw, "job.yaml")


@drawn(40, 400, st.binary(max_size=300))
def test_any_bytes(raw):
    survives(raw)


@drawn(40, 400, st.text(max_size=200))
def test_any_text(text):
    survives(text.encode("utf-8", "surrogatepass"))


@drawn(40, 400, st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))
def test_any_signs(raw):
    survives(raw)


@drawn(80, 600, st.sampled_from(SEEDS), st.data())
def test_any_change_of_a_file(raw, data):
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, min(len(raw), start + 20)))
        raw = raw[:start] + data.draw(st.sampled_from([b"", *PIECES])) + raw[end:]
    survives(raw)


VALUES = st.recursive(
    st.sampled_from(["a", "", "~", "1", "true", "5m", "{a}", "video.mp4", "../x", "'q'", "[]", "{}", "é"]),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(
            st.sampled_from(
                "name version steps entries module cmd shell inputs outputs param_name type env public x-a".split()
            ),
            inner,
            max_size=6,
        ).map(lambda members: "{" + ", ".join(f"{key}: {value}" for key, value in members.items()) + "}")
    ),
    max_leaves=30,
)


JOBS = st.fixed_dictionaries(dict.fromkeys(("name", "version", "inputs", "steps"), VALUES)).map(
    lambda members: "\n".join(f"{key}: {value}" for key, value in members.items()).encode()
)


@drawn(40, 400, JOBS)
@example(b"name: j\nversion: 1\ninputs: [{}]\nsteps: [{entries: [{module: m, inputs: [{name: ''}]}]}]")
def test_any_shape_of_a_job(raw):
    survives(raw)


@pytest.mark.long
@settings(max_examples=1000)
@given(JOBS | st.text(max_size=1000).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_many_shapes_and_texts(raw):
    survives(raw)


@drawn(60, 400, st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join))
def test_both_parsers_agree_on_what_is_yaml(raw):
    def outcome(pure: bool) -> object:
        try:
            return load(raw, "f.yaml", pure=pure)
        except InputError:
            return InputError

    fast, slow = outcome(pure=False), outcome(pure=True)
    # They differ on a few oddities (directives, a tab after a dash); neither may do anything else than read or refuse.
    assert fast == slow or InputError in (fast, slow)
