"""A job as a job.yaml: steps where it is made of steps, else tasks.

What a job.yaml has no word for is noted, each at its place. Knows no other language.
"""

from __future__ import annotations

import re
from fractions import Fraction

from job_manager.formats.stuck import written
from job_manager.formats.writing import Unsaid, too_deep
from job_manager.formats.yaml_builder import DEPTH_LIMIT
from job_manager.formats.yaml_writing import Bare, Flow, Typed, dumped
from job_manager.model.document import plain
from job_manager.model.expect import KEYS, NUMBER, RATE
from job_manager.model.fanout import RANGE, Each
from job_manager.model.hints import Any
from job_manager.model.job import (
    FILE,
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
    Task,
)
from job_manager.model.params import Param
from job_manager.model.params import number as number_text
from job_manager.model.secret import env_document
from job_manager.model.wording import quoted

# A list and a mapping for each task; what an entry holds takes a few more.
MOST_DEEP = (DEPTH_LIMIT - 12) // 2
Body = dict[str, Any]
LANGUAGE = "job.yaml"


def write(job: Job) -> bytes:
    """The text of the job. Raises InputError with everything that a job.yaml cannot say."""
    return dumped(_Writer(Unsaid(LANGUAGE)).whole(job)).encode()


def said(**values: Any) -> Body:
    """Those of the values that say something; a zero does."""
    return {key: value for key, value in values.items() if value or (value == 0 and value is not False)}


def entry(action: Action, unsaid: Unsaid) -> Body:
    """What is said of an action, by the keys of an entry. For other languages that have these keys."""
    return _Writer(unsaid)._entry(action)


def job_head(job: Job) -> Body:
    """What is said of the job itself, by the keys of a job.yaml that are not empty."""
    return {key: value for key, value in _head(job).items() if value}


def _head(job: Job) -> Body:
    head: Body = {"name": job.name, "version": job.version}
    return head | said(
        params=[_param(param) for param in job.params],
        inputs=[_job_input(given) for given in job.inputs],
        priority=_number(job.priority),
        paused=job.paused,
        after=job.after,
        max_active=job.max_active,
        timeout=job.timeout,
        wait_timeout=job.wait_timeout,
        dirmaps=[Flow(zip(("from", "to", "zone"), row, strict=True)) for row in job.dirmaps],
        wishes=dict(job.wishes),
    )


class _Writer:
    """One writing."""

    def __init__(self, unsaid: Unsaid) -> None:
        self.unsaid = unsaid

    def whole(self, job: Job) -> Body:
        for task in too_deep(job, MOST_DEEP):
            self.unsaid.say(task, "", f"tasks nested deeper than {MOST_DEEP}", "make some of them one")
        self.unsaid.raise_if_any()
        body = _head(job) | self._members(job)
        self.unsaid.raise_if_any()
        return body

    def _members(self, job: Job) -> Body:
        inner, hooks = _divided(job)
        steps = [child for child in inner if isinstance(child, Task)]
        if steps and len(steps) == len(inner) and not job.parallel:
            tree: Body = {"steps": [self._task(step, "entries") for step in steps]}
        else:
            tree = {**said(parallel=job.parallel), "tasks": [self._node(child) for child in inner]}
        return tree | said(hooks=[self._entry(hook) for hook in hooks])

    def _node(self, node: Task | Action) -> Body:
        return self._task(node, "tasks") if isinstance(node, Task) else self._entry(node)

    def _task(self, task: Task, key: str) -> Body:
        inner, hooks = _divided(task)
        usual = key == "entries"  # of which all run at once
        body: Body = {"name": task.name}
        body |= said(title=task.title, when=task.when, priority=_number(task.priority), wishes=dict(task.wishes))
        body |= _needs(task)
        if task.parallel is not usual:
            body["parallel"] = task.parallel
        # Recursion is bounded by how deep a YAML file may be nested.
        body |= {key: [self._node(child) for child in inner]}
        return body | said(hooks=[self._entry(hook) for hook in hooks])

    def _entry(self, action: Action) -> Body:
        body: Body = {"name": action.name} | said(title=action.title, hook=action.hook) | _work(action)
        body |= said(
            params=dict(action.params),
            inputs=[_input(use) for use in action.inputs],
            outputs=[self._output(output) for output in action.outputs],
            foreach=self._foreach(action),
            when=action.when,
            timeout=action.timeout,
            retries=action.retries,
            retry_on=list(action.retry_on),
            backoff=action.backoff,
            min_runtime=action.min_runtime,
            stuck=written(action.stuck),
            env=_env(action),
            cpus=action.cpus,
            memory=action.memory,
            limits=dict(action.limits),
            tags=list(action.tags),
            expand=action.expand,
            priority=_number(action.priority),
            workdir=action.workdir,
            wishes=dict(action.wishes),
        )
        body |= {} if action.idempotent is None else {"idempotent": action.idempotent}
        return body | _needs(action)

    def _output(self, output: Output) -> Body:
        if output.group:
            self.unsaid.say(output, "group", f"that {quoted(output.artifact)} is one of the group {output.group}")
        return Flow(
            said(
                name=output.artifact,
                param_name=output.param,
                type=output.type,
                public=output.public,
                optional=output.optional,
                allow_empty=output.allow_empty,
                kind="" if output.kind == FILE else output.kind,
                glob=output.glob,
                expect=self._expect(output),
            )
        )

    def _expect(self, output: Output) -> Body:
        return Flow((key, self._expected(output, key, value)) for key, value in output.expect)

    def _expected(self, output: Output, key: str, value: Any) -> Any:
        if KEYS.get(key) == RATE and not isinstance(value, str):
            rate = _rate(float(value))
            if rate is None:
                self.unsaid.say(output, f"expect.{key}", f"exactly {value} frames a second")
            return rate and Bare(rate)
        return list(value) if isinstance(value, tuple) else value

    def _foreach(self, action: Action) -> Body:
        chunks = [each.chunk for each in action.foreach if each.chunk > 1]
        ranges = [each for each in action.foreach if each.over and (RANGE.match(each.over) or "{" in each.over)]
        if chunks and len(ranges) != 1:
            what = f"that of several ranges {quoted(_chunked(action).key)} goes in chunks"
            self.unsaid.say(_chunked(action), "chunk", what, "give the numbers of one of them as a list")
        keys = {each.key: list(each.values) if each.values else each.over for each in action.foreach}
        return Flow(keys | ({"chunk": chunks[0]} if chunks else {}))


def _number(value: float | None) -> Bare | None:
    return None if value is None else Bare(number_text(value))


def _chunked(action: Action) -> Each:
    return next(each for each in action.foreach if each.chunk > 1)


def _divided(node: Job | Task) -> tuple[list[Task | Action], list[Action]]:
    hooks = [child for child in node.children if isinstance(child, Action) and child.hook]
    return [child for child in node.children if not (isinstance(child, Action) and child.hook)], hooks


def _needs(node: Task | Action) -> Body:
    return {} if node.needs is None else {"needs": list(node.needs)}


def _env(action: Action) -> Body:
    return {name: Flow(value) if isinstance(value, dict) else value for name, value in env_document(action.env).items()}


def _rate(value: float) -> str | None:
    """Frames a second as a person writes them, or as a fraction that is exactly as much."""
    if re.match(NUMBER, repr(value)):
        return number_text(value)
    for digits in range(1, 10):
        near = Fraction(value).limit_denominator(10**digits - 1)
        if near.numerator < 10**9 and near.numerator / near.denominator == value:
            return f"{near.numerator}/{near.denominator}"
    return None


def _param(param: Param) -> Body:
    given = {} if param.default is None else {"default": param.default}
    bounds = [None if bound is None else Bare(number_text(bound)) for bound in (param.low, param.high)]
    ranged = {} if param.low is None and param.high is None else {"range": bounds}
    return Flow({"name": param.name, "type": param.type, **given, **said(help=param.help), **ranged, **_choices(param)})


def _choices(param: Param) -> Body:
    return said(choices=list(param.choices))


def _job_input(given: JobInput) -> Body | str:
    kind = "" if given.kind == FILE else given.kind
    return Flow(said(name=given.artifact, param_name=given.param, type=given.type, kind=kind))


def _input(use: Input) -> Body:
    return Flow(said(name=use.artifact, param_name=use.param, type=use.type, kind=use.kind, optional=use.optional))


def _work(action: Action) -> Body:
    work = action.work
    if isinstance(work, ModuleCall):
        return {"module": work.module}
    if isinstance(work, Command):
        return {"cmd": list(work.argv), **said(percent=work.percent)}
    if isinstance(work, Shell):
        return {"shell": work.text}
    if isinstance(work, Echo):
        return {"echo": work.text}
    return _order(work) if isinstance(work, Order) else _function(work)


def _function(work: Function) -> Body:
    arguments = Flow((name, Typed(value)) for name, value in plain(work.arguments).items())
    return {"role": work.role, **said(arguments=arguments, script=work.script)}


def _order(work: Order) -> Body:
    return {"order": [_call(call) for call in work.calls], "modules": Flow(work.modules), **said(log=work.log)}


def _call(call: Call) -> Body:
    return {"module": call.module, "function": call.function} | said(
        declares=[_argument(one) for one in call.declares],
        inputs=[_argument(one) for one in call.inputs],
        outputs=list(call.outputs),
        log=call.log,
    )


def _argument(argument: Argument) -> Body:
    return Flow({"name": argument.name, **({"value": Typed(plain(argument.value))} if argument.value else {})})
