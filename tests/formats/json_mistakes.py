"""Texts that are not JSON, and the beginning of each line that is said of them, as .expect files have it.

Knows nothing of jobs: only of what every JSON text must be.
"""

from __future__ import annotations

COMMA = "write a comma between two values"
NO_COMMENTS = "JSON has no comments | remove it"
SINGLE = "a text stands in double quotes, not in single ones"
CLASH = "(they differ only in how an accent is encoded)"
WHOLE = "whole numbers go from -9,007,199,254,740,991 to 9,007,199,254,740,991"
SAVE = "save the file as UTF-8"
MISTAKES: dict[str, tuple[bytes, list[str]]] = {
    "comma_after_the_last_member": (
        b'{"a": 1,}',
        ['1:8 - | there is nothing between this comma and the "}" | remove the comma'],
    ),
    "comma_after_the_last_item": (
        b'{"a": [1,\n2,\n]}',
        ['2:2 a[2] | there is nothing between this comma and the "]" | remove the comma'],
    ),
    "two_commas": (b"[1,,2]", ["1:4 [1] | there is nothing before this comma | remove it"]),
    "only_a_comma": (b"{,}", ["1:2 - | there is nothing before this comma | remove it"]),
    "comments": (
        b'// one\n{"a": 1 # two\n, "b": [/* three */]}',
        [f"1:1 - | {NO_COMMENTS}", f"2:9 - | {NO_COMMENTS}", f"3:9 b[0] | {NO_COMMENTS}"],
    ),
    "open_comment": (b'{"a": 1 /* never', ["1:9 - | this comment is never closed"]),
    "python_dict": (
        b"{'a': True,\n 'b': None}",
        [
            f'1:2 - | {SINGLE} | write "a"',
            '1:7 a | "True" is no word of JSON | write true',
            f'2:2 - | {SINGLE} | write "b"',
            '2:7 b | "None" is no word of JSON | write null',
        ],
    ),
    "single_quote_never_closed": (b"{'a: 1}", [f'1:2 - | {SINGLE} | write the ordinary quote, "']),
    "typographic_quotes": (
        '{"a": “b”}'.encode(),
        ['1:7 a | the quote “ is not the one that JSON has | write the ordinary quote, "'],
    ),
    "bare_words": (
        b"{a: 1, b: x}",
        [
            '1:2 - | a key stands in double quotes | write "a"',
            '1:8 - | a key stands in double quotes | write "b"',
            '1:11 b | a text stands in double quotes, found "x" | write "x"',
        ],
    ),
    "bare_text": (
        b'{"a": hello world}',
        ['1:7 a | a value is expected here, found "hello" | a text stands in double quotes, all of it'],
    ),
    "no_numbers": (
        b"[NaN, -Infinity, 007, .5, 5., +1, 0x10, 1_000]",
        [
            '1:2 [0] | JSON has no number "NaN" | write null, or the text "NaN"',
            '1:7 [1] | JSON has no number "-Infinity" | write null, or the text "-Infinity"',
            '1:18 [2] | "007" is no number of JSON | write 7, or "007" if it is text',
            '1:23 [3] | ".5" is no number of JSON | write 0.5, or ".5" if it is text',
            '1:27 [4] | "5." is no number of JSON | write 5, or "5." if it is text',
            '1:31 [5] | "+1" is no number of JSON | write 1, or "+1" if it is text',
            '1:35 [6] | "0x10" is no number of JSON | write it as text: "0x10"',
            '1:41 [7] | "1_000" is no number of JSON | write it as text: "1_000"',
        ],
    ),
    "large_numbers": (
        b'{"a": 1e400, "b": 9007199254740992}',
        [
            '1:7 a | the number 1e400 is out of range; it goes up to 1.79e308 | write it as text: "1e400"',
            f'1:19 b | the number 9007199254740992 is out of range; {WHOLE} | write it as text: "9007199254740992"',
        ],
    ),
    "long_number": (
        b"[0." + b"1" * 200 + b"]",
        ["1:2 [0] | this number has 202 characters; the limit is 128"],
    ),
    "tab_and_controls": (
        b'["a\tb", "\x1b[31m"]',
        [
            r"1:4 [0] | a tab cannot stand in a text as it is | write \t",
            r"1:10 [1] | the character U+001B cannot stand in a text as it is | write \u001b",
        ],
    ),
    "escapes": (
        rb"""["C:\movie", "\u12", "it\'s"]""",
        [
            r'1:5 [0] | "\m" is no escape of JSON | a backslash is written twice: \\',
            r'1:15 [1] | "\u12" is no escape of JSON | four hexadecimal digits follow \u',
            r"""1:25 [2] | "\'" is no escape of JSON | write ' without a backslash""",
        ],
    ),
    "half_a_pair": (
        rb'{"a": "\ud800", "b": "\ude00\ud83d", "\udc00": 1}',
        [f"1:{column} {path} | this text contains half of a surrogate pair" for column, path in ((7, "a"), (22, "b"))]
        + ["1:38 - | this text contains half of a surrogate pair"],
    ),
    "nul": (rb'["a\u0000"]', [r"1:2 [0] | this text contains a NUL character (\u0000), which no program can be given"]),
    "line_break_in_a_text": (
        b'{"a": "b\n"}',
        [r'1:7 a | the quote " opened at 1:7 is not closed on its line | close it with "; a line break inside a text'],
    ),
    "quotes_in_a_text": (
        b'{"a": "say "hi" x"}',
        [r'1:13 - | "," or "}" is expected here, found "hi" | a quote inside a text is written \"'],
    ),
    "no_comma_at_the_end_of_a_line": (
        b'{"a": 1\n "b": [2\n3]}',
        [f"1:8 - | a comma is missing here | {COMMA}", f"2:9 b[1] | a comma is missing here | {COMMA}"],
    ),
    "no_comma": (b'["a" "b"]', [f'1:6 [1] | "," or "]" is expected here, found a text in quotes | {COMMA}']),
    "semicolon": (b'{"a": 1; "b": 2}', ['1:8 - | "," or "}" is expected here, found ";" | write a comma']),
    "key_in_a_list": (
        b'["a": 1]',
        ['1:5 [1] | "," or "]" is expected here, found ":" | a key and its value stand in braces: {"key": value}'],
    ),
    "no_colon": (
        b'{"a" 1}',
        ['1:6 a | a ":" is expected after the key "a", found "1" | write {"a": value}'],
    ),
    "no_value": (b'{"a": }', ['1:7 a | a value is expected here, found "}"']),
    "wrong_bracket": (
        b'{"a": [1, 2}',
        [
            '1:12 a[2] | "}" stands where "]" is expected: "[" opened at 1:7 | write "]", or close what is open inside',
        ],
    ),
    "cut_off": (b'{"a": [1, {"b":\n', ['1:11 a[1].b | "{" opened at 1:11, never closed | close it with "}"']),
    "one_bracket_too_many": (b"[1]]", ['1:4 - | nothing is open that "]" could close | remove it']),
    "text_after_the_end": (b"{} x", ['1:4 - | there is text after the end: "x" | remove it']),
    "two_values": (
        b'{"a": 1}\n{"a": 2}\n',
        ["2:1 - | a second value begins here; a file holds one | make two files, or one list of the two"],
    ),
    "repeated_keys": (
        b'{"a": 1,\n "b": {"c": 1, "c": {"d": 2}},\n "a": [3]}',
        [
            '2:16 b.c | the key "c" is repeated; it is first written at 2:8 | keep one of the two',
            '3:2 a | the key "a" is repeated; it is first written at 1:2 | keep one of the two',
        ],
    ),
    "escaped_key": (
        rb'{"a": 1, "\u0061": 2}',
        ['1:10 a | the key "a" is repeated; it is first written at 1:2 | keep one of the two'],
    ),
    "same_accent": (
        '{"é": 1, "e\u0301": 2}'.encode(),
        [f'1:10 e\u0301 | the key "e\u0301" is repeated; it is first written at 1:2 {CLASH} | keep one of the two'],
    ),
    "yaml": (b"# mine\nname: x\n", ["1:1 - | this is not JSON: it looks like YAML | give the file the ending .yaml"]),
    "python": (
        b"from mass import Job\n",
        ["1:1 - | this is not JSON: it looks like Python | give the file the ending .py"],
    ),
    "alfscript": (
        b"Job -title {x}\n",
        ["1:1 - | this is not JSON: it looks like alfscript | give the file the ending .alf"],
    ),
    "xml": (b"<job/>", ["1:1 - | this is not JSON: it looks like XML or HTML"]),
    "other_blank": (
        '{"a":\u00a01}'.encode(),
        ["1:6 a | a value is expected here, found the character U+00A0 | replace it by an ordinary blank"],
    ),
    "second_mark": (
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        ["1:1 - | the character U+FEFF cannot stand here | replace it by an ordinary blank"],
    ),
    "not_utf8": (b'{"a":\r\n "\xff"}', [f"2:3 - | byte 0xff at offset 9 is not UTF-8 | {SAVE}"]),
    "utf8_cut_short": (b'\xef\xbb\xbf["\xe5\x90', [f"1:3 - | byte 0xe5 at offset 5 is not UTF-8 | {SAVE}"]),
    "surrogate_in_utf8": (b'["\xed\xa0\x80"]', [f"1:3 - | byte 0xed at offset 2 is not UTF-8 | {SAVE}"]),
    **{
        name: ('{"a": 1}'.encode(name), [f"1:1 - | the file looks like {looks} | {SAVE}"])
        for name, looks in {
            "utf-16": "UTF-16",
            "utf-16-le": "UTF-16",
            "utf-16-be": "UTF-16",
            "utf-32": "UTF-32",
            "utf-32-le": "UTF-32",
            "utf-32-be": "UTF-32",
        }.items()
    },
}
