"""How the page says things: times, levels, sizes, remarks in sentences, tables. Escapes whatever came from a file.

Knows no layout beyond a table.
"""

import html
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Document = dict[str, Any]

CEILING = -1.0  # dBTP: EBU R128's advice for what will be encoded again
NAMES = {"black": "Black picture", "frozen": "Frozen picture", "silent": "Silence"}
LISTED = 6


class Markup(str):
    """Text that is HTML already."""


def text(value: str) -> str:
    """`value` as text in HTML."""
    return html.escape(value, quote=True)


def clock(seconds: float) -> str:
    """0:03.50, or 1:00:03.50 from an hour on."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:{minutes:02}" if hours else f"{minutes}") + f":{rest // 100:02}.{rest % 100:02}"


def level(value: float | None, unit: str) -> str:
    """A level with one decimal and a real minus sign; a dash for what could not be measured."""
    return "–" if value is None else f"{value:.1f} {unit}".replace("-", "−")


def gain(value: float) -> str:
    """How much louder (+) or quieter (−) in dB."""
    return f"{value:+.1f} dB".replace("-", "−")


def size(count: int) -> str:
    """Bytes in the unit that keeps the number short."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.2f} GiB"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are text unless they are Markup."""
    top = "".join(f"<th>{text(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _cell(cell: str) -> str:
    return cell if isinstance(cell, Markup) else text(cell)


def remarks(loud: Document, found: Document) -> list[tuple[str, str]]:
    """What a person should look at, as (kind, sentence); kind is "warn", "note" or "good"."""
    said = [("note", sentence) for name in NAMES for sentence in _passages(NAMES[name], found[name])]
    peak, integrated = loud["true_peak_dbtp"], loud["integrated_lufs"]
    if not loud["audio"]:
        said.append(("note", "The clip has no sound."))
    if peak is not None and peak > CEILING:
        above = f"True peak {level(peak, 'dBTP')} is above {level(CEILING, 'dBTP')}"
        said.append(("warn", f"{above}: it may clip when encoded."))
    if integrated is not None and abs(integrated + 23) > 1:
        side = "above" if integrated > -23 else "below"
        said.append(("note", f"{abs(integrated + 23):.1f} LU {side} the −23 LUFS of EBU R128 broadcast."))
    return said or [("good", "Nothing stood out: no black, frozen or silent passage.")]


def _passages(name: str, passages: list[dict[str, float]]) -> list[str]:
    told = [f"{name} from {clock(one['start'])} to {clock(one['end'])}." for one in passages[:LISTED]]
    return told + ([f"{name} {len(passages) - LISTED} more times."] if len(passages) > LISTED else [])


def _picture(clip: Document) -> str:
    return f"{clip['video']['width']}×{clip['video']['height']}"


def _sound(clip: Document) -> str:
    return f"{clip['audio']['codec']} {clip['audio']['layout']}" if clip["audio"] else "none"


COMPARED: dict[str, Callable[[Document], str]] = {
    "Bit rate": lambda clip: f"{clip['bit_rate_kbps']} kb/s" if clip["bit_rate_kbps"] else "–",
    "Duration": lambda clip: clock(clip["duration"]),
    "Picture": _picture,
    "Video": lambda clip: str(clip["video"]["codec"]),
    "Pixels": lambda clip: str(clip["video"]["pixel_format"]),
    "Frame rate": lambda clip: f"{clip['video']['fps']:.5g} fps",
    "Sound": _sound,
}
