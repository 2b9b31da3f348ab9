"""A directory of films, of which several are looked at in one run of ffmpeg as long as nothing is wrong with any: what
is found is what is found in each by itself."""

from __future__ import annotations

import os

import pytest

from job_manager.artifacts.looking import ffmpeg, sequences
from job_manager.artifacts.looking.sequences import look_at_files
from tests.artifacts.made import media, sound


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "films").mkdir()
    return tmp_path / "films"


@pytest.fixture
def runs(monkeypatch):
    """How many files each run of ffmpeg was about."""
    counted: list[int] = []
    run = ffmpeg._run

    def count(argv, handles, seconds):
        counted.append(len(handles))
        return run(argv, handles, seconds)

    monkeypatch.setattr(ffmpeg, "_run", count)
    return counted


def look(folder, type="video"):
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return look_at_files(handle, "*", type)
    finally:
        os.close(handle)


def fill(folder, count, name="a.mp4"):
    for number in range(count):
        (folder / f"{number}{name[1:]}").write_bytes(media(name))


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm", "a.avi"])
def test_good_films_are_looked_at_eight_at_a_time(folder, runs, name):
    fill(folder, 10, name)
    found = look(folder)
    assert (found.faults, found.notes) == ([], [])
    assert runs == [8, 2]


def test_good_sounds_too(folder, runs):
    for number in range(3):
        (folder / f"{number}.wav").write_bytes(sound("a.wav"))
    assert look(folder, "audio").faults == []
    assert len(runs) <= 4  # those of which the header says no length are looked at one by one


def cut(film: bytes) -> bytes:
    return film[: int(len(film) * 0.8)]


def spoilt(film: bytes) -> bytes:
    """The same length and structure, and nonsense where the pictures are."""
    at, end = film.index(b"mdat") + 4, film.index(b"moov") - 4
    return film[:at] + bytes(end - at) + film[end:]


@pytest.mark.parametrize("damage", [cut, spoilt, lambda _: b"#EXTM3U\n/etc/passwd\n", lambda _: bytes(1000)])
def test_one_that_is_not_good_is_found_as_it_is_by_itself(folder, monkeypatch, damage):
    fill(folder, 5)
    (folder / "3.mp4").write_bytes(damage(media("a.mp4")))
    together = look(folder)
    monkeypatch.setattr(sequences, "TOGETHER", 1)
    alone = look(folder)
    assert (together.faults, together.notes) == (alone.faults, alone.notes)
    assert bool(alone.faults) or damage not in (cut, spoilt)


def test_what_is_a_text_is_not_given_to_ffmpeg(folder, monkeypatch):
    fill(folder, 2)
    (folder / "2.mp4").write_bytes(b"#EXTM3U\n/etc/passwd\n")
    given: list[bytes] = []

    def note(argv, handles, seconds):
        given.extend(os.pread(handle, 7, 0) for handle in handles)
        return ffmpeg.Ran(0, "", "")

    monkeypatch.setattr(ffmpeg, "_run", note)
    look(folder)
    assert given and b"#EXTM3U" not in given


def test_without_ffmpeg_and_with_one_that_dies_each_is_looked_at_by_itself(folder, monkeypatch):
    fill(folder, 3)
    (folder / "1.mp4").write_bytes(cut(media("a.mp4")))
    for program in ("", "/bin/false"):
        monkeypatch.setattr(ffmpeg, "find", lambda program=program: program)
        (fault,) = look(folder).faults
        assert fault.startswith("holds 1.mp4, which is cut off: ")
