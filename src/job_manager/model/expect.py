"""What may be expected of an output beside its being there: the keys of `expect:`, which types they fit, their values.

Knows nothing of how a file is looked into, and no text of a job file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from job_manager.model.params import FLAGS, INTEGER, PREFIX
from job_manager.model.quantity import seconds, size
from job_manager.model.record import NamedTuple
from job_manager.model.template import fill

Value = bool | int | float | str | tuple[str, ...]
Expect = tuple[tuple[str, Value], ...]  # sorted by key; durations in seconds, sizes in bytes

SIZE, DURATION, COUNT, FRAMES, RATE, FLAG, NAMES = "size", "duration", "count", "frames", "rate", "flag", "names"
KEYS = {
    "min_size": SIZE,
    "max_size": SIZE,
    "duration": DURATION,
    "min_duration": DURATION,
    "max_duration": DURATION,
    "frames": FRAMES,
    "min_frames": COUNT,
    "width": COUNT,
    "height": COUNT,
    "fps": RATE,
    "audio": FLAG,
    "keys": NAMES,
    "columns": NAMES,
    "min_rows": COUNT,
}
BOUNDS = (("min_size", "max_size"), ("min_duration", "max_duration"))
ANY = ("min_size", "max_size")
TIME = ("duration", "min_duration", "max_duration")
FITS = {
    "video": (*ANY, *TIME, "frames", "min_frames", "width", "height", "fps", "audio"),
    "audio": (*ANY, *TIME),
    "image": (*ANY, "width", "height"),
    "sequence": (*ANY, "frames", "min_frames", "width", "height"),
    "json": (*ANY, "keys"),
    "lines": (*ANY, "min_rows"),
    "csv": (*ANY, "columns", "min_rows"),
    "text": ANY,
}
WORDS = {
    "video": "video movie footage mp4 m4v mov mkv webm avi ogv",
    "audio": "audio sound m4a mka ogg oga opus wav aiff mp3 flac",
    "image": "image picture photo thumbnail png jpeg jpg gif webp tiff tif bmp exr",
    "json": "json geojson",
    "lines": "jsonl ndjson",
    "csv": "csv tsv",
    "text": "text txt markdown md yaml srt vtt html htm xml svg",
}
FAMILIES = {word: family for family, words in WORDS.items() for word in words.split()}
LOOKED_INTO = "types that are looked into: video, audio, image, json, csv, text"
TOLERANCE = 0.1  # seconds: what encoders add at the ends, and the last digit that probes print
RATE_TOLERANCE = 0.02  # frames a second: enough for 23.976 printed as 23.98, not enough to take it for 24
MOST = 10**12
# Not compiled here: every start of jm imports this, and few jobs expect anything.
RANGE = r"([0-9]{1,9})-([0-9]{1,9})(?:x([0-9]{1,6}))?\Z"
NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,6})?\Z"
FRACTION = r"([0-9]{1,9})/([0-9]{1,9})\Z"


class Misfit(NamedTuple):
    """Why a key cannot be expected of a type."""

    key: str
    message: str
    hint: str


def family(type: str | None) -> str | None:
    """What a type word is looked into as (a key of WORDS), or None. `image/png` and `application/json` work, too."""
    word = (type or "").strip().lower()
    main, slash, rest = word.partition("/")
    if word in FAMILIES or not slash:
        return FAMILIES.get(word)
    return main if main in ("video", "audio", "image", "text") and rest not in FAMILIES else FAMILIES.get(rest)


def misfits(type: str | None, expect: Expect, sequence: bool = False) -> Iterator[Misfit]:
    """The keys that can never be checked on this type. `sequence`: the output is a directory, or several files."""
    kind = family(type)
    known = "sequence" if kind == "image" and sequence else kind
    allowed = FITS.get(known or "", ANY)
    for key, value in expect:
        if key not in allowed:
            yield _misfit(type, key, known, allowed)
        elif key == "frames" and isinstance(value, str) and known != "sequence" and not waits(value):
            yield Misfit(key, "a range of frames is for image sequences", "a film has a number of frames: frames: 240")


def _misfit(type: str | None, key: str, kind: str | None, allowed: tuple[str, ...]) -> Misfit:
    if kind == "image" and key in ("frames", "min_frames"):
        message = f"{key} cannot be expected of one image"
        return Misfit(key, message, "it is for image sequences: a directory of frames, and for films")
    if kind is not None:
        hint = f"what can be expected of {type}: {', '.join(allowed)}"
        return Misfit(key, f"{key} can never be checked on the type {type}", hint)
    if type is None:
        return Misfit(key, f"{key} can only be checked when the output has a type", LOOKED_INTO)
    return Misfit(key, f"{key} can never be checked: the type {type} is not looked into", LOOKED_INTO)


def merged(weaker: Expect, stronger: Expect) -> Expect:
    """Both, the stronger one's word counting where both have a key."""
    return tuple(sorted({**dict(weaker), **dict(stronger)}.items())) if weaker or stronger else ()


def waits(value: Value) -> bool:
    """Whether it is not known before the values of the job's params are put in."""
    return any(waiting(value))


def waiting(value: Value) -> Iterator[str]:
    """The texts in it that wait for these values."""
    texts = value if isinstance(value, tuple) else (value,)
    return (text for text in texts if isinstance(text, str) and f"{{{PREFIX}" in text)


def filled(expect: Expect, filling: Mapping[str, str]) -> Expect:
    """With the values of params put in. What is no value of its key then stays a text."""
    return tuple((key, _filled(key, value, filling) if waits(value) else value) for key, value in expect)


def _filled(key: str, value: Value, filling: Mapping[str, str]) -> Value:
    if isinstance(value, tuple):
        return tuple(fill(text, filling) for text in value)
    text = fill(str(value), filling)
    try:
        return meant(key, text)
    except ValueError:
        return text


def meant(key: str, text: str) -> Value:
    """What a text says under this key, none of names. Raises ValueError with a sentence."""
    kind = KEYS[key]
    if kind == FLAG and text not in FLAGS:
        raise ValueError(f'expected true or false, found "{text[:40]}"')
    if kind == FLAG:
        return text == "true"
    if kind == COUNT or (kind == FRAMES and INTEGER.match(text)):
        return _count(text)
    if kind == DURATION:
        return seconds(text)
    if kind in (SIZE, RATE):
        return size(text) if kind == SIZE else rate(text)
    return frames(text)


def frames(text: str) -> str:
    """A range of frames as it is written. Raises ValueError with a sentence."""
    numbers(text)
    return text


def _count(text: str) -> int:
    if not INTEGER.match(text):
        raise ValueError(f'expected a whole number, found "{text[:40]}"')
    if not 1 <= int(text) <= MOST:
        raise ValueError(f"expected a whole number from 1 to {MOST:,}, found {text}")
    return int(text)


def rate(text: str) -> float:
    """Frames a second, of `25`, `23.976` or `24000/1001`. Raises ValueError with a sentence."""
    fraction = re.match(FRACTION, text)
    if fraction and int(fraction[1]) and int(fraction[2]):
        return int(fraction[1]) / int(fraction[2])
    if re.match(NUMBER, text) and float(text) > 0:
        return float(text)
    raise ValueError(f'expected frames a second like 25, 23.976 or 24000/1001, found "{text[:40]}"')


def numbers(text: str) -> range:
    """The frame numbers of `1-240` or `1-240x2`. Raises ValueError with a sentence."""
    found = re.match(RANGE, text)
    if not found:
        raise ValueError(f'expected a number of frames like 240, or a range like 1-240, found "{text[:40]}"')
    first, last, step = int(found[1]), int(found[2]), int(found[3] or 1)
    if last < first or not step:
        raise ValueError(f'"{text[:40]}" is no range: it has no frames')
    return range(first, last + 1, step)


def shown(key: str, value: Value) -> str:
    """The value as a person would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(value)
    if KEYS.get(key) == DURATION:
        return f"{value:g}s"
    return f"{value:.6g}" if isinstance(value, float) else f"{value}"


def from_document(members: Mapping[str, object]) -> Expect:
    """What `to_document` made, as it came back from JSON."""
    taken = ((key, tuple(value) if isinstance(value, list) else value) for key, value in members.items())
    return tuple(sorted(taken))  # type: ignore[arg-type]


def to_document(expect: Expect) -> dict[str, object]:
    """Plain values by key."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in expect}
