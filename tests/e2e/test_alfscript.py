"""Job scripts of Alfred and Tractor run as they are, and each option that has an effect has it in a real run.

Knows the shell as the program of nearly every command.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from tests.e2e.person import PATIENCE

HEAD = "##AlfredToDo 3.0\n"
README = Path(__file__).parents[1] / "formats/alfscript/golden/readme_of_mass.alf"


def shell(text: str, *more: str) -> str:
    return f"RemoteCmd {{/bin/sh -c {{{text}}}}} {' '.join(more)}"


def states(here, *argv: str) -> dict[str, str]:
    told = here.jm("status", *argv, "--json")
    return {action["path"]: action["state"] for action in told.json["actions"]}


def test_a_script_runs_in_its_order_with_its_signs_values_and_variables(here):
    here.write("shot.alf", HEAD + f"""Job -title {{shot}} -envkey {{{{setenv SHOT=010 KEPT=job}}}} -init {{
  Assign dir {{my frames}}
}} -dirmaps {{ {{{{X:/}} {{//nas/}} UNC}} {{{{X:/}} {{nas/}} NFS}} }} -subtasks {{
  Task {{film}} -subtasks {{
    Iterate f -from 1 -to 2 -template {{
      Task "frame $f" -subtasks {{Instance {{folder}}}} -cmds {{
        {shell('echo "$0 $SHOT $KEPT %r %n %h %x 100%%" > "$1"', '-envkey {setenv KEPT=command}')
            .replace('}} -', '} $f $dir/[format %02d $f]} -')}
      }}
    }}
  }} -cmds {{
    {shell('cat "my frames"/* > film')}
    Cmd {{cp film %D(X:/film)}}
    {shell('echo left out > never')} -if 0
  }}
  Task {{folder}} -cmds {{ Cmd {{mkdir $dir nas}}; Cmd {{/bin/sh -c {{echo "$0" > home}} ~/x}} }}
}} -cleanup {{ {shell('echo cleanup >> after')} }} -postscript {{
  {shell('echo done >> after')} -when done
  {shell('echo error >> after')} -when error
  {shell('echo always >> after')}
}} -whendone {{echo whendone >> after}} -whenerror {{echo whenerror >> after}}
""")  # fmt: skip
    told = here.jm("run", "shot.alf")
    assert told.code == 0, told
    assert here.read("nas/film") == "1 010 command 0 1 localhost %x 100%\n2 010 command 0 1 localhost %x 100%\n"
    assert here.read("after").split() == ["cleanup", "done", "always", "whendone"]
    assert here.read("home") == f"{here.path}/x\n" and not (here.path / "never").exists()
    plan = here.jm("plan", "shot.alf", "--json").json
    commands = [action["argv"] for task in plan["children"][:1] for action in task["children"][1:]]
    assert commands[1] == ["cp", "film", "nas/film"]
    mapped = here.jm("plan", "shot.alf", "--json", env={"JM_ZONE": "unc"}).json
    assert mapped["children"][0]["children"][2]["argv"] == ["cp", "film", "//nas/film"]


def test_after_a_failure_other_branches_go_on_and_the_hooks_for_it_run(here):
    here.write("bad.alf", f"""Job -title {{bad}} -subtasks {{
  Task {{top}} -subtasks {{
    Task {{broken}} -cmds {{ {shell('exit 3')}; {shell('touch never')} }} -cleanup {{ {shell('echo broken >> after')} }}
    Task {{fine}} -cmds {{ {shell('touch fine')} }}
  }} -cmds {{ {shell('touch never')} }}
  Task {{waiting}} -subtasks {{Instance {{broken}}}} -cmds {{ {shell('touch never')} }}
  Task {{slow}} -cmds {{ {shell('sleep 60')} -maxrunsecs 0.3 }}
  Task {{quick}} -cmds {{ {shell('true')} -minrunsecs 60 }}
}} -postscript {{ {shell('echo done >> after')} -when done
  {shell('echo error >> after')} -when error
}} -whenerror {{echo whenerror >> after}}
""")  # fmt: skip
    told = here.jm("run", "bad.alf")
    assert told.code == 1
    assert (here.path / "fine").exists() and not (here.path / "never").exists()
    assert sorted(here.read("after").split()) == ["broken", "error", "whenerror"]
    assert here.read("after").split()[1:] == ["error", "whenerror"]
    found = states(here)
    assert found["top/subtasks/broken/sh"] == found["slow/sh"] == found["quick/sh"] == "failed"
    assert found["top/sh"] == found["waiting/sh"] == "skipped"


def test_exit_codes_and_signals_of_retryrc_are_tried_again_and_no_others(here):
    count = 'echo x >> $0; test "$(wc -l < $0)" -gt 1 ||'
    here.write("again.alf", f"""Job -title {{again}} -subtasks {{
  Task {{code}} -cmds {{ {shell(count + ' exit 75; echo %r > resumed').replace('}} ', '} code} ')} -retryrc {{75}} }}
  Task {{signal}} -cmds {{ {shell(count + ' kill -SEGV $$').replace('}} ', '} signal} ')} -retryrc {{1 -11}} }}
  Task {{other}} -cmds {{ {shell(count + ' exit 4').replace('}} ', '} other} ')} -retryrc {{75}} }}
}}
""")  # fmt: skip
    told = here.jm("run", "again.alf")
    assert told.code == 1
    assert [here.read(name).count("x") for name in ("code", "signal", "other")] == [2, 2, 1]
    assert here.read("resumed") == "1\n"


def test_maxactive_and_tags_bound_what_runs_at_once(here):
    lock = "mkdir {0} && sleep 0.2 && rmdir {0}"
    row = "".join(f"Task {{{n}}} -cmds {{ {shell(lock.format('lock'))} }}\n" for n in range(3))
    here.write("row.alf", f"Job -title {{row}} -maxactive 1 -subtasks {{\n{row}}}\n")
    assert here.jm("run", "row.alf", "-j", "4").code == 0
    tagged = row.replace("}} ", "}} -tags {licence} ")
    here.write("tagged.alf", f"Job -title {{tagged}} -subtasks {{\n{tagged}}}\n")
    assert here.jm("run", "tagged.alf", "-j", "4", env={"JM_LIMITS": "licence=1"}).code == 0


def test_a_paused_job_waits_for_a_word_and_a_time_is_said(here):
    here.write(
        "paused.alf", f"set AlfJobPause 1\nJob -title {{p}} -subtasks {{Task t -cmds {{ {shell('touch t')} }} }}\n"
    )
    assert here.jm("run", "paused.alf").code != 1 and not (here.path / "t").exists()
    id = here.jm("ls", "--json").json["jobs"][0]["id"]
    assert here.jm("resume", id).code == 0 and (here.path / "t").exists()
    here.write("late.alf", "Job -title {l} -after {12 24 6:05} -priority {-2.5} -subtasks {Task t -cmds {Cmd true}}\n")
    assert re.search(
        r"late\.alf:1:23: after: note: nothing starts before \d{4}-12-24 06:05", here.jm("check", "late.alf").both
    )


def test_service_and_environment_keys_are_what_the_configuration_says(here):
    here.write("keys.alf", f"""Job -title {{keys}} -service {{prman}} -subtasks {{
  Task {{t}} -service {{(maya || Nuke), @.nCPUs >= 1}} -cmds {{
    {shell('echo $NUKE $LEVEL')} -service {{local:nuke && !houdini}} -envkey {{nuke-15.1 {{setenv LEVEL=2}}}}
  }}
}}
""")  # fmt: skip
    assert "note: this machine is taken to satisfy every service key" in here.jm("check", "keys.alf").err
    toml = 'services = ["PRMan", "nuke"]\n[envkeys]\n"nuke-15.1" = {NUKE = "/opt/nuke", LEVEL = "1"}\n'
    here.write("jm.toml", toml)
    told = here.jm("run", "keys.alf")
    assert told.code == 0 and "note" not in told.err, told
    id = here.jm("ls", "--json").json["jobs"][0]["id"]
    assert here.jm("logs", f"{id}/t/sh").out.splitlines()[-1] == "/opt/nuke 2"
    here.write("jm.toml", 'services = ["nuke", "houdini"]\n')
    refused = here.jm("check", "keys.alf")
    assert refused.code == 2
    places = re.findall(r"keys\.alf:(\d+):\d+: (\S+): this machine does not satisfy", refused.err)
    assert places == [("1", "job.service"), ("3", "job.subtasks[0].cmds[0].service")]
    assert 'the environment key "nuke-15.1" has no effect here' in refused.both


def test_the_readme_of_mass_is_checked_and_planned(here):
    here.write("job.alf", README.read_bytes())
    told = here.jm("check", "job.alf")
    assert told.code == 0 and "ok: 4 actions in 2 steps" in told.out
    assert "subtasks run at once, as always in Alfscript" in told.err
    plan = here.jm("plan", "job.alf")
    assert "ffmpeg -loglevel fatal -y -i storytelling.mp4" in plan.out


def test_a_resumed_script_runs_only_what_is_left(here):
    here.write("job.alf", f"""Job -title {{j}} -serialsubtasks 1 -subtasks {{
  Task {{one}} -cmds {{ {shell('echo one >> ran')} }}
  Task {{two}} -cmds {{ {shell('echo two >> ran; test -e go')} }}
}}
""")  # fmt: skip
    assert here.jm("run", "job.alf").code == 1
    (here.path / "go").touch()
    id = here.jm("ls", "--json").json["jobs"][0]["id"]
    os.remove(here.path / "job.alf")
    assert here.jm("resume", id).code == 0
    assert here.read("ran").split() == ["one", "two", "two"]


def test_of_several_jobs_that_of_the_highest_priority_runs_first(here):
    here.write(
        "first.alf", f"Job -title {{first}} -subtasks {{ Task {{t}} -cmds {{ {shell('echo > begun; cat go')} }} }}"
    )
    begun, go = here.fifo("begun").listen(), here.fifo("go")
    assert here.jm("up", "--detach", "-j", "1").code == 0
    try:
        ids = [submitted(here, "first.alf")]
        begun.hear()  # the only slot is taken
        for name, priority in (("low", "-priority -1"), ("usual", ""), ("high", "-priority 9.5")):
            tasks = "; ".join(f"Task {{{n}}} -cmds {{ {shell(f'echo {name} >> order')} }}" for n in "ab")
            here.write(f"{name}.alf", f"Job -title {{{name}}} {priority} -subtasks {{ {tasks} }}")
            ids.append(submitted(here, f"{name}.alf"))
        go.release()
        assert [here.jm("wait", id).code for id in ids] == [0, 0, 0, 0]
    finally:
        here.jm("down")
    assert here.lines("order") == ["high", "high", "usual", "usual", "low", "low"]


def submitted(here, file: str) -> str:
    """The id of the job, once the supervisor has it."""
    id, until = here.jm("submit", file, "-q").out.strip(), time.monotonic() + PATIENCE
    while here.jm("status", id).code:
        assert time.monotonic() < until
    return id


def clock(hour: int, minute: int, second: int) -> str:
    """A time zone in which it is now so late."""
    now = time.time() % 86400
    west = round(now - (hour * 3600 + minute * 60 + second)) % 86400
    west -= 86400 if west > 43200 else 0
    sign, west = ("-" if west < 0 else ""), abs(west)
    return f"XXX{sign}{west // 3600}:{west // 60 % 60:02}:{west % 60:02}"


def test_nothing_starts_before_after(here):
    here.write(
        "late.alf",
        f"Job -title {{late}} -after {{12:30}} -subtasks {{ Task {{t}} -cmds {{ {shell('date +%T > at')} }} }}",
    )
    told = here.jm("run", "late.alf", env={"TZ": clock(12, 29, 58)})
    assert told.code == 0 and "nothing starts before" in told.both and "12:30" in told.both, told
    assert "12:30:00" <= here.read("at").strip() < "12:31"
