"""A module that works, with its test, to change into one's own: what `jm new module` writes. Knows no terminal."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping

from job_manager.model.errors import InputError, Refused
from job_manager.model.names import artifact_name
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

MANIFEST = """\
# It is run as   {run} --text /path/to/text.txt --numbered /path/to/numbered.txt --first 1
# Its test:      jm modules test .     gives it sample/text.txt; sample/expected/ is what has to come of it
name: {name}
description: Numbers the lines of a text
entrypoint: {entrypoint}

inputs:
  - param_name: text
    type: text

outputs:
  - param_name: numbered
    type: text

params:
  first: {{type: int, default: 1, range: [0, 1000000], help: The number of the first line}}

# Also possible: version, timeout: 5m, retries: 2, env: {{NAME: value}}, idempotent: false, python: /path/to/python
"""

PYTHON = '''\
"""Numbers the lines of a text. Reads and writes only the paths it is given; nothing of jm is imported."""

import argparse
import sys
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--numbered", type=Path, required=True)
    parser.add_argument("--first", type=int, default=1)
    given = parser.parse_args()

    lines = lines_of(given.text)
    with given.numbered.open("w", encoding="utf-8") as target:
        for done, line in enumerate(lines, 1):
            target.write(f"{given.first + done - 1:4}  {line}\\n")
            if 100 * done // len(lines) > 100 * (done - 1) // len(lines):
                print(f"openjd_progress: {100 * done // len(lines)}", flush=True)  # a line like this is its progress
    print(f"{len(lines)} lines")  # everything else it prints is its log


def lines_of(path: Path) -> list[str]:
    """The lines, at least one. What is wrong is said in words that help, and the exit code is not 0."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        sys.exit(f"openjd_fail: {path.name} is not UTF-8 (byte {error.start}): save it as UTF-8")
    if not lines:
        sys.exit(f"openjd_fail: {path.name} is empty: there is nothing to number")
    return lines


if __name__ == "__main__":
    main()
'''

BASH = """\
#!/usr/bin/env bash
# Numbers the lines of a text. Reads and writes only the paths it is given.
set -euo pipefail

fail() {
    echo "openjd_fail: $*" >&2 # heads the failure card; the exit code is not 0
    exit 1
}

text='' numbered='' first=1
while [ $# -gt 1 ]; do
    case $1 in
    --text) text=$2 ;;
    --numbered) numbered=$2 ;;
    --first) first=$2 ;;
    *) fail "there is no option $1" ;;
    esac
    shift 2
done

[ -s "$text" ] || fail "${text##*/} is empty: there is nothing to number"
total=$(awk 'END { print NR }' "$text")

# A line "openjd_progress: 40" is its progress; everything else it prints is its log.
target=$numbered awk -v first="$first" -v total="$total" '
    { printf "%4d  %s\\n", first + NR - 1, $0 > ENVIRON["target"] }
    int(100 * NR / total) > int(100 * (NR - 1) / total) { print "openjd_progress: " int(100 * NR / total) }
' "$text"
echo "$total lines"
"""

SAMPLE = "A first line.\nAnd another one.\n"
EXPECTED = "   1  A first line.\n   2  And another one.\n"


class Language(NamedTuple):
    """What a module may be written in: its program, and how that is run by hand."""

    entrypoint: str
    program: str
    run: str


LANGUAGES: Mapping[str, Language] = {
    "python": Language("main.py", PYTHON, "python main.py"),
    "bash": Language("main.sh", BASH, "./main.sh"),
}


class Made(NamedTuple):
    """The folder of the new module, absolute, and the files written, relative to it."""

    folder: str
    files: tuple[str, ...]


def new_module(name: str, shelf: str, language: str = "python") -> Made:
    """Write the module `name` into a folder of that name on the `shelf`, which is made.

    Raises Refused when there is something already, or the shelf has a module of that name; InputError for a name that
    cannot be one and for what cannot be written."""
    _refuse_name(name)
    folder = os.path.join(os.path.abspath(os.path.expanduser(shelf)), name)
    _refuse_twin(name, os.path.dirname(folder))
    try:
        os.makedirs(folder, exist_ok=True)
        if os.listdir(folder):
            raise Refused(f"{folder} is not empty; nothing in it was touched", "choose another name, or another --in")
        files = _files(name, LANGUAGES[language])
        for file, text in files.items():
            _write(os.path.join(folder, file), text)
    except FileExistsError as cause:
        raise Refused(f"{cause.filename} stands in the way", "choose another name, or another --in") from cause
    except (OSError, ValueError) as cause:
        said = cause.strerror if isinstance(cause, OSError) else str(cause)
        raise InputError(
            f"the module cannot be written to {folder}: {said}", "choose another place: --in DIR"
        ) from cause
    return Made(folder, tuple(files))


def _refuse_name(name: str) -> None:
    from job_manager.modules.shelf import SKIPPED

    wrong = artifact_name(name)
    if wrong:
        raise InputError(f"NAME: {wrong}", "a plain word will do: jm new module count_words")
    if name.startswith(".") or name in SKIPPED:
        raise InputError(f"NAME: a folder {quoted(name)} is passed over on a shelf", "begin it with a letter")


def _refuse_twin(name: str, shelf: str) -> None:
    # Imported here, as above: a name that cannot be one is refused without reading a shelf.
    from job_manager.modules.shelf import find

    module = find([], shelf).get(name)
    if module is not None and os.path.basename(module.folder) != name:
        message = f"there is a module {quoted(name)} already: {module.folder}"
        raise Refused(message, "choose another name: of two alike none could be used")


def _files(name: str, language: Language) -> dict[str, str]:
    plain = name if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) and name.lower() not in _WORDS else json.dumps(name)
    texts = {"run": language.run, "name": plain, "entrypoint": language.entrypoint}
    return {
        "manifest.yaml": MANIFEST.format(**texts),
        language.entrypoint: language.program,
        "sample/text.txt": SAMPLE,
        "sample/expected/numbered.txt": EXPECTED,
    }


_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off"})


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "x", encoding="utf-8") as stream:
        stream.write(text)
    if text.startswith("#!"):
        mode = os.stat(path).st_mode
        os.chmod(path, mode | (mode & 0o444) >> 2)  # whoever may read it may run it
