"""Pictures looked into: whole ones pass, whatever they are; one that is cut anywhere is found; nothing ever raises."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.artifacts.made import chunk, gif, look, picture, png

PNG, GIF = png(), gif()
KINDS = ("a.png", "a.jpg", "a.gif", "a.webp", "a.tiff", "a.bmp", "a.exr")


@pytest.mark.parametrize("name", [*KINDS, "a.jp2", "a.tga", "a.dpx"])
def test_a_good_picture_passes_with_its_size(name):
    found = look(picture(name), "image")
    assert found.faults == []
    if name in KINDS:
        assert (found.facts["width"], found.facts["height"], found.facts["probe"]) == (64, 48, "structure")


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8, 0.95, 0.999])
def test_a_cut_picture_is_found(name, share):
    whole = picture(name)
    (fault,) = look(whole[: int(len(whole) * share)], "image").faults
    assert fault.startswith("is cut off: ")


@given(st.integers(8, len(PNG) - 1))
def test_a_png_cut_anywhere_is_found(length):
    (fault,) = look(PNG[:length], "image").faults
    assert fault.startswith("is cut off: ")


@given(st.integers(13, len(GIF) - 1))
def test_a_gif_cut_anywhere_is_found(length):
    (fault,) = look(GIF[:length], "image").faults
    assert fault.startswith("is cut off: ")


@given(st.integers(8, len(PNG) - 1), st.integers(0, 255))
def test_a_png_with_another_byte_is_found(at, byte):
    changed = bytearray(PNG)
    changed[at] = byte
    assert bool(look(bytes(changed), "image").faults) == (bytes(changed) != PNG)


@given(st.data())
def test_a_jpeg_cut_or_changed_anywhere_never_raises(data):
    whole = picture("a.jpg")
    length = data.draw(st.integers(3, len(whole) - 1))
    assert look(whole[:length], "image").faults
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    assert not any("looking into it failed" in note for note in look(changed, "image").notes)


@given(st.sampled_from(["tiff", "exr", "webp", "bmp", "gif"]), st.data())
def test_other_pictures_with_changed_bytes_never_make_it_fail(kind, data):
    whole = bytearray(picture(f"a.{kind}"))
    for _ in range(3):
        whole[data.draw(st.integers(0, min(len(whole), 600) - 1))] = data.draw(st.integers(0, 255))
    assert not any("looking into it failed" in note for note in look(bytes(whole), "image").notes)


HEADS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"II*\0", b"MM\0*", b"v/1\x01", b"RIFF1234WEBP", b"BM", b"")


@given(st.sampled_from(HEADS), st.binary(max_size=300))
def test_rubbish_never_makes_it_fail(head, rest):
    assert not any("looking into it failed" in note for note in look(head + rest, "image").notes)


def test_a_wrong_checksum_of_something_that_may_be_passed_over_is_a_note():
    text = bytearray(chunk(b"tEXt", b"Title\0hello"))
    text[-1] ^= 1
    found = look(png(more=bytes(text)), "image")
    assert found.faults == [] and "checksum of its chunk tEXt" in found.notes[0]


def test_blocks_of_an_exr_that_were_never_written():
    whole = bytearray(picture("a.exr"))
    table = whole.index(struct.pack("<I", 0), whole.index(b"screenWindowWidth")) if b"screenWindowWidth" in whole else 0
    assert table
    first = min(i for i in range(len(whole) - 8) if struct.unpack_from("<Q", whole, i)[0] == i + 48 * 8)
    whole[first : first + 8] = bytes(8)
    (fault,) = look(bytes(whole), "image").faults
    assert fault == "is not complete: 1 of 48 blocks of lines were never written"


def test_expected_sizes():
    assert look(PNG, "image", (("width", 8), ("height", 6))).faults == []
    found = look(PNG, "image", (("width", 9), ("min_size", 10_000)))
    assert found.faults == [f"has {len(PNG)} bytes, not at least 10,000", "is 8 pixels wide, not 9"]


def test_a_picture_nobody_knows_cannot_be_held_and_says_so():
    found = look(b"raw pixels", "image", (("width", 9),))
    assert found.faults == [] and found.notes == ["expected and not checked: width 9"]


def test_a_directory_of_a_tiff_that_leads_in_a_circle_ends():
    entry = struct.pack("<HHII", 256, 3, 1, 5)
    found = look(b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + entry + struct.pack("<I", 8), "image")
    assert found.faults == [] and found.facts["width"] == 5
