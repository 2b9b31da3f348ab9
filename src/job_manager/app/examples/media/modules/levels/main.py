"""Measures a 16-bit WAV file: seconds, peak and average in decibels below full scale, and what a listener may say."""

import argparse
import json
import math
import sys
import wave
from array import array


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--audio", required=True)
    parser.add_argument("--levels", required=True)
    given = parser.parse_args()

    with wave.open(given.audio, "rb") as sound:
        if sound.getsampwidth() != 2:
            sys.exit("openjd_fail: this is not 16-bit sound")
        samples = array("h", sound.readframes(sound.getnframes()))
        seconds = sound.getnframes() / sound.getframerate()
    if sys.byteorder == "big":
        samples.byteswap()
    peak = max(map(abs, samples), default=0)
    average = math.sqrt(sum(value * value for value in samples) / max(1, len(samples)))
    levels = {
        "seconds": round(seconds, 2),
        "peak_db": decibels(peak),
        "average_db": decibels(average),
        "verdict": "clipped: turn it down" if peak >= 32_767 else "clean",
    }
    with open(given.levels, "w", encoding="utf-8") as target:
        json.dump(levels, target, indent=2)
    print(levels)


def decibels(value: float) -> float:
    return round(20 * math.log10(max(value, 1e-3) / 32_768), 1)


if __name__ == "__main__":
    main()
