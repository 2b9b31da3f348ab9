"""Mixes WAV files of one kind, makes the sum as loud as can be, and fades out its end."""

from __future__ import annotations

import argparse
import sys
import wave
from array import array
from itertools import zip_longest


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sounds", nargs="+", required=True)
    parser.add_argument("--mixed", required=True)
    parser.add_argument("--others", type=float, required=True)
    parser.add_argument("--fade", type=float, required=True)
    given = parser.parse_args()

    (first, rate), *others = map(read, given.sounds)
    if any(other != rate for _, other in others):
        sys.exit(f"openjd_fail: not all sounds have {rate} samples a second as the first: make them alike first")
    print("openjd_progress: 30", flush=True)
    together = zip_longest(first, *(samples for samples, _ in others), fillvalue=0)
    total = [one + given.others * sum(rest) for one, *rest in together]
    top = max(map(abs, total), default=0) or 1
    last = min(int(given.fade * rate), len(total))
    print("openjd_progress: 60", flush=True)
    write(given.mixed, [31_000 * v / top * min(1, (len(total) - n) / (last or 1)) for n, v in enumerate(total)], rate)
    print(f"{len(total) / rate:.1f} s, made {31_000 / top:.1f} times as loud")


def read(path: str) -> tuple[array[int], int]:
    """The samples and how many there are a second."""
    with wave.open(path, "rb") as sound:
        if sound.getnchannels() != 1 or sound.getsampwidth() != 2:
            sys.exit(f"openjd_fail: {path} is not 16-bit mono, and this small mixer knows nothing else")
        samples = array("h", sound.readframes(sound.getnframes()))
        if sys.byteorder == "big":
            samples.byteswap()
        return samples, sound.getframerate()


def write(path: str, total: list[float], rate: int) -> None:
    samples = array("h", map(int, total))
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(path, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(samples.tobytes())


if __name__ == "__main__":
    main()
