"""The original's command line, row by row of what its users have: real processes, real modules, the log they see."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from tests.e2e.original import COPYING, World

COPY = "import shutil\nshutil.copyfile(options()['input'], options()['output'])\n"
HEX = re.compile(r"[0-9a-f]{32}")


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as world:
        yield world


def test_the_readme_example_runs_as_printed(world):
    world.example()
    ended = world.original()
    assert ended.code == 0
    assert world.files() == ["public/audio.wav"]
    assert world.public("audio.wav") == world.video.read_bytes()


def test_the_readme_example_runs_with_jm_run(world):
    world.example()
    ended = world.jm("run", "job.yaml", "clip.mp4", "--modules", "modules/", "--out", "results")
    assert ended.returncode == 0, ended.stderr
    assert (world.root / "results" / "audio.wav").read_bytes() == world.video.read_bytes()


def test_help_shows_two_positionals_and_two_options_with_their_defaults(world):
    shown = world.jm("job.yaml", "--help")
    assert shown.returncode == 0
    assert all(word in shown.stdout for word in ("JOB", "VIDEO", "--storage_dir", "temp/", "--modules_dir", "modules/"))


@pytest.mark.parametrize(
    ("missing", "named"),
    [("job", "Job file"), ("video", "Video file"), ("storage", "Storage directory"), ("modules", "Modules directory")],
)
def test_a_missing_path_is_named_and_nothing_is_made(world, missing, named):
    world.example()
    order = ("job", "video", "storage", "modules")
    there = {"job": "job.yaml", "video": "clip.mp4", "storage": "temp", "modules": "modules"}
    # Everything after it is missing too: the first in order is named.
    given = {key: word if order.index(key) < order.index(missing) else f"no-{word}" for key, word in there.items()}
    ended = world.run(
        given["job"], given["video"], "--storage_dir", given["storage"], "--modules_dir", given["modules"]
    )
    assert ended.code == 1
    assert ended.texts("ERROR") == [f"{named} not found: {world.root / ('no-' + there[missing])}"]
    assert not (world.root / "no-temp").exists()
    assert list(world.storage.iterdir()) == []


def test_options_may_come_first_and_with_an_equals_sign(world):
    world.example()
    (world.root / "elsewhere").mkdir()
    world.modules.rename(world.root / "shelf")
    ended = world.run("--storage_dir=elsewhere", "--modules_dir", "shelf", "job.yaml", "clip.mp4")
    assert ended.code == 0
    assert world.files(world.root / "elsewhere") == ["public/audio.wav"]
    assert list(world.storage.iterdir()) == []


def test_an_unknown_option_is_refused_with_the_usage(world):
    world.example()
    ended = world.original("--storage_dirs", "temp")
    assert ended.code == 2
    assert "usage:" in ended.err and "--storage_dirs" in ended.err


def test_the_log_names_the_job_its_version_and_its_id(world):
    world.example()
    ended = world.original()
    (job_id,) = world.job_ids()
    assert HEX.fullmatch(job_id)
    (begun,) = [record for record in ended.log if record.text.startswith("Running job example_job v1.0")]
    (done,) = [record for record in ended.log if "completed" in record.text]
    assert job_id in begun.text
    assert done.text == f"Job example_job v1.0 completed, id: {job_id}"
    assert ended.log[-1] == done
    assert {record.logger for record in ended.log} == {"job_manager", f"job_{job_id[:8]}"}


def test_the_log_goes_to_standard_error_and_is_plain_where_that_is_no_terminal(world):
    world.example()
    ended = world.original()
    assert ended.out == ""
    assert "\x1b" not in ended.err


def test_good_broken_and_foreign_folders_of_the_shelf(world):
    world.example()
    (world.modules / "no-manifest").mkdir()
    (world.modules / "broken").mkdir()
    (world.modules / "broken" / "manifest.yaml").write_text("name: broken\n")
    ended = world.original()
    assert ended.code == 0
    assert [text for text in ended.texts("INFO") if text.startswith("Loaded module")] == [
        "Loaded module example_module"
    ]
    (failed,) = ended.texts("ERROR")
    assert failed.startswith("Failed to load module broken: ") and "entrypoint" in failed
    assert "no-manifest" not in ended.err


def test_a_module_gets_absolute_paths_in_listing_order_without_a_shell(world):
    world.module("show", "import json; print(json.dumps(sys.argv[1:]))\n" + COPY)
    world.chain(("show",))
    world.video = world.video.rename(world.root / "a $(touch oops) clip.mp4")
    ended = world.run("job.yaml", world.video.name)
    assert ended.code == 0
    (shown,) = [text for text in ended.texts("INFO") if text.startswith("show: ")]
    words = re.findall(r'"([^"]*)"', shown)
    assert words[0::2] == ["--input", "--output"]
    assert [os.path.isabs(word) for word in words[1::2]] == [True, True]
    assert [os.path.basename(word) for word in words[1::2]] == ["clip.mp4", "1-0.mp4"]
    assert not (world.root / "oops").exists()


def test_no_python_on_path_is_needed(world):
    world.module("copy", COPY)
    world.chain(("copy",))
    assert world.original(PATH="").code == 0


def test_the_video_is_read_under_the_name_the_job_gives_it_and_stays_as_it_is(world):
    world.module("copy", COPY)
    world.chain(("copy",))
    world.video = world.video.rename(world.root / "IMG_0001.MOV")
    before = world.video.stat()
    assert world.run("job.yaml", "IMG_0001.MOV").code == 0
    assert world.public("1-0.mp4") == world.video.read_bytes()
    after = world.video.stat()
    assert (before.st_mtime_ns, before.st_mode, before.st_nlink) == (after.st_mtime_ns, after.st_mode, after.st_nlink)


def test_artifacts_between_steps_are_there_while_the_job_runs_and_gone_after_it(world):
    world.module("copy", COPY)
    world.module("look", "print(sorted(os.listdir(os.path.dirname(options()['input']))))\n" + COPY)
    world.chain(("copy",), ("look",))
    ended = world.original()
    assert ended.code == 0
    assert "look: ['1-0.mp4', 'clip.mp4']" in ended.texts("INFO"), "the video lies between them, as it did (S11)"
    (job,) = world.job_ids()
    assert sorted(path.name for path in (world.storage / "temp" / job).iterdir()) == ["public"]
    assert world.files() == ["public/2-0.mp4"]


def test_public_files_have_the_modes_that_the_umask_leaves(world):
    world.example()
    world.original()
    (job,) = world.job_ids()
    mask = int(
        next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "Umask" in line), 8
    )
    public = world.storage / "temp" / job / "public"
    assert stat.S_IMODE((public / "audio.wav").stat().st_mode) == 0o666 & ~mask
    assert stat.S_IMODE(public.stat().st_mode) == 0o777 & ~mask


def test_a_public_input_may_say_so_or_not(world):
    world.module("copy", COPY)
    world.chain(("copy",), ("copy",))
    text = world.job_file.read_text().replace("public: false", "public: true")
    for spelling in (
        text,
        text.replace(
            "name: 1-0.mp4, type: video, param_name: input",
            "name: 1-0.mp4, public: true, type: video, param_name: input",
        ),
    ):
        world.job_file.write_text(spelling)
        assert world.original().code == 0


def test_a_failure_stops_the_job_and_exits_1(world):
    world.module("fails", "print('about to fail', file=sys.stderr)\nsys.exit(3)\n")
    world.module("copy", COPY)
    world.chain(("copy",), ("fails", "copy"), ("copy",))
    ended = world.original()
    assert ended.code == 1
    assert "Failed to run module fails: Exit code 3" in ended.texts("ERROR")
    assert "fails: about to fail" in ended.texts("ERROR")
    assert not any("completed" in text for text in ended.texts())
    assert [text for text in ended.texts() if text.startswith("Running step")] == ["Running step s1", "Running step s2"]
    (job,) = world.job_ids()
    assert any(text.startswith(f"To go on: jm resume {job} --home ") for text in ended.texts("ERROR"))
    assert "temp/1-0.mp4" in world.files()  # kept for the one who goes on
    assert "temp/2-1.mp4" in world.files()  # its neighbour was let finish


def test_what_failed_is_taken_up_with_the_command_that_was_shown(world):
    copies = world.root / "copies"
    world.module("copy", f"open({str(copies)!r}, 'a').write('one')\n" + COPY)
    mended = world.root / "mended"
    world.module("frail", f"os.path.exists({str(mended)!r}) or sys.exit(3)\n" + COPY)
    world.chain(("copy",), ("frail",))
    ended = world.original()
    assert ended.code == 1
    (shown,) = [text for text in ended.texts("ERROR") if text.startswith("To go on: jm ")]
    mended.touch()
    resumed = world.jm(*shown.removeprefix("To go on: jm ").split())
    assert resumed.returncode == 0, resumed.stderr
    assert world.files() == ["public/2-0.mp4"]
    assert copies.read_text() == "one"  # what had succeeded is not run again


def test_an_unwritten_output_is_a_failure(world):
    world.module("lazy", "print('nothing done')\n")
    world.chain(("lazy",))
    ended = world.original()
    assert ended.code == 1
    assert any("1-0.mp4" in text and text.startswith("Failed to run module lazy: ") for text in ended.texts("ERROR"))


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="entries run at once only where there are two cores")
def test_steps_follow_each_other_and_entries_run_at_once(world):
    meet = "other = sys.argv[0].replace('one', 'two') if 'one' in sys.argv[0] else sys.argv[0].replace('two', 'one')\n"
    meet += "open(os.path.join(os.path.dirname(sys.argv[0]), 'here'), 'w').close()\n"
    meet += "wait_for(os.path.join(os.path.dirname(other), 'here'))\n"
    world.module("one", meet + COPY)
    world.module("two", meet + COPY)
    world.module("after", f"assert os.path.exists({str(world.modules / 'two' / 'here')!r})\n" + COPY)
    world.chain(("one", "two"), ("after",))
    assert world.original().code == 0


def test_all_mistakes_are_told_before_anything_starts(world):
    world.module("copy", f"open({str(world.root / 'ran')!r}, 'w').close()\n" + COPY)
    world.chain(("copy",), ("copyy",), ("copy",))
    text = world.job_file.read_text()
    world.job_file.write_text(
        text.replace("3-0.mp4, type: video, param_name: output", "3-0.mp4, type: video, param_name: putout")
    )
    ended = world.original()
    assert ended.code == 1
    assert not (world.root / "ran").exists()
    said = "\n".join(ended.texts("ERROR"))
    assert "copyy" in said and "putout" in said
    assert f"{world.job_file}:" in said


def test_a_job_that_is_no_yaml_exits_1(world):
    world.job_file.write_text("steps: [")
    ended = world.original()
    assert ended.code == 1
    assert any(text.startswith("Failed to run job: ") for text in ended.texts("ERROR"))


def test_types_are_only_a_sanity_check(world):
    world.module("copy", COPY)
    world.chain(("copy",))
    world.job_file.write_text(world.job_file.read_text().replace("1-0.mp4, type: video", "1-0.mp4, type: wrongtype"))
    ended = world.original()
    assert ended.code == 0
    assert any("wrongtype" in text for text in ended.texts("WARNING"))


def test_a_job_without_inputs_takes_no_video(world):
    world.module("make", "open(options()['output'], 'w').write('made')\n", inputs=())
    world.job_file.write_text(
        "name: n\nversion: 1\nsteps:\n  - name: s\n    entries:\n      - module: make\n"
        "        outputs: [{name: o.txt, type: video, param_name: output, public: true}]\n"
    )
    ended = world.original()
    assert ended.code == 1
    assert any("no input" in text and str(world.video) in text for text in ended.texts("ERROR"))
    assert world.job_ids() == []
    assert world.run("job.yaml").code == 0
    assert world.public("o.txt") == b"made"


def test_a_job_with_an_input_needs_the_video(world):
    world.example()
    ended = world.run("job.yaml")
    assert ended.code == 1
    assert any("needs a file" in text for text in ended.texts("ERROR"))


def test_a_job_with_several_inputs_is_told_how_it_is_run(world):
    world.module(
        "join", COPYING.replace('"--output")', '"--output")\nparser.add_argument("--subs")'), ("input", "subs")
    )
    world.job_file.write_text(
        "name: n\nversion: 1\ninputs:\n  - {name: clip.mp4, type: video}\n  - {name: subs.srt, type: video}\n"
        "steps:\n  - name: s\n    entries:\n      - module: join\n"
        "        inputs:\n          - {name: clip.mp4, type: video, param_name: input}\n"
        "          - {name: subs.srt, type: video, param_name: subs}\n"
        "        outputs: [{name: o.mp4, type: video, param_name: output, public: true}]\n"
    )
    ended = world.original()
    assert ended.code == 1
    assert any("2 inputs" in text and "--input subs.srt=FILE" in text for text in ended.texts("ERROR"))
