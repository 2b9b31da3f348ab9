"""Commands that print tasks run for real: what they print runs below them, whatever dies on the way.

Knows the shell as the program of nearly every command.
"""

from __future__ import annotations

import os
import signal

import pytest

LIST = r"""
echo seen on stderr >&2
echo list >> ran
echo '# what is to be done'
for n in 1 2 3; do
  echo "Task {shot $n} -cmds {"
  echo "  RemoteCmd {/bin/sh -c {echo $n >> ran}}"
  echo "  RemoteCmd {sh deeper.sh $n} -expand 1"
  echo "}"
done
echo 'Task {all} -subtasks {Instance {shot 1}; Instance {shot 2}; Instance {shot 3}; Instance {before}} -cmds {'
echo '  Cmd {/bin/sh -c {sort ran | tr "\n" " " > all}}'
echo '}'
"""
JOB = """Job -title {film} -envkey {setenv SHOW=film} -serialsubtasks 1 -subtasks {
  Task {before} -cmds {Cmd {true}}
  Task {render} -cmds {
    RemoteCmd {sh list.sh} -expand 1
    RemoteCmd {/bin/sh -c {echo after >> ran}}
  } -cleanup {Cmd {/bin/sh -c {echo cleanup >> ran}}}
}
"""
DEEPER = r"""echo 'Task {deep} -cmds {Cmd {/bin/sh -c {echo deep '$1' $SHOW >> ran}}}'"""


@pytest.fixture
def film(here):
    here.write("film.alf", JOB)
    here.write("list.sh", LIST)
    here.write("deeper.sh", DEEPER)
    return here


def states(here) -> dict[str, str]:
    return {action["path"]: action["state"] for action in here.jm("status", "last", "--json").json["actions"]}


def test_what_is_printed_runs_below_and_what_follows_waits_for_it(film):
    assert film.jm("check", "film.alf").code == 0
    assert "as many more as it prints" in film.jm("plan", "film.alf").out
    told = film.jm("run", "film.alf")
    assert told.code == 0, told
    ran = film.lines("ran")
    assert ran[0] == "list" and ran[-2:] == ["after", "cleanup"]
    assert sorted(ran[1:-2]) == ["1", "2", "3", "deep 1 film", "deep 2 film", "deep 3 film"]
    assert film.read("all").startswith("1 2 3 deep 1 film deep 2 film deep 3 film list")
    assert list(states(film))[:5] == [
        *["before/true", "render/sh", "render/sh/shot 1/sh", "render/sh/shot 1/sh-2"],
        "render/sh/shot 1/sh-2/deep/sh",
    ]
    assert set(states(film).values()) == {"succeeded"}
    logs = film.jm("logs", "last/render/sh")
    assert "# what is to be done" in logs.out and "seen on stderr" in logs.both
    assert film.jm("logs", "last/deep/sh").code != 0  # of three
    assert film.jm("logs", "last/render/sh/shot 2/sh-2/deep/sh").code == 0
    listed = film.jm("ls", "--json").json
    assert listed["jobs"][0]["counts"] if isinstance(listed, dict) else listed[0]["counts"] == {"succeeded": 14}
    assert "sh + 10" in film.jm("graph", "last").out


def test_killed_at_any_moment_of_growth_nothing_that_was_done_runs_again(film):
    fifo = film.fifo("gate").listen()
    go = film.fifo("go")
    film.write("deeper.sh", f"if [ $1 = 2 ]; then echo here > gate; read x < go; fi\n{DEEPER}")
    left = film.start("run", "film.alf")
    fifo.hear()
    os.kill(left.pid, signal.SIGKILL)
    left.wait()
    go.release()
    told = film.jm("resume", "last")
    assert told.code == 0, told
    ran = film.lines("ran")
    assert sorted(ran) == sorted({*ran}) and ran[0] == "list" and ran[-2:] == ["after", "cleanup"]
    assert len(ran) == 9


def test_a_failure_inside_is_taken_up_where_it_was(film):
    film.write("deeper.sh", f"[ -e repaired ] || [ $1 != 3 ] || exit 4\n{DEEPER}")
    told = film.jm("run", "film.alf")
    assert told.code == 1 and "render/sh/shot 3/sh-2" in told.both
    assert film.lines("ran")[-1] == "cleanup"
    film.write("repaired", "")
    assert film.jm("resume", "last").code == 0
    ran = film.lines("ran")
    assert ran.count("list") == 1 and ran.count("3") == 1 and ran[-3:] == ["deep 3 film", "after", "cleanup"]


def test_an_edited_job_asks_again(film):
    film.write("deeper.sh", "exit 4")
    assert film.jm("run", "film.alf").code == 1
    film.write("deeper.sh", DEEPER)
    film.write("film.alf", JOB.replace("echo after", "echo afterwards"))
    told = film.jm("resume", "last", "film.alf")
    assert told.code == 0, told
    assert film.lines("ran").count("list") == 2 and film.lines("ran").count("deep 1 film") == 1
    assert states(film)["before/true"] == "succeeded"


@pytest.mark.parametrize(
    ("prints", "why"),
    [
        ("echo hello", '1:1: "hello" is not an operator of Alfscript'),
        ("echo; echo 'Task {t} -cmds {Cmd {}}; Task {u} -x 1'", "2:22: the command is empty"),
        (r"printf 'Task {\377}'", "1:7: byte 0xff at offset 6 is not UTF-8"),
        ("echo 'Task {t} -subtasks {Instance {render}} -cmds {Cmd {true}}'", 'it waits for "render", which waits for'),
        ("echo 'Task {t} -subtasks {Instance {nobody}} -cmds {Cmd {true}}'", 'no Task is called "nobody"'),
    ],
)
def test_what_cannot_be_run_fails_the_command_and_runs_nothing(film, prints, why):
    film.write("list.sh", prints)
    told = film.jm("run", "film.alf")
    assert told.code == 1 and why in told.both, told
    assert "Traceback" not in told.both
    assert film.lines("ran") == ["cleanup"]
    found = film.jm("status", "last", "--json").json["actions"]
    failure = next(action["failure"] for action in found if action["path"] == "render/sh")
    assert failure["reason"] == "output-invalid" and why in failure["message"]


def test_printing_nothing_is_said_and_goes_on(film):
    film.write("list.sh", "true")
    assert film.jm("run", "film.alf").code == 0
    found = film.jm("status", "last", "--json").json["actions"]
    assert next(action["note"] for action in found if action["path"] == "render/sh") == "it printed no tasks"
    assert film.lines("ran") == ["after", "cleanup"]


def test_services_and_environment_keys_hold_for_what_is_printed(film):
    film.write("jm.toml", 'services = ["Render"]\nenvkeys = {"v2" = {SHOW = "second"}}\n')
    film.write("list.sh", "echo 'Task {t} -cmds {Cmd {/bin/sh -c {echo $SHOW >> ran}} -service Render -envkey {v2}}'")
    assert film.jm("run", "film.alf").code == 0
    assert film.lines("ran")[0] == "second"
    film.write("list.sh", "echo 'Task {t} -cmds {Cmd {true} -service Maya}'")
    told = film.jm("run", "film.alf")
    assert told.code == 1 and 'this machine does not satisfy the service key "Maya"' in told.both


def test_an_entry_of_a_job_yaml_expands_too(film):
    film.write("job.yaml", "name: j\nversion: 1\nsteps:\n- entries:\n  - {cmd: [sh, list.sh], expand: true}\n")
    film.write("list.sh", "echo 'Task {t} -cmds {Cmd {/bin/sh -c {echo done >> ran}}}'")
    told = film.jm("run", "job.yaml")
    assert told.code == 0, told
    assert film.lines("ran") == ["done"]
