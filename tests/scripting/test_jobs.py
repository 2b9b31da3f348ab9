"""Jobs built, checked, planned and run from Python in this process: results, artifacts, modules, loops, interrupts."""

from __future__ import annotations

import asyncio  # noqa: TID251 - jobs are run in loops, too
import os
import signal
import threading
from pathlib import Path

import pytest

from job_manager import Action, Job, JobFailed, Task, module
from job_manager.model.errors import InputError, NotFound
from tests.e2e.person import PATIENCE, Fifo

COUNT = """\
name: count
entrypoint: main.py
inputs:
  - {param_name: text, type: text}
  - {param_name: more, type: text, optional: true}
outputs:
  - {param_name: words, type: json}
  - {param_name: lines, type: text, optional: true}
params:
  - {name: least, type: int, default: 1}
  - {name: timeout, type: int, default: 1}
"""
MAIN = """\
import argparse, json
parser = argparse.ArgumentParser()
for name in ("text", "more", "words", "lines", "least", "timeout"):
    parser.add_argument(f"--{name}")
given = parser.parse_args()
words = open(given.text).read().split()
json.dump({"words": len(words), "least": given.least}, open(given.words, "w"))
if given.lines:
    open(given.lines, "w").write("lines")
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module and a text; the current one."""
    monkeypatch.chdir(tmp_path)
    shelf = tmp_path / "shelf" / "count"
    shelf.mkdir(parents=True)
    (shelf / "manifest.yaml").write_text(COUNT)
    (shelf / "main.py").write_text(MAIN)
    (tmp_path / "text.txt").write_text("to be or not to be")
    monkeypatch.setenv("JM_MODULES", str(tmp_path / "shelf"))
    return tmp_path


def hello(text: str = "hello", **more) -> Job:
    with Job("hello", parallel=False) as job:
        Action(text, name="say", _role="echo", **more)
    return job


def test_a_run_gives_states_logs_and_artifacts(here):
    with Job("j", parallel=False) as job:
        Action(cmd="echo six > {six.txt}; echo done", _role="shell", name="six",
               outputs=[{"name": "six.txt", "public": True}])  # fmt: skip
        Action(cmd="exit 3", _role="shell", name="bad", retries=0)
        Action("never", _role="echo", name="never")
    result = job.run()
    assert (result.ok, result.state, result.title, result.home) == (False, "failed", "j", str(here / ".jm"))
    assert {path: action.state for path, action in result.actions.items()} == {
        "six": "succeeded", "bad": "failed", "never": "skipped",
    }  # fmt: skip
    assert result.log("six") == "done\n" and result.log("never") == "" and result.value("six") is None
    assert [action.message for action in result.failed] == ["exit code 3"]
    with pytest.raises(JobFailed, match="bad: Exit code 3"):
        result.raise_if_failed()
    with pytest.raises(NotFound, match="no action is called 'sixx'"):
        result.action("sixx")


def test_artifacts_by_name_and_a_copy_elsewhere(here):
    with Job("j") as job:
        Action(cmd="echo six > {six.txt}", _role="shell", outputs=[{"name": "six.txt", "public": True}])
    kept, copied = job.run(), job.run(out="results", home="other")
    assert Path(kept.artifacts["six.txt"]).read_text() == "six\n"
    assert copied.artifacts == {"six.txt": str(here / "results" / "six.txt")} and copied.home == str(here / "other")
    assert kept.raise_if_failed() is kept


def test_modules_feed_each_other_and_wait_for_each_other(here):
    with Job("j", parallel=True) as job:
        text = job.input("text.txt", "text")
        words = module("count", text=text, least=3, params={"timeout": 5}, timeout="1m", cpus=1)
        both = module("count", text=text, lines="all-lines.txt", public=True)
        Action(cmd=["cat", words, "{all-lines.txt}"], _role="cmd", name="cat")
    assert words == "count.words.json"
    assert list(both) == [both.words, both["lines"]] == ["count-2.words.json", "all-lines.txt"]
    with pytest.raises(AttributeError, match="there are words, lines"):
        _ = both.wurds
    result = job.run("text.txt")
    assert result.ok, result.failed
    assert result.log("cat") == '{"words": 6, "least": "3"}lines'
    assert set(result.artifacts) == {"count-2.words.json", "all-lines.txt"}
    plan = {child["name"]: child for child in job.plan("text.txt")["children"]}
    assert plan["cat"]["needs"] == ["count", "count-2"] and plan["count"]["timeout"] == 60.0
    assert plan["count"]["params"] == {"least": "3", "timeout": "5"}


def test_what_a_call_of_a_module_cannot_mean_is_said(here):
    with Job("j") as job:
        text = job.input("text.txt", "text")
        module("count", text=text, leest=3)
        module("count", text=3)
        module("cuont", text=text)
    said = [problem.message for problem in job.check() if problem.severity == "error"]
    assert 'the module "count" takes no "leest"' in said
    assert "expected a file of the job, found int" in said
    assert any('"cuont"' in message for message in said)


def test_params_and_inputs_are_given_when_it_runs(here):
    with Job("j", params={"times": 2, "loud": False}) as job:
        job.input("text.txt", "text", param="text")
        Action(cmd="head -c {params.times} {text.txt}; echo {params.loud}", _role="shell", name="head")
    assert job.run("text.txt").log("head") == "tofalse\n"
    assert job.run(inputs={"text": "text.txt"}, params={"times": 5, "loud": True}).log("head") == "to betrue\n"
    with pytest.raises(InputError, match="no file is given"):
        job.run()
    with pytest.raises(InputError, match="expected a whole number"):
        job.run("text.txt", params={"times": "x"})


def test_a_job_with_mistakes_starts_nothing(here):
    job = hello(timeout="never", retries="x")
    with pytest.raises(InputError) as caught:
        job.run()
    assert len([problem for problem in caught.value.problems if problem.severity == "error"]) == 2
    assert [problem.place.file for problem in job.check()] == [__file__] * 2
    assert not (here / ".jm").exists()


def test_foreach_conditions_and_environment(here):
    with Job("j", parallel=False) as job:
        Action(cmd="echo $GREETING {n} {f.stem}", _role="shell", name="each", env={"GREETING": "hi"},
               foreach={"n": range(2), "f": ["a.txt", "b.txt"]})  # fmt: skip
        Action("x", _role="echo", name="no", when="false == true")
    assert [problem.message for problem in job.check() if problem.severity == "error"]
    with Job("j", params={"q": "high"}) as job:
        Action(cmd="echo $GREETING {n}", _role="shell", name="each", env={"GREETING": "hi"}, foreach={"n": range(2)})
        Action("x", _role="echo", name="no", when="params.q == low")
    result = job.run()
    assert [result.log(f"each/{n}") for n in range(2)] == ["hi 0\n", "hi 1\n"]
    assert result.ok and result.action("no").state in ("skipped", "omitted")


def test_hooks_of_every_kind(here):
    with Job("j", parallel=False) as job:
        with Task("good"):
            Action("a", _role="echo", name="a")
            for hook in ("error", "success", "always"):
                Action(hook, _role="echo", hook=hook, name=hook)
        with Task("bad"):
            Action(cmd="false", _role="shell", retries=0, name="a")
            Action("x", _role="echo", _whensuccess=True, name="success")
            Action("x", _role="echo", _whenalways=True, name="always")
    states = {path: action.state for path, action in job.run().actions.items()}
    assert [states[f"good/{hook}"] == "succeeded" for hook in ("error", "success", "always")] == [False, True, True]
    assert states["bad/always"] == "succeeded" and states["bad/success"] != "succeeded"


def test_a_job_runs_beside_a_loop(here):
    async def whole():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.005)
                ticks += 1

        ticking = asyncio.create_task(tick())
        results = await asyncio.gather(*(hello(f"{n}").run_async(home=f"home{n}") for n in range(3)))
        ticking.cancel()
        return results, ticks

    results, ticks = asyncio.run(whole())
    assert [result.log("say") for result in results] == ["0\n", "1\n", "2\n"] and ticks > 1


def test_jobs_run_in_threads(here):
    results = {}
    threads = [
        threading.Thread(target=lambda n=n: results.update({n: hello(str(n)).run(home=f"home{n}")})) for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: result.log("say") for n, result in results.items()} == {n: f"{n}\n" for n in range(3)}


def test_cancelling_ends_what_runs(here):
    fifo = Fifo(here / "begun").listen()
    with Job("j") as job:
        Action(cmd="echo $$ > begun; sleep 600", _role="shell", retries=0)

    async def whole():
        running = asyncio.create_task(job.run_async())
        (pid,) = await asyncio.to_thread(fifo.hear)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return int(pid)

    pid = asyncio.run(asyncio.wait_for(whole(), PATIENCE))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_ctrl_c_ends_what_runs_and_is_raised(here):
    fifo = Fifo(here / "begun").listen()
    with Job("j") as job:
        Action(cmd="echo $$ > begun; sleep 600", _role="shell", retries=0)

    def press() -> None:
        fifo.hear()
        os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        job.run()
    pressing.join()


def test_a_run_beside_another_in_one_directory_joins_it(here):
    fifo = Fifo(here / "begun").listen()
    go = Fifo(here / "go")
    with Job("j") as job:
        Action(cmd="echo x > begun; read line < go", _role="shell", retries=0)
    running = threading.Thread(target=job.run)
    running.start()
    fifo.hear()
    beside = hello().run()
    assert beside.state == "succeeded"
    go.release()
    running.join()


def test_a_notebook_shows_the_tree(here):
    with Job("<b>&") as job:
        with Task("t", parallel=True):
            Action("<script>")
            Action(cmd=["a", "b"], _role="cmd")
        for n in range(600):
            Action(str(n))
    html = job._repr_html_()
    assert "&lt;script&gt;" in html and "<script>" not in html and "&lt;b&gt;&amp;" in html
    assert "2 at once" in html and "a b" in html and "more</p>" in html
    assert html.count("<ul>") == html.count("</ul>") and html.count("<details") == html.count("</details>")


def test_a_shown_run_looks_like_jm_run(here, capfd):
    hello().run(show=True)
    assert "job hello" in capfd.readouterr().out
