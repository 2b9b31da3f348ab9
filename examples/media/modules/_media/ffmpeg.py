"""Finds ffmpeg, runs it and turns its progress into percent. ffprobe is never needed.

Knows nothing of clips and modules; written for ffmpeg 5.1 (Debian) up to 9 (the wheel imageio-ffmpeg).
"""

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence

# What a job says with `cpus:` is set aside and no more, and several of us share the machine: so many threads.
_CPUS = os.environ.get("JM_CPUS", "")
_THREADS = ("-filter_threads", _CPUS, "-threads", _CPUS) if _CPUS.isdecimal() else ()
_ALWAYS = ("-hide_banner", "-nostdin", "-nostats", "-y", *_THREADS)


class Unusable(Exception):
    """What cannot be done, in one line for the person who asked. Ends the module with exit code 1."""


@functools.cache
def executable() -> str:
    """The ffmpeg to use: the one on PATH, else the one that the wheel imageio-ffmpeg brings."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        hint = "install it (`apt install ffmpeg`, `brew install ffmpeg`) or `pip install imageio-ffmpeg`"
        raise Unusable(f"no ffmpeg on PATH and no imageio-ffmpeg in this Python: {hint}") from error


def report(percent: float) -> None:
    """Tell the scheduler how far this module is: 0 to 100."""
    print(f"openjd_progress: {min(max(percent, 0.0), 100.0):.1f}", flush=True)


def run(arguments: Sequence[str], duration: float) -> list[str]:
    """Run one long ffmpeg; gives the lines of its log. Progress is reported against `duration` seconds, with 0 none."""
    # A file takes the log while stdout brings the progress: with two pipes a full one would block the other.
    with tempfile.TemporaryFile() as log:
        command = [executable(), *_ALWAYS, "-progress", "pipe:1", *arguments]
        started = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=_environment()
        )
        with started as process:
            assert process.stdout is not None
            for line in process.stdout:
                _pass_on(line, duration)
        log.seek(0)
        return _judged(process.returncode, log.read())


def pipe(arguments: Sequence[str], feed: bytes = b"") -> bytes:
    """Run one short ffmpeg with `feed` on its stdin; gives what it wrote to stdout."""
    # "-nostdin" only keeps ffmpeg from taking stdin for keys pressed; an input "pipe:0" still reads it.
    done = subprocess.run([executable(), *_ALWAYS, *arguments], input=feed, capture_output=True, env=_environment())
    _judged(done.returncode, done.stderr)
    return done.stdout


def look(source: Sequence[str]) -> list[str]:
    """The lines ffmpeg prints about an input. Its exit code says nothing: it always misses an output here."""
    command = [executable(), *_ALWAYS, *source]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=_environment())
    return _lines(done.stderr)


@functools.cache
def encoder(*wanted: str) -> str:
    """The first of the encoders `wanted` that this build of ffmpeg has."""
    listed = {line.split()[1] for line in pipe(["-encoders"]).decode().splitlines() if len(line.split()) > 2}
    for name in wanted:
        if name in listed:
            return name
    raise Unusable(f"this ffmpeg ({executable()}) has none of the encoders {', '.join(wanted)}")


def _pass_on(line: bytes, duration: float) -> None:
    key, _, value = line.decode("ascii", "replace").strip().partition("=")
    if key == "out_time_us" and duration > 0 and value.lstrip("-").isdigit():
        report(int(value) / 1e4 / duration)


def _judged(code: int, log: bytes) -> list[str]:
    lines = _lines(log)
    if code != 0:
        print(*lines[-15:], sep="\n", flush=True)
        last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
        raise Unusable(f"ffmpeg ended with {code}: {last.strip()}")
    return lines


def _lines(log: bytes) -> list[str]:
    return log.decode("utf-8", "replace").replace("\r", "\n").split("\n")


def _environment() -> dict[str, str]:
    # Colours in the log would hide from the parsers what they look for; FFREPORT would write files nobody asked for.
    return {name: value for name, value in os.environ.items() if name != "FFREPORT"} | {"AV_LOG_FORCE_NOCOLOR": "1"}
