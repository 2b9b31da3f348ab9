"""Outputs looked into in a real job, and `jm show`: what a person and a script are told of an artifact."""

from __future__ import annotations

import os

import pytest

from tests.artifacts.made import media
from tests.e2e.person import job

EXPECT = "{min_duration: 1s, frames: 50, audio: true}"
FILM = f"{{name: film.mp4, type: video, public: true, expect: {EXPECT}}}"
COPY = f"{{name: copy, shell: 'cp clip.mp4 {{film.mp4}}', outputs: [{FILM}]}}"
NEXT = "{name: next, shell: 'wc -c {film.mp4} > {n.txt}', inputs: [film.mp4], outputs: [{name: n.txt, type: text}]}"


@pytest.fixture
def film(here):
    (here.path / "clip.mp4").write_bytes(media("a.mp4"))
    here.write("job.yaml", job(f"[{COPY}]", f"[{NEXT}]"))
    return here


def test_what_is_known_of_a_film(film):
    assert film.jm("run", "job.yaml").code == 0
    told = film.jm("show", "last/film.mp4").out
    for words in (
        "film.mp4  video, public, file",
        "state    there",
        "made by  s1/copy, attempt 1, 20",
        "read by  s2/next",
        "mp4, 2 s, 2 streams",
        "pictures: h264, 64x48, 25 frames a second, 50 frames",
        "head and tail decoded",
        "expected audio true, frames 50, min_duration 1s",
    ):
        assert words in told, words
    (document,) = film.jm("show", "last/film.mp4", "--json").json["artifacts"]
    assert document["facts"]["frames"] == 50 and document["expect"] == {"audio": True, "frames": 50, "min_duration": 1}
    path = film.jm("show", "-q", "last/film.mp4").out.rstrip("\n")
    assert path == document["path"] and os.path.getsize(path) == document["size"]


def test_the_artifacts_of_a_job_are_listed(film):
    film.jm("run", "job.yaml")
    head, first, second = film.jm("show").out.splitlines()
    assert first.split()[:4] == ["film.mp4", "there", "video", "s1/copy"] and head.startswith("sample  ")
    assert second.split()[:4] == ["n.txt", "removed", "text", "s2/next"]
    assert len(film.jm("show", "-q").out.splitlines()) == 1
    assert [a["state"] for a in film.jm("show", "--json").json["artifacts"]] == ["there", "removed"]
    assert "removed when the job had succeeded" in film.jm("show", "last/n.txt").out


def test_a_truncated_film_fails_with_exactly_that_and_the_next_step_never_sees_it(film):
    whole = media("a.mp4")
    (film.path / "clip.mp4").write_bytes(whole[: len(whole) // 2])
    told = film.jm("run", "job.yaml", "--json")
    assert told.code == 1
    (card,) = told.json["failures"]
    assert card["reason"] == "output-invalid"
    assert card["message"].startswith('output "film.mp4" is cut off: its box mdat has ')
    assert [a["state"] for a in film.jm("show", "--json").json["artifacts"]] == ["not made", "not made"]
    assert "made by  s1/copy, which is failed" in film.jm("show", "last/film.mp4").out
    (film.path / "clip.mp4").write_bytes(whole)
    assert film.jm("resume", "last").code == 0
    assert "attempt 2" in film.jm("show", "last/film.mp4").out


def test_what_is_expected_counts_over_the_manifest_key_by_key(here):
    here.write(
        "modules/m/manifest.yaml",
        "name: m\nentrypoint: m.sh\noutputs:\n  - {param_name: out, type: csv, expect: {min_rows: 3, columns: [a]}}\n",
    )
    here.write("modules/m/m.sh", "#!/bin/sh\nprintf 'b\\n1\\n' > \"$2\"\n")
    (here.path / "modules/m/m.sh").chmod(0o755)
    output = "{name: t.csv, param_name: out, public: true, expect: {min_rows: 1}}"
    here.write("job.yaml", job(f"[{{module: m, outputs: [{output}]}}]"))
    (card,) = here.jm("run", "job.yaml", "--json").json["failures"]
    assert card["message"] == 'output "t.csv" has no column a; there is b'


def test_what_could_not_be_checked_is_said_of_the_success(here):
    output = "{name: a.json, type: json, public: true, expect: {keys: [a]}}"
    here.write("job.yaml", job(f"[{{name: list, shell: 'echo [1] > {{a.json}}', outputs: [{output}]}}]"))
    assert here.jm("run", "job.yaml").code == 0
    assert 'expected and not checked: "a.json": keys a' in here.jm("status").out


def test_an_input_and_its_changes(film):
    film.write("job.yaml", job("[{name: count, shell: 'wc -c {clip}', inputs: [clip]}]") + "inputs: [clip]\n")
    film.jm("run", "job.yaml", "clip.mp4")
    told = film.jm("show", "last/clip").out
    assert "clip  no type, file" in told and "made by  you: an input of the job" in told and "state    there" in told
    (film.path / "clip.mp4").write_bytes(b"other")
    assert "changed since" in film.jm("show", "last/clip").out
    os.remove(film.path / "clip.mp4")
    assert film.jm("show", "last/clip", "--json").json["artifacts"][0]["state"] == "missing"


def test_what_is_not_there(film):
    film.jm("run", "job.yaml")
    told = film.jm("show", "last/film.mp3")
    assert told.code == 7 and 'has no artifact "film.mp3"' in told.err and "did you mean film.mp4" in told.err
    assert film.jm("show", "xyz").code == 7
