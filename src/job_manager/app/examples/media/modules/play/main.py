"""Plays one part of a score: sums of sines, faded as the voice wants it. Knows the notes and no other part."""

from __future__ import annotations

import argparse
import math
import re
import sys
import wave
from array import array
from pathlib import Path

RATE = 22_050  # samples a second
NOTES = {"C": -9, "D": -7, "E": -5, "F": -4, "G": -2, "A": 0, "B": 2}
PART = re.compile(r"(.+?)(?: *\((\w+)\))?")
NOTE = re.compile(r"([A-G])([#b]?)([0-8])")
# The loudness of the first overtones, and how fast a note dies away.
VOICES = {
    "bell": ((1, 0.1, 0.5, 0.05, 0.2), 4.0),
    "organ": ((1, 0.6, 0.3, 0.2), 0.4),
    "pluck": ((1, 0.5, 0.3, 0.2), 7.0),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--score", type=Path, required=True)
    parser.add_argument("--sound", required=True)
    parser.add_argument("--part", required=True)
    parser.add_argument("--voice", choices=VOICES, required=True)
    given = parser.parse_args()

    lines, voices = lines_of(given.score)
    if given.part not in lines:
        sys.exit(f"openjd_fail: there is no part {given.part!r} in the score; there is {', '.join(lines)}")
    voice = voices[given.part] or given.voice
    if voice not in VOICES:
        sys.exit(f"openjd_fail: nobody plays like {voice!r}; there is {', '.join(VOICES)}")
    eighth = 30 / tempo_of(lines)
    notes = notes_of(lines[given.part])
    total = array("d", bytes(8 * int(RATE * (eighth * len(lines[given.part].split()) + 0.5))))
    for number, (at, length, pitch) in enumerate(notes, 1):
        add(total, int(at * eighth * RATE), length * eighth, pitch, voice)
        print(f"openjd_progress: {100 * number / len(notes):.0f}", flush=True)
    write(given.sound, total)
    print(f"{given.part}: {len(notes)} notes by {voice}, {len(total) / RATE:.1f} s")


def lines_of(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """What stands behind each `name:` or `name (voice):`, and the voices, "" where there is none."""
    lines = [line.partition("#")[0] if line.startswith("#") else line for line in path.read_text("utf-8").splitlines()]
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    named = [(PART.fullmatch(name.strip()), rest.strip()) for name, rest in pairs]
    found = [(name[1], name[2] or "", rest) for name, rest in named if name]
    return {name: rest for name, _, rest in found}, {name: voice for name, voice, _ in found}


def tempo_of(lines: dict[str, str]) -> float:
    tempo = lines.pop("tempo", "120")
    if not tempo.isdigit() or not 20 <= int(tempo) <= 400:
        sys.exit(f"openjd_fail: the tempo is to be a number from 20 to 400, not {tempo!r}")
    return int(tempo)


def notes_of(part: str) -> list[tuple[int, int, float]]:
    """When each note begins and how long it is, in eighths, and its pitch in Hz."""
    notes: list[tuple[int, int, float]] = []
    for at, word in enumerate(part.split()):
        found = NOTE.fullmatch(word)
        if found:
            half_tones = NOTES[found[1]] + {"#": 1, "b": -1, "": 0}[found[2]] + 12 * (int(found[3]) - 4)
            notes.append((at, 1, 440 * 2 ** (half_tones / 12)))
        elif word == "-" and notes:
            begun, length, pitch = notes[-1]
            notes[-1] = (begun, length + 1, pitch)
        elif word != ".":
            sys.exit(f"openjd_fail: word {at + 1} of the part is {word!r}; a note is written C4, F#5 or Bb3")
    return notes


def add(total: array[float], first: int, seconds: float, pitch: float, voice: str) -> None:
    overtones, decay = VOICES[voice]
    length = min(int((seconds + 0.05) * RATE), len(total) - first)
    strong = [(loud, math.tau * pitch * n / RATE) for n, loud in enumerate(overtones, 1) if pitch * n < RATE / 2]
    for at in range(length):
        swell = min(1.0, at / 200, (length - at) / 800) * math.exp(-decay * at / RATE)
        total[first + at] += swell * sum(loud * math.sin(step * at) for loud, step in strong)


def write(path: str, total: array[float]) -> None:
    top = max(map(abs, total), default=0) or 1
    with wave.open(path, "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        values = array("h", (int(24_000 * value / top) for value in total))
        if sys.byteorder == "big":
            values.byteswap()
        sound.writeframes(values.tobytes())


if __name__ == "__main__":
    main()
