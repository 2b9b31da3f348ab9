"""Numbers, times and lists of options; brackets and variables: what they give, and where a mistake in them stands."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from job_manager.formats.alfscript.expression import Fault, bracket
from job_manager.formats.alfscript.substitution import Scope, assigned, counted, passes, substituted
from job_manager.formats.alfscript.tree import Node
from job_manager.formats.alfscript.values import After, Keys, PathMap, launch, value_of
from tests.formats.alfscript import tcl
from tests.formats.alfscript.reading import line, mistakes, script, spot

OF_JOB = (
    "-priority -serialsubtasks -paused -after -dirmaps -envkey -projects -tier -maxactive -afterjids -title".split()
)


def value(option: str, text: str) -> object:
    """The value that an option gets in a file."""
    where = f"{option} {text}"
    job = f"Job {where}" if option in OF_JOB else f"Job -subtasks {{Task a -cmds {{Cmd b {where}}}}}"
    read = script(job)
    assert not any(problem.severity == "error" for problem in read.problems)
    found = read.nodes[-1].given[option]
    return value_of(found, found.value.inside(), spot()[0])


@pytest.mark.parametrize(
    ("option", "text", "meant"),
    [
        ("-priority", "10", 10.0),
        ("-priority", "{100.0}", 100.0),
        ("-priority", "-3", -3.0),
        ("-priority", "{}", None),
        ("-serialsubtasks", "{ 1 }", True),
        ("-paused", "0", False),
        ("-after", "{9:05}", After(9, 5)),
        ("-after", "{2 29 23:59}", After(23, 59, 2, 29)),
        ("-retryrc", "{1 2 -9}", (1, 2, -9)),
        ("-retryrc", "1", (1,)),
        ("-maxactive", "{12}", 12),
        ("-projects", "Default", ("Default",)),
        ("-projects", '{"a b" c}', ("a b", "c")),
        ("-dirmaps", "{{{/a b} {//c} UNC} {x y NFS}}", (PathMap("/a b", "//c", "UNC"), PathMap("x", "y", "NFS"))),
        ("-envkey", "{{nuke-9} {setenv A=b {C=d e}} rms}", Keys(("nuke-9", "rms"), {"A": "b", "C": "d e"})),
        ("-envkey", "{setenv A=b C=}", Keys((), {"A": "b", "C": ""})),
        ("-service", '{"X"}', "X"),
        ("-service", "{ X,Y }", "X,Y"),
        ("-title", "{ a }", " a "),
        ("-maxrunsecs", "1.5", 1.5),
    ],
)
def test_values(option, text, meant):
    assert value(option, text) == meant


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Job -priority {ten}", '1:16 job.priority | expected a number, found "ten"'),
        (
            "Job -priority 1e400",
            '1:15 job.priority | the number "1e400" is out of range; it must be between -2^53 and 2^53',
        ),
        ("Job -serialsubtasks {  yes}", '1:24 job.serialsubtasks | expected 0 or 1, found "yes"'),
        ("Job -maxactive 1.5", '1:16 job.maxactive | expected a whole number, found "1.5"'),
        ("Job -after {1 32 1:00}", '1:15 job.after | the number "32" is out of range; it must be from 1 to 31'),
        ("Job -after {24:00}", '1:13 job.after | expected a time from 0:00 to 23:59, found "24:00"'),
        ("Job -after {1 1:00}", '1:13 job.after | expected a time, found "1 1:00"'),
        ("Job -dirmaps {{a b c}\n {a b}}", "2:2 job.dirmaps | a path map has three parts (from, to, zone); here are 2"),
        ("Job -envkey {{setenv A}}", '1:22 job.envkey | "A" sets no variable: has no ='),
        ('Job -tier {"a"}', 'warning 1:12 job.tier | the quotes in ""a"" are left out'),
        ('Job -tier "\\ud800"', '1:12 job.tier | "\\ud800" is not a character of Unicode text'),
    ],
)
def test_a_mistake_in_a_value_is_placed(text, message):
    assert mistakes(text) == [message]


def test_arguments_have_their_places():
    [_, _, command] = script("Job -subtasks {Task a -cmds {Cmd {/bin/sh -c {a; b\n| c} d\\ e}}}").nodes
    words = launch(command.words[0].inside(), spot()[0])
    assert [(word.text, word.at) for word in words] == [
        ("/bin/sh", (1, 35)),
        ("-c", (1, 43)),
        ("a; b\n| c", (1, 46)),
        ("d e", (2, 6)),
    ]


# Of a lone number Tcl gives back its very spelling.
NUMBERS = st.sampled_from(["0", "1", "2", "25", "(007+0)", "(0x1f+0)", "$i", "$j", "-3", "(1)"])
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+ - * / % < > <= >= == != && ||".split()), inner).map(" ".join)
        | inner.map("({})".format)
        | inner.map("!{}".format)
        | inner.map("-{}".format)
        | st.tuples(inner, inner, inner).map(lambda three: "{} ? {} : {}".format(*three))
        | inner.map("[expr {}]".format)
    ),
    max_leaves=8,
).map("[expr {}]".format)
FIELDS = st.sampled_from("%d %04d %4d %-4d| %+d %.3d %x %X %04x %o %s %5s %-5s| %% %i".split())
FORMATS = st.tuples(FIELDS, EXPRESSIONS | st.sampled_from(["$i", "$j", "12", "{7}", '"010"'])).map(
    lambda pair: "[format {} {}]".format(*pair)
)


def computed(text: str) -> str:
    try:
        return bracket(text).write({"i": "7", "j": "-3"})
    except Fault:
        return "error"


@pytest.mark.needs("tclsh")
@settings(max_examples=12, phases=(Phase.reuse, Phase.generate))  # a whole batch is slow to shrink
@given(st.lists(EXPRESSIONS | FORMATS, min_size=60, max_size=60))
def test_brackets_give_what_tcl_gives(texts):
    for text, answer in zip(texts, tcl.ask("value", texts), strict=True):
        ours = computed(text)
        # Of negative numbers Tcl writes the bits of a machine word; that is refused here.
        if not (ours == "error" and text.startswith(("[format %x", "[format %X", "[format %04x", "[format %o"))):
            assert ours == (answer if answer == "error" else "".join(tcl.words(answer))), text


def template(text: str) -> tuple[Node, Node]:
    """An Iterate from 1 to 3 and the one Task in its template."""
    nodes = script(f"Job -subtasks {{Iterate f -from 1 -to 3 -template {{Task {text}}}}}").nodes
    return nodes[1], nodes[2]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("{f $f of ${f}x $g $fx}", ["f 1 of 1x $g $fx", "f 2 of 2x $g $fx", "f 3 of 3x $g $fx"]),
        ("{[format %04d [expr ($f-1)*2+1]]}", ["0001", "0003", "0005"]),
        ('"[expr ($f+9)>10?10:($f+9)] \\$f [format "%02d" $f]"', ["10 $f 01", "10 $f 02", "10 $f 03"]),
        ("[format %d $f]", ["1", "2", "3"]),
        ("{ris1 [1-2] [show] \\$f}", ["ris1 [1-2] [show] \\$f"] * 3),
    ],
)
def test_a_template_is_filled(text, titles):
    iterate, task = template(text)
    word = task.title()
    assert word is not None
    said, findings = spot()
    assert [substituted(word, scope, said).text for scope in passes(iterate, Scope({}), said)] == titles
    assert not findings.said()


def test_a_value_stands_where_its_sign_does():
    iterate, task = template("{a$f [expr 1/0] b}")
    said, findings = spot()
    word = task.title()
    assert word is not None
    scope = next(passes(iterate, Scope({}), said))
    assert substituted(word, scope, said).at(1) == (1, 58)
    assert [line(problem) for problem in findings.said()] == ["1:68 - | division by zero"]


def test_assigned_names_are_replaced_and_no_others():
    job = script("Job -init {Assign a {x y}; Assign b {$a/z}} -title {$a $b $HOME $env(HOME) \\$a}").nodes[0]
    scope = assigned(job.bodies["init"], spot()[0])
    word = job.title()
    assert word is not None
    assert substituted(word, scope, spot()[0]).text == "x y x y/z $HOME $env(HOME) \\$a"


def test_variables_cannot_explode():
    text = "Job -init {Assign a0 {xxxxxxxxxx}\n" + "\n".join(f"Assign a{n + 1} {{$a{n}$a{n}}}" for n in range(40)) + "}"
    said, findings = spot()
    assigned(script(text).nodes[0].bodies["init"], said)
    assert "longer than" in findings.said()[0].message


def nested(depth: int, last: str) -> str:
    head = "".join(f"Iterate i{n} -from 1 -to {last} -template {{\n" for n in range(depth))
    return f"Job -subtasks {{{head}Task a -cmds {{Cmd b}}" + "}" * depth + "}"


@pytest.mark.parametrize(
    ("depth", "last", "actions"),
    [(1, "3", 3), (3, "100", 1_000_000), (2, "$i0", 0), (1, "0", 0), (1, "1000000", 10**6)],
)
def test_what_iterates_stand_for(depth, last, actions):
    job = script(nested(depth, last)).job
    assert job
    said, findings = spot()
    assert counted([job], Scope({}), said).actions == actions
    assert bool(findings.said()) == (last == "$i0")


def test_a_bound_may_depend_on_the_outer_pass():
    inner = "Iterate j -from 1 -to $i -template {Task a -cmds {Cmd b}}"
    job = script(f"Job -subtasks {{Iterate i -from 1 -to 10 -template {{{inner}}}}}").job
    assert job
    assert counted([job], Scope({}), spot()[0]).actions == 55


@pytest.mark.parametrize(("depth", "last"), [(1, "1000001"), (1, "9007199254740991"), (4, "1000"), (30, "2")])
def test_too_much_is_refused_before_anything_is_made(depth, last):
    job = script(nested(depth, last)).job
    assert job
    said, findings = spot()
    assert counted([job], Scope({}), said).too_many
    assert any("stands for too much" in problem.message for problem in findings.said())
