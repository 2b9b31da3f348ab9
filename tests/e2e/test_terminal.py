"""What a person sees while a job runs: the live display, colours or none, progress, and hostile words made harmless.

Knows what a terminal would obey; the pictures themselves are checked by their words.
"""

from __future__ import annotations

import re

import pytest

from tests.cli.test_escaping import CORPUS
from tests.e2e.person import Folder, job

# Everything that our own display may send: colours, erasing and moving within its lines, the cursor's visibility.
OURS = re.compile(r"\x1b\[(?:[0-9;]*m|\d*[ABK]|2K|\?25[hl])|\r|\n")

OURS_BUT_LINES = re.compile(r"\x1b\[(?:[0-9;]*m|\d*[ABK]|2K|\?25[hl])|\r")


class Gate:
    """A job whose last action waits until it is let go."""

    def __init__(self, here: Folder, entry: str) -> None:
        self.said = here.fifo("said").listen()
        self.go = here.fifo("go")
        here.write("job.yaml", job(f"[{entry}]"))


def waiting_entry(text: str, name: str = "a") -> str:
    return f"{{name: {name}, shell: '{text}; echo x > said; read y < go'}}"


def foreign(text: str) -> set[str]:
    """Control sequences that are not ours."""
    return set(
        re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069].{0,8}", OURS.sub("", text))
    )


def test_the_display_shows_steps_rows_progress_and_the_whole(here):
    gate = Gate(here, waiting_entry("echo openjd_progress: 42", "first") + ", {name: second, shell: 'exit 5'}")
    typed = here.type("run", "job.yaml", "-j", "2")
    gate.said.hear()
    typed.see("42 %")
    typed.see("s1/second: failed after")
    typed.see("1 running, 1 failed")
    gate.go.release()
    assert typed.end() == 1
    assert re.search(r"1 s1 .* 0/2 ", typed.text)
    assert "1 of 2 actions" in typed.text and "s1/first" in typed.text and "left" in typed.text
    last = typed.text.split("\x1b[2K")[-1]
    assert "42 %" not in last and last.rstrip().splitlines()[-1].endswith(last.split("resume ")[-1].strip())
    assert typed.text.count("s1/second: failed after") == 1 and "failed: s1/second" in last
    assert typed.text.rindex("\x1b[?25h") > typed.text.rindex("\x1b[?25l")
    assert not foreign(typed.text)


def test_ffmpegs_words_are_progress_too(here):
    gate = Gate(
        here, waiting_entry('printf "  Duration: 00:00:10.00, start\\nout_time_us=2500000\\nprogress=continue\\n"')
    )
    typed = here.type("run", "job.yaml")
    gate.said.hear()
    typed.see("25 %")
    gate.go.release()
    assert typed.end() == 0


def test_at_most_eight_rows_and_no_more_lines_than_the_terminal_has(here):
    # Twelve that wait for one thing: a file, since of twelve readers of a pipe only one would get the word.
    entry = "{{name: e{:02}, shell: 'echo x > said; until test -e go; do sleep 0.02; done'}}"
    steps = ["[" + ", ".join(map(entry.format, range(12))) + "]", *["[{shell: 'true'}]"] * 40]
    said = here.fifo("said").listen()
    here.write("job.yaml", job(*steps))
    typed = here.type("run", "job.yaml", "-j", "12", rows=16)
    said.hear(12)
    typed.see("more running")
    typed.see("steps after")
    frames = typed.text.split("\x1b[?25h")[-1].split("\r\x1b[2K")
    for frame in frames[1:]:
        assert len(re.findall(r"s1/e\d\d", frame)) <= 8 and frame.count("\n") < 16
    here.write("go", "")
    assert typed.end() == 0


@pytest.mark.parametrize(("rows", "columns"), [(24, 20), (3, 100), (4, 12), (2, 5), (1, 1)])
def test_in_a_small_window_nothing_is_drawn_beside_it(here, rows, columns):
    gate = Gate(here, waiting_entry("echo openjd_progress: 42", "transcode") + ", {name: b, shell: 'true'}")
    typed = here.type("run", "job.yaml", "-j", "2", rows=rows, columns=columns)
    gate.said.hear()
    typed.see("\x1b[?25h")
    typed.see("\x1b[2K")
    if columns >= 20:
        typed.see("42 %")
        typed.see("1 of 2 action")
    gate.go.release()
    assert typed.end() == 0
    drawn = re.split(r"\r?(?:\x1b\[2K(?:\x1b\[1A)?)+", typed.text.split("\x1b[?25l", 1)[1].rsplit("\x1b[?25h", 1)[0])
    for frame in drawn:
        lines = OURS_BUT_LINES.sub("", frame).removesuffix("\n").split("\n")
        assert len(lines) <= rows and all(len(line) <= columns for line in lines), frame


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colours_there_are_none(here, env):
    gate = Gate(here, waiting_entry("true") + ", {name: b, shell: 'exit 5'}")
    typed = here.type("run", "job.yaml", "-j", "2", **env)
    gate.said.hear()
    typed.see("b: failed")
    gate.go.release()
    assert typed.end() == 1
    assert not re.search(r"\x1b\[[0-9;]*[1-9][0-9;]*m", typed.text)
    if env.get("TERM") == "dumb":
        assert "\x1b" not in typed.text


def test_off_a_terminal_there_are_plain_lines(here):
    here.write("job.yaml", job("[{name: a, shell: 'true'}, {name: b, shell: 'exit 5'}]"))
    told = here.jm("run", "job.yaml", env={"TERM": "xterm-256color", "FORCE_COLOR": "1"})
    assert "\x1b" not in told.both and "\r" not in told.both
    assert "s1: started, 2 actions" in told.out and "s1/a: done in" in told.out
    assert "s1: ended after" in told.out and "1 succeeded, 1 failed" in told.out


def hostile_job(here: Folder) -> bytes:
    """A job that prints everything a terminal might obey, and is called so, too."""
    raw = b"\n".join(text.encode("utf-8", "surrogateescape" if "\udc80" in text else "replace") for text in CORPUS)
    here.write("hostile", raw + b"\nend of it\n")
    here.write(
        "job.yaml", job('[{name: a, shell: "cat hostile; exit 1"}]', name='"\\e]0;owned\\a \\e[31mred \\u202Egnp"')
    )
    return raw


def test_hostile_words_of_a_log_are_shown_as_codes(here):
    hostile_job(here)
    typed = here.type("run", "job.yaml")
    code = typed.end()
    if code == 2:  # the name was refused, in words that are harmless
        assert not foreign(typed.text)
        here.write("job.yaml", job("[{name: a, shell: 'cat hostile; exit 1'}]"))
        typed = here.type("run", "job.yaml")
        code = typed.end()
    assert code == 1 and "end of it" in typed.text and "\\u2028" in typed.text
    assert not foreign(typed.text)
    for words in (("logs",), ("logs", "last/a"), ("logs", "-f"), ("status",), ("ls",)):
        shown = here.type(*words)
        assert shown.end() == 0
        assert not foreign(shown.text), words
    assert "\\x1b[31mred" in here.type("logs", "last/a").see("end of it")


def test_hostile_names_in_errors_are_shown_as_codes(here):
    for words in (
        ("run", "\x1b[31m.yaml"),
        ("st\x1b]0;x\x07atus",),
        ("status", "\u202egnp"),
        ("ls", "--\x9b31m"),
        ("logs", "last/\r\x1b[2J"),
    ):
        for typed in (here.type(*words), here.type(*words, "--json")):
            typed.end()
            assert not foreign(typed.text), words
        told = here.jm(*words)
        assert not foreign(told.both) and told.code in (2, 7)


def test_a_log_is_followed_until_its_action_ends(here):
    gate = Gate(here, waiting_entry("echo begun"))
    running = here.start("run", "job.yaml")
    gate.said.hear()
    typed = here.type("logs", "last/a", "-f")
    typed.see("begun")
    gate.go.release()
    assert typed.end() == 0 and running.wait() == 0


def test_all_logs_are_followed_until_the_job_ends(here):
    gate = Gate(here, waiting_entry("echo begun", "a") + ", {name: b, shell: 'echo other'}")
    running = here.start("run", "job.yaml")
    gate.said.hear()
    typed = here.type("logs", "-f")
    typed.see("==> s1/a, attempt 1")
    typed.see("other")
    gate.go.release()
    assert typed.end() == 0 and running.wait() == 0
