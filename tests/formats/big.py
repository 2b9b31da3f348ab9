"""One big job in each job language, for time and memory: tasks one after another, in each so many shell texts at once.

`python -m tests.formats.big job.yaml 100000 > job.yaml`. A language is one function here and one line in WRITERS.
Knows nothing of how a language is read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator

WIDTH = 1000  # actions of a task
NAME, TITLE = "frame_{}_{}", "task_{}"
TEXT = 'ffmpeg -ss {1} -i "reel {0}.mov" -frames:v 1 frame_{0}_{1}.png'
RETRIES = 2  # as mass's own default, so that every language says it

Tasks = Iterable[tuple[int, range]]


def tasks(count: int) -> Iterator[tuple[int, range]]:
    """The number of each task, and the numbers of its actions."""
    for first in range(0, count, WIDTH):
        yield first // WIDTH, range(min(WIDTH, count - first))


def job_yaml(tasks: Tasks) -> Iterator[str]:
    yield 'name: big\nversion: "1"\nsteps:\n'
    for task, actions in tasks:
        yield f"  - name: {TITLE.format(task)}\n    entries:\n"
        for n in actions:
            text = json.dumps(TEXT.format(task, n))
            yield f"      - name: {NAME.format(task, n)}\n        shell: {text}\n        retries: {RETRIES}\n"


def mass_json(tasks: Tasks) -> Iterator[str]:
    """The form of mass's README: a serial job of parallel tasks."""
    yield '{"Job": {"title": "big", "children": ['
    for task, actions in tasks:
        yield ",\n" if task else "\n"
        yield f' {{"Task": {{"title": "{TITLE.format(task)}", "parallel": true, "children": [\n'
        yield ",\n".join(f"  {_mass_action(task, n)}" for n in actions)
        yield "\n ]}}"
    yield "\n]}}\n"


def _mass_action(task: int, n: int) -> str:
    members = {"title": NAME.format(task, n), "cmd": TEXT.format(task, n), "_role": "shell", "_whenerror": False}
    return json.dumps({"Action": members})


def alf(tasks: Tasks) -> Iterator[str]:
    yield "Job -title {big} -serialsubtasks 1 -subtasks {\n"
    for task, actions in tasks:
        yield f"  Task {{{TITLE.format(task)}}} -subtasks {{\n"
        for n in actions:
            yield f"    Task {{{NAME.format(task, n)}}} -cmds {{RemoteCmd {{{TEXT.format(task, n)}}} -retryrc {{1}}}}\n"
        yield "  }\n"
    yield "}\n"


def python(tasks: Tasks) -> Iterator[str]:
    """A loop, as a person writes it: a script says in three lines what the others spell out."""
    yield "from job_manager import Action, Job, Task\n\n"
    yield 'with Job("big") as job:\n'
    for task, actions in tasks:
        yield f"    with Task({TITLE.format(task)!r}, parallel=True):\n"
        yield f"        for n in range({len(actions)}):\n"
        text, name = TEXT.format(task, "{n}"), NAME.format(task, "{n}")
        yield f"            Action(cmd=f{text!r}, _role='shell', _title=f{name!r})\n"
    yield "job.run(show=True)\n"


WRITERS: dict[str, Callable[[Tasks], Iterator[str]]] = {
    "job.yaml": job_yaml,
    "json": mass_json,
    "alf": alf,
    "python": python,
}


def big(language: str, count: int) -> bytes:
    """The text of the job with so many actions. language: a name of `formats.LANGUAGES`."""
    return "".join(WRITERS[language](tasks(count))).encode()


if __name__ == "__main__":
    sys.stdout.buffer.write(big(sys.argv[1], int(sys.argv[2])))
