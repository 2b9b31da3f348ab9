"""`jm graph` as a person types it: of files, of jobs that ran or run, into files and pipes, and what may go wrong."""

from __future__ import annotations

import os
import time
import xml.etree.ElementTree as ET

from tests.e2e.person import PATIENCE, job

JOB = job("[{name: a, shell: 'true'}, {name: b, shell: 'false'}]", "[{name: c, shell: 'true'}]")
HALF = "[{name: a, shell: 'true'}, {name: wait, shell: 'echo on > here; read x < go; echo openjd_progress: 1'}]"


def states(told) -> dict[str, str]:
    return {box["path"]: box["state"] for box in told.json["boxes"]}


def test_a_file_needs_neither_its_inputs_nor_its_modules(here):
    entry = "{module: missing, inputs: [{name: clip.mp4, param_name: v}], outputs: [{name: o.txt, param_name: o}]}"
    here.write("job.yaml", f"inputs: [clip.mp4]\n{job(f'[{entry}]')}")
    told = here.jm("graph", "job.yaml")
    assert told.code == 0 and told.out.startswith("flowchart TB\n") and "s1 / missing<br/>module" in told.out
    assert not (here.path / ".jm").exists()


def test_each_format_by_name_and_by_ending(here):
    here.write("job.yaml", JOB)
    for ending, begins in (
        (".svg", "<svg "),
        (".dot", "digraph "),
        (".gv", "digraph "),
        (".mmd", "flowchart "),
        (".json", "{"),
    ):
        told = here.jm("graph", "job.yaml", "-o", f"x{ending}")
        assert (told.code, told.out) == (0, f"written: x{ending}\n")
        assert here.read(f"x{ending}").startswith(begins)
    assert here.jm("graph", "job.yaml", "--format", "svg").out == here.read("x.svg")
    assert here.jm("graph", "job.yaml", "-o", "picture", "--format", "dot", "-q").out == "picture\n"
    assert here.read("picture") == here.read("x.dot")


def test_a_job_that_ran_has_its_states(here):
    here.write("job.yaml", JOB)
    assert here.jm("run", "job.yaml").code == 1
    told = here.jm("graph", "last", "--json")
    assert told.json["state"] == "failed" and told.json["file"] is None
    assert states(told) == {"": "failed", "s1": "failed", "s1/a": "succeeded", "s1/b": "failed", "s2/c": "skipped"}
    here.jm("graph", "-o", "state.svg")
    words = "".join(ET.fromstring(here.read("state.svg")).itertext())
    assert "✘ failed" in words and "⊘ skipped" in words and told.json["id"] in words


PRINTED = """Task {one} -cmds {RemoteCmd {true}}
Task {two} -subtasks {Instance {one}} -cmds {RemoteCmd {false}}
"""


def test_what_a_job_got_while_it_ran_is_drawn_where_it_is_few(here):
    few, many = (
        "{name: few, foreach: {n: 1-5}, shell: 'test {n} != 3'}",
        "{name: many, foreach: {n: 1-50}, shell: 'true'}",
    )
    here.write("printed", PRINTED)
    here.write("job.yaml", job(f"[{few}, {many}, {{name: grows, cmd: [cat, printed], expand: true}}]"))
    before = here.jm("graph", "job.yaml", "--json").json
    assert [box["path"] for box in before["boxes"]] == ["", "s1", "s1/few", "s1/many", "s1/grows"]
    assert here.jm("run", "job.yaml").code == 1
    after = here.jm("graph", "last", "--json")
    seen = {box["path"]: (box["kind"], box["open"], box["state"]) for box in after.json["boxes"]}
    assert seen["s1/few"] == ("fan-out", True, "failed") and seen["s1/few/3"] == ("action", False, "failed")
    assert seen["s1/many"] == ("fan-out", False, "succeeded") and "s1/many/1" not in seen
    assert seen["s1/grows"] == ("grown", True, "failed") and seen["s1/grows/two/false"] == ("action", False, "failed")
    ids = {box["id"]: box["path"] for box in after.json["boxes"]}
    edges = {(ids[edge["source"]], ids[edge["target"]], edge["kind"]) for edge in after.json["edges"]}
    assert edges == {("s1/grows/one/true", "s1/grows/two/false", "needs")}
    for format in ("svg", "dot", "mermaid"):
        assert "two / false" in here.jm("graph", "last", "--format", format).out


def test_a_job_that_runs_is_seen_running_and_when_killed_interrupted(here):
    heard = here.fifo("here").listen()
    here.fifo("go")
    here.write("job.yaml", job(HALF, "[{name: c, shell: 'true'}]"))
    running = here.start("run", "job.yaml")
    heard.hear()
    told, until = here.jm("graph", "--json"), time.monotonic() + PATIENCE
    while states(told)["s1/wait"] == "leased" and time.monotonic() < until:  # known a moment later than it runs
        told = here.jm("graph", "--json")
    assert states(told)["s1/wait"] == "running" and states(told)["s2/c"] == "waiting"
    running.kill()
    running.wait()
    assert states(here.jm("graph", "--json"))["s1/wait"] == "interrupted"
    with open(os.open(here.path / "go", os.O_RDWR), "w") as going:
        going.write("x\n")
        going.flush()
        assert here.jm("resume").code == 0
    assert states(here.jm("graph", "--json"))["s1/wait"] == "succeeded"


def test_a_fan_out_whose_files_were_found_is_counted(here):
    make = "mkdir -p {clips}; for i in 1 2 3; do echo $i > {clips}/$i.txt; done"
    split = f"{{name: split, shell: '{make}', outputs: [{{name: clips, kind: files}}]}}"
    each = "{name: each, shell: 'cat {clip}', foreach: {clip: clips}, inputs: [{name: clip, param_name: clip}]}"
    here.write("job.yaml", job(f"[{split}]", f"[{each}]"))
    (box,) = [box for box in here.jm("graph", "job.yaml", "--json").json["boxes"] if box["kind"] == "fan-out"]
    assert (box["actions"], box["unknown"]) == (0, True)
    assert here.jm("run", "job.yaml").code == 0
    (box,) = [box for box in here.jm("graph", "--json").json["boxes"] if box["kind"] == "fan-out"]
    assert (box["actions"], box["unknown"], box["counts"]) == (3, False, {"succeeded": 3})


HOOKS = "hooks: [{name: tell, hook: error, echo: bad}, {name: cheer, hook: success, echo: good}]\n"


def test_hooks_are_dashed_and_say_how_they_ended(here):
    here.write("job.yaml", JOB + HOOKS)
    here.jm("run", "job.yaml")
    told = here.jm("graph", "--json")
    assert (states(told)["tell"], states(told)["cheer"]) == ("succeeded", "skipped")
    assert [edge["kind"] for edge in told.json["edges"]] == ["order", "hook", "hook"]
    svg = here.jm("graph", "--format", "svg").out
    assert svg.count('class="box hook s-') == 2 and "on error · ✔ succeeded" in svg


def test_values_of_params(here):
    here.write(
        "job.yaml", "params: {last: {type: int}}\n" + job("[{name: f, shell: 'true', foreach: {n: '1-{params.last}'}}]")
    )
    assert "s1 / 60 × f" in here.jm("graph", "job.yaml", "-p", "last=60").out
    told = here.jm("graph", "job.yaml")
    assert told.code == 2 and "give one: -p last=VALUE" in told.err


def test_what_may_go_wrong(here):
    here.write("job.yaml", JOB)
    here.write("bad.yaml", JOB + "what: 1\n")
    for words, code, said in (
        (["nothing.yaml"], 2, "nothing.yaml: there is no such file\n   hint: there is bad.yaml, job.yaml"),
        (["bad.yaml"], 2, "bad.yaml:8:1: what: unknown key"),
        (["nothing"], 7, 'there is no file "nothing", and there is no job in '),
        ([], 7, "there is no job in "),
        (["job.yaml", "-o", "x.png"], 2, "-o x.png: the ending of the name does not say the format"),
        (["job.yaml", "-o", "no/x.svg"], 2, "the graph cannot be written to no/x.svg: No such file or directory"),
        (["job.yaml", "--format", "sgv"], 2, 'expected svg, dot, mermaid or json, found "sgv"; did you mean svg?'),
        (["job.yaml", "--boxes", "3"], 2, "expected a whole number from 10 to 2000"),
        (["last", "-p", "a=1"], 2, "-p is for job files"),
    ):
        told = here.jm("graph", *words)
        assert (told.code, said in told.err, told.out) == (code, True, ""), told
        assert "Traceback" not in told.err
    assert here.jm("graph", "nothing", "--json").json["error"]["kind"] == "not-found"
    assert not (here.path / "x.png").exists()


def test_a_job_from_standard_input(here):
    told = here.jm("graph", "-", given=JOB.encode())
    assert told.code == 0 and "s2 / c" in told.out
