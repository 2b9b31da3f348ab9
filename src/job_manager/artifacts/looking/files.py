"""One file looked into by its type and by what it is, then held against what is expected of it.

The one door of this folder. Whatever goes wrong while looking is a note; knows no store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from job_manager.artifacts.looking.held import hold
from job_manager.artifacts.looking.source import SECONDS, Broken, Findings, OutOfTime, Source, Unknown
from job_manager.artifacts.signatures import HEAD, recognise
from job_manager.model.expect import Expect, family


def look_at_file(handle: int, name: str, type: str | None, expect: Expect = (), seconds: float = SECONDS) -> Findings:
    """What is in the open file. Never raises for what it holds."""
    findings = Findings()
    source = Source(handle, name, seconds)
    kind = family(type)
    if kind is not None and source.size:
        wanted = frozenset(key for key, _ in expect)
        _safely(lambda: _look(kind, source, findings, wanted), findings)
    _safely(lambda: hold(findings, expect, source.size), findings)
    return findings


def are_well(handles: Sequence[int], type: str | None, seconds: float = SECONDS) -> bool:
    """Whether there is certainly nothing wrong with any of these open files of one type, as far as that can be seen of
    all at once. Never raises for what they hold."""
    if family(type) not in ("video", "audio"):
        return False
    from job_manager.artifacts.looking.media import are_well as films_are_well

    try:
        sources = [Source(handle, "", seconds) for handle in handles]
        return films_are_well(sources, [_format(source) for source in sources])
    except Exception:  # whatever it is, it shows when each is looked at by itself
        return False


def _safely(look: Callable[[], None], findings: Findings) -> None:
    try:
        look()
    except Broken as broken:
        findings.faults.append(str(broken))
    except Unknown as unknown:
        findings.note(str(unknown))
    except OutOfTime:
        findings.note("it was not looked at to its end: that took too long")
    except OSError as error:
        findings.note(f"it could not be read to its end: {error.strerror}")
    except Exception as error:  # a mistake in here fails nobody's work
        findings.note(f"looking into it failed: {error.__class__.__name__}: {str(error)[:160]}")


def _look(kind: str, source: Source, findings: Findings, wanted: frozenset[str]) -> None:
    if kind == "image":
        look_at_picture(source, findings)
    elif kind in ("video", "audio"):
        _look_at_media(source, findings, wanted)
    else:
        from job_manager.artifacts.looking.texts import BY_FAMILY

        findings.facts["probe"] = kind
        BY_FAMILY[kind](source, findings)


def _format(source: Source) -> str:
    from job_manager.artifacts.looking.boxes import is_movie

    head = source.read(0, HEAD)
    found = recognise(head)
    if found is not None:
        return found.format
    if head[:2] == b"BM" and len(head) > 26 and not any(head[6:10]):
        return "bmp"
    return "mp4" if is_movie(head) else ""


def look_at_picture(source: Source, findings: Findings) -> None:
    """One picture by its structure. Never raises for what it holds."""
    _safely(lambda: _look_at_picture(source, findings, _format(source)), findings)


def _look_at_picture(source: Source, findings: Findings, format: str) -> None:
    from job_manager.artifacts.looking import pictures, rasters

    looks = pictures.BY_FORMAT | {"tiff": rasters.look_at_tiff, "exr": rasters.look_at_exr}
    if format:
        findings.facts["format"] = format
    if format in looks:
        findings.facts["probe"] = "structure"
        looks[format](source, findings)


def _look_at_media(source: Source, findings: Findings, wanted: frozenset[str]) -> None:
    from job_manager.artifacts.looking.media import look_at_media

    format = _format(source)
    if format in ("gif", "webp", "png", "jpeg"):
        _look_at_picture(source, findings, format)
        if findings.faults:
            return
    if format:
        findings.facts["format"] = format
    look_at_media(source, findings, format, wanted)
