"""The original's library: scripts written for it, run here; its promises, and those that are better kept now."""

from __future__ import annotations

import asyncio  # noqa: TID251 - the original's users call it from a loop
import logging
import os
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from shutil import copy

import pytest

import job_manager
from job_manager import (
    Artifact,
    ArtifactManager,
    JobFailed,
    JobManager,
    JobManagerProgressUpdate,
    load_job,
    run_job,
)
from job_manager.app.original import Job
from job_manager.model.errors import InputError, JobManagerError, Refused
from tests.e2e.original import World, eventually

COPY = "import shutil\nshutil.copyfile(options()['input'], options()['output'])\n"
IMPORTS = """
import sys
import job_manager
print(sorted(name for name in sys.modules if name.startswith("job_manager.")), "asyncio" in sys.modules)
print(job_manager.JobManager.__name__, job_manager.__version__)
"""
SCRIPT = """
import asyncio, shutil, sys, uuid
from job_manager import JobManager, ArtifactManager

async def run():
    artifacts = ArtifactManager("temp")
    manager = JobManager("modules", artifacts)
    job_id = uuid.uuid4().hex
    job = manager.load_job("job.yaml")
    shutil.copy("clip.mp4", artifacts.get_artifact_path(job.input_artifact, job_id))
    artifacts.set_job_input_artifact(job_id, job.input_artifact)
    print(await manager.run_job(job, job_id))

asyncio.run(run())
"""


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as world:
        world.module("copy", COPY)
        yield world


def manager(world: World, storage: str = "temp") -> JobManager:
    return JobManager(world.modules, ArtifactManager(world.root / storage))


def submitted(world: World, manager: JobManager) -> tuple[Job, str]:
    """A job loaded, its video put where the original's users put it, and its id."""
    job = manager.load_job(world.job_file)
    job_id = uuid.uuid4().hex
    assert job.input_artifact is not None
    copy(world.video, manager.artifact_manager.get_artifact_path(job.input_artifact, job_id))
    manager.artifact_manager.set_job_input_artifact(job_id, job.input_artifact)
    return job, job_id


def script(world: World, text: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", text]
    return subprocess.run(argv, cwd=world.root, env=world.environment(), capture_output=True, text=True, timeout=120)


def test_importing_the_package_imports_nothing_of_it(world):
    done = script(world, IMPORTS)
    assert done.stdout.splitlines() == ["[] False", "JobManager 0.1.0"], done.stderr
    assert "JobManager" in dir(job_manager)
    with pytest.raises(ImportError):
        from job_manager import no_such_name  # type: ignore[attr-defined]  # noqa: F401


def test_a_script_of_the_originals_users_runs_unchanged(world):
    world.chain(("copy",), ("copy",))
    done = script(world, SCRIPT)
    assert (done.returncode, done.stdout) == (0, "None\n"), done.stderr
    assert world.files() == ["public/2-0.mp4"]
    assert world.public("2-0.mp4") == world.video.read_bytes()


def test_the_code_s_spelling_and_the_readme_s_are_one_job(world):
    world.example()
    job = load_job(world.job_file, world.modules)
    assert (job.name, job.version, job.input_artifact) == (
        "example_job",
        "1.0",
        Artifact("video", "input", "video.mp4"),
    )
    ((entry,),) = (step.modules for step in job.steps)
    assert entry.module == "example_module"
    assert entry.inputs == (Artifact("video", "input", "video.mp4", False),)
    assert entry.outputs == (Artifact("audio", "output", "audio.wav", True),)
    read = job_manager.Job(world.job_file)  # the builder of jobs gives the original's for a file
    assert isinstance(read, Job) and read.steps == job.steps


def test_paths_may_be_text_or_path_objects(world, monkeypatch):
    world.chain(("copy",))
    monkeypatch.chdir(world.root)
    for modules, storage, job_file in (
        ("modules", "temp", "job.yaml"),
        (Path("modules"), Path("temp"), Path("job.yaml")),
    ):
        one = JobManager(modules, ArtifactManager(storage))
        job, job_id = submitted(world, one)
        assert one.load_job(job_file).steps == job.steps
        asyncio.run(one.run_job(job, job_id))


def test_progress_comes_before_each_step_with_its_own_number(world):
    """A step with nothing in it is a step, and is told of in its turn."""
    seen_by_module = world.root / "seen"
    world.module("note", f"open({str(seen_by_module)!r}, 'a').write('ran ')\n" + COPY)
    world.chain(("note",))
    text = world.job_file.read_text()
    head, entry = text.split("  - name: s1\n")
    steps = ["  - name: s{n}\n" + entry.replace("1-0.mp4", "{n}-0.mp4")] * 4
    steps[2] = "  - name: s{n}\n    entries: []\n"
    world.job_file.write_text(head + "".join(step.replace("{n}", str(n)) for n, step in enumerate(steps, 1)))
    one = manager(world)
    job, job_id = submitted(world, one)
    told, had_run = [], []

    def progress(update: JobManagerProgressUpdate) -> None:
        told.append((update.job_id, update.current_step, update.total_steps, update.step_name))
        had_run.append(len(seen_by_module.read_text().split()) if seen_by_module.exists() else 0)

    asyncio.run(one.run_job(job, job_id, progress_cb=progress))
    assert told == [(job_id, number, 4, f"s{number}") for number in (1, 2, 3, 4)]
    assert had_run == [0, 1, 2, 2]  # nothing of a step had run when it was told of
    assert seen_by_module.read_text().split() == ["ran"] * 3


def test_progress_is_called_in_the_loop_and_its_exceptions_are_logged(world, caplog):
    world.chain(("copy",), ("copy",))
    one = manager(world)
    job, job_id = submitted(world, one)
    calls = []

    def progress(update: JobManagerProgressUpdate) -> None:
        calls.append((threading.current_thread(), asyncio.get_running_loop()))
        raise ValueError("their own affair")

    async def run() -> object:
        await one.run_job(job, job_id, progress)
        return asyncio.get_running_loop()

    with caplog.at_level(logging.INFO):
        loop = asyncio.run(run())
    assert calls == [(threading.current_thread(), loop)] * 2
    logged = [record for record in caplog.records if "their own affair" in record.getMessage()]
    assert [(record.levelname, record.name) for record in logged] == [("ERROR", f"job_{job_id[:8]}")] * 2


def test_module_output_is_logged_under_the_job_s_name(world, caplog):
    world.module("talks", "print('fine')\nprint('bad', file=sys.stderr)\n" + COPY)
    world.chain(("talks",))
    one = manager(world)
    job, job_id = submitted(world, one)
    with caplog.at_level(logging.INFO):
        asyncio.run(one.run_job(job, job_id))
    said = {(record.levelname, record.getMessage()) for record in caplog.records if record.name == f"job_{job_id[:8]}"}
    assert {("INFO", "talks: fine"), ("ERROR", "talks: bad")} <= said


def test_the_loop_goes_on_while_the_job_runs(world):
    """The module waits for what a coroutine beside it does: a loop that stood still would never do it."""
    go = world.root / "go"
    world.module("waits", f"wait_for({str(go)!r})\n" + COPY)
    world.chain(("waits",))
    one = manager(world)
    job, job_id = submitted(world, one)
    began = asyncio.Event()

    async def beside() -> None:
        await began.wait()
        for _ in range(100):
            await asyncio.sleep(0)
        go.touch()

    async def run() -> None:
        await asyncio.gather(one.run_job(job, job_id, lambda update: began.set()), beside())

    asyncio.run(run())


@pytest.mark.parametrize("storages", [("temp", "temp"), ("temp", "other")])
def test_two_at_once_in_one_process(world, storages):
    """Each waits for the other's file: they are run at the same time, on one storage or on two."""
    world.module(
        "meets",
        "mine, other = open(options()['input']).read().split()\nopen(mine, 'w').close()\nwait_for(other)\n" + COPY,
    )
    world.chain(("meets",), ("copy",))
    (world.root / "other").mkdir()
    a, b = world.root / "a", world.root / "b"

    async def run() -> None:
        runs = []
        for storage, words in zip(storages, (f"{a} {b}", f"{b} {a}"), strict=True):
            world.video.write_text(words)
            one = manager(world, storage)
            job, job_id = submitted(world, one)
            runs.append(one.run_job(job, job_id))
        await asyncio.gather(*runs)

    asyncio.run(run())
    assert sum(len(world.job_ids(world.root / storage)) for storage in set(storages)) == 2
    assert all(
        world.files(world.root / storage) == ["public/2-0.mp4"] * storages.count(storage) for storage in storages
    )


def test_one_manager_may_run_many_jobs_one_after_another(world):
    world.chain(("copy",))
    one = manager(world)

    async def run() -> None:
        for _ in range(3):
            await one.run_job(*submitted(world, one))

    asyncio.run(run())
    assert len(world.job_ids()) == 3
    assert sorted(path.name for path in world.storage.iterdir()) == [".jm", "temp"]


def test_a_failure_is_raised_and_says_what_failed(world):
    world.module("fails", "sys.exit(3)\n")
    world.chain(("copy",), ("fails", "copy"), ("copy",))
    one = manager(world)
    job, job_id = submitted(world, one)
    with pytest.raises(JobFailed) as caught:
        asyncio.run(one.run_job(job, job_id))
    error = caught.value
    assert isinstance(error, JobManagerError)
    assert (error.job_id, error.state, [why for _, why in error.failures]) == (job_id, "failed", ["Exit code 3"])
    assert "fails" in error.failures[0][0]
    assert f"jm resume {job_id} --home {world.storage / '.jm'}" == error.hint
    assert job_id in world.jm("ls", "--json", "--home", error.home).stdout


def test_what_is_wrong_with_a_job_is_raised_by_load_job(world):
    world.chain(("copy",), ("copyy",))
    with pytest.raises(InputError, match="copyy"):
        manager(world).load_job(world.job_file)
    with pytest.raises(InputError, match="no such file"):
        manager(world).load_job(world.root / "none.yaml")
    with pytest.raises(InputError, match="does not exist"):
        JobManager(world.root / "no-modules", ArtifactManager(world.storage))


def test_a_job_without_its_video_does_not_begin(world):
    world.chain(("copy",))
    one = manager(world)
    with pytest.raises(InputError, match="input"):
        asyncio.run(one.run_job(one.load_job(world.job_file), "a" * 32))


def test_the_input_may_be_named_instead_of_copied(world):
    world.chain(("copy",))
    one = manager(world)
    job = one.load_job(world.job_file)
    assert job.input_artifact is not None
    one.artifact_manager.set_job_input_artifact("b" * 32, job.input_artifact, world.video)
    asyncio.run(one.run_job(job, "b" * 32))
    assert world.public("1-0.mp4") == world.video.read_bytes()


def test_artifact_paths_and_what_is_known_of_jobs(world):
    artifacts = ArtifactManager(world.storage)
    job_id = uuid.uuid4().hex
    assert not artifacts.does_job_exist(job_id)
    kept = artifacts.get_artifact_path(Artifact(name="a.wav", isPublic=True), job_id)
    temporary = artifacts.get_artifact_path(Artifact(name="b.wav"), job_id)
    base = world.storage / "temp" / job_id
    assert (kept, temporary) == (str(base / "public" / "a.wav"), str(base / "temp" / "b.wav"))
    for path in (kept, temporary):
        Path(path).write_text("content")  # the folders are there
    assert artifacts.does_job_exist(job_id)  # new since it was made
    assert ArtifactManager(world.storage).jobs == [job_id]
    assert Path(temporary).exists()  # making another manager sweeps nothing
    artifacts.cleanup_job(job_id)
    assert (Path(kept).exists(), Path(temporary).exists()) == (True, False)
    artifacts.cleanup_job(job_id)
    artifacts.cleanup_job(uuid.uuid4().hex)


@pytest.mark.parametrize("unsafe", ["../up", "/etc/passwd", "a/b", "", ".."])
def test_names_that_lead_elsewhere_are_refused(world, unsafe):
    artifacts = ArtifactManager(world.storage)
    with pytest.raises(InputError):
        artifacts.get_artifact_path(Artifact(name=unsafe), "c" * 32)
    with pytest.raises(InputError):
        artifacts.get_artifact_path(Artifact(name="a"), unsafe)
    with pytest.raises(InputError):
        artifacts.cleanup_job(unsafe)
    assert not artifacts.does_job_exist(unsafe)


def waiting(world: World) -> tuple[JobManager, Job, str, Path, Path]:
    here, go = world.root / "here", world.root / "go"
    world.module("waits", f"open({str(here)!r}, 'w').write(str(os.getpid()))\nwait_for({str(go)!r})\n" + COPY)
    world.chain(("copy",), ("waits",))
    one = manager(world)
    return (one, *submitted(world, one), here, go)


async def until(what) -> None:
    """`eventually` for a coroutine."""
    await asyncio.to_thread(eventually, what, "a module says that it is there")


def test_a_running_job_is_neither_cleaned_up_nor_run_again(world):
    one, job, job_id, here, go = waiting(world)

    async def run() -> None:
        running = asyncio.create_task(one.run_job(job, job_id))
        await until(here.exists)
        with pytest.raises(Refused, match="is running"):
            one.artifact_manager.cleanup_job(job_id)
        with pytest.raises(Refused, match="is running"):
            await one.run_job(job, job_id)
        go.touch()
        await running

    asyncio.run(run())
    with pytest.raises(Refused, match="already"):
        asyncio.run(one.run_job(job, job_id))
    assert world.files() == ["public/2-0.mp4"]


def test_a_job_of_another_process_is_not_cleaned_up(world):
    *_, here, go = waiting(world)
    process = world.start("job.yaml", "clip.mp4")
    eventually(here.exists, "it runs its second step")
    (job_id,) = [found for found in world.job_ids() if (world.storage / ".jm" / "jobs" / found).exists()]
    with pytest.raises(Refused, match=str(process.pid)):
        ArtifactManager(world.storage).cleanup_job(job_id)
    go.touch()
    assert world.ended(process).code == 0


def test_cancelling_ends_the_children_before_it_is_raised(world):
    one, job, job_id, here, _ = waiting(world)

    async def run() -> None:
        running = asyncio.create_task(one.run_job(job, job_id))
        await until(lambda: here.exists() and here.read_text())
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(run())
    assert not Path(f"/proc/{here.read_text()}").exists()


def test_a_cancelled_job_can_be_taken_up(world):
    one, job, job_id, here, go = waiting(world)

    async def run() -> None:
        running = asyncio.create_task(one.run_job(job, job_id))
        await until(here.exists)
        running.cancel()
        await asyncio.wait({running})

    asyncio.run(run())
    go.touch()
    resumed = world.jm("resume", job_id, "--home", "temp/.jm")
    assert resumed.returncode == 0, resumed.stderr
    assert world.files() == ["public/2-0.mp4"]


def test_ctrl_c_in_a_script_ends_its_children(world):
    *_, here, _ = waiting(world)
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], cwd=world.root, env=world.environment(), stderr=subprocess.PIPE, text=True
    )
    eventually(lambda: here.exists() and here.read_text(), "it runs its second step")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0 and "KeyboardInterrupt" in err
    assert not Path(f"/proc/{here.read_text()}").exists()


def test_a_loop_in_another_thread_will_do(world):
    world.chain(("copy",))
    one = manager(world)
    job, job_id = submitted(world, one)
    errors = []

    def elsewhere() -> None:
        try:
            asyncio.run(one.run_job(job, job_id))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert errors == []
    assert world.files() == ["public/2-0.mp4".replace("2", "1", 1)]


def test_the_module_level_functions(world, monkeypatch):
    """`load_job` and `run_job` alone: the defaults are those of the command line, the id is made up."""
    world.chain(("copy",))
    monkeypatch.chdir(world.root)
    told: list[JobManagerProgressUpdate] = []
    job = load_job("job.yaml")
    public = asyncio.run(run_job(job, "clip.mp4", progress_cb=told.append))
    assert list(public) == ["1-0.mp4"]
    assert Path(public["1-0.mp4"]).read_bytes() == world.video.read_bytes()
    assert os.path.dirname(public["1-0.mp4"]) == str(world.storage / "temp" / told[0].job_id / "public")
