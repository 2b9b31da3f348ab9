"""What a text is that does not begin like JSON: another job language, or something else altogether.

Guesses for messages only: nothing is read differently because of it.
"""

from __future__ import annotations

import re

LOOK = 4096  # characters are enough to tell
# The first line that says something decides.
LANGUAGES = (
    ("Python", re.compile(r"#!.*\bpython|(?:import|from|with|def|class|async)\s+\w|@\w+[\w.]*\s*$|\w+\s*=[^=]")),
    ("a shell script", re.compile(r"#!")),
    ("alfscript", re.compile(r"##?\s*Alf|(?:Job|Task|Cmd|RemoteCmd|Assign|Iterate)(?:\s|$)(?!:)")),
    ("XML or HTML", re.compile(r"<[!?/a-zA-Z]")),
    ("YAML", re.compile(r"---|%YAML|- |[\w\"'.-]+:(?:\s|$)")),
)
HINTS = {
    "YAML": "give the file the ending .yaml",
    "Python": "give the file the ending .py",
    "alfscript": "give the file the ending .alf",
}


def guessed(text: str, start: int) -> tuple[str, str] | None:
    """What is wrong and a hint, when the text at `start` is recognised as something else than JSON."""
    for line in text[start : start + LOOK].splitlines():
        said = line.strip()
        name = next((name for name, begins in LANGUAGES if begins.match(said)), None)
        if name:
            return f"this is not JSON: it looks like {name}", HINTS.get(name, "")
        if said and not said.startswith("#"):
            return None
    return None
