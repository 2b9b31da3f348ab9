"""Hostile text on its way to a terminal: nothing that a terminal would obey is left of it, and nothing is lost.

Knows the corpus of faults F47; where the text comes from is not its business.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_manager.cli.escaping import decode, escape, escape_lines, pad, shorten, width
from job_manager.cli.output import Output, Styled

CORPUS = [
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]1337;File=name=x:\x07",
    "\x1bP+q544e\x1b\\",
    "\x1b_payload\x1b\\",
    "\x1b^privacy\x1b\\",
    "\x1b[6n",
    "\x1b[?1049h",
    "\x1b[?25l",
    "\x1bc",
    "\x1b#8",
    "\x1b(0",
    "\x9b31m",
    "\x9d0;title\x9c",
    "\x90q\x9c",
    "\x85next line",
    "\x07bell",
    "back\x08\x08\x08\x08over",
    "\x0e\x0fshift",
    "\x00nul",
    "\x7fdel",
    "fake\r2024-01-01 all is well",
    "fake\r\nlog line",
    "form\x0cfeed\x0bvertical",
    "\u202egnp.exe",
    "\u202d\u2066\u2067\u2068\u2069",
    "\u200e\u200f\u061c",
    "\u2028line\u2029paragraph",
    "\ufeffmark",
    "\u200bzero\u2060width",
    "\U000e0041\U000e0042tags",
    "\ud800lone",
    "\udc80\udcffbytes",
    "\ufff9\ufffa\ufffb",
    "<script>alert(1)</script>",
    "::set-env name=PATH::/tmp",
    "[bold red]markup[/]",
    "%s %n {0}",
    "\x1b" * 1000,
]


def dangerous(text: str) -> set[str]:
    """What is left in a line that a terminal might obey, or that does not show."""
    kept = set("\u200c\u200d\u00a0\u3000")
    return {c for c in text if not c.isprintable() and c not in kept and not 0x2000 <= ord(c) <= 0x200A}


@pytest.mark.parametrize("text", CORPUS)
def test_nothing_of_the_corpus_reaches_a_terminal(text):
    shown = escape(text)
    assert not dangerous(shown)
    assert not dangerous(escape_lines(text).replace("\n", "").replace("\t", ""))
    shown.encode("utf-8")


@given(st.text(st.characters(codec=None)))
def test_no_text_reaches_a_terminal_unescaped(text):
    assert not dangerous(escape(text)) - set("\u1680\u202f\u205f")


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_stays_as_it_is(text):
    assert escape(text) == text


@pytest.mark.parametrize("text", ["Grüße.mp4", "日本語", "हिन्दी", "👩‍💻", "می‌خواهم", "a b", "C:\\new"])
def test_the_words_of_people_stay_as_they_are(text):
    assert escape(text) == text


def test_codes_say_what_was_there():
    assert escape("a\x1b[0m\x9b\u202e\n\r\t\udc80") == "a\\x1b[0m\\x9b\\u202e\\n\\r\\t\\x80"


def test_lines_and_tabs_of_a_log_stay_and_a_drawn_over_line_becomes_lines():
    assert escape_lines("a\tb\r\nc\rd\x1b\n") == "a\tb\nc\nd\\x1b\n"


@given(st.binary())
def test_any_bytes_become_text(raw):
    assert not dangerous(escape(decode(raw))) - set("\u1680\u202f\u205f")


def test_columns_are_counted_and_kept_to():
    assert [width(text) for text in ("abc", "日本", "e\u0301")] == [3, 4, 1]
    assert shorten("日本語日本語", 8) == "日本..."
    assert pad("日", 4) == "日  "


@pytest.mark.parametrize("color", ["always", "never"])
@pytest.mark.parametrize("say", [Output.line, Output.note, Output.error])
def test_whatever_is_said_is_escaped_coloured_or_not(say, color, capsys):
    out = Output()
    out.color = color
    say(out, "a\x1b]52;c;eA==\x07", Styled("b\x1b[2J\r", "bad"))
    said = "".join(capsys.readouterr())
    assert said.count("\x1b") == (2 if color == "always" else 0)
    assert "\x07" not in said
    assert "\r" not in said
