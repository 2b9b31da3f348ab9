"""The shelf of examples/media on clips that are not the demo's: silent, upright, hostile, a frame long, or no clip.

What it makes of an ordinary clip is in test_media_shelf.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.modules.media import (
    MANIFESTS,
    NEEDS_FFMPEG,
    PAPER,
    SHELF,
    assert_self_contained,
    close,
    decoded,
    document,
    encode,
    moving,
    once,
    ran,
    sound,
    source,
    start,
    work,
)

# Every clip goes through the whole shelf.
pytestmark = [NEEDS_FFMPEG, pytest.mark.long]
READERS_OF_VIDEO = sorted(
    name for name, manifest in MANIFESTS.items() if [one["param_name"] for one in manifest["inputs"]] == ["video"]
)


def make_silent(folder: Path) -> None:
    scenes = [*source("testsrc2=s=160x120:r=25:d=1.2"), *source("mandelbrot=s=160x120:r=25:maxiter=60,trim=end=0.8")]
    vp8 = ["-c:v", "libvpx", "-deadline", "realtime", "-b:v", "600k"]
    path = folder / "silent.webm"
    encode(*scenes, "-filter_complex", "[0]format=yuv420p[a];[1]format=yuv420p[b];[a][b]concat", *vp8, path)
    work(path, folder / "results")


def make_phone(folder: Path) -> None:
    look = "testsrc=s=121x241:r=25:d=2,select='lt(n,10)+not(mod(n,7))'"
    late = ["-itsoffset", "0.5", *source("sine=f=440:r=48000:d=1,pan=stereo|c0=c0|c1=c0")]
    streams = ["-map", "0:v", "-map", "1:a", "-map", "2:a", "-disposition:a:0", "0", "-disposition:a:1", "default"]
    codecs = ["-c:v", "libx264", "-pix_fmt", "yuv444p", "-fps_mode", "vfr", "-c:a", "flac"]
    title = ["-metadata", "title=<b>Tom & Jerry</b>", "-metadata:s:a:1", "language=pol"]
    inputs = [*source(look), *source("sine=f=2000:r=44100:d=2"), *late]
    path = folder / """a film's "first" cut: 100%d.mkv"""
    encode(*inputs, *streams, *codecs, *title, f"file:{path}")
    work(path, folder / "results")


def make_instant(folder: Path) -> None:
    frame = [*source("testsrc2=s=64x64:r=25:d=0.04"), *source("sine=d=0.04")]
    path = folder / "instant.mp4"
    encode(*frame, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", path)
    work(path, folder / "results")


@pytest.fixture(scope="session")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything the job makes of a WebM that has no sound and one cut, at 1.2 s."""
    return once(tmp_path_factory, "silent", make_silent) / "results"


@pytest.fixture(scope="session")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything the job makes of an upright MKV of odd size, changing frame rate, two sounds and a hostile name.

    The second sound is the default one, 440 Hz, starts half a second late and ends half a second early.
    """
    return once(tmp_path_factory, "phone", make_phone) / "results"


@pytest.fixture(scope="session")
def instant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything the job makes of one single frame with 40 ms of sound."""
    return once(tmp_path_factory, "instant", make_instant) / "results"


def test_without_sound_everything_is_still_there(silent: Path) -> None:
    assert document(silent / "probe.json")["audio"] is None
    loud = document(silent / "loudness.json")
    assert (loud["audio"], loud["integrated_lufs"], loud["true_peak_dbtp"], loud["course"]) == (False, None, None, [])
    seconds, _, samples = sound(silent / "sound.wav")
    assert seconds == pytest.approx(document(silent / "probe.json")["duration"], abs=0.02)
    assert not any(samples)
    flat = decoded(silent / "waveform.png")
    assert all(sum(not close(dot, PAPER, 8) for dot in flat.column(x)) == 1 for x in (0, 800, 1599))
    assert document(silent / "qc.json")["silent"] == []
    assert document(silent / "web_probe.json")["audio"] is None
    assert [cut["time"] for cut in document(silent / "scenes.json")["cuts"]] == pytest.approx([1.2], abs=0.04)
    assert len(list((silent / "scenes").iterdir())) == 2
    page = assert_self_contained(silent / "report.html")
    assert page.text.count("Scene by scene") == 1 and len(page.pictures) >= 2 + 2 * 2
    assert "no sound in this clip" in page.text and "The clip has no sound." in page.text


def test_an_upright_clip_of_odd_size_keeps_its_shape(phone: Path) -> None:
    facts, web = document(phone / "probe.json"), document(phone / "web_probe.json")
    assert facts["name"] == """a film's "first" cut: 100%d.mkv"""
    assert (facts["video"]["width"], facts["video"]["height"]) == (121, 241)
    assert (web["video"]["width"] % 2, web["video"]["height"] % 2) == (0, 0)
    assert web["video"]["width"] / web["video"]["height"] == pytest.approx(121 / 241, abs=0.01)
    assert web["video"]["pixel_format"] == "yuv420p"
    assert decoded(phone / "poster.jpg").height > decoded(phone / "poster.jpg").width
    sheet = decoded(phone / "contact_sheet.jpg")
    assert sheet.width == pytest.approx(1600, abs=16), "six columns of upright frames"
    still = decoded(phone / "scene_0001.jpg")
    assert (still.width, still.height) == (160, 320)
    assert moving(phone / "scene_0001.gif")[1:] == (80, 160)


def test_the_default_sound_is_taken_and_keeps_its_place(phone: Path) -> None:
    assert document(phone / "probe.json")["audio"]["index"] == 2
    assert document(phone / "probe.json")["audio"]["language"] == "pol"
    seconds, channels, samples = sound(phone / "sound.wav")
    assert seconds == pytest.approx(document(phone / "probe.json")["duration"], abs=0.02)
    assert channels == 2
    half_second = 48000 // 2 * channels * 2
    assert not any(samples[: half_second - 400])
    left = [int.from_bytes(samples[at : at + 2], "little", signed=True) for at in range(half_second, len(samples), 4)]
    rises = sum(one < 0 <= other for one, other in pairwise(left))
    assert rises == pytest.approx(440, abs=6), "the tone of the default stream, not the 2 kHz of the first"


def test_a_title_is_text_and_never_markup(phone: Path) -> None:
    page = assert_self_contained(phone / "report.html")
    assert page.text.count("<b>Tom & Jerry</b>") >= 2
    assert "b" in page.tags


def test_a_single_frame_goes_all_the_way(instant: Path) -> None:
    assert document(instant / "scenes.json")["cuts"] == []
    assert document(instant / "loudness.json")["audio"] is True
    assert document(instant / "loudness.json")["integrated_lufs"] is None, "too short to be measured"
    assert document(instant / "web_probe.json")["video"]["width"] == 64
    assert decoded(instant / "spectrogram.png").width == 1600
    assert decoded(instant / "scene_0001.jpg").width == 320
    assert moving(instant / "scene_0001.gif")[0] == 1
    assert_self_contained(instant / "report.html")


def test_cover_art_is_not_the_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    cover = [*source("sine=d=1"), *source("testsrc2=s=64x64:d=0.04:r=25"), "-map", "0", "-map", "1"]
    encode(
        *cover, "-c:a", "libmp3lame", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-disposition:v", "attached_pic", path
    )
    ran("probe", video=path, facts=tmp_path / "facts.json")
    facts = document(tmp_path / "facts.json")
    assert facts["video"] is None
    assert [stream["cover_art"] for stream in facts["streams"]] == [False, True]
    refused = start("scene_cuts", {"video": path, "scenes": tmp_path / "scenes.json"})
    assert refused.returncode == 1
    assert refused.stderr == f"scene_cuts: there is no video in {path}, only sound\n"


@pytest.mark.parametrize("name", READERS_OF_VIDEO)
@pytest.mark.parametrize("content", [b"hello world\n" * 50, b"", b"\0\0\0\x18ftypmp42"], ids=["text", "empty", "cut"])
def test_what_is_no_media_file_is_said_in_one_line(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    outputs = {one["param_name"]: tmp_path / one["param_name"] for one in MANIFESTS[name]["outputs"]}
    refused = start(name, {"video": path, **outputs})
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"{name}: not a media file: {path} (")
    assert refused.stderr.count("\n") == 1
    assert not any(output.exists() for output in outputs.values())


def test_without_any_ffmpeg_it_says_what_to_install(tmp_path: Path) -> None:
    # -S leaves out the installed packages, and with them the wheel.
    command = [sys.executable, "-S", "-B", str(SHELF / "probe" / "main.py"), "--video", str(tmp_path / "clip.mp4")]
    environment = {**os.environ, "PATH": str(tmp_path)}
    environment.pop("PYTHONPATH", None)
    refused = subprocess.run(
        [*command, "--facts", str(tmp_path / "facts.json")], env=environment, capture_output=True, text=True
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("probe: no ffmpeg on PATH") and "pip install imageio-ffmpeg" in refused.stderr


def test_a_scene_of_which_nothing_can_be_decoded_is_left_out(tmp_path: Path) -> None:
    path, scenes = tmp_path / "clip.mov", tmp_path / "scenes.json"
    encode(*source("testsrc2=s=63x127:r=25:d=1"), "-c:v", "libx264", "-pix_fmt", "yuv444p", path)
    beyond = {"scenes": [{"start": 0.0, "end": 0.5}, {"start": 0.5, "end": 1.0}, {"start": 7.0, "end": 8.0}]}
    scenes.write_text(json.dumps(beyond), encoding="utf-8")
    ran("split_scenes", video=path, scenes=scenes, clips=tmp_path / "clips")
    assert sorted(clip.name for clip in (tmp_path / "clips").iterdir()) == ["scene_0001.mp4", "scene_0002.mp4"]
    scenes.write_text(json.dumps({"scenes": beyond["scenes"][2:]}), encoding="utf-8")
    refused = start("split_scenes", {"video": path, "scenes": scenes, "clips": tmp_path / "none"})
    assert refused.returncode == 1
    assert refused.stderr == f"split_scenes: not one frame of {path} can be decoded\n"
