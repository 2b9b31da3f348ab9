"""Writes what a media file is to JSON: container, duration, tags, streams, and which of them are the ones to use.

Works without ffprobe, and does not judge: `qc` does.
"""

import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _media import clip, module


def main(video: Path, facts: Path) -> None:
    """Write what `video` is."""
    found = clip.read(video)
    document = {
        # The scheduler hands over a link named as the job calls the file; the person knows it by its own name.
        "name": video.resolve().name,
        "size_bytes": video.stat().st_size,
        "container": found.container,
        "duration": found.duration,
        "bit_rate_kbps": found.bit_rate_kbps,
        "tags": found.tags,
        "video": asdict(found.video) if found.video else None,
        "audio": asdict(found.audio) if found.audio else None,
        "streams": [asdict(stream) for stream in found.streams],
    }
    module.write_json(facts, document)
    for stream in found.streams:
        print(f"stream {stream.index}: {stream.kind}: {stream.about}")


if __name__ == "__main__":
    module.launch(main)
