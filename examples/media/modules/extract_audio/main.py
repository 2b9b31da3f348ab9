"""Takes the sound out of a clip: 16-bit WAV, its own rate and channels, exactly as late and as long as the picture.

A clip without sound gives silence of the clip's length, so that whoever reads the WAV need not ask.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _media import clip, ffmpeg, module

SILENCE = "anullsrc=sample_rate=48000:channel_layout=stereo"


def main(video: Path, audio: Path) -> None:
    """Write the sound of `video` to `audio`."""
    found = clip.read(video)
    if found.audio:
        # Sound that starts after the picture, has holes or ends early would slip against it: silence fills all three.
        whole = f"aresample=async=1:first_pts=0,apad=whole_dur={found.duration},atrim=end={found.duration}"
        sound = [*found.source, "-map", f"0:{found.audio.index}", "-af", whole]
        print(f"sound: stream {found.audio.index}, {found.audio.layout}, {found.audio.sample_rate} Hz")
    else:
        sound = ["-f", "lavfi", "-t", str(found.duration), "-i", SILENCE]
        print("no sound in this clip: writing silence")
    # Above 4 GiB a WAV cannot say how long it is; "auto" writes the larger RF64 form then.
    ffmpeg.run([*sound, "-c:a", "pcm_s16le", "-rf64", "auto", "-f", "wav", f"file:{audio}"], found.duration)


if __name__ == "__main__":
    module.launch(main)
