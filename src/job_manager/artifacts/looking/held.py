"""What was found held against what was expected: every expectation that is not met, and those nobody could check.

Knows nothing of how things are found out.
"""

from __future__ import annotations

import re

from job_manager.artifacts.looking.source import Findings
from job_manager.model.expect import DURATION, KEYS, RATE_TOLERANCE, TOLERANCE, Expect, Value, shown
from job_manager.model.hints import Any

Facts = dict[str, Any]
FACT = {
    "min_size": "bytes",
    "max_size": "bytes",
    "min_duration": "duration",
    "max_duration": "duration",
    "min_frames": "frames",
    "keys": "all_keys",
    "columns": "all_columns",
    "min_rows": "rows",
}
MOST_SHOWN = 10


def hold(findings: Findings, expect: Expect, size: int) -> None:
    """Add a fault for each expectation that is not met, and a note for each that could not be checked."""
    facts = findings.facts | {"bytes": size}
    if "streams" in facts or "video" in facts or "audio" in facts:
        facts["sound"] = "audio" in facts
    for key, value in expect:
        name = "sound" if key == "audio" else FACT.get(key, key)
        if name not in facts or facts[name] is None:
            _unchecked(findings, key, value)
            continue
        wrong = _wrong(key, facts[name], value)
        if wrong:
            findings.faults.append(wrong)
    for spent in ("all_keys", "all_columns"):
        findings.facts.pop(spent, None)


def _unchecked(findings: Findings, key: str, value: Value) -> None:
    unread = findings.facts.get("unread")
    if unread and not findings.faults:
        findings.faults.append(f"cannot be read by ffmpeg ({unread}), so that {key} {shown(key, value)} cannot be held")
    elif not unread and not findings.faults:
        findings.note(f"{UNCHECKED}: {key} {shown(key, value)}")


UNCHECKED = "expected and not checked"


def _wrong(key: str, found: Any, value: Any) -> str:
    if isinstance(value, tuple):
        return _lacking(key, found, value)
    if key == "audio":
        return "" if found == value else ("has no sound" if value else "has sound, and none is expected")
    if KEYS[key] == DURATION:
        return _held(key, found, value, TOLERANCE, "is {} s long")
    if key == "fps":
        return "" if abs(found - value) <= RATE_TOLERANCE else f"has {found:g} frames a second, not {value:g}"
    if key in ("width", "height"):
        return _held(key, found, value, 0, "is {} pixels " + ("wide" if key == "width" else "high"))
    return _held(key, found, value, 0, "has {} " + FACT.get(key, key))


def _held(key: str, found: Any, value: Any, tolerance: float, words: str) -> str:
    bound = key.partition("_")[0]
    too_little = bound != "max" and found < value - tolerance
    too_much = bound != "min" and found > value + tolerance
    if not (too_little or too_much):
        return ""
    wanted = {"min": "at least ", "max": "at most "}.get(bound, "")
    unit, form = (" s", "g") if KEYS[key] == DURATION else ("", ",")
    said = words.format(f"{found:{form}}")
    said = re.sub(r"(?<![\d,.])1 (row|frame|byte|pixel)s", r"1 \1", said)
    return f"{said}, not {wanted}{value:{form}}{unit}"


def _lacking(key: str, found: list[str], value: tuple[str, ...]) -> str:
    lacking = [name for name in value if name not in set(found)]
    if not lacking:
        return ""
    word = key[:-1] if len(lacking) == 1 else key
    there = ", ".join(found[:MOST_SHOWN]) + (", ..." if len(found) > MOST_SHOWN else "")
    return (
        f"has no {word} {', '.join(lacking[:MOST_SHOWN])}; there {'is' if len(found) == 1 else 'are'} {there or 'none'}"
    )
