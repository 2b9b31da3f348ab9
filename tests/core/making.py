"""Jobs with fan-outs and conditions, and a worker whose actions make files; random ones too.

Knows what is declared; checks nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from job_manager.core.said import AttemptEnded
from job_manager.model.fanout import Each
from job_manager.model.job import FILES, Action, Input, Job, Output, Task
from job_manager.model.record import replace
from job_manager.testing import Farm, ScriptedWorker, action
from job_manager.testing.scripted import Run, Script

Files = Callable[[str], list[str]]


def row(output: Output, files: list[str] | None = None) -> tuple[Any, ...]:
    """What the journal says of an output: made of these files when it is several."""
    plain = (output.artifact, 1, 1, 1, 1, "")
    if output.kind != FILES:
        return plain
    return (*plain, {"files": [[name, 1, 1, 1] for name in files or []]})


class Maker(ScriptedWorker):
    """A worker whose attempts write what their actions declare, less what is optional; `files` says which files an
    artifact of several has."""

    farm: Farm
    files: Files

    def _ended(self, run: Run, at: float, reason: str, code: int | None) -> AttemptEnded:
        told = super()._ended(run, at, reason, code)
        if reason:
            return told
        outputs = self.farm.job.shape.actions[run.order.action].outputs
        rows = [row(output, self.files(output.artifact)) for output in outputs if not output.optional]
        return told._replace(outputs=rows)


def making(job: Job, files: Files, outcomes: Script | None = None, **rest: Any) -> Farm:
    """A farm for the job whose worker makes files."""
    maker = Maker("w1", rest.pop("slots", 2), rest.pop("ahead", 0), outcomes)
    maker.files = files
    maker.farm = Farm(job, workers=[maker], **rest)
    return maker.farm


def writer(name: str, *outputs: str, kind: str = FILES) -> Action:
    """An action that writes these, several files each."""
    return replace(action(name), outputs=tuple(Output(each, kind=kind) for each in outputs))


def fan(name: str, *keys: Each, reads: tuple[Input, ...] = (), writes: bool = True) -> Action:
    """An action for each item of the keys, which writes one file named by all of them."""
    spelt = name + "".join(f"_{{{key.key}{'.name' if key.artifact else ''}}}" for key in keys)
    return replace(action(name), foreach=keys, inputs=reads, outputs=(Output(spelt),) if writes else ())


def gather(name: str, *outputs: str) -> Action:
    """An action that reads all of these."""
    return replace(action(name), inputs=tuple(Input(each, kind=FILES) for each in outputs))


# --- random ones ------------------------------------------------------------------------------------------------------

ASKED = st.sampled_from(["succeeded", "failed", "skipped", "done"])


@st.composite
def conditions(draw: st.DrawFn, needed: list[str]) -> str:
    """A condition on how some of these end, or one that is settled."""
    if not needed or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(["false", "false", "1 == 2"]))
    parts = draw(st.lists(st.tuples(st.booleans(), st.sampled_from(needed), ASKED), min_size=1, max_size=2))
    word = draw(st.sampled_from([" and ", " or "]))
    return word.join(f"{'not ' if no else ''}{name}.{state}" for no, name, state in parts)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    """Steps of entries and tasks; some wait for others, some ask how these ended, some are fan-outs, over values or
    over what an earlier step makes."""
    paths: list[str] = []
    lists: list[str] = []
    steps = []
    for number in range(draw(st.integers(1, 4))):
        made: list[str] = []
        entries = [
            _entry(draw, f"{number}{at}", f"s{number}", paths, lists, made) for at in range(draw(st.integers(0, 4)))
        ]
        steps.append(Task(f"s{number}", tuple(entries), parallel=draw(st.booleans())))
        lists += made
        paths.append(f"s{number}")
    return Job("random", tuple(steps))


def _entry(
    draw: st.DrawFn, name: str, above: str, paths: list[str], lists: list[str], made: list[str]
) -> Action | Task:
    if draw(st.integers(0, 4)) == 0:
        inside = [
            _action(draw, f"{name}{at}", f"{above}/t{name}", paths, lists, made)
            for at in range(draw(st.integers(0, 3)))
        ]
        one: Action | Task = Task(f"t{name}", tuple(inside), parallel=draw(st.booleans()))
        paths.append(f"{above}/t{name}")
        return one
    return _action(draw, name, above, paths, lists, made)


def _action(draw: st.DrawFn, name: str, above: str, paths: list[str], lists: list[str], made: list[str]) -> Action:
    sort = draw(st.sampled_from(["plain", "plain", "writer", "values", "files", "gather"]))
    one = action(f"a{name}")
    if sort == "writer":
        one = writer(f"a{name}", f"w{name}")
    elif sort == "values":
        one = fan(f"a{name}", Each("k", tuple("xyz"[: draw(st.integers(1, 3))])))
    elif sort == "files" and lists:
        keys = [Each("f", over=draw(st.sampled_from(lists)))]
        keys += [Each("k", ("x", "y"))] if draw(st.booleans()) else []
        one = fan(f"a{name}", *keys)
    elif sort == "gather" and lists:
        one = replace(one, inputs=(Input(draw(st.sampled_from(lists)), kind=FILES, optional=draw(st.booleans())),))
    made += [output.artifact for output in one.outputs]
    needed: list[str] | None = None
    if draw(st.booleans()) and paths:
        needed = draw(st.lists(st.sampled_from(paths), max_size=2, unique=True))
    # What reads waits for its turn, which comes after what it reads.
    free = needed is not None and not one.inputs and not any(each.artifact for each in one.foreach)
    if free:
        one = replace(one, needs=tuple(needed or ()))
    if draw(st.integers(0, 3)) == 0:
        asked: list[str] = list(needed or ()) if free else []
        one = replace(one, when=draw(conditions(asked)))
    paths.append(f"{above}/a{name}")
    return one
