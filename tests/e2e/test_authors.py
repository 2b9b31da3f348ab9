"""What authors of modules and jobs get: new modules, modules tried alone, schemas, projects to begin with.

Knows what a person sees; that schemas and readers agree is tested in tests/formats/test_schema.py.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import wave
import zlib
from pathlib import Path

import pytest

from job_manager.app.schemas import SCHEMAS
from tests.modules.media import NEEDS_FFMPEG, SHELF

LANGUAGES = ("python", "bash")


# --- jm new -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_module_works_passes_its_test_and_runs_in_a_job(here, language):
    told = here.jm("new", "module", "count lines", "--lang", language)
    assert told.code == 0 and not told.err and "modules test 'modules/count lines'" in told.out, told
    checked = here.jm("modules", "check", "modules/count lines")
    assert (checked.code, checked.err) == (0, ""), checked
    tested = here.jm("modules", "test", "modules/count lines")
    assert tested.code == 0 and not tested.err and "ok: count lines" in tested.out, tested
    here.write(
        "job.yaml",
        "name: j\nversion: 1\ninputs: [in.txt]\nsteps: [{entries: [{module: count lines, params: {first: 7}, "
        "inputs: [{name: in.txt, param_name: text}], outputs: [{name: o, param_name: numbered, public: true}]}]}]\n",
    )
    here.write("in.txt", "one\ntwo\n")
    assert here.jm("run", "job.yaml", "in.txt", "--out", "r").code == 0
    assert here.read("r/o") == "   7  one\n   8  two\n"
    here.write("empty.txt", "")
    failed = here.jm("run", "job.yaml", "empty.txt", "--out", "r")
    assert failed.code == 1 and "in.txt is empty: there is nothing to number" in failed.err, failed


def test_where_a_new_module_goes(here):
    assert here.jm("new", "module", "a", "-q").out == f"{here.path}/modules/a\n"
    made = here.jm("new", "module", "b", "--in", "shelf", "--json").json
    assert made["folder"] == f"{here.path}/shelf/b" and made["name"] == "b"
    assert all((here.path / "shelf" / "b" / name).is_file() for name in made["files"])
    here.write("jm.toml", 'modules = ["mine", "others"]\n')
    assert here.jm("new", "module", "c", "-q").out == f"{here.path}/mine/c\n"
    assert here.jm("new", "module", "d", "-q", env={"JM_MODULES": "env"}).out == f"{here.path}/env/d\n"


def test_a_new_module_overwrites_nothing(here):
    here.write("modules/a/mine.txt", "mine")
    told = here.jm("new", "module", "a")
    assert told.code == 7 and "nothing in it was touched" in told.err
    assert os.listdir(here.path / "modules/a") == ["mine.txt"]
    here.write("modules/b", "mine")
    assert here.jm("new", "module", "b").code == 7 and here.read("modules/b") == "mine"
    here.write("modules/other/manifest.yaml", "name: c\nentrypoint: main.py\n")
    here.write("modules/other/main.py", "")
    twin = here.jm("new", "module", "c")
    assert twin.code == 7 and 'there is a module "c" already' in twin.err and not (here.path / "modules/c").exists()
    (here.path / "modules/empty").mkdir()
    assert here.jm("new", "module", "empty").code == 0
    here.write("file", "")
    assert here.jm("new", "module", "x", "--in", "file").code in (2, 7)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a/b", "contains a path separator"),
        ("..", "is not a file name"),
        ("con", "reserved device name"),
        ("", "the name is empty"),
        ("a\nb", "control character"),
        ("x" * 200, "the limit is 128"),
        (".hidden", "passed over on a shelf"),
        ("node_modules", "passed over on a shelf"),
    ],
)
def test_names_that_no_module_can_have(here, name, said):
    told = here.jm("new", "module", "--", name)
    assert told.code == 2 and said in told.err, told
    assert not list(here.path.iterdir())


@pytest.mark.parametrize("name", ["true", "12", "a: b", "it's", 'say "x"', "{x}", "größe", "-x"])
def test_names_that_need_care_in_yaml(here, name):
    assert here.jm("new", "module", "--", name).code == 0
    assert here.jm("modules", "-q").out == f"{name}\n"
    assert here.jm("modules", "test", "modules").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("new", "modul", "x"), "did you mean module?"),
        (("new",), "module, NAME are missing"),
        (("new", "module"), "NAME is missing"),
        (("new", "module", "x", "--lang", "pyton"), "did you mean python?"),
        (("nwe", "module", "x"), "did you mean new?"),
        (("shema",), "did you mean schema?"),
        (("schema", "manfest"), "did you mean manifest?"),
        (("modules", "tset", "x"), "did you mean test?"),
        (("modules", "test"), "the folder of the module is missing"),
        (("modules", "check", "x", "--keep"), "--keep is for `jm modules test`"),
        (("modules", "-p", "a=b"), "-p is for `jm modules test`"),
        (("init", "x", "--example", "rendr"), "did you mean render?"),
        (("init",), "DIR is missing"),
    ],
)
def test_mistakes_in_words(here, words, said):
    told = here.jm(*words)
    assert told.code == 2 and said in told.err and "usage: jm " in told.err, told
    assert not list(here.path.iterdir())


# --- jm modules test --------------------------------------------------------------------------------------------------

PORTS = "inputs: [{param_name: text, type: text}]\noutputs: [{param_name: out, type: %s}]\n"
WRITES = "import sys\ngiven = dict(zip(sys.argv[1::2], sys.argv[2::2]))\n"


def module(here, name: str, program: str, type: str = "text", more: str = "") -> str:
    here.write(
        f"{name}/manifest.yaml",
        f"name: {name.rpartition('/')[2]}\ndescription: d\nentrypoint: main.py\n{PORTS % type}{more}",
    )
    here.write(f"{name}/main.py", WRITES + program)
    return name


def tried(here, *words: str, **env: str):
    """A test of modules, after which nothing is left."""
    (here.path / "tmp").mkdir(exist_ok=True)
    told = here.jm("modules", "test", *words, env={"TMPDIR": str(here.path / "tmp"), **env})
    assert os.listdir(here.path / "tmp") == [] and not (here.path / ".jm").exists(), told
    return told


@pytest.mark.parametrize(
    ("program", "type", "said"),
    [
        ("sys.exit('no such luck')", "text", ("exit code 1", "| no such luck")),
        ("pass", "text", ('output "out.txt" was not written',)),
        ("open(given['--out'], 'w')", "text", ("is empty",)),
        ("open(given['--out'], 'w').write('<html>')", "json", ("is declared as json",)),
        ("open(given['--text'], 'a').write('more')", "text", ("out.txt",)),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "text", ("SIGKILL",)),
        ("import nosuchthing", "text", ('"nosuchthing" is missing',)),
    ],
)
def test_a_module_that_breaks_its_promises_fails_with_a_card(here, program, type, said):
    told = tried(here, module(here, "m", program, type))
    assert told.code == 1 and all(words in told.err for words in said), told
    assert "failed: m" in told.out and "failed: test/m" in told.err and "modules test m" in told.err


def test_what_it_is_tried_on_and_with(here):
    more = "params: {level: 3, name: {default: x}, must: {type: int, range: [0, 9]}}\n"
    told = tried(here, module(here, "m", "open(given['--out'], 'w').write(str(sorted(given)))", more=more))
    assert told.code == 2 and 'the param "must" has no default' in told.err, told
    assert "m/manifest.yaml:" in told.err and "1 error; nothing was started" in told.err
    here.write("m/sample/params.yaml", "must: 10\nlevle: 1\n")
    wrong = tried(here, "m")
    assert wrong.code == 2 and "params.yaml:1:7: must: expected a number from 0 to 9" in wrong.err
    assert "params.yaml:2:8: levle:" in wrong.err and 'did you mean "level"?' in wrong.err
    here.write("m/sample/params.yaml", "must: 9\nlevel: 5\n")
    here.write("m/sample/text.md", "mine")
    good = tried(here, "m", "-p", "level=7")
    assert good.code == 0 and "--text text.md (sample)" in good.out and "level=7, must=9, name=x" in good.out
    assert "--text text.md (sample)" not in tried(here, "m", "--input", "text=m/main.py").out
    document = tried(here, "m", "--json").json
    assert document["ok"] and document["modules"][0]["values"] == {"level": "5", "must": "9", "name": "x"}
    assert tried(here, "m", "-q").out == "m\n"


def test_mistakes_on_the_command_line_of_a_test(here):
    module(here, "m", "open(given['--out'], 'w').write('x')")
    for words, said in (
        (("m", "--input", "txt=x"), 'has no input of that name\n   hint: did you mean "text"?'),
        (("m", "--input", "text=none.txt"), "input file not found"),
        (("m", "--input", "text"), "expected NAME=PATH"),
        (("m", "-p", "x=1"), 'module "m" has no param "x"'),
        (("nowhere",), "nowhere does not exist"),
        (("m/main.py",), "m/main.py is not a folder"),
    ):
        told = tried(here, *words)
        assert told.code == 2 and said in told.err, told
    module(here, "shelf/n", "")
    module(here, "shelf/o", "")
    both = tried(here, "shelf", "-p", "x=1")
    assert both.code == 2 and "for the test of one module; here are 2" in both.err
    (here.path / "empty").mkdir()
    assert "there is no module" in tried(here, "empty").err


def test_a_sample_that_is_named_after_nothing_is_pointed_out(here):
    module(here, "m", "open(given['--out'], 'w').write('x')")
    here.write("m/sample/txt.txt", "x")
    told = tried(here, "m")
    assert told.code == 0 and "sample/txt.txt: warning: is named after no input" in told.err, told
    here.write("m/sample/text.txt", "x")
    here.write("m/sample/text.md", "x")
    assert "is the second sample" in tried(here, "m").err


def test_a_type_that_nothing_is_known_of_needs_a_sample(here):
    here.write("m/manifest.yaml", "name: m\nentrypoint: main.py\ninputs:\n  - {param_name: a, type: nuke_script}\n")
    here.write("m/main.py", "")
    told = tried(here, "m")
    assert told.code == 2 and "manifest.yaml:4:18:" in told.err, told
    assert "nothing is known of the type nuke_script" in told.err and "sample/a.*" in told.err
    here.write("m/manifest.yaml", "name: m\nentrypoint: main.py\ninputs:\n  - {param_name: a, type: mp4}\n")
    without = tried(here, "m", PATH="/nowhere")
    assert without.code == 2 and "mp4 is made by ffmpeg, and there is none on PATH" in without.err


def test_what_is_expected_has_to_come_of_it(here):
    module(here, "m", "open(given['--out'], 'w').write('{\"a\":  1}\\n')", "json")
    here.write("m/sample/expected/out.json", '{"a": 1}')
    assert tried(here, "m").code == 0
    here.write("m/sample/expected/out.json", '{"a": 2}')
    told = tried(here, "m")
    assert told.code == 1 and 'out.json: is not what was written: in line 1 expected "{"a": 2}"' in told.err, told
    assert tried(here, "m", "--json").json["modules"][0]["differences"][0]["param"] == "out"
    assert tried(here, "m", "--input", "text=m/main.py").code == 0  # it is what the sample gives
    here.write("m/sample/expected/uot.json", "{}")
    assert "is named after no output" in tried(here, "m").err


def test_what_is_written_beside_the_outputs_is_pointed_out_and_nothing_more(here):
    program = """
import os
open(given['--out'], 'w').write('x')
open('notes.txt', 'w').write('x')
open(os.path.join(os.path.dirname(given['--out']), 'second'), 'w').write('x')
open(os.path.join(os.environ['TMPDIR'], 'scratch'), 'w').write('x')
open(os.path.join(os.path.dirname(__file__), 'cache'), 'w').write('x')
"""
    told = tried(here, module(here, "m", program))
    assert told.code == 0, told
    assert "notes.txt: note: was written, and is no output" in told.err and "out/second: note:" in told.err
    assert "scratch" not in told.err and "warning: the module has written into its own folder" in told.err


KINDS = """\
name: m
description: d
entrypoint: main.py
inputs:
  - {param_name: pages, type: text, kind: files}
  - {param_name: book, type: text, kind: directory}
outputs:
  - {param_name: parts, type: text, kind: files, glob: "*.md"}
  - {param_name: copy, type: text, kind: directory}
"""
COPIES = """\
import argparse, pathlib, shutil
parser = argparse.ArgumentParser()
parser.add_argument("--pages", nargs="+", type=pathlib.Path)
for name in ("book", "parts", "copy"):
    parser.add_argument(f"--{name}", type=pathlib.Path)
given = parser.parse_args()
for page in given.pages:
    shutil.copy(page, given.parts / f"{page.stem}.md")
(given.parts / "log.txt").write_text("x")
shutil.copytree(given.book, given.copy, dirs_exist_ok=True)
"""


@pytest.fixture
def folders(here):
    here.write("m/manifest.yaml", KINDS)
    here.write("m/main.py", COPIES)
    return here


def test_directories_and_several_files_are_made(folders):
    told = tried(folders, "m")
    assert told.code == 0, told
    assert "--pages pages/ (made)" in told.out and "--book book/ (made)" in told.out
    assert "--parts text, 3 files, " in told.out and "--copy text, a directory, " in told.out
    parts, copy = tried(folders, "m", "--json").json["modules"][0]["outputs"]
    assert parts["kind"] == "files" and parts["files"] == ["pages_1.md", "pages_2.md", "pages_3.md"]
    assert (copy["kind"], copy["files"]) == ("directory", None)


def test_directories_and_several_files_in_a_sample(folders):
    for name in ("pages/a.txt", "pages/b.txt", "book/deep/c.txt", "expected/parts/a.md", "expected/copy/deep/c.txt"):
        folders.write(f"m/sample/{name}", Path(name).stem)
    wrong = tried(folders, "m")
    assert wrong.code == 1 and 'expected/parts: has no "b.md", which was written' in wrong.err, wrong
    folders.write("m/sample/expected/parts/b.md", "b")
    assert tried(folders, "m").code == 0
    folders.write("m/sample/expected/parts/c.md", "c")
    folders.write("m/sample/expected/copy/deep/c.txt", "d")
    wrong = tried(folders, "m")
    assert wrong.code == 1 and "parts/c.md: is expected, and was not written" in wrong.err, wrong
    assert 'deep/c.txt: is not what was written: in line 1 expected "d", found "c"' in wrong.err
    alone = tried(folders, "m", "--input", "pages=m/main.py")
    assert alone.code == 0 and "1 file, " in alone.out, alone


def test_a_folder_is_no_file_and_a_file_no_folder(folders):
    folders.write("m/sample/book.txt", "x")
    told = tried(folders, "m")
    assert told.code == 2 and 'book.txt: is no folder, and the input "book" is a directory' in told.err, told
    folders.write("m/manifest.yaml", KINDS.replace(", kind: directory}\noutputs", "}\noutputs"))
    (folders.path / "m/sample/book.txt").unlink()
    folders.write("m/sample/book/x", "x")
    told = tried(folders, "m")
    assert told.code == 2 and 'sample/book: is a folder, and the input "book" is one file' in told.err, told


def test_outputs_that_are_not_of_their_kind(folders):
    folders.write("m/main.py", COPIES.replace('f"{page.stem}.md"', "page.stem"))
    told = tried(folders, "m")
    assert told.code == 1 and 'no file that fits "*.md" was written into the output "parts"' in told.err, told
    folders.write("m/main.py", COPIES.replace("shutil.copytree", "given.copy.rmdir(); given.copy.write_text('x') #"))
    assert tried(folders, "m").code == 1


def test_optional_inputs_and_outputs(here):
    here.write(
        "m/manifest.yaml",
        "name: m\nentrypoint: main.py\ninputs: [{param_name: a, type: text, optional: true}]\n"
        "outputs: [{param_name: b, type: text, optional: true}]\nretries: 3\n",
    )
    here.write("m/main.py", "import sys\nassert '--b' in sys.argv\nsys.exit('--a' in sys.argv)\n")
    told = tried(here, "m")
    assert told.code == 0 and "--b text, not written, and may be missing" in told.out, told
    here.write("m/sample/a", "x")
    failed = tried(here, "m")
    assert failed.code == 1 and "(attempt 1, after" in failed.err  # one attempt, whatever the manifest allows


def test_a_shelf_is_tried_as_a_whole_and_looked_at_first(here):
    module(here, "shelf/good", "open(given['--out'], 'w').write('x')")
    module(here, "shelf/bad", "sys.exit(3)")
    told = tried(here, "shelf")
    assert told.code == 1 and "ok: good" in told.out and "1 of 2 modules passed" in told.out, told
    assert [m["ok"] for m in tried(here, "shelf", "--json").json["modules"]] == [False, True]
    assert tried(here, "shelf/good", "shelf").out.count("ok: good") == 1
    here.write("shelf/broken/manifest.yaml", "name: broken\n")
    broken = tried(here, "shelf")
    assert broken.code == 2 and 'required key "entrypoint" is missing' in broken.err and not broken.out


def test_what_is_kept(here):
    module(here, "m", "print('hello'); open(given['--out'], 'w').write('x')")
    kept = here.jm("modules", "test", "m", "--keep", "--json").json
    assert Path(kept["modules"][0]["outputs"][0]["path"]).read_text() == "x"
    assert kept["modules"][0]["outputs"][0]["path"].startswith(kept["kept"])
    assert here.jm("logs", "--home", f"{kept['kept']}/state").out.endswith("hello\n")
    module(here, "m", "print('why'); sys.exit(3)")
    failed = here.jm("modules", "test", "m", "--keep")
    log = next(line.split()[1] for line in failed.err.splitlines() if line.startswith("  log "))
    assert Path(log).exists() and "kept: " in failed.out


def test_the_interpreter_is_chosen_as_for_a_run(here):
    module(here, "m", "open(given['--out'], 'w').write(sys.executable)")
    here.write("m/sample/expected/out.txt", "another")
    here.write("python", f'#!/bin/sh\nexec {sys.executable} "$@"\n', 0o755)
    told = tried(here, "m", "--python", "/nowhere/python")
    assert told.code == 2 and "/nowhere/python" in told.err
    assert tried(here, "m", "--python", "./python").code == 1


def test_ctrl_c_ends_a_test_and_leaves_nothing(here):
    here.fifo("begun").listen()
    program = f"open({str(here.path / 'begun')!r}, 'w').write('go\\n'); import time; time.sleep(60)"
    module(here, "m", program)
    (here.path / "tmp").mkdir()
    here.env["TMPDIR"] = str(here.path / "tmp")
    typed = here.type("modules", "test", "m")
    assert os.read(os.open(here.path / "begun", os.O_RDONLY), 3) == b"go\n"
    typed.press_ctrl_c()
    assert typed.end() == 130, typed.text
    assert os.listdir(here.path / "tmp") == []


@NEEDS_FFMPEG
@pytest.mark.long
def test_every_module_of_the_media_shelf_passes(here):
    told = tried(here, str(SHELF))
    assert told.code == 0 and not told.err and "14 of 14 modules passed" in told.out, told


# --- jm schema --------------------------------------------------------------------------------------------------------


def test_schemas_are_printed_and_written(here):
    printed = {name: here.jm("schema", name) for name in SCHEMAS}
    assert all(told.code == 0 and not told.err for told in printed.values())
    assert here.jm("schema").out == here.jm("schema", "--json").out == here.jm("schema", "-q").out == printed["job"].out
    told = here.jm("schema", "--to", "schemas")
    assert told.code == 0 and told.out.count("written: ") == len(SCHEMAS)
    for name, one in printed.items():
        assert json.loads(here.read(f"schemas/{name}.schema.json")) == one.json
    assert here.jm("schema", "job", "--to", "schemas", "-q").out == f"{here.path}/schemas/job.schema.json\n"
    assert here.jm("schema", "--to", "x", "--json").json == {
        "files": [f"{here.path}/x/{name}.schema.json" for name in SCHEMAS]
    }
    here.write("file", "")
    assert here.jm("schema", "--to", "file").code == 2
    here.write("jm.toml", "wrong = 1\n")
    assert here.jm("schema").code == 0  # whoever mends a file with its help needs it most


# --- jm init ----------------------------------------------------------------------------------------------------------

PROJECTS = {"words": "sample.txt", "media": "score.txt", "render": "scene.json", "data": "orders.csv"}


def project(here, example: str, *more: str) -> None:
    """Make it, and run its job; nothing but Python may be needed."""
    told = here.jm("init", "--example", example)
    assert told.code == 0 and f"cd {example} && " in told.out and told.out.rstrip().endswith(PROJECTS[example]), told
    here.path /= example
    here.env["PATH"] = "/nowhere"
    ran = here.jm("run", "job.yaml", PROJECTS[example], "--out", "results", *more)
    assert ran.code == 0 and not ran.err, ran


@pytest.mark.parametrize("example", PROJECTS)
def test_every_project_is_checked_tested_and_says_how_to_run_it(here, example):
    made = here.jm("init", example, "--example", example, "--json").json
    here.path /= example
    assert made["files"][0] == "job.yaml" and {"README.md", ".gitignore", PROJECTS[example]} <= set(made["files"])
    assert f"jm run job.yaml {PROJECTS[example]} --out results" in here.read("README.md")
    checked = here.jm("check", "job.yaml", PROJECTS[example])
    assert (checked.code, checked.err) == (0, ""), checked
    tested = here.jm("modules", "test", "modules")
    assert tested.code == 0 and not tested.err, tested
    modules = here.jm("modules", "--json").json["modules"]
    assert all(module["description"] and module["folder"] for module in modules)
    if example != "words":
        assert all(f"`modules/{module['name']}`" in here.read("README.md") for module in modules)


@pytest.mark.long
def test_the_jingle_can_be_heard_and_changed(here):
    project(here, "media", "-p", "voice=pluck")
    with wave.open(str(here.path / "results/jingle.wav")) as sound:
        assert 7 < sound.getnframes() / sound.getframerate() < 9
    assert json.loads(here.read("results/levels.json"))["verdict"] == "clean"
    here.write("score.txt", "tempo: 400\nmelody (horn): C5\nbass: C3\n")
    wrong = here.jm("run", "job.yaml", "score.txt")
    assert wrong.code == 1 and "nobody plays like 'horn'; there is bell, organ, pluck" in wrong.err, wrong
    here.write("score.txt", "tempo: 400\nmelody: C5 H5\nbass: C3 -\n")
    wrong = here.jm("run", "job.yaml", "score.txt")
    assert wrong.code == 1 and "word 2 of the part is 'H5'" in wrong.err


@pytest.mark.long
def test_the_film_moves(here):
    project(here, "render", "-p", "width=32")
    film = (here.path / "results/loop.png").read_bytes()
    assert (film.count(b"acTL"), film.count(b"fcTL"), film.count(b"fdAT")) == (1, 6, 5)
    at, seen = 8, []
    while at < len(film):
        length, kind = struct.unpack(">I4s", film[at : at + 8])
        assert (
            zlib.crc32(film[at + 4 : at + 8 + length])
            == struct.unpack(">I", film[at + 8 + length : at + 12 + length])[0]
        )
        seen += [film[at + 8 + 4 * (kind == b"fdAT") : at + 8 + length]] if kind in (b"IDAT", b"fdAT") else []
        at += 12 + length
    assert all(len(zlib.decompress(rows)) == 18 * (3 * 32 + 1) for rows in seen) and len(set(seen)) == 6
    more = here.jm("run", "job.yaml", "scene.json", "--out", "more", "-p", "width=16", "-p", "frames=11")
    assert more.code == 0 and (here.path / "more/loop.png").read_bytes().count(b"fcTL") == 11, more
    here.write("scene.json", "{}")
    wrong = here.jm("run", "job.yaml", "scene.json")
    assert wrong.code == 1 and "the scene lacks something" in wrong.err


def test_the_orders_add_up(here):
    project(here, "data")
    assert here.read("results/rejected.csv").count("\n") == 6 and here.read("results/clean.csv").count("\n") == 22
    report = here.read("results/report.html")
    assert "line 15: &#x27;yesterday&#x27; is no date" in report and "Flat white leads with" in report
    here.write("orders.csv", "id,date\n1,2026-01-01\n")
    wrong = here.jm("run", "job.yaml", "orders.csv")
    assert wrong.code == 1 and "the columns barista, item, price, quantity are missing" in wrong.err
