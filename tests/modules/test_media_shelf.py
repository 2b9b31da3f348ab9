"""The shelf and the job of examples/media on their own clip: real ffmpeg, every result decoded and held to facts.

What the shelf makes of other clips, and of what is no clip, is in test_media_clips.py.
"""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.modules.media import (
    FFMPEG,
    JOB,
    MANIFESTS,
    MEDIA,
    NEEDS_FFMPEG,
    PAPER,
    SHELF,
    Files,
    assert_self_contained,
    brightness,
    close,
    decoded,
    document,
    moving,
    once,
    ran,
    sound,
    start,
    work,
)

pytestmark = NEEDS_FFMPEG
MAKER = runpy.run_path(str(MEDIA / "make_clip.py"))
BLACK = (0, 0, 0)


# The demo's own clip is 640 dots wide and for the long lane; by default it is made half as large.
WHOLE, HALF = 1, 2


def make_demo(folder: Path, shrink: int) -> None:
    path = folder / "demo.mp4"
    if shrink == WHOLE:
        made = [sys.executable, "-B", str(MEDIA / "make_clip.py"), str(path)]
        subprocess.run(made, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    else:
        MAKER["make"](path, shrink)


@pytest.fixture(scope="session", params=[HALF, pytest.param(WHOLE, marks=pytest.mark.long)], ids=["half", "whole"])
def shrink(request: pytest.FixtureRequest) -> int:
    """How many times smaller the clip is than the demo's."""
    return int(request.param)


@pytest.fixture(scope="session")
def size(shrink: int) -> tuple[int, int]:
    return 640 // shrink, 360 // shrink


@pytest.fixture(scope="session")
def demo(shrink: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, f"clip-{shrink}", lambda folder: make_demo(folder, shrink)) / "demo.mp4"


@pytest.fixture(scope="session")
def results(demo: Path, shrink: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything the job makes of the demo's clip."""
    return once(tmp_path_factory, f"demo-{shrink}", lambda folder: work(demo, folder / "results")) / "results"


def test_every_manifest_says_what_its_entrypoint_takes() -> None:
    assert len(MANIFESTS) >= 9
    for folder, manifest in MANIFESTS.items():
        assert manifest["name"] == folder and manifest["description"]
        params = [one["param_name"] for one in (*manifest["inputs"], *manifest["outputs"])]
        entrypoint = SHELF / folder / manifest["entrypoint"]
        shown = subprocess.run(
            [sys.executable, "-B", str(entrypoint), "--help"], capture_output=True, text=True, check=True
        ).stdout
        assert re.findall(r"^  --(\w+) PATH", shown, re.MULTILINE) == params


def said(one: dict[str, str]) -> tuple[str, str]:
    """What an artifact is: its type and its kind."""
    return one["type"], one.get("kind", "file")


def test_the_job_fits_the_shelf_and_reads_only_what_earlier_steps_wrote() -> None:
    assert len(JOB["steps"]) >= 4
    types = {one["name"]: said(one) for one in JOB["input_artifacts"]}
    for step in JOB["steps"]:
        written: dict[str, tuple[str, str]] = {}
        for entry in step["entries"]:
            manifest, keys = MANIFESTS[entry["module"]], entry.get("foreach", {})
            for side in ("inputs", "outputs"):
                given = {one["param_name"]: said(one) for one in entry[f"{side[:-1]}_artifacts"]}
                assert given == {one["param_name"]: said(one) for one in manifest[side]}, entry["module"]
            one_by_one = {key: (types[over][0], "file") for key, over in keys.items() if types[over][1] == "files"}
            for one in entry["input_artifacts"]:
                known = types | one_by_one
                assert known.get(one["name"]) == said(one), f"{entry['module']} reads {one['name']} too early"
            kind = {"kind": "files"} if keys else {}
            written |= {one["name"]: said(one | kind) for one in entry["output_artifacts"]}
        assert not types.keys() & written.keys()
        types |= written


@pytest.mark.long
def test_probe_tells_the_facts(results: Path, size: tuple[int, int]) -> None:
    facts = document(results / "probe.json")
    assert facts["name"] == "demo.mp4"
    assert facts["duration"] == pytest.approx(MAKER["DURATION"], abs=0.05)
    assert (facts["video"]["width"], facts["video"]["height"], facts["video"]["fps"]) == (*size, 25)
    assert (facts["audio"]["sample_rate"], facts["audio"]["layout"]) == (48000, "stereo")
    assert [stream["kind"] for stream in facts["streams"]] == ["video", "audio"]


@pytest.mark.long
def test_the_wav_is_as_long_as_the_clip(results: Path) -> None:
    seconds, channels, samples = sound(results / "sound.wav")
    assert seconds == pytest.approx(MAKER["DURATION"], abs=0.02)
    assert channels == 2
    assert any(samples[:4800])


@pytest.mark.long
def test_loudness_agrees_with_the_tone_that_meters_are_set_by(results: Path) -> None:
    loud = document(results / "loudness.json")
    momentary = {round(one["time"], 1): one["momentary_lufs"] for one in loud["course"]}
    # 1 kHz at -20 dBFS on both sides is -20 LUFS; a window is 0.4 s long.
    assert all(momentary[tenth / 10] == pytest.approx(-20, abs=0.3) for tenth in range(5, 20))
    assert momentary[4.0] > momentary[8.5] + 15, "the second scene is loud, the fourth is quiet"
    assert momentary[11.9] is None, "the last scene is silent"
    assert -16 < loud["integrated_lufs"] < -8
    assert loud["momentary_max_lufs"] == max(value for value in momentary.values() if value is not None)
    assert loud["gain_to_target_db"]["EBU R128 broadcast"] == pytest.approx(-23 - loud["integrated_lufs"], abs=0.06)


@pytest.mark.long
def test_every_cut_is_found_and_no_other(results: Path) -> None:
    scenes = document(results / "scenes.json")
    assert [cut["time"] for cut in scenes["cuts"]] == pytest.approx(MAKER["CUTS"], abs=0.04)
    assert all(0.3 < cut["score"] <= 1 for cut in scenes["cuts"])
    edges = [0, *MAKER["CUTS"], MAKER["DURATION"]]
    assert [scene["start"] for scene in scenes["scenes"]] == pytest.approx(edges[:-1], abs=0.04)
    assert [scene["end"] for scene in scenes["scenes"]] == pytest.approx(edges[1:], abs=0.04)


@pytest.mark.long
def test_qc_finds_the_black_frozen_and_silent_end_alone(results: Path) -> None:
    findings = document(results / "qc.json")
    for name in ("black", "frozen", "silent"):
        assert len(findings[name]) == 1, name
        assert findings[name][0]["start"] == pytest.approx(MAKER["CUTS"][-1], abs=0.05)
        assert findings[name][0]["end"] == pytest.approx(MAKER["DURATION"], abs=0.05)


@pytest.mark.long
def test_the_waveform_is_high_where_it_is_loud_and_a_line_where_it_is_silent(results: Path) -> None:
    picture = decoded(results / "waveform.png")
    assert (picture.width, picture.height) == (1600, 240)

    def lit(seconds: float) -> int:
        column = picture.column(int(seconds / MAKER["DURATION"] * picture.width))
        return sum(not close(dot, PAPER, 8) for dot in column)

    assert lit(3.0) > lit(1.0) + 40 > lit(8.5) + 60
    assert lit(8.5) > 10
    assert lit(11.5) == 1


@pytest.mark.long
def test_the_spectrogram_shows_the_tone_at_its_frequency(results: Path) -> None:
    picture = decoded(results / "spectrogram.png")
    assert (picture.width, picture.height) == (1600, 256)
    column = [sum(dot) for dot in picture.column(int(1.0 / MAKER["DURATION"] * 1600))]
    assert column.index(max(column)) == pytest.approx(256 - 256 * 1000 / 16000, abs=3)
    assert brightness(picture.column(1590)) < 8, "the end is silent"


@pytest.mark.long
def test_the_contact_sheet_shows_every_scene(results: Path) -> None:
    picture = decoded(results / "contact_sheet.jpg")
    assert picture.width == pytest.approx(1600, abs=8)
    # 4 x 3 cells; the first shows the colour bars, the last the black scene, in between there is a blue sea.
    across, down = picture.width / 4, picture.height / 3
    assert close(picture.at(across * 0.08, down * 0.5), (254, 0, 0), 40)
    assert close(picture.at(across * 3.7, down * 2.4), BLACK)
    cells = [picture.at(across * (0.15 + cell % 4), down * (0.75 + cell // 4)) for cell in range(12)]
    assert any(close(dot, (46, 40, 92)) for dot in cells)


@pytest.mark.long
def test_every_scene_is_a_clip_of_its_own_from_its_first_frame_to_its_last(
    results: Path, size: tuple[int, int], tmp_path: Path
) -> None:
    width = min(480, size[0])
    clips = sorted((results / "scenes").iterdir())
    assert [clip.name for clip in clips] == [f"scene_{number:04}.mp4" for number in range(1, 7)]
    edges = [0, *MAKER["CUTS"], MAKER["DURATION"]]
    for clip, (begins, ends) in zip(clips, pairwise(edges), strict=True):
        ran("probe", video=clip, facts=tmp_path / "facts.json")
        facts = document(tmp_path / "facts.json")
        assert facts["duration"] == pytest.approx(ends - begins, abs=0.05), clip.name
        assert (facts["video"]["width"], facts["video"]["height"], facts["audio"]) == (width, width * 9 // 16, None)
        # Not one frame belongs to a neighbour, or there would be a cut.
        ran("scene_cuts", video=clip, scenes=tmp_path / "scenes.json")
        assert document(tmp_path / "scenes.json")["cuts"] == [], clip.name


@pytest.mark.long
def test_every_scene_has_a_still_and_moves(results: Path) -> None:
    for number in range(1, 7):
        still = decoded(results / f"scene_{number:04}.jpg")
        assert (still.width, still.height) == (320, 180)
        frames, width, height = moving(results / f"scene_{number:04}.gif")
        assert (width, height) == (160, 90)
        assert frames >= 6
    assert brightness(decoded(results / "scene_0006.jpg").column(160)) < 8
    assert close(decoded(results / "scene_0003.jpg").at(8, 170), (46, 40, 92), 40), "the third is the sea"


@pytest.mark.long
def test_of_many_scenes_the_longest_keep_their_numbers(demo: Path, results: Path, tmp_path: Path) -> None:
    options = ["--most", "2", "--seconds", "0.5"]
    ran("split_scenes", *options, video=demo, scenes=results / "scenes.json", clips=tmp_path / "clips")
    assert sorted(path.name for path in (tmp_path / "clips").iterdir()) == ["scene_0002.mp4", "scene_0003.mp4"]
    ran("probe", video=tmp_path / "clips" / "scene_0002.mp4", facts=tmp_path / "facts.json")
    assert document(tmp_path / "facts.json")["duration"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.long
def test_a_list_in_a_file_is_as_good_as_a_long_command_line(results: Path, tmp_path: Path) -> None:
    reads = read_by_report(results)
    for name in ("stills", "previews"):
        paths = reads[name]
        assert isinstance(paths, list)
        (tmp_path / name).write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
        reads[name] = Path(f"@{tmp_path / name}")
    ran("report", **reads, report=tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == (results / "report.html").read_bytes()


@pytest.mark.long
def test_as_many_threads_as_the_job_has_set_aside(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JM_CPUS", "1")
    ran("preview", video=demo, still=tmp_path / "still.jpg", moving=tmp_path / "moving.gif")
    assert decoded(tmp_path / "still.jpg").width == 320


@pytest.mark.long
def test_the_filmstrip_runs_from_the_first_scene_to_the_last(results: Path) -> None:
    picture = decoded(results / "filmstrip.jpg")
    assert (picture.width, picture.height) == (1600, 120)
    assert brightness(picture.column(4)) > 40
    assert brightness(picture.column(1590)) < 8


@pytest.mark.long
def test_the_poster_is_not_the_black_frame(results: Path, size: tuple[int, int]) -> None:
    picture = decoded(results / "poster.jpg")
    assert (picture.width, picture.height) == size
    assert brightness(picture.column(picture.width // 2)) > 60


@pytest.mark.long
def test_the_web_file_plays_in_browsers_and_starts_at_once(results: Path) -> None:
    facts = document(results / "web_probe.json")
    assert (facts["video"]["codec"], facts["video"]["pixel_format"]) == ("h264", "yuv420p")
    assert (facts["audio"]["codec"], facts["audio"]["layout"]) == ("aac", "stereo")
    assert facts["duration"] == pytest.approx(MAKER["DURATION"], abs=0.1)
    start = (results / "web.mp4").read_bytes()[:100_000]
    assert 0 < start.find(b"moov") < start.find(b"mdat")


@pytest.mark.long
def test_the_report_needs_nothing_but_itself_and_holds_every_picture(results: Path, size: tuple[int, int]) -> None:
    page = assert_self_contained(results / "report.html")
    names = ["poster.jpg", "filmstrip.jpg", "waveform.png", "spectrogram.png", "contact_sheet.jpg"]
    names += [f"scene_000{number}.{ending}" for number in range(1, 7) for ending in ("jpg", "gif")]
    assert sorted(page.pictures) == sorted((results / name).read_bytes() for name in names)
    loud = document(results / "loudness.json")["integrated_lufs"]
    for words in (
        "The demo clip of job_manager",
        f"{size[0]}×{size[1]}",
        "25 fps",
        f"−{-loud} LUFS",
        "Silence from 0:10.8",
    ):
        assert words in page.text
    assert page.tags.count("polygon") == 1


def read_by_report(results: Path) -> dict[str, Files]:
    reads: dict[str, Files] = {}
    for one in JOB["steps"][-1]["entries"][0]["input_artifacts"]:
        several = sorted(results.glob(one["name"].replace("{scene.stem}", "scene_*")))
        reads[one["param_name"]] = several if one.get("kind") == "files" else results / one["name"]
    return reads


@pytest.mark.long
def test_the_report_of_the_same_files_is_the_same(results: Path, tmp_path: Path) -> None:
    ran("report", **read_by_report(results), report=tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == (results / "report.html").read_bytes()


@pytest.mark.long
def test_progress_rises_to_its_end(demo: Path, tmp_path: Path) -> None:
    said = ran("transcode", video=demo, web=tmp_path / "web.mp4").stdout
    percents = [float(found) for found in re.findall(r"^openjd_progress: (\S+)$", said, re.MULTILINE)]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert len(percents) >= 2


@pytest.mark.long
def test_a_report_of_something_else_is_refused_in_one_line(results: Path, tmp_path: Path) -> None:
    wrong = {"source": results / "poster.jpg", "report": tmp_path / "report.html"}
    refused = start("report", read_by_report(results) | wrong)
    assert refused.returncode == 1
    assert refused.stderr.startswith("report: not JSON: ") and refused.stderr.count("\n") == 1


@pytest.mark.parametrize("which", FFMPEG)
def test_either_ffmpeg_is_enough(which: str, demo: Path, tmp_path: Path) -> None:
    if FFMPEG[which] is None:
        pytest.skip(f"no ffmpeg from {which} here")
    path = None if which == "PATH" else str(tmp_path)
    for name, output in (("probe", "facts"), ("loudness", "loudness"), ("scene_cuts", "scenes"), ("qc", "findings")):
        done = start(name, {"video": demo, output: tmp_path / f"{name}.json"}, path)
        assert done.returncode == 0, done.stderr
    facts, loud = document(tmp_path / "probe.json"), document(tmp_path / "loudness.json")
    assert facts["duration"] == pytest.approx(MAKER["DURATION"], abs=0.05)
    assert loud["integrated_lufs"] is not None
    assert len(loud["course"]) == pytest.approx(MAKER["DURATION"] * 10, abs=2)
    assert [cut["time"] for cut in document(tmp_path / "scene_cuts.json")["cuts"]] == pytest.approx(
        MAKER["CUTS"], abs=0.04
    )
    assert [len(document(tmp_path / "qc.json")[name]) for name in ("black", "frozen", "silent")] == [1, 1, 1]


@pytest.mark.parametrize("count", [1, 5, 12])
@pytest.mark.parametrize("edges", [[0, 10], [0, 1, 2, 9], [0, 0.2, 0.4, 5, 5.5, 6]])
def test_every_scene_gets_a_frame_when_there_are_enough(count: int, edges: list[float]) -> None:
    spans = list(pairwise(edges))
    chosen = runpy.run_path(str(SHELF / "contact_sheet" / "main.py"))["choose"](spans, count)
    times = [time for time, _ in chosen]
    assert len(times) == count and times == sorted(times) and times[0] > 0 and times[-1] < edges[-1]
    if len(spans) <= count:
        assert all(any(start < time < end for time in times) for start, end in spans)
        assert sum(opens for _, opens in chosen) == len(spans)
