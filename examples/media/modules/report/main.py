"""Puts what the other modules found into one HTML page: pictures inlined, no script, nothing loaded from anywhere.

Only lays out what it is given; the same inputs make the same page, byte for byte.
"""

import base64
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import charts
import words
from _media import module
from _media.ffmpeg import Unusable
from words import text

Document = dict[str, Any]

STYLE = Path(__file__).resolve().parent / "style.css"

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def main(  # noqa: PLR0913 - a parameter for every input: this is the module's command line
    source: Path,
    web: Path,
    loudness: Path,
    scenes: Path,
    findings: Path,
    poster: Path,
    filmstrip: Path,
    waveform: Path,
    spectrogram: Path,
    sheet: Path,
    stills: list[Path],
    previews: list[Path],
    report: Path,
) -> None:
    """Write the page about one clip."""
    clip, loud, cut, found = (module.read_json(path) for path in (source, loudness, scenes, findings))
    title = clip["tags"].get("title") or clip["name"]
    lanes = {"filmstrip": _inline(filmstrip), "waveform": _inline(waveform), "spectrogram": _inline(spectrogram)}
    frames = f'<img class="sheet" alt="Frames of the clip with their times" src="{_inline(sheet)}">'
    body = [
        _header(title, clip, loud, cut, _inline(poster)),
        _section("Timeline", charts.timeline(clip["duration"], lanes, loud, cut, found)),
        _pair(_section("Worth a look", _remarks(loud, found)), _section("Loudness", _loudness(loud))),
        _section("Contact sheet", frames),
        _section("Scene by scene", _previews(cut, stills, previews)),
        _pair(_section("Scenes", _scenes(cut)), _section("For the web", _web(clip, module.read_json(web)))),
        _section("Streams", _streams(clip)),
    ]
    style = STYLE.read_text(encoding="utf-8")
    report.write_text(PAGE.format(title=text(title), style=style, body="\n".join(body)), encoding="utf-8")
    print(f"{report.stat().st_size / 1024:.0f} KiB in one file")


def _inline(path: Path) -> str:
    """A picture as the address that holds it. Its first byte tells what it is; names need not."""
    picture = path.read_bytes()
    kind = {b"\x89": "png", b"G": "gif"}.get(picture[:1], "jpeg")
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>"


def _pair(left: str, right: str) -> str:
    return f'<div class="two">{left}{right}</div>'


def _header(title: str, clip: Document, loud: Document, cut: Document, poster: str) -> str:
    video, audio = clip["video"], clip["audio"]
    figures = [
        ("Duration", words.clock(clip["duration"])),
        ("Picture", f"{video['width']}×{video['height']}"),
        ("Frame rate", f"{video['fps']:.5g} fps"),
        ("Scenes", str(len(cut["scenes"]))),
        ("Loudness", words.level(loud["integrated_lufs"], "LUFS") if audio else "no sound"),
        ("Size", words.size(clip["size_bytes"])),
    ]
    tiles = "".join(f"<div><dt>{name}</dt><dd>{text(value)}</dd></div>" for name, value in figures)
    sound = f"{audio['codec']} {audio['layout']}" if audio else "silent film"
    about = text(f"{clip['name']} · {clip['container'].split(',')[0]} · {video['codec']} · {sound}")
    return (
        f'<header><img class="poster" alt="A frame of the clip" src="{poster}">'
        f'<div><p class="kicker">Media report</p><h1>{text(title)}</h1><p class="about">{about}</p>'
        f'<dl class="tiles">{tiles}</dl></div></header>'
    )


def _remarks(loud: Document, found: Document) -> str:
    items = "".join(f'<li class="{kind}">{text(remark)}</li>' for kind, remark in words.remarks(loud, found))
    return f'<ul class="remarks">{items}</ul>'


def _loudness(loud: Document) -> str:
    if not loud["audio"]:
        return '<p class="none">This clip has no sound.</p>'
    if loud["integrated_lufs"] is None:
        return '<p class="none">The sound is silent, or shorter than the 0.4 s that can be measured.</p>'
    figures = [
        ("Integrated", words.level(loud["integrated_lufs"], "LUFS")),
        ("Range", words.level(loud["range_lu"], "LU")),
        ("True peak", words.level(loud["true_peak_dbtp"], "dBTP")),
        ("Loudest moment", words.level(loud["momentary_max_lufs"], "LUFS")),
    ]
    tiles = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures)
    now, gains = loud["integrated_lufs"], loud["gain_to_target_db"]
    rows = [[name, words.level(now + gain, "LUFS"), words.gain(gain)] for name, gain in gains.items()]
    return f'<dl class="tiles">{tiles}</dl>{charts.meter(loud)}{words.table(["Target", "Level", "Needs"], rows)}'


def _number(still: Path) -> int:
    """scene_0003.jpg shows the third scene; of very many some have no picture."""
    digits = still.stem.rpartition("_")[2]
    if not digits.isdecimal():
        raise Unusable(f"the name of a still ends with the number of its scene, that of {still.name} does not")
    return int(digits)


def _previews(cut: Document, stills: list[Path], previews: list[Path]) -> str:
    """Every scene there are pictures of: a still, and what moves when the pointer is on it (or a finger)."""
    if len(stills) != len(previews):
        raise Unusable(f"there are {len(stills)} stills and {len(previews)} previews: each scene needs both")
    figures = []
    for still, moving in zip(stills, previews, strict=True):
        number = _number(still)
        start = [words.clock(scene["start"]) for scene in cut["scenes"][number - 1 : number]]
        pictures = f'<img alt="Scene {number}" src="{_inline(still)}"><img alt="" src="{_inline(moving)}">'
        caption = f"<figcaption><b>{number}</b> {' '.join(start)}</figcaption>"
        figures.append(f'<figure tabindex="0"><div>{pictures}</div>{caption}</figure>')
    return f'<div class="previews">{"".join(figures)}</div>'


def _scenes(cut: Document) -> str:
    scores = [None, *(one["score"] for one in cut["cuts"])]
    longest = max(scene["end"] - scene["start"] for scene in cut["scenes"])
    rows = []
    for number, (scene, score) in enumerate(zip(cut["scenes"], scores, strict=True), start=1):
        length = scene["end"] - scene["start"]
        bar = words.Markup(charts.bar(length / longest, f"{length:.2f} s"))
        rows.append([str(number), words.clock(scene["start"]), bar, "" if score is None else f"{score:.2f}"])
    return f'<div class="scroll">{words.table(["", "From", "Length", "Cut score"], rows)}</div>'


def _web(clip: Document, web: Document) -> str:
    counts = [clip["size_bytes"], web["size_bytes"]]
    sizes = [words.Markup(charts.bar(count / max(counts), words.size(count))) for count in counts]
    rows = [[name, tell(clip), tell(web)] for name, tell in words.COMPARED.items()]
    return words.table(["", "Original", "Web"], [["Size", *sizes], *rows])


def _streams(clip: Document) -> str:
    rows = []
    for stream in clip["streams"]:
        marks = [name for name, on in (("default", stream["default"]), ("cover art", stream["cover_art"])) if on]
        rows.append([str(stream["index"]), stream["kind"], stream["language"] or "", ", ".join(marks), stream["about"]])
    tags = "".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in clip["tags"].items())
    table = words.table(["#", "Kind", "Language", "", "What ffmpeg says"], rows)
    return f'<div class="scroll">{table}</div>' + (f'<dl class="tags">{tags}</dl>' if tags else "")


if __name__ == "__main__":
    module.launch(main)
