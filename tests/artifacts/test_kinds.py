"""The table of types held against the first bytes of every format a media person meets."""

from __future__ import annotations

import os
import subprocess

import pytest

from job_manager.artifacts.kinds import contradiction
from job_manager.artifacts.signatures import HEAD, recognise
from tests.artifacts import media

UNKNOWN = (media.NOISE, media.SILENCE, media.RAW_SAMPLES, media.PROSE, media.JSON)
CONTAINERS = (
    *(media.MP4, media.MP42, media.MOV, media.OLD_MOV, media.FRAGMENT, media.WEBM, media.MKV, media.AVI),
    *(media.TS, media.M2TS, media.MPEG_PS, media.FLV, media.ASF, media.OGG, media.M4A),
)
SOUND = (
    *(media.WAV, media.RF64, media.FLAC, media.MP3_TAGGED, media.MP3, media.MP3_QUIET, media.AAC, media.AIFF),
    *(media.CAF, media.AC3, media.MIDI),
)
MOVING = (media.MPEG_ES, media.H264, media.Y4M, media.GIF, media.WEBP)
STILLS = (
    *(media.PNG, media.JPEG, media.EXIF, media.GIF, media.WEBP, media.TIFF, media.AVIF, media.HEIC, media.BMP),
    *(media.SVG, media.PDF),
)
TEXTS = (
    *(media.PROSE, media.JSON, media.SVG, b"a,b\n1,2\n", b"\xff\xfea\x00,\x00", "naïve\n".encode("latin-1")),
    b"BM25 score\n",
)

ACCEPTED = {
    "video": CONTAINERS + MOVING + UNKNOWN,
    "audio": CONTAINERS + SOUND + UNKNOWN,
    "image": STILLS + UNKNOWN,
    "text": (*TEXTS, media.HTML, b"FORM 27B\nAIFF"),
    "csv": TEXTS,
    "srt": TEXTS,
    "html": (media.HTML, media.HTML_PLAIN, b"<p>a fragment", b"plain", b"<svg>"),
    "xml": (media.SVG, b"\xef\xbb\xbf \n<a/>", media.HTML),
    "svg": (media.SVG, b"<!-- made by hand --><svg>"),
    "json": (
        *(media.JSON, b" \r\n[1]", b'"text"', b"-1", b"7", b"true", b"null", b"NaN", b"\xef\xbb\xbf{}"),
        b"\xff\xfe{\x00",
    ),
    "pdf": (media.PDF, b"\n\n%PDF-1.4"),
    "zip": (media.ZIP, media.EMPTY_ZIP, b"#!/usr/bin/env python3\nPK\x03\x04"),
    "mp4": (media.MP4, media.MP42, media.MOV, media.M4A, media.OLD_MOV, media.FRAGMENT, media.NOISE),
    "mov": (media.MOV, media.MP4, media.OLD_MOV),
    "webm": (media.WEBM, media.MKV),
    "mkv": (media.WEBM, media.MKV),
    "avi": (media.AVI,),
    "ogg": (media.OGG,),
    "wav": (media.WAV, media.RF64, media.RAW_SAMPLES, media.SILENCE),
    "mp3": (media.MP3, media.MP3_TAGGED, media.MP3_QUIET, media.WAV),
    "flac": (media.FLAC, media.MP3_TAGGED, media.OGG),
    "png": (media.PNG, media.NOISE),
    "jpg": (media.JPEG, media.EXIF),
    "gif": (media.GIF,),
    "webp": (media.WEBP,),
    "tiff": (media.TIFF,),
}

REFUSED = {
    "video": (
        *((media.PNG, "PNG"), (media.JPEG, "JPEG"), (media.TIFF, "TIFF"), (media.AVIF, "AVIF"), (media.WAV, "WAV")),
        *((media.FLAC, "FLAC"), (media.MP3_TAGGED, "ID3"), (media.PDF, "PDF"), (media.ZIP, "ZIP")),
        *(
            (media.GZIP, "gzip"),
            (media.HTML, "HTML"),
            (media.ELF, "program"),
            (media.SQLITE, "SQLite"),
            (media.MIDI, "MIDI"),
        ),
    ),
    "audio": (
        *((media.PNG, "PNG"), (media.JPEG, "JPEG"), (media.GIF, "GIF"), (media.WEBP, "WebP"), (media.PDF, "PDF")),
        *((media.HTML, "HTML"), (media.HTML_PLAIN, "HTML"), (media.Y4M, "YUV4MPEG2"), (media.ZIP, "ZIP")),
    ),
    "image": (
        *((media.MP4, "MP4"), (media.WEBM, "WebM"), (media.WAV, "WAV"), (media.HTML, "HTML"), (media.ZIP, "ZIP")),
        *((media.TS, "transport stream"), (media.OGG, "Ogg")),
    ),
    "json": (
        *((media.PNG, "PNG"), (media.HTML, "HTML"), (media.SVG, "<?xml"), (b"this is text", "'this is text'")),
        *((b"Error: no", "'Error: no'"), (b" \n\t", "only white space"), (b"// comment", "// comment")),
    ),
    "text": ((media.PNG, "PNG"), (media.MP4, "MP4"), (media.WAV, "WAV"), (media.PDF, "PDF"), (media.ELF, "program")),
    "html": ((media.PNG, "PNG"), (media.PDF, "PDF"), (media.GZIP, "gzip")),
    "csv": ((media.HTML, "HTML"), (media.ZIP, "ZIP"), (media.SQLITE, "SQLite")),
    "srt": ((media.HTML, "HTML"), (media.MKV, "Matroska")),
    "xml": ((media.JSON, "not with <"), (media.PNG, "PNG")),
    "pdf": ((media.PNG, "PNG"), (media.HTML, "HTML"), (media.PROSE, "%PDF-")),
    "zip": ((media.GZIP, "gzip"), (media.HTML, "HTML")),
    "mp4": ((media.WEBM, "WebM"), (media.AVI, "AVI"), (media.WAV, "WAV")),
    "webm": ((media.MP4, "MP4"),),
    "wav": ((media.AVI, "AVI"), (media.MP3_TAGGED, "ID3"), (media.OGG, "Ogg")),
    "mp3": ((media.MP4, "MP4"), (media.FLAC, "FLAC")),
    "png": ((media.JPEG, "JPEG"), (media.WEBP, "WebP")),
    "jpeg": ((media.PNG, "PNG"), (media.HEIC, "HEIF")),
}


@pytest.mark.parametrize("type", ACCEPTED)
def test_what_may_be_of_a_type_passes(type):
    assert [head[:16] for head in ACCEPTED[type] if contradiction(type, "artifact", head)] == []


@pytest.mark.parametrize("type", REFUSED)
def test_what_plainly_is_something_else_is_refused_by_its_name(type):
    for head, words in REFUSED[type]:
        said = contradiction(type, "artifact", head)
        assert words in said and f"declared as {type}" in said, (head[:16], said)


@pytest.mark.parametrize("type", [None, "", "transcript", "model", "application/x-mine", "vector/3d", "ts"])
def test_a_type_nobody_knows_is_not_checked(type):
    assert contradiction(type, "artifact", media.PNG) == ""


@pytest.mark.parametrize(
    ("type", "refused"),
    [("Video", True), (" VIDEO ", True), ("video/mp4", True), ("image/png", False), ("application/json", True)],
)
def test_types_are_read_whatever_their_case_and_as_media_types(type, refused):
    assert bool(contradiction(type, "artifact", media.PNG)) is refused


def test_an_empty_file_contradicts_nothing():
    assert contradiction("json", "a.json", b"") == ""


def test_an_ending_that_says_compressed_is_believed():
    assert contradiction("json", "subs.json.gz", media.GZIP) == ""
    assert contradiction("json", "subs.json", media.GZIP) != ""
    assert contradiction("video", "raw.mjpeg", media.JPEG) == ""


def test_the_long_tail_is_known_by_the_library():
    found = recognise(b".ra\xfd\x00\x03\x00\x00")
    assert found is not None and found.family == "audio"
    assert "RealAudio" in contradiction("image", "a", b".ra\xfd\x00\x03\x00\x00")


def test_the_library_is_not_believed_when_its_signature_may_be_an_accident():
    heads = (b"MAC address", b"FORM 27B", b"icns are pictures", b"P6 is a bus", b"\x01\x00\x00\x00", media.RAW_SAMPLES)
    for head in heads:
        assert recognise(head) is None, head


def test_raw_bytes_are_never_mistaken():
    import random

    source = random.Random(1)
    assert [head for head in (source.randbytes(256) for _ in range(500)) if recognise(head)] == []


CLIPS = {
    "mp4": "video audio mp4", "mov": "video audio mov", "mkv": "video audio mkv", "webm": "video audio webm",
    "avi": "video avi", "ts": "video audio", "ogv": "video ogg", "flv": "video", "mpg": "video", "wmv": "video",
    "gif": "video image gif", "y4m": "video",
    "wav": "audio wav", "mp3": "audio mp3", "flac": "audio flac", "ogg": "audio ogg", "opus": "audio opus",
    "m4a": "audio m4a mp4", "aac": "audio", "ac3": "audio", "aiff": "audio aiff", "caf": "audio", "wv": "audio",
    "mka": "audio mka",
    "png": "image png", "jpg": "image jpg", "bmp": "image", "tiff": "image tiff", "webp": "image webp", "ppm": "image",
}  # fmt: skip


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    folder = tmp_path_factory.mktemp("clips")
    picture = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=0.2"]
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:duration=0.2"]
    still = [end for end, types in CLIPS.items() if types.startswith("image")]
    # One run for all: starting it is what costs.
    argv = [ffmpeg, "-v", "error", "-y", *picture, *sound]
    for end, types in CLIPS.items():
        mute = end in (*still, "gif", "y4m")
        taken = ["-map", "1"] if types.startswith("audio") else ["-map", "0", *([] if mute else ["-map", "1"])]
        only = ["-frames:v", "1", "-update", "1"] if end in still else []
        argv += [*taken, *only, *(["-pix_fmt", "yuv420p"] if end == "y4m" else []), str(folder / f"clip.{end}")]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
    return folder


def test_what_ffmpeg_writes_is_of_every_type_it_may_be(clips):
    wrong = []
    for end, types in CLIPS.items():
        head = (clips / f"clip.{end}").read_bytes()[:HEAD]
        wrong += [(end, type, said) for type in types.split() if (said := contradiction(type, f"clip.{end}", head))]
    assert wrong == []
    assert os.path.getsize(clips / "clip.mp4") > 1000
