"""Pixels: single frames out of a clip, a canvas to lay them on, digits without any font, PNG and JPEG files.

Knows nothing of what the pictures are for.
"""

from pathlib import Path

from _media import ffmpeg
from _media.clip import Clip
from _media.ffmpeg import Unusable

Colour = tuple[int, int, int]

# Timecodes have to be readable on machines without a single font, so these are drawn here: 5 dots wide, 7 high.
_GLYPHS = {
    "0": "01110 10001 10011 10101 11001 10001 01110",
    "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01110 10001 00001 00110 01000 10000 11111",
    "3": "11111 00010 00100 00010 00001 10001 01110",
    "4": "00010 00110 01010 10010 11111 00010 00010",
    "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110",
    "7": "11111 00001 00010 00100 01000 01000 01000",
    "8": "01110 10001 10001 01110 10001 10001 01110",
    "9": "01110 10001 10001 01111 00001 00010 01100",
    ":": "00000 00100 00100 00000 00100 00100 00000",
    ".": "00000 00000 00000 00000 00000 01100 01100",
}


class Canvas:
    """A picture in memory: rows of red, green, blue bytes."""

    def __init__(self, width: int, height: int, colour: Colour) -> None:
        self.width, self.height = width, height
        self.pixels = bytearray(bytes(colour) * (width * height))

    def paste(self, frame: bytes, x: int, y: int, width: int) -> None:
        """Lay `frame` (raw rgb24, `width` dots wide) with its top left corner at x, y."""
        for row in range(len(frame) // (width * 3)):
            start = ((y + row) * self.width + x) * 3
            self.pixels[start : start + width * 3] = frame[row * width * 3 : (row + 1) * width * 3]

    def box(self, x: int, y: int, width: int, height: int, colour: Colour) -> None:
        """Fill a rectangle; what would stick out of the canvas is cut off."""
        width, height = min(width, self.width - x), min(height, self.height - y)
        self.paste(bytes(colour) * (max(width, 0) * max(height, 0)), x, y, max(width, 1))

    def label(self, text: str, x: int, y: int, dot: int, ink: Colour, paper: Colour) -> None:
        """Write a timecode on a small plate, each dot of a digit `dot` pixels wide."""
        self.box(x, y, (len(text) * 6 + 3) * dot, 11 * dot, paper)
        for place, letter in enumerate(text):
            for row, dots in enumerate(_GLYPHS[letter].split()):
                for column in (number for number, lit in enumerate(dots) if lit == "1"):
                    self.box(x + (2 + place * 6 + column) * dot, y + (2 + row) * dot, dot, dot, ink)

    def save(self, path: Path) -> None:
        """Write a PNG when the name says so, else a JPEG."""
        size = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{self.width}x{self.height}", "-i", "pipe:0"]
        ffmpeg.pipe([*size, *still(path)], bytes(self.pixels))


def still(path: Path) -> list[str]:
    """ffmpeg's output arguments for one picture in the format that the name asks for."""
    codec = ["png"] if path.suffix.lower() == ".png" else ["mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "3"]
    # "image2" would take a percent sign in the name for a number to fill in; "image2pipe" takes it as it is.
    return ["-frames:v", "1", "-c:v", *codec, "-f", "image2pipe", f"file:{path}"]


_taken: dict[tuple[Path, int, int, int], bytes] = {}


def frame(clip: Clip, at: float, width: int, height: int) -> bytes:
    """The frame shown `at` seconds, as raw rgb24 that fills width x height (what does not fit is cut off evenly)."""
    # A very short clip is asked for the same frame again and again.
    key = (clip.path, int(at * clip.picture.fps), width, height)
    if key not in _taken:
        _taken[key] = _take(clip, at if key[1] else 0, width, height)
    return _taken[key]


def _take(clip: Clip, at: float, width: int, height: int) -> bytes:
    fill = f"scale={width}:{height}:force_original_aspect_ratio=increase:flags=bicubic,crop={width}:{height}"
    wanted = ["-map", f"0:{clip.picture.index}", "-frames:v", "1", "-vf", f"{square(clip)},{fill}"]
    # With a changing frame rate the last frame may have begun long before: step back until there is one. To the
    # very beginning without seeking: a damaged file may have an index that leads nowhere.
    for start in dict.fromkeys((at, max(at - 0.5, 0), at / 2, 0)):
        seek = ["-ss", f"{start:.3f}"] if start > 0 else []
        raw = ffmpeg.pipe([*seek, *clip.source, *wanted, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"])
        if len(raw) == width * height * 3:
            return raw
    raise Unusable(f"not one frame of {clip.path} can be decoded")


def square(clip: Clip) -> str:
    """The filter that makes the pixels of `clip` square, at the size it has on a screen."""
    return f"scale={clip.picture.width}:{clip.picture.height},setsar=1"


def fitted(clip: Clip, width: int, height: int) -> tuple[int, int]:
    """The largest even size within width x height that has the shape of `clip`."""
    shown = clip.picture
    factor = min(width / shown.width, height / shown.height)
    return max(round(shown.width * factor / 2) * 2, 2), max(round(shown.height * factor / 2) * 2, 2)


def timecode(seconds: float) -> str:
    """Minutes, seconds and tenths, with hours when there are any: 00:03.5 or 1:00:03.5."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:" if hours else "") + f"{minutes:02}:{rest // 10:02}.{rest % 10}"
