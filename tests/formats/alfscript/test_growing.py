"""What a command with -expand has printed: read by itself, with the titles of the job around it.

Given a text, the tasks it stands for, or every mistake in it at its place.
"""

from __future__ import annotations

import pytest

from job_manager import formats
from job_manager.formats import alfscript
from job_manager.model.document import children_document, read_children
from job_manager.model.errors import InputError
from job_manager.model.job import Command, actions

TITLES = {"model": "build/model", "Shot 1": "shots/Shot 1"}


def printed(text: str, titles: dict[str, str] | None = None):
    return formats.printed(text.encode(), "a.log", "t/list", lambda: titles or TITLES)


def told(text: str) -> list[str]:
    with pytest.raises(InputError) as raised:
        printed(text)
    return [f"{p.place.line}:{p.place.column} {p.message}" for p in raised.value.problems]


def test_tasks_have_names_by_the_rule_and_commands_their_options():
    children, odd = printed(
        "Task {a/b} -cmds {\n Cmd {make x} -retryrc {3} -expand 1\n}\n"
        'Iterate i -from 1 -to 2 -template { Task "f $i" -cmds {Cmd {echo $i}} }\n'
    )
    assert [(task.name, task.title) for task in children] == [("a-b", "a/b"), ("f 1", ""), ("f 2", "")]
    one = children[0].children[0]
    assert one.work == Command(("make", "x")) and one.expand and one.retry_on == ("3",)
    assert not odd
    assert children_document(read_children(children_document(children))) == children_document(children)


def test_instances_mean_tasks_in_it_first_and_then_those_outside_by_whole_paths():
    children, _ = printed(
        "Task {x} -subtasks {Instance {model}} -cmds {Cmd {true}}\n"
        "Task {y} -subtasks {Instance {x}; Instance {Shot 1}} -cmds {Cmd {true}}\n"
    )
    assert [task.needs for task in children] == [("build/model",), ("t/list/x", "shots/Shot 1")]
    children, _ = printed("Task {model} -cmds {Cmd {true}}\nTask {x} -subtasks {Instance {model}} -cmds {Cmd {true}}\n")
    assert children[1].needs == ("t/list/model",)


def test_needs_further_down_are_whole_paths_too():
    text = "Task {p} -subtasks { Task {q} -cmds {Cmd {a}} }\nTask {r} -subtasks {Instance {q}} -cmds {Cmd {b}}\n"
    assert printed(text)[0][1].needs == ("t/list/p/q",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello world\n", ['1:1 "hello" is not an operator of Alfscript']),
        ("Job -title {j} -subtasks {}\n", ["1:1 Job cannot stand in -subtasks"]),
        ("Cmd {true}\n", ["1:1 Cmd cannot stand in -subtasks"]),
        (
            "\n Task {t} -cmd {}\nTask {u} -cmds {Cmd {}}\n",
            ["2:11 Task has no option -cmd", "3:22 the command is empty"],
        ),
        ("Task {t} -subtasks {Instance {nobody}}", ['1:30 no Task is called "nobody"']),
        ("Task {t} -subtasks {Instance {t}} -cmds {Cmd {a}}", ['1:30 this Instance goes round: "t" can never begin']),
        ("Task {t} -cmds {", ["1:16 the brace opened here is never closed"]),
    ],
)
def test_mistakes_have_their_place(text, expected):
    assert told(text) == expected


def test_what_is_no_text_is_said():
    for raw in (b"\xff\xfe\xfa", b"Task {a}\0", b"Task {\x80}"):
        with pytest.raises(InputError):
            formats.printed(raw, "a.log", "t", dict)


def test_nothing_and_comments_are_no_tasks():
    assert printed("") == ((), []) == printed("# only this\n\n")


@pytest.mark.parametrize("cut", range(0, 120, 7))
def test_cut_anywhere_nothing_breaks(cut):
    text = (
        'Task {x} -subtasks {Instance {model}; Iterate i -from 1 -to 3 -template {Task "$i" -cmds {Cmd {a [expr $i]}}}}'
    )

    def read(raw, file):
        try:
            formats.printed(raw, file, "t", lambda: TITLES)
        except InputError:
            pass

    read(text[:cut].encode(), "a.log")
    read(text[cut:].encode(), "a.log")


def test_the_option_is_in_the_model_and_hooks_have_none():
    text = "Job -title {j} -subtasks { Task {t} -cmds { Cmd {a} -expand 1; Cmd {b} -expand 0 } }"
    found = [action.expand for _, action in actions(alfscript.draft(text.encode(), "j.alf").job)]
    assert found == [True, False]
