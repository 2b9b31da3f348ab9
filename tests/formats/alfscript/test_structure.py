"""Operators and options in a tree, and every mistake in their order at its place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_manager.formats.alfscript.options import OPERATORS, TABLE
from job_manager.formats.alfscript.structure import read
from job_manager.model.errors import InputError
from tests.formats.alfscript.reading import mistakes, script, shown

SAMPLE = """##AlfredToDo 3.0
#set AlfJobPause 1
Job
-title {a job} -serialsubtasks 1 -subtasks {
    # a comment with {
    # } in it
    Task {one} -cmds {
        RemoteCmd -service {X} {/bin/ls -l}
        -tags {a b}; Cmd {true}
    } -subtasks "Instance {two}"
####
    Task -title {two}
}
"""


def test_a_script_with_everything_where_it_stands():
    read = script(SAMPLE)
    assert read.version == "3.0"
    assert not read.problems
    assert read.job
    assert shown(read.job) == [
        "Job",
        (3, 1),
        [],
        {"-title": "a job", "-serialsubtasks": "1"},
        {
            "subtasks": [
                [
                    "Task",
                    (7, 5),
                    ["one"],
                    {},
                    {
                        "cmds": [
                            ["RemoteCmd", (8, 9), ["/bin/ls -l"], {"-service": "X", "-tags": "a b"}, {}],
                            ["Cmd", (9, 22), ["true"], {}, {}],
                        ],
                        "subtasks": [["Instance", (10, 18), ["two"], {}, {}]],
                    },
                ],
                ["Task", (12, 5), [], {"-title": "two"}, {}],
            ]
        },
    ]
    assert [node.path for node in read.nodes][-1] == "job.subtasks[0].cmds[1]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1:1 - | there is no Job in the file"]),
        ("# only a comment", ["1:1 - | there is no Job in the file"]),
        ("Task a", ["1:1 task | Task cannot stand at the top of a file"]),
        ("Jub -title a", ['1:1 - | "Jub" is not an operator of Alfscript']),
        ("-title a", ["1:1 - | -title stands before any operator"]),
        ("Job\nJob", ["2:1 job | a second Job; the first is at 1:1"]),
        ("Job -titel a", ["1:5 job.titel | Job has no option -titel"]),
        ("Job -title a -title b", ["1:14 job.title | -title is given twice; first at 1:5"]),
        ("Job -projects a -project b", ["1:17 job.project | -project is given twice; first at 1:5"]),
        ("Job -title", ["1:5 job.title | -title has no value"]),
        ("Job -title -comment a", ["1:5 job.title | -title has no value"]),
        ("Job -cmds {}", ["1:5 job.cmds | -cmds is not an option of Job"]),
        ("Job -standin {}", ["1:5 job.standin | -standin (another command in place of this one) is not supported"]),
        ("Job a", ['1:5 job | Job does not take "a"']),
        ("Job\n}", ["2:1 - | a closing brace that closes nothing"]),
        ("Job -subtasks {Task a -title b}", ['1:23 job.subtasks[0] | the Task is called "a" already']),
        ("Job -subtasks {Cmd a}", ["1:16 job.subtasks[0] | Cmd cannot stand in -subtasks"]),
        ("Job -subtasks {Instance}", ["1:16 job.subtasks[0] | Instance has no title"]),
        ("Job -cleanup {Cmd}", ["1:15 job.cleanup[0] | Cmd has no command"]),
        ("Job -cleanup {Cmd {}}", ["1:20 job.cleanup[0] | the command is empty"]),
        ("Job -cleanup {Cmd a -when done}", ["warning 1:21 job.cleanup[0] | -when has no effect here"]),
        (
            "Job -postscript {Cmd a -when dune}",
            ['1:30 job.postscript[0].when | expected done, error or always, found "dune"'],
        ),
        ("Job -init {Assign 1 a}", ['1:19 job.init[0] | "1" is no name of a variable']),
        (
            'Job -cleanup {Cmd {sh "a"b}}',
            ['1:26 job.cleanup[0] | a list element in quotes is followed by "b" instead of a blank'],
        ),
        ('Job -title "[exec rm]"', ["1:13 job.title | command substitution is not supported"]),
        ("Job -title [open x]", ["1:12 job.title | command substitution is not supported"]),
        ("Job -title {[exec rm] $a}", []),
        (
            "Job -subtasks {Iterate}",
            [
                "1:16 job.subtasks[0] | Iterate has no -from",
                "1:16 job.subtasks[0] | Iterate has no -template",
                "1:16 job.subtasks[0] | Iterate has no -to",
                "1:16 job.subtasks[0] | Iterate has no variable",
            ],
        ),
    ],
)
def test_mistakes(text, expected):
    assert mistakes(text) == expected


def test_all_mistakes_of_all_depths_come_in_order():
    text = "Job -x 1 -subtasks {\n Tusk a\n Task b -cmds {\n  Cmd -y {c}\n }\n Task {c} -z\n} -title {"
    found = [line.split(" ")[0] for line in mistakes(text)]
    assert found == ["1:5", "2:2", "4:7", "6:11", "7:10"]


def test_endless_mistakes_end_the_reading():
    found = script("Job -subtasks {" + "Tusk a\n" * 5000 + "}").problems
    assert len(found) == 1001
    assert found[-1].more


def test_a_setting_of_alfred_is_taken():
    assert script("set AlfJobPause 1\nJob").settings["AlfJobPause"].text == "1"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"Job\n -title \xff", "byte 0xff at offset 12 is not UTF-8"),
        (b"Job \0", "the character U+0000 at offset 4 is not allowed in a text file"),
        ("Job".encode("utf-16"), "the file looks like UTF-16"),
        ("Job -title x".encode("utf-16-le"), "the file looks like UTF-16"),
    ],
)
def test_what_is_no_text_is_refused(raw, message):
    with pytest.raises(InputError, match=re.escape(message)):
        read(raw, "job.alf")


def test_a_byte_order_mark_and_other_line_ends_change_no_place():
    mac, dos = SAMPLE.replace("\n", "\r"), SAMPLE.replace("\n", "\r\n")
    for raw in (mac.encode(), dos.encode(), b"\xef\xbb\xbf" + SAMPLE.encode()):
        read_so = read(raw, "job.alf")
        assert read_so.job
        assert not read_so.problems
        assert [node.at for node in read_so.nodes] == [node.at for node in script(SAMPLE).nodes]


@pytest.mark.parametrize("depth", [5_000, pytest.param(50_000, marks=pytest.mark.long)])
def test_tasks_deep_in_each_other(depth):
    found = script("Job -subtasks {" + "Task a -subtasks {" * depth + "Tusk" + "}" * depth + "}")
    assert len(found.nodes) == depth + 1
    [problem] = found.problems
    assert problem.place.path.startswith("...subtasks[0]")
    assert len(problem.place.path) < 300


SIGNS = [*OPERATORS, *(option.name for option in TABLE), *'{ } " [ ] $ # ; \\ \n a 1 ${ $i {} {a} {1}'.split(" "), " "]


@given(st.lists(st.sampled_from(SIGNS), max_size=40).map(" ".join) | st.text(max_size=60))
def test_any_text_is_read_or_refused_with_places(text):
    try:
        found = read(text.encode("utf-8", "surrogatepass"), "job.alf")
    except InputError as error:
        assert error.problems
        return
    for problem in found.problems:
        assert problem.message
        assert problem.place.line >= 1 or problem.more
    assert found.problems == sorted(found.problems, key=lambda problem: problem.place[1:3])
