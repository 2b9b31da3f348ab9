"""Image sequences looked into: the frame that is broken is named with its number, and so is the one that is missing."""

from __future__ import annotations

import os
import time

import pytest

from job_manager.artifacts.directories import natural
from job_manager.artifacts.looking.sequences import frames_in, look_at_sequence, number_of, spans
from tests.artifacts.made import png


@pytest.fixture
def frames(tmp_path):
    """Writes frames and looks at them: `frames(range(1, 501), glob, frames=..., ...)`."""

    def look(numbers, pattern="", change=None, seconds=300.0, **expect):
        whole = png()
        for number in numbers:
            content = (change or {}).get(number, whole)
            (tmp_path / f"frame_{number:04d}.png").write_bytes(content)
        handle = os.open(tmp_path, os.O_RDONLY)
        try:
            return look_at_sequence(handle, pattern, tuple(sorted(expect.items())), seconds)
        finally:
            os.close(handle)

    return look


def test_a_whole_sequence(frames):
    found = frames(range(1, 241), frames="1-240", width=8, height=6)
    assert (found.faults, found.notes) == ([], [])
    assert found.facts == {
        "probe": "structure", "frames": 240, "counted": "files", "first": 1, "last": 240, "width": 8, "height": 6,
        "format": "png",
    }  # fmt: skip


def test_five_hundred_frames_one_of_them_cut_in_half(frames):
    whole = png()
    began = time.monotonic()
    (fault,) = frames(range(1, 501), change={137: whole[: len(whole) // 2]}, frames=500).faults
    assert fault.startswith("has broken frames: frame 137 (frame_0137.png) is cut off: its chunk IDAT at byte 33 has ")
    assert time.monotonic() - began < 20


def test_a_missing_frame(frames):
    numbers = [number for number in range(1, 501) if number != 17]
    (fault,) = frames(numbers, frames="1-500").faults
    assert fault == "is not complete: frame 17 is missing (there are 1-16 and 18-500)"
    (fault,) = frames(numbers, frames=500).faults
    assert fault == "has 499 frames (1-16 and 18-500), not 500: frame 17 is missing"
    found = frames(numbers)
    assert found.faults == [] and found.notes == ["its numbers are not without a gap: 1-16 and 18-500"]


def test_ranges_with_steps_and_frames_that_are_too_many(frames):
    assert frames(range(1, 10, 2), frames="1-9x2").faults == []
    (fault,) = frames([*range(1, 10, 2), 11, 12], frames="1-9x2").faults
    assert fault == "has more than is expected: frames 11-12, where 1-9 in steps of 2 are expected"


def test_many_broken_frames_are_said_in_one_message_with_a_bound(frames):
    (fault,) = frames(range(1, 41), change={n: b"" if n % 2 else b"\x89PNG\r\n\x1a\n" for n in range(1, 31)}).faults
    assert fault.count("(frame_") == 10 and fault.endswith("; and 20 more frames")
    assert "frame 1 (frame_0001.png) is empty; frame 2 (frame_0002.png) is cut off: " in fault


def test_frames_of_another_size(frames):
    found = frames(range(1, 4), change={2: png(9, 6)}, width=8)
    assert found.faults == ["has frames of another size: frame 2 (frame_0002.png) is 9 pixels wide, not 8"]
    assert frames(range(1, 4), change={2: png(9, 6)}).notes == ["its frames have 2 different sizes"]


def test_an_empty_directory(frames):
    assert frames([]).faults == []
    assert frames([], frames=3).faults == ["has no frames"]
    assert frames([], "*.exr", min_frames=3).faults == ["has no frames that fit *.exr"]


def test_it_ends_when_there_is_no_time_and_fails_nobody(frames):
    found = frames(range(1, 30), change={3: b"x"}, seconds=0.0)
    assert found.faults == [] and found.notes == ["29 frames were not looked into: it took too long"]


def test_what_is_no_frame_is_left_alone(tmp_path, frames):
    (tmp_path / "index.json").write_text("{")
    (tmp_path / ".frame_9.png").write_text("thumbnail")
    (tmp_path / "frame_7.png").mkdir()
    (fault,) = frames(range(1, 4)).faults
    assert fault == "has broken frames: frame 7 (frame_7.png) is not a regular file"
    (tmp_path / "frame_7.png").rmdir()
    (tmp_path / "frame_8.png").symlink_to("frame_0001.png")
    assert frames(range(1, 4)).faults[0].startswith("has broken frames: frame 8 (frame_8.png) cannot be read: ")


def test_frames_that_are_chosen_by_a_pattern(tmp_path, frames):
    (tmp_path / "alpha_0001.png").write_bytes(png())
    found = frames(range(1, 4), "frame_*.png", frames="1-3")
    assert found.faults == [] and found.facts["frames"] == 3
    assert "not every frame has a number of its own" in frames(range(1, 4)).notes


def test_names():
    assert sorted(["f10.png", "f2.png", "f1.png"], key=natural) == ["f1.png", "f2.png", "f10.png"]
    assert [number_of(n) for n in ("shot2_frame_0137.png", "a.png", "v2.0003.exr", "12", "3.14.jpg")] == [
        137, None, 3, 12, 14,
    ]  # fmt: skip
    assert spans([1, 2, 3, 5, 7, 8]) == "1-3, 5 and 7-8" and spans([]) == "none"
    assert spans(range(1, 40, 2)) == "1, 3, 5, 7, 9 and 15 spans more"


def test_natural_order_of_frames(tmp_path):
    for number in (10, 9, 1):
        (tmp_path / f"f{number}.png").touch()
    handle = os.open(tmp_path, os.O_RDONLY)
    assert [frame.number for frame in frames_in(handle)] == [1, 9, 10]
    os.close(handle)
