"""What the tests of examples/media share: running modules and the whole job.yaml, and decoding what they wrote.

Walks job.yaml by itself, step by step, so that a fault of the scheduler is never taken for one of a module.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import wave
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

MEDIA = Path(__file__).resolve().parents[2] / "examples" / "media"
SHELF = MEDIA / "modules"
JOB: dict[str, Any] = yaml.safe_load((MEDIA / "job.yaml").read_text(encoding="utf-8"))
MANIFESTS: dict[str, dict[str, Any]] = {
    path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(SHELF.glob("*/manifest.yaml"))
}
PAPER = (17, 21, 28)  # what the shelf draws on
Files = Path | list[Path]
Done = subprocess.CompletedProcess[str]
Places = Mapping[str, Files]


def wheel() -> str | None:
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return None


FFMPEG = {"PATH": shutil.which("ffmpeg"), "wheel": wheel()}
ANY_FFMPEG = FFMPEG["PATH"] or FFMPEG["wheel"] or ""
NEEDS_FFMPEG = pytest.mark.skipif(not ANY_FFMPEG, reason="no ffmpeg on PATH and no wheel imageio-ffmpeg")


def start(name: str, files: Places, path: str | None = None, more: Sequence[str] = ()) -> Done:
    """Run one module as a job would; `path` replaces PATH."""
    options: list[str] = []
    for param, given in files.items():
        options += [f"--{param}", *map(str, given if isinstance(given, list) else [given])]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"} | ({} if path is None else {"PATH": path})
    command = [sys.executable, str(SHELF / name / "main.py"), *options, *more]
    return subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def ran(name: str, *more: str, **files: Files) -> Done:
    done = start(name, files, more=more)
    assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    return done


def work(clip: Path, into: Path) -> Path:
    """All of job.yaml on `clip`: the folder with everything it wrote."""
    into.mkdir()
    places: Places = {"video": clip}
    for step in JOB["steps"]:
        with ThreadPoolExecutor(2) as pool:
            written = list(pool.map(partial(do, places, into), step["entries"]))
        places = {**places, **dict(item for made in written for item in made.items())}
    return into


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder `name` that `make` fills, once in a run of the tests however many processes share it."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"media-{name}"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            make(folder)
            (folder / "made").touch()
    return folder


def do(places: Places, into: Path, entry: dict[str, Any]) -> Places:
    """One entry, with `foreach:` once for each file: what it wrote, under the names as they stand in the job."""
    if "foreach" not in entry:
        return {name: there(path) for name, path in carried_out(places, into, entry, {}).items()}
    [(key, over)] = entry["foreach"].items()
    rounds = [
        carried_out({**places, key: item}, into, entry, {f"{{{key}.stem}}": item.stem}) for item in listed(places[over])
    ]
    return {one["name"]: [made[one["name"]] for made in rounds] for one in entry["output_artifacts"]}


def carried_out(places: Places, into: Path, entry: dict[str, Any], forms: Mapping[str, str]) -> dict[str, Path]:
    writes = {}
    for one in entry["output_artifacts"]:
        name = one["name"]
        for form, meant in forms.items():
            name = name.replace(form, meant)
        writes[one["param_name"]] = into / name
        if one.get("kind") == "files":
            (into / name).mkdir()
    ran(entry["module"], **{one["param_name"]: places[one["name"]] for one in entry["input_artifacts"]}, **writes)
    return {one["name"]: writes[one["param_name"]] for one in entry["output_artifacts"]}


def there(path: Path) -> Files:
    """A file that is not empty, or those in a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    assert files and all(file.is_file() and file.stat().st_size > 0 for file in files), f"nobody wrote {path.name}"
    return files if path.is_dir() else path


def listed(paths: Files) -> list[Path]:
    assert isinstance(paths, list) and paths, f"{paths} is not several files"
    return paths


def encode(*arguments: str | Path) -> None:
    command = [ANY_FFMPEG, "-v", "error", "-nostdin", "-y", *arguments]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def source(filters: str) -> list[str]:
    return ["-f", "lavfi", "-i", filters]


@dataclass(frozen=True)
class Pixels:
    """A decoded picture."""

    width: int
    height: int
    rgb: bytes

    def at(self, x: float, y: float) -> tuple[int, int, int]:
        start = (int(y) * self.width + int(x)) * 3
        return self.rgb[start], self.rgb[start + 1], self.rgb[start + 2]

    def column(self, x: int) -> list[tuple[int, int, int]]:
        return [self.at(x, y) for y in range(self.height)]


def decoded(path: Path) -> Pixels:
    said = subprocess.run([ANY_FFMPEG, "-nostdin", "-i", str(path)], capture_output=True, text=True).stderr
    size = re.search(r"Video: (?:png|mjpeg).*, (\d+)x(\d+)", said)
    assert size, said
    raw = ["-v", "error", "-nostdin", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
    rgb = subprocess.run([ANY_FFMPEG, *raw], capture_output=True, check=True).stdout
    width, height = int(size[1]), int(size[2])
    assert len(rgb) == width * height * 3
    return Pixels(width, height, rgb)


def moving(path: Path) -> tuple[int, int, int]:
    """How many frames a GIF has, as its own blocks say, and its size."""
    content = path.read_bytes()
    assert content[:6] == b"GIF89a" and content[-1:] == b";"
    width, height = int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")
    at, frames = 13 + (3 << (content[10] & 7) + 1 if content[10] & 128 else 0), 0
    while content[at : at + 1] != b";":
        if content[at : at + 1] == b",":
            frames += 1
            own = content[at + 9]
            at += 11 + (3 << (own & 7) + 1 if own & 128 else 0)
        else:
            at += 2
        while content[at]:
            at += content[at] + 1
        at += 1
    return frames, width, height


def brightness(dots: list[tuple[int, int, int]]) -> float:
    return sum(map(sum, dots)) / len(dots) / 3


def close(one: tuple[int, int, int], other: tuple[int, int, int], within: int = 24) -> bool:
    return all(abs(a - b) <= within for a, b in zip(one, other, strict=True))


def document(path: Path) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{path.name} holds {constant}, which is not JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def sound(path: Path) -> tuple[float, int, bytes]:
    """Seconds, channels and samples of a WAV."""
    with wave.open(str(path)) as opened:
        assert opened.getsampwidth() == 2
        frames = opened.readframes(opened.getnframes())
        return opened.getnframes() / opened.getframerate(), opened.getnchannels(), frames


class Page(HTMLParser):
    """What a page is made of; every tag that is opened has to be closed in its turn."""

    VOID = frozenset({"meta", "img", "br", "link", "polyline", "polygon", "path"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.pictures: list[bytes] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "srcset", "poster", "data", "action"}:
                self.addresses.append(value or "")
            if name == "src" and tag == "img":
                self.pictures.append(b64decode((value or "").partition(";base64,")[2], validate=True))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def assert_self_contained(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert not {"script", "link", "iframe", "object", "embed"}.intersection(page.tags)
    assert not re.search(r"@import|url\(|https?://", text)
    return page
