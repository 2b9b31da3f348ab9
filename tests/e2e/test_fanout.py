"""Fan-outs, conditions and artifacts of several files with the installed command: what a person sees and gets.

Knows jobs of shell texts that write down that they ran; the rules of names and states are tested with formats and core.
"""

from __future__ import annotations

import json
import os
import signal

import pytest

CLIPS = """\
name: encode
version: 1
params: {ending: txt}
inputs: [{name: clips, kind: files, type: text}]
steps:
  - name: enc
    entries:
      - name: enc
        foreach: {clip: clips, crf: [18, 23]}
        shell: "echo {clip.stem}-{crf} >> runs; cat {clip} > {out}; echo {crf} {clip.index} >> {out}"
        outputs: [{name: "{clip.stem}_{crf}.{params.ending}", param_name: out, public: true}]
  - name: join
    entries:
      - name: join
        shell: "echo join >> runs; cat {all} > {out}"
        inputs: [{name: "{clip.stem}_{crf}.{params.ending}", param_name: all, kind: files}]
        outputs: [{name: all.txt, param_name: out, public: true}]
"""
FRAMES = """\
name: frames
version: 1
steps:
  - entries:
      - name: split
        shell: "echo split >> runs; for n in $(seq {count}); do echo $n > {frames}/f_$n.txt; done; : > {frames}/log"
        params: {count: 3}
        outputs: [{name: frames, kind: files, glob: "f_*.txt"}]
  - entries:
      - name: draw
        foreach: {frame: frames}
        shell: "echo draw {frame.stem} >> runs; test ! -e stop-{frame.stem} && cat {frame} > {out}"
        outputs: [{name: "{frame.stem}.png", param_name: out}]
  - entries:
      - name: film
        shell: "echo film >> runs; cat {all} > {out}"
        inputs: [{name: "{frame.stem}.png", param_name: all, kind: files}]
        outputs: [{name: film.txt, param_name: out, public: true}]
"""
NAMES = ["a-18", "a-23", "b-18", "b-23", "c-18", "c-23"]


@pytest.fixture
def clips(here):
    for name in "abc":
        here.write(f"clips/{name}.txt", f"clip {name}\n")
    here.write("job.yaml", CLIPS)
    return here


@pytest.mark.parametrize(
    "given", [["clips"], ["clips/a.txt", "clips/b.txt", "clips/c.txt"], ["--input", "clips=clips"]]
)
def test_three_clips_with_two_values(clips, given):
    told = clips.jm("run", "job.yaml", *given, "--out", "out")
    assert told.code == 0 and "7 of 7 actions done" in told.out, told
    assert sorted(clips.lines("runs")) == [*NAMES, "join"]
    expected = [f"clip {clip}\n{crf} {at}" for at, clip in enumerate("abc", 1) for crf in (18, 23)]
    assert clips.read("out/all.txt") == "\n".join(expected) + "\n"
    assert sorted(os.listdir(clips.path / "out")) == sorted(
        ["all.txt", *(f"{name.replace('-', '_')}.txt" for name in NAMES)]
    )


def test_members_are_seen_everywhere(clips):
    clips.write("job.yaml", CLIPS.replace("echo {crf} {clip.index}", "echo said {clip.stem}; echo {crf} {clip.index}"))
    ran = clips.jm("run", "job.yaml", "clips")
    assert "enc/enc/b-23: done in" in ran.out and "enc: started, 6 actions" in ran.out, ran
    status = clips.jm("status", "last")
    assert "7 actions: 7 succeeded" in status.out and "1  enc  6/6" in status.out and "enc/b-23" in status.out, status
    document = clips.jm("status", "last", "--json").json
    assert [row["path"] for row in document["actions"]] == [*(f"enc/enc/{name}" for name in NAMES), "join/join"]
    assert document["counts"] == {"succeeded": 7}
    assert clips.jm("logs", "last/enc/enc/b-23").out == "said b\n"
    assert clips.jm("ls", "--json").json["jobs"][0]["counts"] == {"succeeded": 7}


def test_plan_says_how_often(clips):
    told = clips.jm("plan", "job.yaml", "clips")
    assert "encode 1: 7 actions in 2 steps" in told.out
    assert "1.1  enc  shell  6 times, once for each clip, crf; the first:" in told.out, told
    assert "reads    all of {clip.stem}_{crf}.txt  from enc/enc" in told.out
    assert "/temp/{clip.stem}_{crf}.txt" in told.out or "/public/{clip.stem}_{crf}.txt" in told.out
    document = clips.jm("plan", "job.yaml", "--json").json
    assert document["counts"] == {"steps": 2, "actions": 2, "open": ["enc/enc"]}
    clips.write("job.yaml", FRAMES)
    told = clips.jm("plan", "job.yaml")
    assert "frames 1: 3 actions, and as many as step2/draw stands for in 3 steps" in told.out
    assert "once for each frame: as many as step1/split makes; like:" in told.out
    draw = clips.jm("plan", "job.yaml", "--json").json["children"][1]["children"][0]
    assert draw["times"] is None
    assert draw["foreach"] == [{"key": "frame", "over": "frames", "from": "step1/split"}]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], 'job.yaml:4:10: inputs[0]: no file and no folder is given for the input "clips"'),
        (["gone"], "command line: input file not found: gone"),
        (["empty"], "command line: there is no file in the folder empty"),
        (["clips/a.txt", "more/a.txt"], ""),
    ],
)
def test_what_is_given(clips, words, said):
    (clips.path / "empty").mkdir()
    clips.write("empty/.hidden", "x")
    clips.write("more/a.txt", "another a\n")
    told = clips.jm("run", "job.yaml", *words)
    assert (told.code == 2 and said in told.err) if said else told.code == 0, told
    if not said:  # two of one name are told apart
        assert sorted(clips.lines("runs")) == ["a-18", "a-2-18", "a-2-23", "a-23", "join"]


def test_a_link_that_leads_nowhere_is_no_file_that_may_be_left_out(clips):
    (clips.path / "clips" / "d.txt").symlink_to("gone")
    told = clips.jm("run", "job.yaml", "clips")
    assert told.code == 2 and "input file not found: clips/d.txt" in told.err, told


def test_two_items_with_one_name_are_found_before_the_start(clips):
    clips.write("clips/a.md", "x")
    told = clips.jm("run", "job.yaml", "clips")
    assert told.code == 2 and 'would write "a_18.txt", and "enc/enc/a-18" also writes it' in told.err, told
    assert "job.yaml:11:26: steps[0].entries[0].outputs[0].name" in told.err
    assert not clips.lines("runs")


# --- known only when an action has run --------------------------------------------------------------------------------


def test_frames_that_are_known_only_when_an_action_ran(here):
    here.write("job.yaml", FRAMES.replace("count: 3", "count: 12"))
    told = here.jm("run", "job.yaml", "--out", "out")
    assert told.code == 0 and "14 of 14 actions done" in told.out, told
    assert here.read("out/film.txt").split() == [str(number) for number in range(1, 13)]
    assert len(here.lines("runs")) == 14


def test_a_member_that_failed_is_run_again_alone(here):
    here.write("job.yaml", FRAMES)
    here.write("stop-f_2", "")
    told = here.jm("run", "job.yaml")
    assert told.code == 1 and "✘ failed: step2/draw/f_2" in told.both, told
    here.write("runs", "")
    (here.path / "stop-f_2").unlink()
    again = here.jm("resume", "last", "--out", "out")
    assert again.code == 0 and here.lines("runs") == ["draw f_2", "film"], again
    assert here.read("out/film.txt") == "1\n2\n3\n"


def test_no_frames_at_all(here):
    here.write("job.yaml", FRAMES.replace("count: 3", "count: 0"))
    told = here.jm("run", "job.yaml")
    assert told.code == 1, told
    assert 'no file that fits "f_*.txt" was written into the output "frames"' in told.both
    empty = FRAMES.replace("count: 3", "count: 0").replace("kind: files, glob", "allow_empty: true, kind: files, glob")
    here.write("job.yaml", empty.replace("cat {all} >", "cat {all} /dev/null | wc -l >"))
    told = here.jm("run", "job.yaml", "--out", "out")
    assert told.code == 0 and "2 of 2 actions done" in told.out, told
    assert here.read("out/film.txt").split() == ["0"]


def test_killed_in_the_middle_of_a_fan_out_nothing_runs_twice(here):
    here.write("job.yaml", FRAMES.replace("test ! -e", "echo {frame.stem} > began; read go < go; test ! -e"))
    began, go = here.fifo("began").listen(), here.fifo("go")
    left = here.start("run", "job.yaml", "-j", "1", "--out", "out")
    assert began.hear() == ["f_1"]
    go.release()
    assert began.hear() == ["f_2"]
    os.kill(left.pid, signal.SIGKILL)
    left.wait()
    resumed = here.start("resume", "last", "-j", "1", "--out", "out")
    go.release()
    assert began.hear() == ["f_3"]
    go.release()
    out, _ = resumed.communicate(timeout=60)
    assert resumed.returncode == 0, out.decode()
    assert here.lines("runs") == ["split", "draw f_1", "draw f_2", "draw f_3", "film"]
    assert here.read("out/film.txt") == "1\n2\n3\n"


def test_an_edit_keeps_the_members_that_did_not_change(clips):
    assert clips.jm("run", "job.yaml", "clips", "--out", "out").code == 0
    clips.write("runs", "")
    clips.write("job.yaml", CLIPS.replace("[18, 23]", "[18, 28]"))
    told = clips.jm("resume", "last", "job.yaml", "--out", "out")
    assert told.code == 0, told
    assert sorted(clips.lines("runs")) == ["a-28", "b-28", "c-28", "join"]
    assert clips.read("out/all.txt").count("28") == 3


def test_another_file_runs_only_its_members(clips):
    assert clips.jm("run", "job.yaml", "clips", "--out", "out").code == 0
    clips.write("runs", "")
    clips.write("clips/d.txt", "clip d\n")
    told = clips.jm("resume", "last", "job.yaml", "clips", "--out", "out")
    assert told.code == 0, told
    assert sorted(clips.lines("runs")) == ["d-18", "d-23", "join"]


def test_an_edit_behind_it_keeps_what_was_found_late(here):
    here.write("job.yaml", FRAMES)
    here.write("stop-f_3", "")
    assert here.jm("run", "job.yaml").code == 1
    here.write("runs", "")
    (here.path / "stop-f_3").unlink()
    here.write("job.yaml", FRAMES.replace("cat {all} >", "cat {all} {all} >"))
    told = here.jm("resume", "last", "job.yaml", "--out", "out")
    assert told.code == 0, told
    assert here.lines("runs") == ["draw f_3", "film"] and here.read("out/film.txt") == "1\n2\n3\n1\n2\n3\n"


def test_an_edit_before_it_finds_them_anew(here):
    here.write("job.yaml", FRAMES)
    here.write("stop-f_3", "")
    assert here.jm("run", "job.yaml").code == 1
    here.write("runs", "")
    here.write("job.yaml", FRAMES.replace("count: 3", "count: 2"))
    told = here.jm("resume", "last", "job.yaml", "--out", "out")
    assert told.code == 0, told
    first, *draws, last = here.lines("runs")
    assert (first, sorted(draws), last) == ("split", ["draw f_1", "draw f_2"], "film")


# --- many -------------------------------------------------------------------------------------------------------------

MANY = """\
name: many
version: 1
inputs: [{name: parts, kind: files}]
steps:
  - entries:
      - name: each
        foreach: {part: parts}
        cmd: [cp, "{part}", "{out}"]
        outputs: [{name: "done_{part.stem}.txt", param_name: out}]
  - entries:
      - name: gather
        cmd: [python3, count.py, "{all.list}", "{all}"]
        inputs: [{name: parts, param_name: all}]
"""


@pytest.mark.long
def test_ten_thousand_are_planned_and_gathered_by_a_list(here):
    folder = here.path / ("parts" + "x" * 90)
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number}.txt").write_bytes(b"%d" % number)
    here.write("job.yaml", MANY)
    here.write(
        "count.py",
        "import json, os, sys\n"
        "paths = open(sys.argv[1]).read().split('\\n')[:-1]\n"
        "print(len(paths), len(set(paths)), len(json.load(open(os.environ['JM_INPUTS_FILE']))['parts']))\n"
        "print(sum(int(open(path).read()) for path in paths), len(sys.argv), sys.argv[2] == '@' + sys.argv[1])\n"
        "print('JM_INPUTS_JSON' in os.environ)\n",
    )
    told = here.jm("plan", "job.yaml", folder.name, "--json")
    assert told.json["counts"] == {"steps": 2, "actions": 10_001, "open": []}
    assert told.json["children"][0]["children"][0]["times"] == 10_000
    alone = MANY.split("steps:")[0] + "steps:\n" + MANY[MANY.rindex("  - entries") :]
    here.write("alone.yaml", alone)
    told = here.jm("run", "alone.yaml", folder.name)
    assert told.code == 0, told
    said = here.jm("logs", "last/gather").out.splitlines()
    assert said == ["10000 10000 10000", f"{sum(range(10_000))} 3 True", "False"]


def test_a_shell_text_that_lists_make_long_runs_all_the_same(here):
    for number in range(500):
        here.write(f"parts/{number:0200}.txt", "x")
    here.write(
        "job.yaml",
        "name: long\nversion: 1\ninputs: [{name: parts, kind: files}]\nsteps:\n"
        "  - entries:\n"
        "      - {name: count, shell: 'set -- {parts}; echo $#; cat {parts} | wc -c', inputs: [parts]}\n",
    )
    told = here.jm("run", "job.yaml", "parts")
    assert told.code == 0, told
    assert here.jm("logs", "last/count").out.split() == ["500", "500"]


# --- kinds ------------------------------------------------------------------------------------------------------------


def test_a_directory_is_an_artifact_as_a_whole(here):
    here.write(
        "job.yaml",
        "name: d\nversion: 1\nsteps:\n"
        "  - entries:\n"
        "      - {name: make, shell: 'mkdir {site}/css; echo x > {site}/css/a; echo y > {site}/index',\n"
        "         outputs: [{name: site, kind: directory, public: true}]}\n"
        "  - entries:\n"
        "      - {name: use, shell: 'cat {site}/css/a {site}/index > {out}', inputs: [site],\n"
        "         outputs: [{name: out.txt, param_name: out, public: true}]}\n",
    )
    here.write("out/site/old", "goes")
    told = here.jm("run", "job.yaml", "--out", "out")
    assert told.code == 0, told
    assert here.read("out/out.txt") == "x\ny\n" and here.read("out/site/css/a") == "x\n"
    assert not (here.path / "out/site/old").exists()


def test_a_person_gives_a_directory(here):
    here.write(
        "job.yaml",
        "name: d\nversion: 1\ninputs: [{name: site, kind: directory}]\nsteps:\n"
        "  - entries:\n"
        "      - {name: use, shell: 'cat {site}/css/a > {out}', inputs: [site],\n"
        "         outputs: [{name: out.txt, param_name: out, public: true}]}\n",
    )
    here.write("mine/css/a", "x\n")
    told = here.jm("run", "job.yaml", "mine", "--out", "out")
    assert told.code == 0 and here.read("out/out.txt") == "x\n", told
    told = here.jm("run", "job.yaml", "mine/css/a")
    assert told.code == 2 and "mine/css/a is no directory" in told.err, told


def test_a_module_takes_several_files(here):
    here.write(
        "modules/cat/manifest.yaml",
        "name: cat\nentrypoint: main.py\n"
        "inputs: [{param_name: texts, type: text, kind: files}]\noutputs: [{param_name: out, type: text}]\n",
    )
    here.write(
        "modules/cat/main.py",
        "import argparse\nparser = argparse.ArgumentParser(fromfile_prefix_chars='@')\n"
        "parser.add_argument('--texts', nargs='+')\nparser.add_argument('--out')\ngiven = parser.parse_args()\n"
        "open(given.out, 'w').writelines(open(path).read() for path in given.texts)\n",
    )
    here.write(
        "job.yaml",
        "name: m\nversion: 1\ninputs: [{name: texts, kind: files, type: text}]\nsteps:\n  - entries:\n"
        "      - {module: cat, inputs: [{name: texts, param_name: texts}],\n"
        "         outputs: [{name: out.txt, param_name: out, public: true}]}\n",
    )
    for name in ("f10", "f9"):
        here.write(f"in/{name}.txt", f"{name}\n")
    told = here.jm("run", "job.yaml", "in", "--out", "out")
    assert told.code == 0 and here.read("out/out.txt") == "f9\nf10\n", told


@pytest.mark.parametrize("name", ["con.txt", "a\nb.txt", "x" * 200, " blank.txt", "back\\slash.txt"])
def test_a_file_that_cannot_have_a_name_of_ours_is_said(here, name):
    here.write("name", name)
    here.write(
        "job.yaml", FRAMES.replace("for n in", 'echo x > {frames}/\\"$(cat name)\\"; for n in').replace("f_*.txt", "*")
    )
    told = here.jm("run", "job.yaml")
    assert told.code == 1 and "internal error" not in told.both and "Traceback" not in told.both, told
    assert 'output "frames" holds a file that others cannot read' in told.both, told


# --- conditions -------------------------------------------------------------------------------------------------------

WHEN = """\
name: when
version: 1
params: {quality: low, draft: false}
parallel: true
tasks:
  - {name: fast, cmd: ["false"], when: params.quality == low}
  - {name: slow, needs: [fast], when: fast.failed, shell: "echo slow >> runs"}
  - name: extras
    when: not params.draft
    needs: []
    parallel: true
    tasks:
      - {name: one, shell: "echo one >> runs"}
      - name: inner
        tasks:
          - {name: two, shell: "echo two >> runs"}
          - {name: three, shell: "echo three >> runs"}
"""


@pytest.mark.parametrize(
    ("words", "code", "ran"),
    [
        ([], 1, ["one", "slow", "three", "two"]),
        (["-p", "draft=true"], 1, ["slow"]),
        (["-p", "quality=high"], 0, ["one", "three", "two"]),
        (["-p", "quality=high", "-p", "draft=true"], 0, []),
    ],
)
def test_conditions_and_tasks(here, words, code, ran):
    here.write("job.yaml", WHEN)
    told = here.jm("run", "job.yaml", *words)
    assert told.code == code and sorted(here.lines("runs")) == ran, told


def test_plan_says_under_which_condition(here):
    here.write("job.yaml", WHEN)
    told = here.jm("plan", "job.yaml", "-p", "draft=true")
    assert "left out" in told.out and "only when fast.failed" in told.out, told
    document = here.jm("plan", "job.yaml", "--json").json
    assert [child["when"] for child in document["children"]] == [None, "fast.failed", None]
    assert json.dumps(document)


# --- one from another -------------------------------------------------------------------------------------------------

PAIRS = """\
name: pairs
version: 1
inputs: [{name: clips, kind: files}]
steps:
  - entries:
      - name: sound
        foreach: {clip: clips}
        cmd: [cp, "{clip}", "{o}"]
        outputs: [{name: "{clip.stem}.wav", param_name: o}]
  - entries:
      - name: mix
        foreach: {clip: clips, level: [1]}
        shell: "cat {sound} {clip} > {o}"
        inputs: [{name: "{clip.stem}.wav", param_name: sound}]
        outputs: [{name: "{clip.stem}_{level}.txt", param_name: o, public: true}]
"""


def test_each_reads_what_its_counterpart_wrote(clips):
    clips.write("job.yaml", PAIRS)
    assert "once for each clip, level: as many as there are files; like:" in clips.jm("plan", "job.yaml").out
    mix = clips.jm("plan", "job.yaml", "clips", "--json").json["children"][1]["children"][0]
    assert [(read["artifact"], read["from"]) for read in mix["reads"]] == [
        ("a.wav", "step1/sound"),
        ("clips/a.txt", None),
    ]
    told = clips.jm("run", "job.yaml", "clips", "--out", "out")
    assert told.code == 0 and clips.read("out/b_1.txt") == "clip b\nclip b\n", told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("{clip: clips, level: [1]}", "{clip: clips, level: [1], n: [2]}"), 'the key "n" is not in it'),
        (("wav", "{clip.index}.wav"), ""),
        (
            ('"{clip.stem}.wav", param_name: sound', '"{clip.name}.wav", param_name: sound'),
            'nobody writes "{clip.name}.wav"',
        ),
    ],
)
def test_who_reads_what_no_counterpart_writes_is_told(clips, change, said):
    clips.write("job.yaml", PAIRS.replace(*change))
    told = clips.jm("check", "job.yaml", "clips")
    assert told.code == (2 if said else 0) and said in told.err, told


def test_items_that_differ_are_told(here):
    values = PAIRS.replace("clip: clips", "clip: [a, b]").replace("inputs: [{name: clips, kind: files}]\n", "")
    values = values.replace("{clip.stem}", "{clip}").replace('cmd: [cp, "{clip}", "{o}"]', "shell: echo {clip} > {o}")
    here.write(
        "job.yaml", values.replace("{clip: [a, b], level", "{clip: [a, b, c], level").replace("} {clip} >", "} >")
    )
    told = here.jm("run", "job.yaml")
    assert told.code == 2 and '"step2/mix/c-1" would read "c.wav", which nobody writes' in told.err, told
    assert "job.yaml:13:26: steps[1].entries[0].inputs[0].name" in told.err or "inputs[0].name" in told.err


def test_a_folder_may_be_read_where_several_files_are_given(clips):
    clips.write(
        "job.yaml",
        "name: d\nversion: 1\ninputs: [{name: clips, kind: files}]\nsteps:\n- entries:\n"
        "  - {name: list, shell: 'ls {clips}', inputs: [{name: clips, kind: directory}]}\n",
    )
    assert clips.jm("run", "job.yaml", "clips").code == 0
    assert clips.jm("logs", "last/list").out.split() == ["a.txt", "b.txt", "c.txt"]
