"""Secrets taken out of text: in every form that programs print them in, wherever a chunk ends, and nothing else.

Pure; the program that does it between a child and its log is looked at in test_filter.py.
"""

from __future__ import annotations

import base64
import itertools
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_manager.worker.redaction import MASK, Redaction

SECRET = b"s3cr3t/CANARY+4 y=\"q'\xc3\xa9~"
ENCODERS = {
    "plain": lambda text: text,
    "base64": base64.b64encode,
    "base64 for URLs": base64.urlsafe_b64encode,
    "base64 without padding": lambda text: base64.urlsafe_b64encode(text).rstrip(b"="),
    "base64 in a URL": lambda text: urllib.parse.quote(base64.b64encode(text), safe="").encode(),
    "URL": lambda text: urllib.parse.quote(text).encode(),
    "URL, all": lambda text: urllib.parse.quote(text, safe="").encode(),
    "form": lambda text: urllib.parse.quote_plus(text).encode(),
    "encodeURIComponent": lambda text: urllib.parse.quote(text, safe="!'()*").encode(),
    "every byte": lambda text: b"".join(b"%%%02X" % byte for byte in text),
    "small letters": lambda text: b"".join(b"%%%02x" % byte for byte in text),
    "hexadecimal": lambda text: text.hex().encode(),
    "JSON": lambda text: json.dumps(text.decode(), ensure_ascii=False).encode(),
    "JSON in ASCII": lambda text: json.dumps(text.decode()).encode(),
    "shell": lambda text: text.replace(b"'", b"'\\''"),
}


def in_pieces(redaction: Redaction, text: bytes, *ends: int) -> bytes:
    places = [0, *sorted(ends), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(places)]
    return b"".join(map(redaction.feed, pieces)) + redaction.rest()


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize(("before", "after"), [(b"", b""), (b"u:", b""), (b"user:", b"\n"), (b"Bearer ", b" and more")])
def test_a_secret_is_found_in_every_form_whatever_stands_around_it(name, before, after):
    text = ENCODERS[name](before + SECRET + after)
    masked = Redaction([SECRET]).whole(b"<" + text + b">")
    assert MASK in masked
    # Of base64 the characters that the neighbours have a part in stay; they tell at most a few bits.
    assert len(masked) <= len(ENCODERS[name](before + after)) + len(MASK) + 10


def test_wherever_a_chunk_ends_nothing_comes_through_and_nothing_is_lost():
    text = b"a " + SECRET + b" b " + base64.b64encode(SECRET) + b" c"
    for at in range(len(text) + 1):
        assert in_pieces(Redaction([SECRET]), text, at) == b"a *** b *** c"
    assert in_pieces(Redaction([SECRET]), text, *range(len(text))) == b"a *** b *** c"


@given(st.data())
def test_any_stream_in_any_pieces_is_masked_as_a_whole_is(data):
    values = data.draw(st.lists(st.text("ab", min_size=8, max_size=10).map(str.encode), min_size=1, max_size=3))
    parts = st.one_of(st.sampled_from(values), st.text("abc", max_size=6).map(str.encode))
    text = b"".join(data.draw(st.lists(parts, max_size=8)))
    ends = data.draw(st.lists(st.integers(0, len(text)), max_size=6))
    masked = in_pieces(Redaction(values), text, *ends)
    assert masked == Redaction(values).whole(text)
    assert not any(value in masked for value in values)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_what_has_no_secret_in_it_comes_out_byte_for_byte(text, ends):
    assert in_pieces(Redaction([b"\x00never\xff\x00there"]), text, *ends) == text


def test_what_overlaps_is_one_mask_and_no_end_of_it_is_left():
    redaction = Redaction([b"ABCDEFGH", b"EFGHIJKL"])
    assert redaction.whole(b"-ABCDEFGHIJKL-") == b"-***-"
    assert Redaction([b"abababab"]).whole(b"-ababababab-") == b"-***-"
    assert in_pieces(Redaction([b"a" * 8]), b"a" * 1000, 5, 100, 512) == MASK


def test_only_what_may_be_a_beginning_is_kept_back():
    redaction = Redaction([b"secretsecret"])
    assert redaction.feed(b"a prompt: sec") == b"a prompt: "
    assert redaction.feed(b"ond") == b"second"
    assert redaction.feed(b"secretsecre") == b""
    assert redaction.rest() == b"secretsecre"


def test_of_a_text_that_was_cut_off_no_beginning_of_a_secret_is_shown():
    redaction = Redaction([b"secretsecret"])
    assert redaction.beginning(b"it is secretsecret, secretse") == b"it is ***, "


def test_each_line_of_a_key_is_a_secret_and_base64_may_be_in_lines():
    key = b"-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7b\r\nshort\n" + b"x9" * 60 + b"\n-----END KEY-----"
    redaction = Redaction([key])
    for line in key.splitlines():
        masked = redaction.whole(b"> " + line.strip())
        assert masked == (b"> ***" if len(line.strip()) >= 8 else b"> short")
    wrapped = base64.encodebytes(key)
    assert not any(len(line) > 12 for line in redaction.whole(wrapped).replace(MASK, b"").splitlines())


def test_nothing_short_is_looked_for():
    assert Redaction([b"", b"short"]).whole(b"short") == b"short"


def test_names_are_looked_through_as_well():
    redaction = Redaction([SECRET])
    assert redaction.finds(f"frames/{SECRET.hex()}.png") and not redaction.finds("frames/1.png")
    assert redaction.text("caf\udce9 " + SECRET.decode()) == "caf\udce9 ***"
