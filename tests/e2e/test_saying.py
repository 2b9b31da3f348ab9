"""Programs that say how far they are, what they do, why they failed and how they ended; and the person who sees it.

Knows the lines; the display around them is in test_terminal.
"""

from __future__ import annotations

import pytest

from tests.e2e.person import Folder, job
from tests.e2e.test_terminal import foreign, waiting_entry

MODULE = """\
import sys
sys.stdout.buffer.write({said!r})
sys.stdout.flush()
open({opened!r}, "w").write("x\\n")
open({go!r}).read()
"""


def module(here: Folder, said: bytes, more: str = "") -> None:
    """A module that prints this, says so, and waits."""
    here.write("modules/m/manifest.yaml", f"name: m\ndescription: d\nentrypoint: main.py\n{more}")
    opened, go = str(here.path / "said"), str(here.path / "go")
    here.write("modules/m/main.py", MODULE.format(said=said, opened=opened, go=go))
    here.write("job.yaml", job("[{module: m}]"))


@pytest.mark.parametrize(
    ("said", "more", "seen"),
    [
        (b"openjd_progress: 41\n", "", "41 %"),
        (b"TR_PROGRESS 42%\n", "", "42 %"),
        (b"ALF_PROGRESS 43%\n", "", "43 %"),
        (b"R90000    44%\n", "", "44 %"),
        ("\r  0%|    | 0/9 [00:00<?]\rx:  45%|█▊  | 4/9 [00:01<00:02, 9.9it/s]".encode(), "", "45 %"),
        (b"at tile 23 of 50 now\n", r"progress: 'tile (\d+) of (\d+)'" + "\n", "46 %"),
        (b"total_us=1000000\nout_time_us=470000\n", "", "47 %"),
    ],
)
def test_a_module_says_how_far_it_is(here, said, more, seen):
    module(here, said, more)
    listening, go = here.fifo("said").listen(), here.fifo("go")
    typed = here.type("run", "job.yaml")
    listening.hear()
    typed.see(seen)
    shown = here.jm("status")
    assert seen in shown.out
    (action,) = here.jm("status", "--json").json["actions"]
    assert f"{action['percent']:.0f} %" == seen
    go.release()
    assert typed.end() == 0
    (action,) = here.jm("status", "--json").json["actions"]
    assert action["percent"] is None and action["message"] is None and action["note"] is None


def test_a_message_is_shown_while_it_runs_and_is_harmless(here):
    listening, go = here.fifo("said").listen(), here.fifo("go")
    here.write("hostile", b"openjd_status: paints \x1b[31mred \xff\n")
    here.write("job.yaml", job(f"[{waiting_entry('cat hostile')}]"))
    typed = here.type("run", "job.yaml")
    listening.hear()
    typed.see("paints \\x1b[31mred \\xff")
    assert "paints \\x1b[31mred" in here.jm("status").out
    go.release()
    assert typed.end() == 0 and not foreign(typed.text)


def test_progress_never_ends_an_action_nor_its_job(here):
    here.write("job.yaml", job("[{name: a, shell: 'echo TR_PROGRESS 100%; echo openjd_progress: 100; exit 3'}]"))
    assert here.jm("run", "job.yaml").code == 1


def test_a_zero_in_the_log_overrules_a_failure_and_is_flagged(here):
    entries = (
        "[{name: a, shell: 'echo TR_EXIT_STATUS 0; exit 3'}, {name: b, shell: 'echo ALF_EXIT_STATUS 0; kill -9 $$'}]"
    )
    here.write("job.yaml", job(entries))
    told = here.jm("run", "job.yaml")
    assert told.code == 0
    assert "exit code 3, but its log says TR_EXIT_STATUS 0: taken for a success" in told.out
    first, second = here.jm("status", "--json").json["actions"]
    assert first["state"] == second["state"] == "succeeded"
    assert "exit code 3" in first["note"] and "SIGKILL" in second["note"]
    assert "taken for a success" in here.jm("status").out
    typed = here.type("run", "job.yaml")
    assert typed.end() == 0 and "taken for a success" in typed.text


def test_the_outputs_of_an_overruled_failure_still_have_to_be_there(here):
    entry = "{name: a, shell: 'echo TR_EXIT_STATUS 0; echo {o.txt}; exit 3', outputs: [{name: o.txt, public: true}]}"
    here.write("job.yaml", job(f"[{entry}]"))
    told = here.jm("run", "job.yaml", "--json")
    (card,) = told.json["failures"]
    assert told.code == 1 and card["reason"] == "output-missing" and "but its log says" in card["message"]


def test_another_status_in_the_log_overrules_a_success(here):
    here.write("job.yaml", job("[{name: a, shell: 'echo TR_EXIT_STATUS 7'}]"))
    told = here.jm("run", "job.yaml", "--json")
    (card,) = told.json["failures"]
    assert told.code == 1 and (card["reason"], card["code"]) == ("code", 7)
    assert card["message"] == "its log says TR_EXIT_STATUS 7 instead of exit code 0"


def test_an_overruled_failure_is_tried_again_like_any(here):
    shell = "if test -e once; then echo fine; else touch once; echo TR_EXIT_STATUS 7; fi"
    here.write("job.yaml", job(f"[{{name: a, shell: '{shell}', retries: 1}}]"))
    assert here.jm("run", "job.yaml").code == 0


def test_a_timeout_is_not_overruled(here):
    here.write("job.yaml", job("[{name: a, shell: 'echo TR_EXIT_STATUS 0; exec sleep 60', timeout: 300ms}]"))
    told = here.jm("run", "job.yaml", "--json")
    assert told.code == 1 and told.json["failures"][0]["reason"] == "timeout"


def test_a_failure_line_heads_the_card_and_keeps_the_code(here):
    here.write("job.yaml", job("[{name: a, shell: 'echo \"openjd_fail: no licence\"; exit 5'}]"))
    told = here.jm("run", "job.yaml")
    assert told.code == 1 and "reason   no licence (exit code 5)" in told.err
    failure = here.jm("status", "--json").json["actions"][0]["failure"]
    assert failure == {"reason": "code", "code": 5, "message": "no licence (exit code 5)"}
    here.write("job.yaml", job("[{name: a, shell: 'echo openjd_fail: never mind'}]"))
    assert here.jm("run", "job.yaml").code == 0


WRITES = """\
import os, sys
with open(os.environ["JM_ERROR_FILE"], "wb") as file:
    file.write(b"frame 17 is black\\nat \\x1b[31mcamera\\xff 2\\n" + b"x" * 100000)
print("log line")
sys.exit(6)
"""


def test_an_error_file_heads_the_card(here):
    module(here, b"")
    here.write("modules/m/main.py", WRITES)
    told = here.jm("run", "job.yaml")
    assert told.code == 1 and "reason   frame 17 is black (exit code 6)" in told.err
    says, log = told.err.index("it says:"), told.err.index("log line")
    assert says < told.err.index("reason ") < log
    assert "  | at \\x1b[31mcamera\\xff 2" in told.err and not foreign(told.err)
    (card,) = here.jm("resume", "last", "--json").json["failures"]
    assert card["error_file"][:2] == ["frame 17 is black", "at \x1b[31mcamera\\xff 2"]
    assert sum(map(len, card["error_file"])) < 4200


def test_an_error_file_of_one_line_is_said_once(here):
    entry = '{name: a, shell: "echo no light > $JM_ERROR_FILE; echo {o.txt}; exit 6", outputs: [{name: o.txt}]}'
    here.write("job.yaml", job(f"[{entry}]"))
    told = here.jm("run", "job.yaml")
    assert "reason   no light (exit code 6)" in told.err and "it says:" not in told.err


def test_without_a_directory_there_is_no_error_file(here):
    shell = 'test -z "${JM_ERROR_FILE+set}" && test -z "$JM_WORKDIR"'
    here.write("job.yaml", job(f"[{{name: a, shell: '{shell}'}}]"))
    assert here.jm("run", "job.yaml", env={"JM_ERROR_FILE": "/nowhere"}).code == 0


def test_notes_are_kept_over_an_edit(here):
    kept = "{name: a, shell: 'echo TR_EXIT_STATUS 0; exit 3'}"
    here.write("job.yaml", job(f"[{kept}, {{name: b, shell: 'exit 1'}}]"))
    assert here.jm("run", "job.yaml").code == 1
    here.write("job.yaml", job(f"[{{name: c, shell: 'true'}}, {kept}, {{name: b, shell: 'true'}}]"))
    assert here.jm("resume", "last", "job.yaml").code == 0
    notes = {action["path"]: action["note"] for action in here.jm("status", "--json").json["actions"]}
    assert notes["s1/b"] is notes["s1/c"] is None and "exit code 3" in notes["s1/a"]
