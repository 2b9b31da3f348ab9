"""What the words in `type:` promise about a file's first bytes, and whether a file plainly breaks that promise.

Refuses only plain contradictions: a type word that is not in the table, and bytes nobody recognises, pass.
Knows nothing of modules or of where the file lies.
"""

from __future__ import annotations

from collections.abc import Callable

from job_manager.artifacts.signatures import Found, recognise
from job_manager.model.record import NamedTuple


class Kind(NamedTuple):
    """The families and formats a type accepts among what can be recognised, and a look at what must be there, if any.

    `missing` returns what is wrong with the first bytes in words ("is not JSON: ..."), or "".
    """

    families: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    missing: Callable[[bytes], str] | None = None


COMPRESSED = {".gz": "gzip", ".xz": "xz", ".zst": "zstd", ".zip": "zip"}
NUMBER_OR_OPEN = tuple(bytes([byte]) for byte in b'{["-0123456789')
WORDS = (b"true", b"false", b"null", b"NaN", b"Infinity")  # the last two: what json.dump writes
BOMS = (b"\xff\xfe", b"\xfe\xff")


def _start(head: bytes) -> bytes:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")


def _not_json(head: bytes) -> str:
    start = _start(head)
    if start.startswith((*NUMBER_OR_OPEN, *WORDS)) or head.startswith(BOMS):
        return ""
    return f"begins with {_shown(start)}" if start else "holds only white space"


def _not_markup(head: bytes) -> str:
    start = _start(head)
    if start.startswith(b"<") or head.startswith(BOMS):
        return ""
    return f"begins with {_shown(start)}, not with <" if start else "holds only white space"


def _not_pdf(head: bytes) -> str:
    return "" if b"%PDF-" in head[:1024] else f"begins with {_shown(head)}, not with %PDF-"


def _shown(start: bytes) -> str:
    return ascii(start[:12].decode("utf-8", "replace"))


def _kind(families: str = "", formats: str = "", missing: Callable[[bytes], str] | None = None) -> Kind:
    return Kind(frozenset(families.split()), frozenset(formats.split()), missing)


VIDEO = _kind("video av", "gif webp")  # moving pictures come as these two also
AUDIO = _kind("audio av")
IMAGE = _kind("image", "pdf")  # and SVG, which is text and not recognised
TEXT = _kind("text")
PLAIN = _kind()
JSON = _kind(missing=_not_json)
MP4 = _kind(formats="mp4")
MATROSKA = _kind(formats="matroska")
JPEG = _kind(formats="jpeg")
TIFF = _kind(formats="tiff")
OGG = _kind(formats="ogg")

KINDS: dict[str, Kind] = {
    "video": VIDEO, "movie": VIDEO, "footage": VIDEO,
    "audio": AUDIO, "sound": AUDIO,
    "image": IMAGE, "picture": IMAGE, "photo": IMAGE, "thumbnail": IMAGE,
    "json": JSON, "jsonl": JSON, "ndjson": JSON, "geojson": JSON,
    "text": TEXT, "txt": TEXT, "markdown": TEXT, "md": TEXT, "yaml": TEXT,
    "csv": PLAIN, "tsv": PLAIN, "srt": PLAIN, "vtt": PLAIN,
    "html": TEXT, "htm": TEXT, "xml": _kind("text", missing=_not_markup), "svg": _kind("text", missing=_not_markup),
    "pdf": _kind(formats="pdf", missing=_not_pdf),
    "zip": _kind(formats="zip"), "gzip": _kind(formats="gzip"), "gz": _kind(formats="gzip"),
    "mp4": MP4, "m4v": MP4, "mov": MP4, "m4a": MP4, "mkv": MATROSKA, "mka": MATROSKA, "webm": MATROSKA,
    "avi": _kind(formats="avi"), "ogg": OGG, "ogv": OGG, "oga": OGG, "opus": OGG,
    "wav": _kind(formats="wav"), "aiff": _kind(formats="aiff aif"),
    # An MP3 may lie in a WAV container, and a FLAC may be tagged as an MP3 or lie in an Ogg.
    "mp3": _kind(formats="mp3 wav"), "flac": _kind(formats="flac ogg mp3"),
    "png": _kind(formats="png"), "jpeg": JPEG, "jpg": JPEG, "gif": _kind(formats="gif"), "webp": _kind(formats="webp"),
    "tiff": TIFF, "tif": TIFF, "bmp": _kind(formats="bmp"), "exr": _kind(formats="exr"),
}  # fmt: skip


def contradiction(type: str | None, name: str, head: bytes) -> str:
    """How the first bytes `head` of the artifact `name` contradict its type, as words that follow its name; else "".

    >>> contradiction("video", "clip.mp4", b"\\x89PNG\\r\\n\\x1a\\n")
    'is declared as video, but its first bytes are those of a PNG image'
    """
    kind = kind_of(type)
    if kind is None or not head:
        return ""
    found = recognise(head)
    if found is not None:
        fits = _accepts(kind, found, name)
        return "" if fits else f"is declared as {type}, but its first bytes are those of {found.words}"
    lacking = kind.missing(head) if kind.missing is not None else ""
    return f"is declared as {type}, but it {lacking}" if lacking else ""


def kind_of(type: str | None) -> Kind | None:
    """The entry of a type word (`video`, `JSON`, `image/png`, `application/json`), or None for an unknown word."""
    if type is None:
        return None
    word = type.strip().lower()
    kind = KINDS.get(word)
    if kind is not None or "/" not in word:
        return kind
    main, _, rest = word.partition("/")
    return KINDS.get(main) if main in ("video", "audio", "image", "text") else KINDS.get(rest)


def _accepts(kind: Kind, found: Found, name: str) -> bool:
    if found.family in kind.families or found.format in kind.formats:
        return True
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    if COMPRESSED.get(ending) == found.format:
        return True  # subtitles.json.gz is JSON to its author
    return kind is VIDEO and found.format == "jpeg" and ending in (".mjpeg", ".mjpg")
