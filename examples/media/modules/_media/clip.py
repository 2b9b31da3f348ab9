"""What a media file is: container, duration, streams. Read from what `ffmpeg -i` prints, as there may be no ffprobe.

Decides which stream is *the* video and *the* audio: the default one, else the first; cover art is never the video.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from _media import ffmpeg
from _media.ffmpeg import Unusable

_INPUT = re.compile(r"^Input #0, (.+), from ")
_DURATION = re.compile(r"^  Duration: (?:(\d+):(\d\d):(\d\d\.\d+)|N/A)")
_BIT_RATE = re.compile(r"\b(\d+) kb/s")
# Two spaces and no more: the lines of tags are indented deeper, so a title that looks like a stream cannot be one.
_STREAM = re.compile(r"^  Stream #0:(\d+)(?:\[\w+\])?(?:\((\w+)\))?: (\w+): (.*)$")
_TAG = re.compile(r"^    (\w+) *: (.*)$")
_ROTATION = re.compile(r"^ +display ?matrix: rotation of (-?[\d.]+) degrees", re.IGNORECASE)
_PIXELS = re.compile(r"^[^,]+, (\w+)")
_SIZE = re.compile(r", (\d+)x(\d+)(?=[, ]|$)")
_PIXEL_SHAPE = re.compile(r"\bSAR (\d+):(\d+)")
_RATE = re.compile(r"\b([\d.]+)(k?) (?:fps|tbr)")
_SOUND = re.compile(r", (\d+) Hz, ([^,]+)")
_NTSC = {23.98: 24000 / 1001, 29.97: 30000 / 1001, 59.94: 60000 / 1001, 119.88: 120000 / 1001}
# To ffmpeg a text file called .txt is "ansi" video. It is not, to a person.
_TEXT_AS_VIDEO = {"ansi", "bintext", "xbin", "idf"}

_S = TypeVar("_S", bound="Stream")


@dataclass(frozen=True)
class Stream:
    """One stream; `kind` is video, audio, subtitle, data or attachment; `about` is ffmpeg's own description."""

    index: int
    kind: str
    codec: str
    language: str | None
    default: bool
    cover_art: bool
    bit_rate_kbps: int | None
    about: str


@dataclass(frozen=True)
class Video(Stream):
    """A stream of pictures. `width` and `height` are as shown on a screen: pixel shape and rotation are applied."""

    width: int
    height: int
    coded_width: int
    coded_height: int
    rotation: int
    fps: float
    pixel_format: str


@dataclass(frozen=True)
class Audio(Stream):
    """A stream of sound; `layout` is ffmpeg's word for its channels: mono, stereo, 5.1(side)..."""

    sample_rate: int
    layout: str


@dataclass(frozen=True)
class Clip:
    """A media file. `duration` is in seconds and never 0."""

    path: Path
    container: str
    duration: float
    bit_rate_kbps: int | None
    tags: dict[str, str]
    streams: tuple[Stream, ...]

    @property
    def video(self) -> Video | None:
        return _chosen([stream for stream in self.streams if isinstance(stream, Video) and not stream.cover_art])

    @property
    def audio(self) -> Audio | None:
        return _chosen([stream for stream in self.streams if isinstance(stream, Audio)])

    @property
    def picture(self) -> Video:
        """The video of a clip that must have one."""
        if self.video is None:
            raise Unusable(f"there is no video in {self.path}, only sound")
        return self.video

    @property
    def source(self) -> list[str]:
        """ffmpeg's arguments that open this clip."""
        return _source(self.path)


def read(path: Path) -> Clip:
    """Say what `path` is. Raises Unusable when it is not a media file."""
    lines = ffmpeg.look(_source(path))
    opened = next((found for line in lines if (found := _INPUT.match(line))), None)
    streams = _streams(lines)
    if opened is None or not any(isinstance(stream, Video | Audio) for stream in streams):
        raise Unusable(f"not a media file: {path} ({_why(lines)})")
    frame = max((1 / stream.fps for stream in streams if isinstance(stream, Video)), default=0.01)
    duration = _duration(lines) or _measured(path) or frame
    return Clip(path, opened[1], round(duration, 3), _bit_rate(lines), _tags(lines), tuple(streams))


def _source(path: Path) -> list[str]:
    # "file:" keeps a name with a colon a name; the white list keeps a playlist from opening anything but files.
    return ["-protocol_whitelist", "file,pipe", "-i", f"file:{path}"]


def _chosen(streams: list[_S]) -> _S | None:
    return next((stream for stream in streams if stream.default), next(iter(streams), None))


def _why(lines: list[str]) -> str:
    if any(_INPUT.match(line) for line in lines):
        return "it has neither video nor audio"
    said = [line for line in lines if line.strip()]
    return said[-1].rpartition(": ")[2] if said else "ffmpeg cannot open it"


def _duration(lines: list[str]) -> float:
    for line in lines:
        if (found := _DURATION.match(line)) and found[1]:
            return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
    return 0.0


def _measured(path: Path) -> float:
    """Seconds from end to end, for files that do not say (a browser's webm): every packet is read, none decoded."""
    copied = ["-map", "0:v?", "-map", "0:a?", "-c", "copy", "-f", "null", "-"]
    said = ffmpeg.pipe(["-progress", "pipe:1", *_source(path), *copied]).decode("ascii", "replace")
    return max((int(end) / 1e6 for end in re.findall(r"^out_time_us=(\d+)", said, re.MULTILINE)), default=0.0)


def _bit_rate(lines: list[str]) -> int | None:
    line = next((line for line in lines if _DURATION.match(line)), "")
    return int(found[1]) if (found := _BIT_RATE.search(line)) else None


def _tags(lines: list[str]) -> dict[str, str]:
    """The container's own tags: what stands between the line of the input and its duration."""
    tags: dict[str, str] = {}
    for line in lines[next(number for number, line in enumerate(lines) if _INPUT.match(line)) :]:
        if _DURATION.match(line):
            break
        if found := _TAG.match(line):
            tags[found[1].lower()] = found[2].strip()
    return tags


def _streams(lines: list[str]) -> list[Stream]:
    starts = [number for number, line in enumerate(lines) if _STREAM.match(line)]
    return [_stream(lines[start:end]) for start, end in pairwise([*starts, len(lines)])]


def _stream(lines: list[str]) -> Stream:
    """One stream of the line that opens it and the lines that follow (its tags, its rotation)."""
    found = _STREAM.match(lines[0])
    assert found is not None
    index, language, kind, about = int(found[1]), found[2], found[3].lower(), found[4]
    base = Stream(
        index=index,
        kind=kind,
        codec=re.split(r"[ ,]", about, maxsplit=1)[0],
        language=None if language == "und" else language,
        default="(default)" in about,
        cover_art="(attached pic)" in about,
        bit_rate_kbps=int(rate[1]) if (rate := _BIT_RATE.search(about)) else None,
        about=about,
    )
    if kind == "video" and base.codec not in _TEXT_AS_VIDEO and (size := _SIZE.search(about)):
        return _video(base, int(size[1]), int(size[2]), lines)
    if kind == "audio" and (sound := _SOUND.search(about)):
        return Audio(**vars(base), sample_rate=int(sound[1]), layout=sound[2].strip())
    return base


def _video(base: Stream, width: int, height: int, lines: list[str]) -> Video:
    rotation = round(next((float(found[1]) for line in lines if (found := _ROTATION.match(line))), 0.0)) % 360
    shape = _PIXEL_SHAPE.search(base.about)
    shown = (round(width * int(shape[1]) / int(shape[2])) if shape and int(shape[1]) else width, height)
    if rotation in (90, 270):
        shown = (shown[1], shown[0])
    return Video(
        **vars(base),
        width=max(shown[0], 1),
        height=shown[1],
        coded_width=width,
        coded_height=height,
        rotation=rotation,
        fps=_fps(base.about),
        pixel_format=found[1] if (found := _PIXELS.match(base.about)) else "unknown",
    )


def _fps(about: str) -> float:
    """Frames a second. A webm without a frame rate shows its clock instead (1k): 25 is the sane guess then."""
    rate = next((float(number) * (1000 if kilo else 1) for number, kilo in _RATE.findall(about)), 0.0)
    return _NTSC.get(rate, rate) if 0 < rate <= 300 else 25.0
