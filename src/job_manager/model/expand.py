"""The values of a job's params put in: from the job as it is written to the job as it is run. Pure.

Artifact names, env values and the params of entries are filled here. The words of a command keep their `{params.NAME}`,
and the value stands beside them: filled in one go with the paths, no value can be taken for a name or end a quotation.
Knows nothing of where values come from or whether they are allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from job_manager.model.condition import TRUE, parse, simplified, text_of
from job_manager.model.expect import filled
from job_manager.model.fanout import Each
from job_manager.model.hints import TypeVar
from job_manager.model.job import Action, Command, Function, Input, Job, JobInput, Output, Shell, Task
from job_manager.model.params import PREFIX
from job_manager.model.record import replace
from job_manager.model.secret import Env, Secret
from job_manager.model.survey import survey
from job_manager.model.template import fill, mentioned

Named = TypeVar("Named", JobInput, Input, Output)
Node = TypeVar("Node", Task, Action)
Pairs = tuple[tuple[str, str], ...]


def with_params(job: Job, values: Mapping[str, str]) -> Job:
    """The job with each `{params.NAME}` of the values replaced, and what conditions ask of them answered. A name
    without a value stays as it is written."""
    filling = {PREFIX + name: text for name, text in values.items()}
    if not filling and not any(_asked(job)):
        return job
    settled: dict[str, str] = {}  # many nodes ask the same
    filled = rebuilt(
        job,
        lambda action: replace_when(_filled(action, filling), values, settled),
        lambda task: replace_when(task, values, settled),
    )
    return replace(filled, inputs=_named(job.inputs, filling))


def _asked(job: Job) -> Iterator[bool]:
    return (bool(node.when) for node in survey(job).nodes)


def replace_when(node: Node, values: Mapping[str, str], settled: dict[str, str] | None = None) -> Node:
    """The node with its condition as far as the values settle it: "" when it holds whatever happens. `settled`: what
    these values make of conditions, as far as that is known."""
    if not node.when:
        return node
    settled = {} if settled is None else settled
    if node.when not in settled:
        condition = simplified(parse(node.when), values)
        settled[node.when] = "" if condition == TRUE else text_of(condition)
    return replace(node, when=settled[node.when])


def _same(task: Task) -> Task:
    return task


def rebuilt(job: Job, change: Callable[[Action], Action], also: Callable[[Task], Task] = _same) -> Job:
    """The job with every action changed, and every task; without recursion, for a job may be nested deeper than
    Python's stack."""
    done: list[list[Task | Action]] = [[]]
    work: list[Iterator[Task | Action]] = [iter(job.children)]
    open_tasks: list[Task] = []
    while work:
        node = next(work[-1], None)
        if node is None:
            work.pop()
            if open_tasks:
                done[-2].append(also(replace(open_tasks.pop(), children=tuple(done.pop()))))
        elif isinstance(node, Action):
            done[-1].append(change(node))
        else:
            open_tasks.append(node)
            work.append(iter(node.children))
            done.append([])
    return replace(job, children=tuple(done[0]))


def words(action: Action) -> tuple[str, ...]:
    """The texts of a command in which `{name}` is replaced when it is run, and those of a function's arguments; none of
    a module."""
    if isinstance(action.work, Command):
        return action.work.argv
    if isinstance(action.work, Function):
        return (action.work.arguments,)
    return (action.work.text,) if isinstance(action.work, Shell) else ()


def _filled(action: Action, filling: Mapping[str, str]) -> Action:
    if not any("{" in word for word in words(action)) and not any(
        (action.inputs, action.outputs, action.env, action.params, action.foreach)
    ):
        return action
    beside = {name for word in words(action) for name in mentioned(word) if name in filling}
    inputs, outputs = _named(action.inputs, filling), _expecting(_named(action.outputs, filling), filling)
    env, params = filled_env(action.env, filling), _pairs(action.params, filling)
    if beside:
        params = tuple(sorted({**dict(params), **{name: filling[name] for name in beside}}.items()))
    foreach = tuple(_each(each, filling) for each in action.foreach)
    if (inputs, outputs, env, params, foreach) == (
        action.inputs,
        action.outputs,
        action.env,
        action.params,
        action.foreach,
    ):
        return action
    return replace(action, inputs=inputs, outputs=outputs, env=env, params=params, foreach=foreach)


def _each(each: Each, filling: Mapping[str, str]) -> Each:
    return replace(each, values=tuple(fill(text, filling) for text in each.values), over=fill(each.over, filling))


def _named(nodes: Iterable[Named], filling: Mapping[str, str]) -> tuple[Named, ...]:
    return tuple(replace(n, artifact=fill(n.artifact, filling)) if "{" in n.artifact else n for n in nodes)


def _expecting(outputs: tuple[Output, ...], filling: Mapping[str, str]) -> tuple[Output, ...]:
    return tuple(replace(use, expect=filled(use.expect, filling)) if use.expect else use for use in outputs)


def filled_env(env: Env, filling: Mapping[str, str]) -> Env:
    """The variables with their texts filled in; the name of a secret is what it is."""
    return tuple((name, value if isinstance(value, Secret) else fill(value, filling)) for name, value in env)


def _pairs(pairs: Pairs, filling: Mapping[str, str]) -> Pairs:
    return tuple((name, fill(text, filling)) for name, text in pairs)
