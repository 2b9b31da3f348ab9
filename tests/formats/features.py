"""Each thing that a job can say, as the smallest job that says it: the rows of docs/reference/job-languages.md.

Knows no language.
"""

from __future__ import annotations

import os
from typing import Any

from job_manager.model.fanout import Each
from job_manager.model.job import (
    Action,
    Argument,
    Call,
    Command,
    Echo,
    Function,
    Input,
    Job,
    JobInput,
    ModuleCall,
    Order,
    Output,
    Shell,
    Stuck,
    Task,
)
from job_manager.model.params import Param
from job_manager.model.secret import Secret


def action(name: str = "true", **said: Any) -> Action:
    """A command that says this as well."""
    return Action(**{"name": name, "work": Command(("true",)), **said})


def one(**said: Any) -> Job:
    """A job of one task with one action that says this."""
    return Job("j", (Task("t", (action(**said),)),))


def job(**said: Any) -> Job:
    """A job that says this itself."""
    return Job(**{"name": "j", "children": (Task("t", (action(),)),), **said})


def task(**said: Any) -> Job:
    """A job with a second task that says this."""
    return job(children=(Task("first", (action(),)), Task(**{"name": "t", "children": (action(),), **said})))


def hooked(hook: str, **said: Any) -> Job:
    """A job with a task that has such a hook."""
    return job(children=(Task("t", (action(), action("ls", work=Command(("ls",)), hook=hook, **said))),))


LS = action("ls", work=Command(("ls",)))


def reading(use: Input, given: JobInput) -> Job:
    words = Command(("cat", f"{{{use.param or use.artifact}}}"))
    return Job("j", (Task("t", (action("cat", work=words, inputs=(use,)),)),), inputs=(given,))


def writing(output: Output) -> Job:
    words = Command(("cp", "a", f"{{{output.param or output.artifact}}}"))
    return one(name="cp", work=words, outputs=(output,))


def fan_out(*keys: Each, **said: Any) -> Job:
    words = Command(("echo", *(f"{{{each.key}}}" for each in keys)))
    return Job("j", (Task("t", (action("echo", work=words, foreach=keys),)),), **said)


def param(param: Param) -> Job:
    words = Command(("echo", f"{{params.{param.name}}}"))
    return Job("j", (Task("t", (action("echo", work=words),)),), params=(param,))


CALL = Call("m", "go", (Argument("x", "[1,null]"),), ("y",), (Argument("z", '"a"'),), "go.log")
ORDER = Order((("m", "m.py"),), (CALL,), "all.log")
FEATURES: dict[str, Job] = {
    # the tree
    "tasks one after another": job(children=(Task("a", (action(),)), Task("b", (action(),)))),
    "tasks at the same time": job(children=(Task("a", (action(),)), Task("b", (action(),))), parallel=True),
    "tasks in tasks": job(children=(Task("a", (Task("b", (action(),)),)),)),
    "serial in parallel": job(
        children=(Task("a", (Task("b", (action(), LS)), Task("c", (action(),))), parallel=True),)
    ),
    "actions beside tasks": job(children=(action(), Task("t", (action(),)))),
    "a task with nothing in it": job(children=(Task("t"), Task("u", (action(),)))),
    "titles beyond names": job(children=(Task("a-b", (action(),), title="a/b?"),)),
    "names beside titles": job(children=(Task("name", (action(),), title="A title"),)),
    # the job
    "`version`": job(version="1.0"),
    "`priority` of the job": job(priority=2.5),
    "`paused`": job(paused=True),
    "`after`": job(after="12-24 6:00"),
    "`max_active`": job(max_active=3),
    "`timeout` of the job": job(timeout=3600.0),
    "`wait_timeout`": job(wait_timeout=90.5),
    "`dirmaps`": job(dirmaps=(("X:/", "/mnt/x/", "NFS"),)),
    "`wishes` of the job": job(wishes=(("crews", "night"),)),
    "`params`": param(Param("n", "int", "5", "A number", 1.0, 9.0)),
    "`params` without a value": param(Param("n", "choice", None, "", None, None, ("a", "b"))),
    # what runs
    "a module": one(name="m", work=ModuleCall("m")),
    "a program and its arguments": one(name="ls", work=Command(("ls", "-l", "a b"))),
    "`%` in arguments": one(work=Command(("true", "%j", "{x}"), percent=True)),
    "a shell text": one(name="echo", work=Shell("echo $HOME | cat")),
    "a text to print": one(name="echo", work=Echo("Hello, 'you'")),
    "a function": one(name="r", work=Function("r", '{"a":[1,null,"x"]}')),
    "a function and its script": one(name="r", work=Function("r", "{}", "/srv/r.py")),
    "an order": one(name="order", work=ORDER),
    "an order alone": Job("job", (Action("order", Order((("m", "m"),), (CALL,)), workdir=os.getcwd()),)),
    # files
    "inputs of the job": reading(Input("a"), JobInput("a")),
    "their type, kind and name": reading(Input("a"), JobInput("a", "clip", "mp4", "files")),
    "inputs": reading(Input("a", "x", "mp4", "files", True), JobInput("a")),
    "outputs": writing(Output("a", "x", "mp4", True, True, True)),
    "outputs of several files": writing(Output("a", kind="files", glob="*.png")),
    "`expect`": writing(Output("a", type="mp4", expect=(("audio", True), ("duration", 1.5), ("fps", 24000 / 1001)))),
    "`group`": writing(Output("a", group="{k}")),
    # how
    "`timeout`": one(timeout=90.5),
    "`backoff`": one(retries=2, backoff=10.0),
    "`min_runtime`": one(min_runtime=5.0),
    "`stuck`": one(stuck=Stuck(600.0)),
    "`stuck` and ended": one(stuck=Stuck(600.0, True)),
    "never `stuck`": one(stuck=Stuck(0.0)),
    "`retries`": one(retries=2),
    "no retries of a module": one(name="m", work=ModuleCall("m"), retries=0),
    "`retry_on` exit codes": one(retries=2, retry_on=("3",)),
    "`retry_on` reasons": one(retries=2, retry_on=("timeout",)),
    "`env`": one(env=(("A", "x y"),)),
    "`env` with a secret": one(env=(("A", Secret("deploy")),)),
    "`idempotent`": one(idempotent=False),
    "`params` of an action": one(name="m", work=ModuleCall("m"), params=(("crf", "18"),)),
    "`cpus`": one(cpus=2),
    "`memory`": one(memory=2**32),
    "`limits`": one(limits=(("gpu", 1),)),
    "`tags`": one(tags=("nuke",)),
    "`expand`": one(expand=True),
    "`workdir`": one(workdir="/srv"),
    "`priority` of an action": one(priority=-1.0),
    "`priority` of a task": task(priority=3.0),
    "`wishes` of an action": one(wishes=(("service", "nuke"),)),
    "`wishes` of a task": task(wishes=(("note", "x"),)),
    # when
    "`needs` of an action": job(children=(Task("t", (action("a"), action("b", needs=("t/a",))), parallel=True),)),
    "`needs` of a task": job(children=(Task("a", (action(),)), Task("b", (action(),), needs=("a",))), parallel=True),
    "`needs` of nothing": one(needs=()),
    "`when` of an action": job(children=(action("a"), action("b", needs=("a",), when="a.failed"))),
    "`when` of a task": task(needs=("first",), when="first.failed"),
    "`foreach` of values": fan_out(Each("k", ("1", "x y"))),
    "`foreach` of numbers": fan_out(Each("k", over="1-9x2", chunk=2)),
    "`foreach` of files": fan_out(Each("k", over="a"), inputs=(JobInput("a", kind="files"),)),
    "several keys": fan_out(Each("k", ("1", "2")), Each("n", over="1-9", chunk=2)),
    "several ranges, one in chunks": fan_out(Each("k", over="1-9", chunk=2), Each("n", over="1-9")),
    "hooks on error": hooked("error"),
    "hooks on success": hooked("success"),
    "hooks always": hooked("always"),
    "hooks of the job": job(children=(Task("t", (action(),)), action("true", hook="error"))),
}
