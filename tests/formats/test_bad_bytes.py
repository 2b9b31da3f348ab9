"""Bytes that are no text, bombs, and files that are too big: refused with a sentence, in bounded time and memory.

The bombs are read by a child that may use no more processor time and memory than is said here.
"""

from __future__ import annotations

import pytest

from tests.formats.bounded import bounded
from tests.formats.cases import lines

NOT_TEXT = {
    "invalid_utf8": (
        b"name: j\nversion: \xff\n",
        "2:10 - | byte 0xff at offset 17 is not UTF-8 | save the file as UTF-8",
    ),
    "latin_1": (
        "name: café\n".encode("latin-1"),
        "1:10 - | byte 0xe9 at offset 9 is not UTF-8 | save the file as UTF-8",
    ),
    "overlong": (b"name: \xc0\xaf\n", "1:7 - | byte 0xc0 at offset 6 is not UTF-8 | save the file as UTF-8"),
    "surrogate": (b"name: \xed\xa0\x80\n", "1:7 - | byte 0xed at offset 6 is not UTF-8 | save the file as UTF-8"),
    "cut_short": (b"name: \xe5\x90", "1:7 - | byte 0xe5 at offset 6 is not UTF-8 | save the file as UTF-8"),
    "utf16": (
        "name: j\n".encode("utf-16"),
        "1:1 - | byte 0xff at offset 0 is not UTF-8; the file looks like UTF-16 | save the file as UTF-8",
    ),
    "utf16_without_mark": (
        "name: a job, version: 1\n".encode("utf-16-le"),
        "1:2 - | the file looks like UTF-16 | save the file as UTF-8",
    ),
    "nul": (b"name: a\0b\n", "1:8 - | the character U+0000 at offset 7 is not allowed in a text file | " + "{}"),
    "escape": (
        b"x: 1\nname: a\x1b[31m\n",
        "2:8 - | the character U+001B at offset 12 is not allowed in a text file | {}",
    ),
    "delete": (b"name: a\x7f\n", "1:8 - | the character U+007F at offset 7 is not allowed in a text file | {}"),
    "c1": ("名: \x9b\n".encode(), "1:4 - | the character U+009B at offset 5 is not allowed in a text file | {}"),
    "second_bom": (
        b"name: a\n\xef\xbb\xbfb: 1\n",
        "2:1 - | the character U+FEFF at offset 8 is not allowed in a text file | {}",
    ),
}
REMOVE = r'remove it, or write it as an escape in double quotes: "\x1b"'


@pytest.mark.parametrize("name", NOT_TEXT)
def test_what_is_no_text(name, tmp_path):
    raw, expected = NOT_TEXT[name]
    assert lines(raw, tmp_path) == [expected.replace("{}", REMOVE)]


# Each a Python expression made in the child, and part of what is said of it; SIZE is where the work is ours to count.
DEEP = "this is nested deeper than 64 levels"
JOB = "b'name: j\\nversion: 1\\n' + "
BOMBS = {
    "brackets": ("b'[' * 200_000", DEEP),
    "braces": ("b'{' * 200_000", DEEP),
    "mappings": ("b'{a: ' * 200_000", DEEP),
    "dashes": ("b'- ' * 200_000", DEEP),
    "complex_keys": ("b'? ' * 200_000", DEEP),
    "bracket_keys": ("b'[? ' * 200_000", DEEP),
    "lists_in_a_job": (JOB + "b'steps: ' + b'[a, ' * 200_000", DEEP),
    "indentation": ("b''.join(b' ' * n + b'a:\\n' for n in range(3000))", DEEP),
    "indented_dashes": ("b''.join(b' ' * n + b'-\\n' for n in range(3000))", DEEP),
    "nine_to_the_eighth": (
        "b'a0: &a0 [x]\\n' + b''.join(b'a%d: &a%d [' % (n, n) + b'*a%d,' % (n - 1) * 9 + b']\\n' for n in range(1, 9))",
        "aliases expand to 102,908,556 nodes; the limit is 1,000,000",
    ),
    "text_by_aliases": (
        "b'a: &a \"' + b'x' * 1_000_000 + b'\"\\nb: [' + b'*a,' * 100_000 + b']'",
        "aliases expand to 781,300,000 nodes; the limit is 1,000,000",
    ),
    "merges": (
        "b'a: &a {' + b','.join(b'k%d: 1' % n for n in range(1000)) + b'}\\nb: {<<: [' + b'*a,' * 900 + b']}'",
        "aliases expand to 1,800,900 nodes; the limit is 1,000,000",
    ),
    "aliases_of_aliases": (
        "b'a0: &a0 [x]\\n' + b''.join(b'a%d: &a%d [*a%d]\\n' % (n, n, n - 1) for n in range(1, 200_000))",
        "makes this nested deeper than 64 levels",
    ),
    "tag_directives": ("b''.join(b'%%TAG !a%d! x\\n' % n for n in range(200_000))", "tags are not allowed"),
    "tags": ("b''.join(b'- !x%d y\\n' % n for n in range(200_000))", 'the tag "!x0" is not allowed'),
    "documents": ("b'---\\n' * 200_000", "a second document begins here"),
    "long_text": ("b'name: ' + b'x' * (2 << 20)", "this text has 2,097,152 characters; the limit is 1,048,576"),
    "long_quoted_text": ("b'name: \"' + b'\\n' * (2 << 20) + b'\"'", "characters; the limit is 1,048,576"),
    "open_list": ("b'name: [' + b'b,\\n' * 50_000 * SIZE", '"[" opened at 1:7, never closed'),
    "open_quote": ("b'name: \"' + b'b \\n' * 200_000", 'the quote " opened at 1:7, never closed'),
    "colons": ("b'a: ' * 200_000", 'a second ": " in one value'),
    "repeated_keys": ("b'a: 1\\n' * 200_000", 'the key "a" is repeated; it is first written at 1:1'),
    "blank_lines": ("b'\\n' * 2_000_000", "the file is empty"),
    "comments": ("b'# x\\n' * 500_000", "the file is empty"),
    "unknown_keys": ("b''.join(b'k%d: 1\\n' % n for n in range(25_000 * SIZE))", "mistakes are not shown"),
    "long_number": (
        JOB + "b'steps: [{entries: [{cmd: [a], retries: ' + b'9' * 500_000 + b'}]}]'",
        "expected a whole number from 0 to 1,000",
    ),
    "long_name": (
        JOB + "b'steps: [{entries: [{cmd: [a], outputs: [\"' + b'../' * 300_000 + b'\"]}]}]'",
        "contains a path separator",
    ),
    "long_word": (
        JOB + "b'steps: [{entries: [{cmd: [a, ' + b'x' * 131_072 + b']}]}]'",
        "this has 131,072 bytes; the system takes 131,071 in one argument",
    ),
    "long_command": (
        JOB + "b'steps: [{entries: [{cmd: [a' + b', xxxxxxxxx' * 190_000 + b']}]}]'",
        "the command line has 1,900,002 bytes; the limit is 1,900,000",
    ),
    "many_braces": (
        JOB + "b'steps: [{entries: [{shell: \"' + b'{outptu}' * 50_000 + b'\", outputs: [output]}]}]'",
        "the system takes 131,071 in one argument",
    ),
    "many_other_braces": (
        JOB + "b'steps: [{entries: [{shell: \"' + b''.join(b'{o%d}' % n for n in range(3_750 * SIZE)) + b'\"}]}]'",
        "nothing",
    ),
    "names_nobody_writes": (
        JOB
        + "b'steps:\\n- entries:\\n' + b''.join(b'  - {cmd: [a], outputs: [out%d]}\\n' % n for n in range(1250 * SIZE))"
        + " + b'- entries:\\n' + b''.join(b'  - {cmd: [a], inputs: [uot%d]}\\n' % n for n in range(1250 * SIZE))",
        "more mistakes in artifacts are not shown",
    ),
    "needs_in_a_row_of_steps": (
        JOB
        + "b'steps:\\n- {name: get, entries: [{cmd: [a, \"{x}\"], outputs: [x]}]}\\n'"
        + " + b'- entries: [{cmd: [a, \"{x}\"], inputs: [x]}, {cmd: [b], needs: get}]\\n' * 375 * SIZE",
        "nothing",
    ),
    "names_written_twice": (
        JOB + "b'steps:\\n- entries:\\n' + b'  - {cmd: [a], name: e, outputs: [out]}\\n' * 1_250 * SIZE",
        "more mistakes in artifacts are not shown",
    ),
}
SIZES = [1, pytest.param(4, marks=pytest.mark.long)]
CHILD = """
SIZE = {size}
from job_manager.formats import job_yaml
from job_manager.model.errors import InputError
raw = {raw}
try:
    found = job_yaml.draft(raw, "job.yaml").problems
except InputError as error:
    found = error.problems
wrong = [problem for problem in found if problem.severity == "error"]
assert all(len(str(problem)) < 2000 for problem in wrong)
print(wrong[0], wrong[-1]) if wrong else print("nothing")
"""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_within_bounds(name, size):
    raw, expected = BOMBS[name]
    # Ten times what it takes on a slow machine; what is refused here would take hours or all the memory there is.
    done = bounded(CHILD.format(raw=raw, size=size), megabytes=300, seconds=20)
    assert done.code == 0, done.err[-2000:]
    assert expected in done.out


def test_a_file_beyond_the_limit_is_not_read(tmp_path):
    file = tmp_path / "big.yaml"
    with file.open("wb") as handle:
        handle.truncate((256 << 20) + 1)
    done = bounded(CHILD.format(raw=f"open({str(file)!r}, 'rb').read()", size=1), megabytes=1024, seconds=20)
    assert "the file has 268,435,457 bytes; the limit is 268,435,456" in done.out, done.err


def test_more_than_a_child_can_be_given_never_hides_a_good_file(tmp_path):
    raw = b"name: j\nversion: 1\nsteps: [{entries: [{cmd: [a, %s]}]}]" % (b"x" * 131_071)
    assert lines(raw, tmp_path) == []
