"""A small project that works, to change into one's own: what `jm init` writes. Knows the texts and no terminal.

The words of the smallest one stand here; the others lie in examples/, each a folder that is copied as it is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping

from job_manager.model.errors import InputError, Refused
from job_manager.model.names import slug
from job_manager.model.record import NamedTuple

JOB = """\
# A job: steps run one after another, the entries of a step at the same time.
# Run it:    jm run job.yaml sample.txt --out results
# Check it:  jm check job.yaml     See what it would do:  jm plan job.yaml
name: {name}
version: 1.0

input_artifacts:
  - name: text.txt            # what the entries below call the file you give
    param_name: text          # and what you may call it: jm run job.yaml --input text=sample.txt
    type: text

steps:
  - name: count
    entries:
      - module: count_words   # modules/count_words/
        inputs:
          - name: text.txt
            param_name: text
            type: text
        outputs:
          - name: words.json
            param_name: words
            type: json
            public: true      # kept when the job is done, and copied to --out; the others are removed

  # An entry may be a command, too. {{words.json}} stands for the path of the file.
  # - name: show
  #   entries:
  #     - cmd: [head, -c, "300", "{{words.json}}"]
  #       inputs:
  #         - name: words.json
"""

MANIFEST = """\
# A module: a program with this manifest beside it. It is run as
#   python main.py --text /path/to/text.txt --words /path/to/words.json
name: count_words
description: Counts the words of a text
entrypoint: main.py

inputs:
  - param_name: text
    type: text

outputs:
  - param_name: words
    type: json

# Also possible: version, timeout: 5m, retries: 2, env: {{NAME: value}}, idempotent: false, python: /path/to/python
"""

PROGRAM = '''\
"""Counts the words of a text. Reads and writes only the paths it is given."""

import argparse
import collections
import json
import re


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--text", required=True)
    parser.add_argument("--words", required=True)
    paths = parser.parse_args()

    with open(paths.text, encoding="utf-8", errors="replace") as source:
        text = source.read()
    words = re.findall(r"\\w+", text.lower())
    print(f"{{len(words)}} words")  # what a module prints is its log: jm logs last
    print("openjd_progress: 50", flush=True)  # and a line like this is its progress

    counts = dict(collections.Counter(words).most_common())
    with open(paths.words, "w", encoding="utf-8") as target:
        json.dump(counts, target, indent=2, ensure_ascii=False)


if __name__ == "__main__":
    main()
'''

README = """\
# {title}

A project for job_manager. Run it:

    jm run job.yaml sample.txt --out results

`job.yaml` says what happens, `modules/count_words/` is one program it uses, `results/words.json` is what comes of it.

- `jm check job.yaml` finds every mistake before anything starts; `jm plan job.yaml` shows what would run.
- `jm status` and `jm logs last` show how the last run went; `jm resume last` goes on after a failure or Ctrl-C.
- A new module: copy `modules/count_words`, change `name:` in its manifest, and look at it with `jm modules`.

State is kept in `.jm/`; `jm rm ID` removes a job, and the whole folder may be deleted when nothing runs.
"""

SAMPLE = """\
The quick brown fox jumps over the lazy dog.
The dog sleeps on, and the fox jumps again.
"""

IGNORED = ".jm/\nresults/\n"
FILES = {
    "job.yaml": JOB,
    "modules/count_words/manifest.yaml": MANIFEST,
    "modules/count_words/main.py": PROGRAM,
    "README.md": README,
    "sample.txt": SAMPLE,
    ".gitignore": IGNORED,
}


class Example(NamedTuple):
    """One project: the file that its job is run on, and its folder in examples/, "" for the one that stands here."""

    sample: str
    folder: str = ""


EXAMPLES: Mapping[str, Example] = {
    "words": Example("sample.txt"),
    "media": Example("score.txt", "media"),
    "render": Example("scene.json", "render"),
    "data": Example("orders.csv", "orders"),
}


def start(folder: str, example: str = "words") -> list[str]:
    """Write the project of this name of EXAMPLES into `folder`, which is made; the paths written, relative to it.

    Raises Refused when something stands there already, InputError when it cannot be written."""
    folder = os.path.abspath(os.path.expanduser(folder))
    try:
        os.makedirs(folder, exist_ok=True)
        if os.listdir(folder):
            raise Refused(f"{folder} is not empty; nothing in it was touched", "name a new folder")
        files = _texts(EXAMPLES[example].folder, folder)
        for name, text in files.items():
            _write(os.path.join(folder, name), text)
    except FileExistsError as cause:
        raise Refused(f"{cause.filename} stands in the way", "name a new folder") from cause
    except (OSError, ValueError) as cause:
        said = cause.strerror if isinstance(cause, OSError) else str(cause)
        raise InputError(f"the project cannot be written to {folder}: {said}", "choose another folder") from cause
    return list(files)


def _texts(kept_in: str, folder: str) -> dict[str, str]:
    if not kept_in:
        return {name: _filled(text, folder) for name, text in FILES.items()}
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "examples", kept_in)
    names = sorted(_below(place), key=lambda name: (name != "job.yaml", "/" not in name, name))
    return {**{name: _text(os.path.join(place, name)) for name in names}, ".gitignore": IGNORED}


def _below(place: str) -> Iterator[str]:
    """The files of an example, relative to it; not what Python leaves there when somebody has tried it."""
    for folder, folders, files in os.walk(place):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
        yield from (os.path.relpath(os.path.join(folder, name), place) for name in files if not name.endswith(".pyc"))


def _text(path: str) -> str:
    with open(path, encoding="utf-8", newline="") as stream:
        return stream.read()


def _filled(text: str, folder: str) -> str:
    title = os.path.basename(folder).encode("utf-8", "replace").decode() or "project"
    return text.format(name=json.dumps(slug(title, "project"), ensure_ascii=False), title=title)


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "x", encoding="utf-8") as stream:
        stream.write(text)
