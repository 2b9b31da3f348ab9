"""The ffmpeg program as a probe: where it is, running it within bounds, and what its report says. Knows no verdict.

It is given the open file, not a path; time, memory and what is read of its output are bounded. Where it dies
it has said nothing.
"""

from __future__ import annotations

import glob
import os
import re
import resource
import select
import shutil
import subprocess
import time
from collections.abc import Sequence
from importlib.util import find_spec

from job_manager.model.record import NamedTuple

HEAD_SECONDS, TAIL_SECONDS = "0.5", "1"  # that are decoded
LIMIT = 20.0  # seconds for one call
MEMORY = 8 << 30  # bytes of address space
REPORT = 1 << 18  # bytes of its report that are kept, of the beginning and of the end each
PIECE = 1 << 16

VERSION = re.compile(r"ffmpeg version (\S{1,40})")
DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", re.MULTILINE)
STREAM = re.compile(r"^  (?:  )?Stream #0:\d+\S*: (Video|Audio): ([a-z0-9_]+)(.*)$", re.MULTILINE)
SIZE = re.compile(r"[ ,](\d{2,6})x(\d{2,6})[ ,\[]")
RATE = re.compile(r"(\d+(?:\.\d+)?)(k?) fps")
SAMPLES = re.compile(r"(\d+) Hz, ([a-z0-9.]+)")
READ = re.compile(r"Input stream #(\d+):\d+ \((video|audio)\): (\d+) packets read .*?; (?:(\d+) frames decoded)?")
TIME = re.compile(r"time=(\d+):(\d\d):(\d\d\.\d+)")
TROUBLE = re.compile(
    r"invalid|error|corrupt|truncat|missing|overread|concealing|could not|cannot|partial|mismatch", re.IGNORECASE
)
HARMLESS = ("decode errors", "return code 0", "-sseof", "parser not found")
CHANNELS = {"mono": 1, "stereo": 2, "2.1": 3, "quad": 4, "5.0": 5, "5.1": 6, "7.1": 8}


class Ran(NamedTuple):
    """One run: its report, and whether it came to an end of its own (`why` is "" then)."""

    code: int
    report: str
    why: str

    def complaint(self) -> str:
        """The first line of trouble in the report, without the addresses in it."""
        for line in self.report.splitlines():
            if TROUBLE.search(line) and not any(words in line for words in HARMLESS):
                return re.sub(r"^(\[[^\]]*\] )+", "", line).strip()[:160]
        return ""


class Decoded(NamedTuple):
    """Packets read and frames decoded of pictures or sound at one end."""

    packets: int = 0
    frames: int = 0


def find() -> str:
    """The ffmpeg of PATH, else that of the wheel imageio-ffmpeg, else ""."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    spec = find_spec("imageio_ffmpeg")
    folder = os.path.dirname(spec.origin) if spec and spec.origin else ""
    programs = sorted(glob.glob(f"{glob.escape(folder)}/binaries/ffmpeg-*")) if folder else []
    return next((program for program in programs if os.access(program, os.X_OK)), "")


def ends(program: str, handle: int, seconds: float) -> Ran:
    """Decode the head and the tail of the open file."""
    file = f"file:/proc/self/fd/{handle}"
    inputs = ["-t", HEAD_SECONDS, "-i", file, "-sseof", f"-{TAIL_SECONDS}", "-i", file]
    maps = [word for map in ("0:V?", "0:a?", "1:V?", "1:a?") for word in ("-map", map)]
    return _run([program, *_quiet(), *inputs, *maps, "-f", "null", "-"], (handle,), seconds)


def ends_of_all(program: str, handles: Sequence[int], seconds: float) -> Ran:
    """The same of several files in one run: to load the program takes longer than to decode a short clip. The report
    says of none of them what it says of it alone, and of trouble not whose it is."""
    words, bounds = [program, "-nostdin", "-nostats", "-v", "verbose"], ["-threads", "1", "-protocol_whitelist", "file"]
    for handle in handles:
        file = f"file:/proc/self/fd/{handle}"
        words += [*bounds, "-t", HEAD_SECONDS, "-i", file, *bounds, "-sseof", f"-{TAIL_SECONDS}", "-i", file]
    for number in range(2 * len(handles)):
        words += ["-map", f"{number}:V?", "-map", f"{number}:a?"]
    return _run([*words, "-f", "null", "-"], handles, seconds)


def head(program: str, handle: int, seconds: float) -> Ran:
    """Decode the head alone."""
    inputs = ["-t", HEAD_SECONDS, "-i", f"file:/proc/self/fd/{handle}"]
    return _run([program, *_quiet(), *inputs, "-map", "0:V?", "-map", "0:a?", "-f", "null", "-"], (handle,), seconds)


def counted(program: str, handle: int, seconds: float, kind: str) -> Ran:
    """Read every packet of the first stream of pictures ("V") or sound ("a") without decoding it."""
    inputs = ["-i", f"file:/proc/self/fd/{handle}"]
    return _run(
        [program, *_quiet(), *inputs, "-map", f"0:{kind}:0", "-c", "copy", "-f", "null", "-"], (handle,), seconds
    )


def _quiet() -> list[str]:
    return ["-nostdin", "-nostats", "-v", "verbose", "-threads", "2", "-protocol_whitelist", "file"]


def facts(report: str) -> dict[str, object]:
    """Duration, streams, codecs, size and rate as the report names them."""
    taken: dict[str, object] = {}
    streams = 0
    length = DURATION.search(report)
    if length:
        taken["duration"] = _seconds(length)
    for kind, codec, rest in STREAM.findall(report.split("Stream mapping:")[0].split("\nInput #1")[0]):
        streams += 1
        if kind == "Video" and "attached pic" not in rest and "video" not in taken:
            taken |= {"video": codec, **_pictures(rest)}
        elif kind == "Audio" and "audio" not in taken:
            taken |= {"audio": codec, **_sound(rest)}
    if streams:
        taken["streams"] = streams
    return taken


def _seconds(found: re.Match[str]) -> float:
    return round(int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]), 3)


def _pictures(rest: str) -> dict[str, object]:
    taken: dict[str, object] = {}
    size, rate = SIZE.search(rest), RATE.search(rest)
    if size:
        taken |= {"width": int(size[1]), "height": int(size[2])}
    if rate:
        taken["fps"] = float(rate[1]) * (1000 if rate[2] else 1)
    return taken


def _sound(rest: str) -> dict[str, object]:
    found = SAMPLES.search(rest)
    if not found:
        return {}
    taken: dict[str, object] = {"sample_rate": int(found[1])}
    return taken | ({"channels": CHANNELS[found[2]]} if found[2] in CHANNELS else {})


def decoded(report: str) -> dict[tuple[int, str], Decoded]:
    """By end (0 head, 1 tail; of several files those of the first, the second, ...) and kind (video, audio): what was
    read and decoded there."""
    taken: dict[tuple[int, str], Decoded] = {}
    for end, kind, packets, frames in READ.findall(report):
        before = taken.get((int(end), kind), Decoded())
        taken[int(end), kind] = Decoded(before.packets + int(packets), before.frames + int(frames or 0))
    return taken


def end_time(report: str) -> float | None:
    """The time of the last packet that was read, in seconds."""
    found = list(TIME.finditer(report))
    return _seconds(found[-1]) if found else None


def _run(argv: list[str], handles: Sequence[int], seconds: float) -> Ran:
    until = time.monotonic() + min(LIMIT, seconds)
    try:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=handles,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "AV_LOG_FORCE_NOCOLOR": "1"},
        )
    except OSError as error:
        return Ran(-1, "", f"ffmpeg could not be started: {error.strerror}")
    with child:
        _bound(child.pid)
        report, in_time = _read(child, until)
        try:
            child.wait(1.0 if in_time else 0.0)
        except subprocess.TimeoutExpired:
            child.kill()
            return Ran(-1, report, "ffmpeg took too long")
    code = child.returncode
    # Interrupted with the rest of its group, or dead by itself: its word counts for nothing.
    fell = code < 0 or "received signal" in report
    if fell or "Cannot allocate memory" in report:
        return Ran(code, report, f"ffmpeg died ({code})" if fell else "ffmpeg had too little memory")
    return Ran(code, report, "")


def _bound(pid: int) -> None:
    try:
        resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
        resource.prlimit(pid, resource.RLIMIT_CPU, (int(LIMIT) * 4, int(LIMIT) * 4))
    except (OSError, ValueError):
        pass  # it is over already, or lower bounds hold


def _read(child: subprocess.Popen[bytes], until: float) -> tuple[str, bool]:
    """The beginning and the end of its report, and whether it came in time."""
    assert child.stderr is not None
    handle, first, last = child.stderr.fileno(), b"", b""
    poll = select.poll()
    poll.register(handle, select.POLLIN | select.POLLHUP)
    while (left := until - time.monotonic()) > 0:
        if not poll.poll(left * 1000):
            break
        piece = os.read(handle, PIECE)
        if not piece:
            return (first + last).decode("utf-8", "replace"), True
        if len(first) < REPORT:
            first += piece
        else:
            last = (last + piece)[-REPORT:]
    return (first + last).decode("utf-8", "replace"), False
