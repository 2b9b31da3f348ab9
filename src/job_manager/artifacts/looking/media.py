"""Films and sound: the structure of the container, then head and tail decoded where there is an ffmpeg.

Knows nothing of expectations but whether frames have to be counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from job_manager.artifacts.looking import boxes, ffmpeg, matroska, riffs
from job_manager.artifacts.looking.source import Broken, Findings, Source, Unknown

# Whose files ffmpeg knows for certain: that it cannot make anything of one is a finding.
SURE = frozenset({"mp4", "matroska", "wav", "avi", "ogg", "flac", "flv", "aiff"})
STRUCTURES: dict[str, Callable[[Source, Findings], None]] = {
    "mp4": boxes.look_at_movie,
    "matroska": matroska.look_at_matroska,
    **riffs.BY_FORMAT,
}
SHORT = 0.5  # seconds and more by which a FLAC is shorter than its header says when it is cut off
HEAD = 2048  # bytes by which a text is told from a film
SMALL = 1 << 30  # bytes that are read to the end to know the length of sound
WITHOUT_LENGTH = frozenset({"mp3", "flac", "ogg", "aac", ""})  # what a header says of it may be wrong


def look_at_media(source: Source, findings: Findings, format: str, wanted: frozenset[str]) -> None:
    """Everything about a film or a sound. `format` as recognised, or ""; `wanted`: the keys that are expected."""
    structure = STRUCTURES.get(format)
    if structure is not None:
        findings.facts["probe"] = "structure"
        _structure(structure, source, findings)
    findings.facts["decoded"] = False
    if _is_text(source.read(0, HEAD)):
        # A playlist, which names other files: ffmpeg would go and open them.
        findings.note("not decoded: it is a text, no film and no sound")
        return
    program = "" if findings.faults else ffmpeg.find()
    if program:
        _decode(program, source, findings, format)
    elif not findings.faults:
        findings.note("not decoded: there is no ffmpeg")
    if program and not findings.faults:
        _count(program, source, findings, format, wanted)


def are_well(sources: Sequence[Source], formats: Sequence[str]) -> bool:
    """Whether there is certainly nothing to find in any of these films: their structure is whole, and one run of ffmpeg
    that decodes both ends of all of them says nothing against it. Else each has to be looked at by itself."""
    program = ffmpeg.find()
    if not program or not all(map(_is_whole, sources, formats)):
        return False
    ran = ffmpeg.ends_of_all(program, [source.handle for source in sources], min(source.left for source in sources))
    if ran.why or ran.code or ran.complaint():
        return False
    seen = ffmpeg.decoded(ran.report)
    ends = {end for (end, _), found in seen.items() if found.packets and found.frames}
    return ends == set(range(2 * len(sources)))


def _is_whole(source: Source, format: str) -> bool:
    if format not in STRUCTURES or format in WITHOUT_LENGTH or _is_text(source.read(0, HEAD)):
        return False
    findings = Findings()
    _structure(STRUCTURES[format], source, findings)
    return not (findings.faults or findings.notes)


def _is_text(head: bytes) -> bool:
    printable = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in head)
    return bool(head) and printable == len(head)


def _structure(look: Callable[[Source, Findings], None], source: Source, findings: Findings) -> None:
    try:
        look(source, findings)
    except Broken as broken:
        findings.faults.append(str(broken))
    except Unknown as unknown:
        findings.note(str(unknown))


def _decode(program: str, source: Source, findings: Findings, format: str) -> None:
    ran = ffmpeg.ends(program, source.handle, source.left)
    both = bool(ffmpeg.decoded(ran.report)) or bool(ran.why)
    if not both:  # the tail of something without a length cannot be found
        ran = ffmpeg.head(program, source.handle, source.left)
    version = ffmpeg.VERSION.search(ran.report)
    if ran.why:
        findings.note(f"not decoded: {ran.why}")
        return
    # What the structure says is exact, what the report says is rounded.
    findings.facts |= ffmpeg.facts(ran.report) | {
        key: value for key, value in findings.facts.items() if key in ("duration", "fps", "frames", "counted")
    }
    findings.facts["probe"] = f"ffmpeg {version[1]}" if version else "ffmpeg"
    seen = ffmpeg.decoded(ran.report)
    if not any(end == 0 for end, _ in seen):
        _unread(ran, findings, format)
        return
    findings.facts["decoded"] = True
    _hold_ends(ran, seen, findings)
    if not both:
        findings.note("its end was not decoded: it says nothing of its length")


def _unread(ran: ffmpeg.Ran, findings: Findings, format: str) -> None:
    said = ran.complaint() or "it finds neither pictures nor sound"
    if format in SURE and ("Invalid data found" in ran.report or "moov atom not found" in ran.report):
        findings.faults.append(f"is broken: ffmpeg cannot open it: {said}")
    else:
        findings.facts.pop("decoded", None)
        findings.facts["unread"] = said
        findings.note(f"ffmpeg makes nothing of it: {said}")


def _hold_ends(ran: ffmpeg.Ran, seen: dict[tuple[int, str], ffmpeg.Decoded], findings: Findings) -> None:
    for end, where in ((0, "beginning"), (1, "end")):
        here = [found for (number, _), found in seen.items() if number == end]
        packets, frames = sum(found.packets for found in here), sum(found.frames for found in here)
        if packets and not frames and _is_damage(ran):
            findings.faults.append(f"is broken: nothing at its {where} can be decoded: {ran.complaint()}")
            return
    said = ran.complaint()
    if said:
        findings.note(f"ffmpeg says of it: {said}")


def _is_damage(ran: ffmpeg.Ran) -> bool:
    """Whether it was the file's fault: a decoder that this ffmpeg lacks is none."""
    lacking = (
        "Unknown decoder",
        "no decoder found",
        "Decoder not found",
        "not supported",
        "unsupported",
        "not implemented",
    )
    return bool(ran.complaint()) and not any(word.lower() in ran.report.lower() for word in lacking)


def _count(program: str, source: Source, findings: Findings, format: str, wanted: frozenset[str]) -> None:
    """Frames when they are expected and not known, and the length of sound whose header may be wrong."""
    facts = findings.facts
    if wanted & {"frames", "min_frames"} and "frames" not in facts and "video" in facts:
        ran = ffmpeg.counted(program, source.handle, source.left, "V")
        found = ffmpeg.decoded(ran.report).get((0, "video"))
        if ran.why or found is None:
            findings.note(f"its frames were not counted: {ran.why or ran.complaint()}")
        else:
            facts |= {"frames": found.packets, "counted": "packets"}
    timed = bool(wanted & {"duration", "min_duration", "max_duration"})
    if "video" in facts or "audio" not in facts or format not in WITHOUT_LENGTH:
        return
    if source.size <= SMALL and (timed or format == "flac"):
        _length(program, source, findings, format)


def _length(program: str, source: Source, findings: Findings, format: str) -> None:
    ran = ffmpeg.counted(program, source.handle, source.left, "a")
    ends = ffmpeg.end_time(ran.report)
    if ran.why or ends is None:
        findings.note(f"its length is what its header says: {ran.why or 'it was not read to its end'}")
        return
    said = findings.facts.get("duration")
    if format == "flac" and said and ends < said - SHORT:
        findings.faults.append(f"is cut off: it says it is {said:g} s long and ends after {ends:g} s")
    elif ends > 0:
        findings.facts["duration"] = ends
