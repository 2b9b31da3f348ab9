"""Films and sound looked into: good files of many kinds pass, cut ones are found, a bad probe fails nobody."""

from __future__ import annotations

import os
import tempfile
import time

import pytest
from hypothesis import strategies as st

from job_manager.artifacts.looking import ffmpeg
from job_manager.artifacts.looking.files import look_at_file
from tests.artifacts.made import look, media, sound
from tests.drawn import drawn

FILMS = ("a.mp4", "a.mov", "a.mkv", "a.webm", "a.avi", "a.ogv", "a.ts", "a.mpg", "a.flv", "a.gif")
SOUNDS = ("a.wav", "a.mp3", "a.flac", "a.ogg", "a.opus", "a.m4a", "a.aiff", "a.mka", "a.aac", "a.ac3")
SHARES = (0.3, 0.95, *(pytest.param(share, marks=pytest.mark.long) for share in (0.1, 0.5, 0.8, 0.999)))


@pytest.fixture
def no_ffmpeg(monkeypatch):
    monkeypatch.setattr(ffmpeg, "find", lambda: "")


@pytest.fixture
def program(monkeypatch, tmp_path):
    """Puts a shell script in ffmpeg's place."""

    def write(script: str) -> None:
        path = tmp_path / "ffmpeg"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(ffmpeg, "find", lambda: str(path))

    return write


@pytest.mark.parametrize("name", FILMS)
def test_a_good_film_passes(name):
    found = look(media(name), "video", (("min_duration", 1.9), ("max_duration", 2.2), ("width", 64), ("fps", 25.0)))
    assert (found.faults, found.facts["decoded"]) == ([], True)
    assert not any(note.startswith("expected and not checked") for note in found.notes)


@pytest.mark.parametrize("name", SOUNDS)
def test_a_good_sound_passes(name):
    found = look(sound(name), "audio", (("duration", 2.0),))
    assert (found.faults, found.facts["decoded"]) == ([], True)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm", "a.avi"])
@pytest.mark.parametrize("share", SHARES)
def test_a_cut_film_is_found(name, share):
    whole = media(name)
    found = look(whole[: int(len(whole) * share)], "video")
    assert found.faults and found.faults[0].startswith("is cut off: ")


@pytest.mark.parametrize("share", SHARES)
def test_a_cut_film_with_its_index_in_front_is_found_without_ffmpeg(share, no_ffmpeg):
    whole = media("fast.mp4", "-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=2", "-movflags", "+faststart")
    found = look(whole[: int(len(whole) * share)], "video")
    assert found.faults and found.faults[0].startswith("is cut off: ")


@pytest.mark.parametrize("name", ["a.wav", "a.aiff", "a.m4a"])
@pytest.mark.parametrize("share", SHARES)
def test_a_cut_sound_is_found(name, share):
    whole = sound(name)
    assert look(whole[: int(len(whole) * share)], "audio").faults[0].startswith("is cut off: ")


def test_a_cut_flac_is_found_by_its_length():
    whole = sound("a.flac")
    (fault,) = look(whole[: len(whole) // 2], "audio").faults
    assert fault.startswith("is cut off: it says it is 2 s long and ends after ")


def test_a_cut_mp3_is_a_good_one_that_is_too_short():
    whole = sound("a.mp3")
    cut = whole[: len(whole) // 2]
    assert look(cut, "audio").faults == []
    (fault,) = look(cut, "audio", (("min_duration", 2.0),)).faults
    assert fault.endswith(" s long, not at least 2 s")


def test_a_film_without_its_index_says_what_is_missing():
    whole = media("a.mp4")
    (fault,) = look(whole[: whole.index(b"moov") - 4], "video").faults
    assert fault == "is cut off: its index (moov) is missing, which is written last"


def test_what_is_known_of_a_film():
    facts = look(media("a.mp4"), "video").facts
    known = {"format": "mp4", "video": "h264", "width": 64, "height": 48, "frames": 50, "counted": "index", "fps": 25.0}
    assert facts | known == facts and facts["probe"].startswith("ffmpeg ")
    assert (facts["audio"], facts["duration"], facts["streams"]) == ("aac", 2.0, 2)


def test_frames_are_counted_where_nothing_says_how_many_there_are():
    assert "frames" not in look(media("a.mkv"), "video").facts
    facts = look(media("a.mkv"), "video", (("frames", 50),)).facts
    assert (facts["frames"], facts["counted"]) == (50, "packets")


def test_expectations_that_are_not_met():
    wrong = (("audio", False), ("duration", 30.0), ("fps", 24.0), ("frames", 240), ("height", 1080))
    assert look(media("a.mp4"), "video", wrong).faults == [
        "has sound, and none is expected",
        "is 2 s long, not 30 s",
        "has 25 frames a second, not 24",
        "has 50 frames, not 240",
        "is 48 pixels high, not 1,080",
    ]
    silent = media("silent.mp4", "-f", "lavfi", "-i", "testsrc=s=64x48:d=1")
    assert look(silent, "video", (("audio", True),)).faults == ["has no sound"]
    assert look(silent, "video", (("audio", False),)).faults == []


def test_without_ffmpeg_the_structure_is_looked_at_and_it_says_so(no_ffmpeg):
    found = look(media("a.mp4"), "video", (("frames", 50), ("width", 64), ("audio", True), ("duration", 2.0)))
    assert (found.faults, found.facts["decoded"], found.facts["probe"]) == ([], False, "structure")
    assert found.notes == ["not decoded: there is no ffmpeg"]
    found = look(media("a.mkv"), "video", (("width", 64), ("duration", 2.0)))
    assert found.faults == [] and "expected and not checked: width 64" in found.notes


@pytest.mark.parametrize("script", ["kill -SEGV $$", "exit 3", "echo nonsense >&2; exit 1", "exec cat /dev/zero >&2"])
def test_a_probe_that_dies_or_talks_nonsense_fails_nobody(script, program):
    program(script)
    found = look(media("a.mp4"), "video", (("frames", 50),), seconds=2.0)
    assert found.faults == [] and found.notes


def test_a_probe_that_hangs_is_ended(program):
    program("exec sleep 100")
    began = time.monotonic()
    found = look(media("a.mp4"), "video", seconds=0.5)
    assert found.faults == [] and "not decoded: ffmpeg took too long" in found.notes
    assert time.monotonic() - began < 10


def test_what_is_broken_inside_is_found_where_it_is_decoded():
    whole = bytearray(media("a.mp4"))
    at, end = whole.index(b"mdat") + 4, whole.index(b"moov") - 4
    whole[at:end] = bytes(end - at)
    (fault,) = look(bytes(whole), "video").faults
    # An older ffmpeg gives up when it opens it, a newer one when it decodes.
    assert fault.startswith(
        ("is broken: nothing at its beginning can be decoded: ", "is broken: ffmpeg cannot open it")
    )


@drawn(3, 30, st.binary(min_size=1, max_size=2000))
def test_random_bytes_fail_only_when_something_is_expected_of_them(content):
    assert look(b"\x80" + content, "video").faults == []
    (fault,) = look(b"\x80" + content, "video", (("min_duration", 1.0),)).faults
    assert fault.startswith("cannot be read by ffmpeg")


@drawn(40, 400, st.sampled_from(["a.mp4", "a.mkv"]), st.data())
def test_changed_bytes_never_make_the_structure_fail(name, data):
    from job_manager.artifacts.looking.media import STRUCTURES, _structure
    from job_manager.artifacts.looking.source import Findings, OutOfTime, Source

    whole = bytearray(media(name))
    index = whole.index(b"moov") if name == "a.mp4" else 0
    for _ in range(4):
        whole[data.draw(st.integers(index, min(len(whole), index + 1500) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryFile() as file:
        file.write(whole)
        file.flush()
        try:
            _structure(STRUCTURES["mp4" if name == "a.mp4" else "matroska"], Source(file.fileno(), name), Findings())
        except OutOfTime:
            pytest.fail("it took too long")


@pytest.mark.parametrize("type", ["video", "audio", "image", "json", "jsonl", "csv", "text"])
@pytest.mark.parametrize("head", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"{", b"\x00\x00\x00\x18ftypisom"])
def test_a_gigabyte_of_nothing_is_looked_at_in_bounded_time(type, head):
    with tempfile.TemporaryFile() as file:
        file.write(head)
        file.truncate(1 << 30)
        began = time.monotonic()
        look_at_file(file.fileno(), "sparse", type, seconds=0.5)
        assert time.monotonic() - began < 6


def test_a_playlist_that_names_other_files_is_not_followed(tmp_path):
    whole = media("a.ts")
    (tmp_path / "part.ts").write_bytes(whole)
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXTINF:2.0,", str(tmp_path / "part.ts"), "#EXT-X-ENDLIST", ""]
    found = look("\n".join(lines).encode(), "video")
    assert found.faults == [] and "video" not in found.facts
    assert os.path.exists(tmp_path / "part.ts")
