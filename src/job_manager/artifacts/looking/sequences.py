"""Image sequences: the frames of a directory, each looked into, their numbers held against those that are expected.

A frame's number is the last run of digits before the ending of its name. Knows nothing of where the directory lies.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

from job_manager.artifacts.directories import natural
from job_manager.artifacts.folders import READING
from job_manager.artifacts.looking.held import UNCHECKED, hold
from job_manager.artifacts.looking.source import Findings, Source, plural
from job_manager.model.expect import Expect, numbers
from job_manager.model.record import NamedTuple

SECONDS = 300.0  # for all frames together
TOGETHER = 8  # files of a directory that are looked at in one go, as long as nothing is wrong
MOST_SAID = 10  # broken frames that are named
MOST_SPANS = 5
DIGITS = re.compile(r"\d+")
ENDINGS = frozenset(
    ".png .jpg .jpeg .jpe .gif .webp .bmp .tif .tiff .exr .dpx .cin .tga .hdr .ppm .pgm .pbm .pnm .jp2 .j2k .jxl .avif "
    ".heic .heif .psd .dng .sgi .svg".split()
)


class Frame(NamedTuple):
    """One file of a sequence; `number` is None when its name has none."""

    number: int | None
    name: str


def number_of(name: str) -> int | None:
    """The number in a frame's name: `shot2_frame_0137.png` is 137."""
    stem = name.rsplit("/", 1)[-1]
    found = DIGITS.findall(stem[: stem.rfind(".")] if stem.rfind(".") > 0 else stem)
    return int(found[-1]) if found and len(found[-1]) <= 18 else None


def frames_in(directory: int, pattern: str = "") -> list[Frame]:
    """The frames in the open directory in natural order: all that `pattern` fits, else all that end like pictures."""
    names = [name for name in os.listdir(directory) if not name.startswith(".")]
    if pattern:
        chosen = fnmatch.filter(names, pattern)
    else:
        chosen = [name for name in names if os.path.splitext(name)[1].lower() in ENDINGS]
    return [Frame(number_of(name), name) for name in sorted(chosen, key=natural)]


def look_at_sequence(directory: int, pattern: str = "", expect: Expect = (), seconds: float = SECONDS) -> Findings:
    """Every frame of the open directory looked into, and which are missing. Never raises for what lies in it."""
    findings = Findings()
    try:
        frames = frames_in(directory, pattern)
    except OSError as error:
        findings.note(f"it was not looked into: {error.strerror}")
        return findings
    if not frames:
        return _none(pattern, expect)
    looked = _look_at_frames(directory, frames, seconds, findings)
    _hold_numbers(frames, expect, findings)
    _hold_sizes(looked, expect, findings)
    _tell(frames, looked, findings)
    others = tuple((key, value) for key, value in expect if key not in ("frames", "width", "height"))
    hold(findings, others, sum(size for _, _, size in looked))
    return findings


def look_at_files(directory: int, pattern: str, type: str | None, seconds: float = SECONDS) -> Findings:
    """Every file of the open directory that fits, each looked into as one of this type. Never raises for what lies in
    it."""
    from job_manager.artifacts.looking.files import look_at_file

    findings, until = Findings(), time.monotonic() + seconds
    names = sorted(fnmatch.filter(os.listdir(directory), pattern or "*"), key=natural)
    broken = well = 0
    for number, name in enumerate(names):
        if time.monotonic() > until:
            findings.note(f"{UNCHECKED}: after {seconds:g} s the files from {name} on were not looked into")
            break
        if number % TOGETHER == 0 and _are_well(directory, names[number : number + TOGETHER], type):
            well = number + TOGETHER
        if number < well:
            continue
        for fault in _faults_of(directory, name, lambda handle, name=name: look_at_file(handle, name, type, ())):  # type: ignore[misc]
            broken += 1
            if broken <= MOST_SAID:
                findings.faults.append(f"holds {name}, which {fault}")
    return findings


def _are_well(directory: int, names: Sequence[str], type: str | None) -> bool:
    """Whether that is certain of all of these files; one that cannot be opened or is none is looked at by itself."""
    from job_manager.artifacts.looking.files import are_well

    with ExitStack() as opened:
        handles = []
        for name in names if len(names) > 1 else ():
            try:
                handle = os.open(name, READING, dir_fd=directory)
            except OSError:
                return False
            opened.callback(os.close, handle)
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return False
            handles.append(handle)
        return bool(handles) and are_well(handles, type)


def _faults_of(directory: int, name: str, look: Callable[[int], Findings]) -> list[str]:
    try:
        handle = os.open(name, READING, dir_fd=directory)
    except OSError:
        return []
    try:
        return look(handle).faults if stat.S_ISREG(os.fstat(handle).st_mode) else []
    finally:
        os.close(handle)


def _none(pattern: str, expect: Expect) -> Findings:
    findings = Findings({"frames": 0})
    if any(key in ("frames", "min_frames") for key, _ in expect):
        findings.faults.append(f"has no frames{f' that fit {pattern}' if pattern else ''}")
    else:
        findings.note("there are no pictures in it")
    return findings


Looked = tuple[Frame, Findings, int]


def _look_at_frames(directory: int, frames: list[Frame], seconds: float, findings: Findings) -> list[Looked]:
    until = time.monotonic() + seconds
    looked: list[Looked] = []
    broken: list[str] = []
    for frame in frames:
        left = until - time.monotonic()
        if left <= 0:
            findings.note(f"{plural(len(frames) - len(looked), 'frame')} were not looked into: it took too long")
            break
        found, size = _look_at_frame(directory, frame, left)
        looked.append((frame, found, size))
        broken += [f"{_called(frame)} {fault}" for fault in found.faults[:1]]
    if broken:
        more = f"; and {plural(len(broken) - MOST_SAID, 'more frame')}" if len(broken) > MOST_SAID else ""
        findings.faults.append("has broken frames: " + "; ".join(broken[:MOST_SAID]) + more)
    return looked


def _called(frame: Frame) -> str:
    return frame.name if frame.number is None else f"frame {frame.number} ({frame.name})"


def _look_at_frame(directory: int, frame: Frame, left: float) -> tuple[Findings, int]:
    from job_manager.artifacts.looking.files import look_at_picture

    try:
        handle = os.open(frame.name, READING, dir_fd=directory)
    except OSError as error:
        return Findings(faults=[f"cannot be read: {error.strerror}"]), 0
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            return Findings(faults=["is not a regular file"]), 0
        if not found.st_size:
            return Findings(faults=["is empty"]), 0
        findings = Findings()
        look_at_picture(Source(handle, frame.name, left), findings)
        return findings, found.st_size
    finally:
        os.close(handle)


def _hold_numbers(frames: list[Frame], expect: Expect, findings: Findings) -> None:
    there = sorted({frame.number for frame in frames if frame.number is not None})
    wanted = dict(expect).get("frames")
    if isinstance(wanted, str):
        _hold_range(there, numbers(wanted), findings)
    elif wanted is not None and len(frames) != wanted:
        findings.faults.append(f"has {plural(len(frames), 'frame')} ({spans(there)}), not {wanted:,}{_gap(there)}")
    elif there and len(there) != there[-1] - there[0] + 1:
        findings.note(f"its numbers are not without a gap: {spans(there)}")
    if len(there) < len(frames):
        findings.note("not every frame has a number of its own")


def _gap(there: list[int]) -> str:
    if not there or there[-1] - there[0] > 1_000_000:
        return ""
    lacking = sorted(set(range(there[0], there[-1] + 1)) - set(there))
    return f": {_are('frame', lacking)} missing" if lacking and len(lacking) <= len(there) else ""


def _hold_range(there: list[int], wanted: range, findings: Findings) -> None:
    present = set(there)
    lacking = [number for number in wanted if number not in present]
    beyond = [number for number in there if number not in wanted]
    if lacking:
        findings.faults.append(f"is not complete: {_are('frame', lacking)} missing (there are {spans(there)})")
    if beyond:
        findings.faults.append(
            f"has more than is expected: {_named('frame', beyond)}, where {_written(wanted)} are expected"
        )


def _written(wanted: range) -> str:
    return f"{wanted[0]}-{wanted[-1]}" + (f" in steps of {wanted.step}" if wanted.step > 1 else "")


def _are(word: str, numbers: list[int]) -> str:
    return f"{_named(word, numbers)} {'is' if len(numbers) == 1 else 'are'}"


def _named(word: str, numbers: list[int]) -> str:
    return f"{word} {numbers[0]}" if len(numbers) == 1 else f"{word}s {spans(numbers)}"


def spans(numbers: Iterable[int]) -> str:
    """`1-16 and 18-500`: sorted numbers as a person would say them."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    if not runs:
        return "none"
    words = [f"{first}" if first == last else f"{first}-{last}" for first, last in runs[:MOST_SPANS]]
    if len(runs) > MOST_SPANS:
        return f"{', '.join(words)} and {len(runs) - MOST_SPANS} spans more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _hold_sizes(looked: list[Looked], expect: Expect, findings: Findings) -> None:
    known = [(frame, found.facts) for frame, found, _ in looked if "width" in found.facts]
    for key in ("width", "height"):
        wanted = dict(expect).get(key)
        if wanted is None:
            continue
        if not known:
            findings.note(f"{UNCHECKED}: {key} {wanted}")
        others = [(frame, facts[key]) for frame, facts in known if facts[key] != wanted]
        if others:
            frame, pixels = others[0]
            side = "wide" if key == "width" else "high"
            more = f"; {plural(len(others), 'frame')} in all" if len(others) > 1 else ""
            message = (
                f"has frames of another size: {_called(frame)} is {plural(pixels, 'pixel')} {side}, not {wanted:,}"
            )
            findings.faults.append(message + more)


def _tell(frames: list[Frame], looked: list[Looked], findings: Findings) -> None:
    facts = findings.facts
    there = [frame.number for frame in frames if frame.number is not None]
    facts |= {"probe": "structure", "frames": len(frames), "counted": "files"}
    if there:
        facts |= {"first": min(there), "last": max(there)}
    sizes = {(found.facts["width"], found.facts["height"]) for _, found, _ in looked if "height" in found.facts}
    formats = {found.facts.get("format") for _, found, _ in looked} - {None}
    if len(sizes) == 1:
        facts["width"], facts["height"] = sizes.pop()
    elif sizes:
        findings.note(f"its frames have {len(sizes)} different sizes")
    if len(formats) == 1:
        facts["format"] = formats.pop()
    elif formats:
        findings.note(f"its frames are of {len(formats)} different formats")
