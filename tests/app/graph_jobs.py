"""Jobs to be drawn, and the pictures of one of them that are kept: `python -m tests.app.graph_jobs` writes these anew.

Knows the model and nothing of how a picture is made.
"""

from __future__ import annotations

from pathlib import Path

from job_manager.app.graph import FORMATS, SVG, drawn, graph_of_job, read
from job_manager.model.fanout import Each
from job_manager.model.job import ALWAYS, ON_ERROR, ON_SUCCESS, Action, Job, JobInput
from job_manager.model.record import replace
from job_manager.testing import action, job, parallel, serial
from job_manager.testing.building import linked

ROOT = Path(__file__).resolve().parents[2]
SHOWN = ROOT / "docs" / "images" / "graph.svg"  # in docs/how-to/draw-a-job.md
GOLDEN = Path(__file__).parent / "golden"
FRAMES = (Each("frame", over="1-240"),)


def hook(name: str, on: str) -> Action:
    return replace(action(name), hook=on)


def film() -> Job:
    """Every sort of box and edge: a fan-out, needs, artifacts, hooks, serial and parallel, a condition."""
    shots = parallel(
        "shots",
        serial("shot 1", linked("model", writes=("model.obj",)), linked("light", reads=("model.obj",))),
        linked("frames", reads=("scene.txt",), writes=("f_{frame}.png",), foreach=FRAMES),
        linked("early", needs=("fetch",)),
        hook("tell", ON_ERROR),
    )
    whole = job(
        linked("fetch", reads=("video.mp4",), writes=("scene.txt",)),
        shots,
        linked("join", reads=("f_{frame}.png",), writes=("film.mp4",), when="params.join"),
        hook("mail", ON_SUCCESS),
        hook("clean", ALWAYS),
        name='film "1" <&>',
    )
    return replace(whole, inputs=(JobInput("video.mp4"),), version="1.0")


def many(count: int) -> Job:
    """So many actions that are alike, and one that is not."""
    return job(parallel("render", *[action(f"frame {number}") for number in range(count - 2)], "odd"), "join")


def various(count: int) -> Job:
    """So many actions no two of which are alike, one after another."""
    return job(*[action(in_letters(number)) for number in range(count)])


def in_letters(number: int) -> str:
    letters = ""
    while number or not letters:
        number, at = divmod(number, 26)
        letters = chr(97 + at) + letters
    return letters


def shown() -> str:
    """The picture that the documentation shows: that of the media example."""
    return drawn(graph_of_job(read("examples/media/job.yaml", (), str(ROOT))), SVG)


def golden(format: str) -> Path:
    return GOLDEN / f"film.{format}"


if __name__ == "__main__":
    SHOWN.write_text(shown(), encoding="utf-8")
    for format in FORMATS:
        golden(format).write_text(drawn(graph_of_job(film()), format), encoding="utf-8")
