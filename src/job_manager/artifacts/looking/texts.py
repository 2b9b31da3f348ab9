"""JSON, lines of JSON, CSV and text: whether they can be read to the end, and what stands in them.

Large files are read piece by piece; what no reader could mind is a note. Knows nothing of what is expected.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator

from job_manager.artifacts.looking.source import PIECE, Broken, Findings, Source, Unknown, names, plural

MOST_JSON = 32 << 20  # bytes of a document that is parsed whole
LONGEST_LINE = 1 << 20  # bytes
ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CLOSING = {b"{": b"}", b"[": b"]", b'"': b'"'}
BLANK = b" \t\r\n"
PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
DELIMITERS = ",;\t|"


def _refuse_packed(source: Source) -> None:
    if source.read(0, 6).startswith(PACKED):
        raise Unknown("it is compressed and was not looked into")


def look_at_json(source: Source, findings: Findings) -> None:
    """One document, whole; of a very large one only whether its beginning has its end."""
    _refuse_packed(source)
    if source.size > MOST_JSON:
        _hold_brackets(source)
        findings.note(f"only its beginning and its end were looked at: it has more than {MOST_JSON >> 20} MiB")
        return
    document = _parsed(source.read(0, source.size), "")
    if isinstance(document, dict):
        findings.facts["keys"] = names([str(key) for key in document])
        findings.facts["all_keys"] = list(map(str, document))
    elif isinstance(document, list):
        findings.facts["items"] = len(document)


def _parsed(raw: bytes, where: str) -> object:
    try:
        text = raw.decode(json.detect_encoding(raw)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        if error.end >= len(raw) and "end of data" in error.reason:
            raise Broken("is cut off: it ends in the middle of a character") from None
        raise Broken(f"is not JSON: {where}the byte at {error.start:,} is not {error.encoding.upper()}") from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if not text[error.pos :].strip() or error.msg.startswith("Unterminated string"):
            raise Broken(f"is cut off: it is JSON without an end ({_place(error, where)})") from None
        hint = "; several documents, one a line, are of the type jsonl" if error.msg == "Extra data" else ""
        raise Broken(f"is not JSON: {error.msg} ({_place(error, where)}){hint}") from None
    except (RecursionError, ValueError, MemoryError) as error:
        raise Unknown(f"it was not parsed: {error}") from None


def _place(error: json.JSONDecodeError, where: str) -> str:
    return where.rstrip(": ") if where else f"line {error.lineno}, column {error.colno}"


def _hold_brackets(source: Source) -> None:
    first = source.read(0, PIECE).removeprefix(codecs.BOM_UTF8).lstrip(BLANK)[:1]
    last = source.read(max(0, source.size - PIECE), PIECE).rstrip(BLANK)[-1:]
    if first in CLOSING and last and last != CLOSING[first] and b"\0" not in source.read(0, 64):
        begin, end = first.decode(), CLOSING[first].decode()
        raise Broken(f"is cut off: it begins with {begin} and does not end with {end}")


def look_at_lines(source: Source, findings: Findings) -> None:
    """A document a line."""
    _refuse_packed(source)
    rows = 0
    for number, line in enumerate(_lines(source), 1):
        if not line.strip(BLANK):
            continue
        try:
            _parsed(line, f"line {number}: ")
        except Broken:
            if not line.endswith(b"\n"):
                raise Broken(f"is cut off: its last line, {number}, is JSON without an end") from None
            raise Broken(f"is not JSON: line {number}") from None
        rows += 1
    findings.facts["rows"] = rows


def _lines(source: Source) -> Iterator[bytes]:
    """Line by line with their ends. Raises Unknown at one that is too long, OutOfTime."""
    rest = b""
    for piece in source.pieces(0, source.size):
        *whole, rest = (rest + piece).split(b"\n")
        for number, line in enumerate(whole):
            if not number % 1000:
                source.hurry()
            yield line + b"\n"
        if len(rest) > LONGEST_LINE:
            raise Unknown(f"it has a line of more than {LONGEST_LINE >> 20} MiB")
    if rest:
        yield rest


def look_at_text(source: Source, findings: Findings) -> None:
    """Its encoding, from the first byte to the last."""
    _refuse_packed(source)
    findings.facts["encoding"] = _encoding(source, findings)


def _encoding(source: Source, findings: Findings) -> str:
    head = source.read(0, 4)
    marked = next((name for mark, name in ENCODINGS if head.startswith(mark)), "")
    decoder, beyond_ascii = codecs.getincrementaldecoder(marked or "utf-8")(), False
    try:
        for piece in source.pieces(0, source.size):
            beyond_ascii = not decoder.decode(piece).isascii() or beyond_ascii
        pending = bool(decoder.getstate()[0])
    except UnicodeDecodeError:
        findings.note(f"it is not {(marked or 'utf-8').upper()}: which text it is was not found out")
        return "unknown"
    if pending and (marked or beyond_ascii):
        raise Broken("is cut off: it ends in the middle of a character")
    if pending:
        return "unknown"
    return {"utf-8-sig": "utf-8"}.get(marked, marked) or ("utf-8" if beyond_ascii else "ascii")


def look_at_csv(source: Source, findings: Findings) -> None:
    """Rows and columns, as far as they can be told: the separator is found out from the first row."""
    import csv

    _refuse_packed(source)
    encoding = _encoding(source, findings)
    findings.facts["encoding"] = encoding
    separator = _separator(source, encoding)
    rows = csv.reader(_decoded_lines(source, encoding), delimiter=separator)
    try:
        _count_rows(rows, findings)
    except csv.Error as error:
        raise Unknown(f"its rows were not counted: {error}") from None
    _hold_quotes(source, findings)


def _count_rows(rows: Iterator[list[str]], findings: Findings) -> None:
    header: list[str] | None = None
    number, others = 0, 0
    for row in rows:
        if not row:
            continue
        if header is None:
            header = row
            findings.facts["columns"] = names(row)
            findings.facts["all_columns"] = row
            continue
        number += 1
        if len(row) != len(header):
            others += 1
            if others == 1:
                findings.note(f"row {number} has {plural(len(row), 'value')} for {plural(len(header), 'column')}")
    findings.facts["rows"] = number


def _hold_quotes(source: Source, findings: Findings) -> None:
    """A quoted value without its second quote at the end of the file."""
    line = source.read(max(0, source.size - 4096), 4096).rsplit(b"\n", 1)[-1]
    before_last = line[max(line.rfind(b","), line.rfind(b";"), line.rfind(b"\t")) + 1 :]
    if before_last.startswith(b'"') and before_last.count(b'"') % 2 and line.count(b'"') % 2:
        findings.note("its last value begins with a quote and does not end with one: perhaps it is cut off")


def _separator(source: Source, encoding: str) -> str:
    line = next(_decoded_lines(source, encoding), "")
    return max(DELIMITERS, key=line.count) if line else ","


def _decoded_lines(source: Source, encoding: str) -> Iterator[str]:
    if encoding in ("utf-16", "utf-32"):
        yield from _wide_lines(source, encoding)
        return
    codec = "latin-1" if encoding == "unknown" else "utf-8"
    for number, line in enumerate(_lines(source)):
        text = line.decode(codec, "replace")
        yield text if number else text.removeprefix("\ufeff")


def _wide_lines(source: Source, encoding: str) -> Iterator[str]:
    decoder, rest = codecs.getincrementaldecoder(encoding)("replace"), ""
    for piece in source.pieces(0, source.size):
        *whole, rest = (rest + decoder.decode(piece)).split("\n")
        yield from (line + "\n" for line in whole)
        if len(rest) > LONGEST_LINE:
            raise Unknown(f"it has a line of more than {LONGEST_LINE >> 20} MiB")
    if rest:
        yield rest


BY_FAMILY: dict[str, Callable[[Source, Findings], None]] = {
    "json": look_at_json,
    "lines": look_at_lines,
    "csv": look_at_csv,
    "text": look_at_text,
}
