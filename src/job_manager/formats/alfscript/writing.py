"""A job as Alfscript: what there are tasks and commands for, and what Instances can say of who waits for whom.

What Alfscript has no word for is noted, each at its place. Knows no other language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from job_manager.formats.alfscript.building import KIND
from job_manager.formats.alfscript.commands import RETRIES
from job_manager.formats.alfscript.options import OPTIONS, Effect, Kind
from job_manager.formats.alfscript.quoting import element, listed, word
from job_manager.formats.alfscript.reading import OWN_WISHES
from job_manager.formats.naming import default_name, names_of
from job_manager.formats.writing import Unsaid, too_deep, unusual
from job_manager.model.job import ALWAYS, ON_ERROR, ON_SUCCESS, Action, Command, Job, Shell, Task
from job_manager.model.params import number
from job_manager.model.percent import means_something
from job_manager.model.reasons import RETRIED
from job_manager.model.secret import EnvValue, secrets_of
from job_manager.model.wording import quoted

MOST_DEEP = 500
WHEN = {ON_SUCCESS: "done", ON_ERROR: "error", ALWAYS: "always"}
OF_JOB = frozenset({"parallel", "priority", "paused", "after", "max_active", "dirmaps", "wishes"})
OF_TASK = frozenset({"parallel", "title", "needs", "wishes"})
OF_ACTION = frozenset(
    (
        *("work", "title", "timeout", "retries", "env", "needs", "when", "hook", "retry_on", "min_runtime", "tags"),
        *("expand", "wishes"),
    )
)
IN_SHELL = "RemoteCmd {/bin/sh -c {...}} is a program with arguments: write it so in the source"


def write(job: Job) -> bytes:
    """The text of the job. Raises InputError with everything that Alfscript cannot say."""
    unsaid = Unsaid("Alfscript")
    for task in too_deep(job, MOST_DEEP):
        unsaid.say(task, "", f"tasks nested deeper than {MOST_DEEP}", "make some of them one")
    unsaid.raise_if_any()
    lines = list(_Writer(unsaid, job).lines())
    unsaid.raise_if_any()
    return "".join(f"{line}\n" for line in lines).encode()


class _Writer:
    """One writing. titles: of the tasks, by their paths; env: what the job gives to all commands."""

    def __init__(self, unsaid: Unsaid, job: Job) -> None:
        self.unsaid = unsaid
        self.job = job
        self.titles = dict(_titles(job))
        texts = [hook for hook in _divided(job)[2] if isinstance(hook.work, Shell)]
        self.env = texts[0].env if texts else ()

    def lines(self) -> Iterator[str]:
        job, unsaid = self.job, self.unsaid
        for key, what in unusual(job, Job("")):
            unsaid.say(job, key, what) if key not in OF_JOB else None
        yield f"Job -title {word(job.name)}"
        yield from (f"    {line}" for line in self._job_options(job))
        tasks, actions, hooks = _divided(job)
        for action in actions:
            unsaid.say(action, "", f"the action {quoted(action.name)} beside tasks of the job", "put it into a task")
        if job.parallel and not tasks and not actions:
            unsaid.say(job, "parallel", "a parallel job with nothing in it")
        if tasks:
            yield "    -subtasks {"
            yield from self._tasks(job, tasks, "", (), "        ")
            yield "    }"
        self._look_at_names(job, tasks, hooks)
        yield from self._job_hooks(hooks)

    def _job_options(self, job: Job) -> Iterator[str]:
        if not job.parallel:
            yield "-serialsubtasks 1"
        if job.priority is not None:
            yield f"-priority {number(job.priority)}"
        if job.paused:
            yield "-paused 1"
        if job.after:
            yield f"-after {{{job.after.replace('-', ' ')}}}"
        if job.max_active is not None:
            yield f"-maxactive {job.max_active}"
        if job.dirmaps:
            yield f"-dirmaps {{{' '.join(listed(row) for row in job.dirmaps)}}}"
        wishes = dict(job.wishes)
        yield from _keys(wishes.pop("envkey", ""), self._texts(job, self.env))
        yield from self._wishes(job, "J", wishes)

    def _wishes(self, node: Job | Task | Action, letter: str, wishes: dict[str, str]) -> Iterator[str]:
        """Options that are kept. `envkey` and, of a command, `local` are said otherwise."""
        for name, text in wishes.items():
            option = OPTIONS.get(f"-{name}")
            known = option is not None and letter in option.on and option.name == f"-{name}"
            if not known or not (option.effect is Effect.KEPT or option.name in OWN_WISHES):  # type: ignore[union-attr]
                self.unsaid.say(node, f"wishes.{name}", f"the wish {quoted(name)}")
            elif option is not None:
                yield f"-{name} {word(text) if option.kind is not Kind.LIST else f'{{{text}}}'}"

    # --- tasks ------------------------------------------------------------------------------------------------------

    def _tasks(
        self, node: Job | Task, tasks: list[Task], path: str, turn: tuple[str, ...], indent: str
    ) -> Iterator[str]:
        last = turn
        for task in tasks:
            own = f"{path}{task.name}"
            inside = task.needs is not None and bool(_divided(task)[1]) and not _divided(task)[0]
            if task.needs is not None and not inside:
                if node.parallel:
                    what = f"that {quoted(task.name)}, among others at the same time, waits for something"
                    self.unsaid.say(task, "needs", what, "only a task that has commands, and no tasks, can")
                yield from self._instances(task, task.needs, last, indent)
            waits = last if task.needs is None else task.needs
            yield from self._task(task, f"{own}/", last if inside else waits, indent)
            if not node.parallel and _size(task):
                last = (own,)

    def _instances(
        self, node: Task | Action, needs: tuple[str, ...], turn: tuple[str, ...], indent: str
    ) -> Iterator[str]:
        if needs[: len(turn)] != turn:
            self.unsaid.say(node, "needs", f"that {quoted(node.name)} does not wait for its turn")
        if len(needs) <= len(turn):
            self.unsaid.say(node, "needs", f"that {quoted(node.name)} needs nothing beyond its turn")
        for path in needs[len(turn) :]:
            title = self.titles.get(path)
            if title is None:
                self.unsaid.say(node, "needs", f"that {quoted(node.name)} waits for {quoted(path)}", "it is no task")
            elif list(self.titles.values()).index(title) != list(self.titles).index(path):
                what = f"which of the tasks that are called {quoted(title)} {quoted(node.name)} waits for"
                self.unsaid.say(node, "needs", what, "give each its own title")
            else:
                yield f"{indent}Instance {word(title)}"

    def _task(self, task: Task, path: str, turn: tuple[str, ...], indent: str) -> Iterator[str]:
        # Recursion is bounded by MOST_DEEP.
        for key, what in unusual(task, Task("", parallel=task.parallel)):
            self.unsaid.say(task, key, what) if key not in OF_TASK and key != "name" else None
        tasks, actions, hooks = _divided(task)
        self._look_at_shape(task, tasks, actions, hooks)
        yield f"{indent}Task {word(task.title or task.name)}"
        inner = f"{indent}    "
        if (len(tasks) > 1 and not task.parallel) or (len(tasks) == 1 and not actions and not task.parallel):
            yield f"{inner}-serialsubtasks 1"
        yield from (f"{inner}{line}" for line in self._wishes(task, "T", dict(task.wishes)))
        below = list(self._below(task, tasks, actions, path, turn, f"{inner}    "))
        yield from _block(f"{inner}-subtasks", below, inner)
        yield from _block(f"{inner}-cmds", [f"{inner}    {self._command(one)}" for one in actions], inner)
        cleanup = [f"{inner}    {self._command(one)}" for one in hooks if one.hook == ALWAYS]
        yield from _block(f"{inner}-cleanup", cleanup, inner)

    def _below(
        self, task: Task, tasks: list[Task], actions: list[Action], path: str, turn: tuple[str, ...], indent: str
    ) -> Iterator[str]:
        yield from self._tasks(task, tasks, path, turn, indent)
        if task.needs is not None and actions and not tasks:
            yield from self._instances(task, task.needs, turn, indent)
        first = actions[0] if actions else None
        if first is not None and first.needs is not None:
            sized = [one for one in tasks if _size(one)]
            yield from self._instances(first, first.needs, (f"{path}{sized[-1].name}",) if sized else turn, indent)
        for action in actions[1:]:
            if action.needs is not None:
                self.unsaid.say(action, "needs", f"what {quoted(action.name)} needs", "only the first command can wait")

    def _look_at_shape(self, task: Task, tasks: list[Task], actions: list[Action], hooks: list[Action]) -> None:
        self._look_at_names(task, tasks, [*actions, *hooks])
        if actions and task.parallel:
            self.unsaid.say(task, "parallel", f"commands at the same time, in {quoted(task.name)}", "a task for each")
        last = max((at for at, child in enumerate(task.children) if isinstance(child, Task)), default=-1)
        for child in task.children[: max(last, 0)]:
            if isinstance(child, Action):
                self.unsaid.say(child, "", f"that {quoted(child.name)} comes before a task", "put it into a task")
        if not tasks and not actions and (task.parallel or hooks):
            what = "a parallel task with nothing in it" if task.parallel else "a task with nothing but hooks in it"
            self.unsaid.say(task, "", what)
        for hook in hooks:
            if hook.hook != ALWAYS:
                self.unsaid.say(hook, "hook", f"a hook on {hook.hook} of a task", "only the job has those")

    def _look_at_names(self, node: Job | Task, tasks: list[Task], actions: list[Action]) -> None:
        """Names are made from titles, and of commands from their programs."""
        wanted = [(task.title or task.name, "") for task in tasks]
        wanted += [("", default_name(action.work)) for action in actions]
        children: list[Task | Action] = [*tasks, *actions]
        for child, (name, title) in zip(children, names_of(wanted, KIND), strict=True):
            if (child.name, child.title) != (name, title):
                self.unsaid.say(child, "name", f"the name {quoted(child.name)}", f"it would be {quoted(name)} there")

    # --- commands ---------------------------------------------------------------------------------------------------

    def _command(self, action: Action, when: str = "") -> str:
        for key, what in unusual(action, Action(action.name, action.work)):
            self.unsaid.say(action, key, what) if key not in OF_ACTION else None
        wishes = dict(action.wishes)
        operator = "Cmd" if wishes.pop("local", "") == "1" else "RemoteCmd"
        environment = self._environment(action, wishes)
        options = [*self._times(action), *environment, *self._wishes(action, "C", wishes), when]
        return " ".join(filter(None, [operator, self._argv(action), *options]))

    def _argv(self, action: Action) -> str:
        if not isinstance(action.work, Command):
            self.unsaid.say(action, "", f"{_kind(action)}", IN_SHELL if isinstance(action.work, Shell) else "")
            return "{}"
        if action.work.percent != means_something(action.work.argv):
            what = "% or ~ in a command that stays as it is" if not action.work.percent else "percent without a sign"
            self.unsaid.say(action, "percent", what)
        return listed(action.work.argv)

    def _times(self, action: Action) -> Iterator[str]:
        if action.timeout is not None:
            yield f"-maxrunsecs {number(action.timeout)}"
        if action.min_runtime is not None:
            yield f"-minrunsecs {number(action.min_runtime)}"
        if action.retry_on or action.retries is not None:
            yield self._retries(action)
        if action.when and action.when != "false":
            self.unsaid.say(action, "when", f"the condition {quoted(action.when)}", "only when: false, as -if 0")
        if action.when == "false":
            yield "-if 0"
        if action.tags:
            yield f"-tags {listed(action.tags)}"
        if action.expand:
            yield "-expand 1"

    def _retries(self, action: Action) -> str:
        if action.retries != RETRIES or not action.retry_on:
            what = f"{action.retries} retries" if action.retry_on else "retries without exit codes"
            self.unsaid.say(action, "retries", what, f"{RETRIES} after the codes of -retryrc, or none")
        for code in action.retry_on:
            if code in RETRIED:
                self.unsaid.say(action, "retry_on", f"the reason {code}", "only exit codes and signals")
        return f"-retryrc {listed(action.retry_on)}"

    def _environment(self, action: Action, wishes: dict[str, str]) -> Iterator[str]:
        own = [pair for pair in action.env if pair not in self.env]
        if not {name for name, _ in self.env} <= {name for name, _ in action.env}:
            hint = "what a shell text of the job has in its environment every command has, too"
            self.unsaid.say(action, "env", f"that {quoted(action.name)} has not all the variables of the job", hint)
        yield from _keys(wishes.pop("envkey", ""), self._texts(action, own))

    def _texts(self, node: Job | Action, env: Iterable[tuple[str, EnvValue]]) -> list[tuple[str, str]]:
        """The variables that are plain texts; of the others is noted that they take secrets."""
        for variable, name in secrets_of(env).items():
            self.unsaid.say(node, f"env.{variable}", f"that {variable} takes the secret {quoted(name)}")
        return [(variable, value) for variable, value in env if isinstance(value, str)]

    def _job_hooks(self, hooks: list[Action]) -> Iterator[str]:
        texts = [hook for hook in hooks if isinstance(hook.work, Shell)]
        programs = [hook for hook in hooks if not isinstance(hook.work, Shell)]
        if [*programs, *texts] != hooks or [hook.hook for hook in texts] not in _TEXTS:
            for hook in texts:
                self.unsaid.say(
                    hook, "", f"the shell text {quoted(hook.name)} here", "one on success, then one on error"
                )
        lines = [f"        {self._command(one, f'-when {WHEN[one.hook]}')}" for one in programs]
        yield from _block("    -postscript", lines, "    ")
        for hook in texts:
            for key, what in unusual(hook, Action("", hook.work, hook=hook.hook, env=self.env)):
                self.unsaid.say(hook, key, what) if key != "name" else None
            if isinstance(hook.work, Shell):
                yield f"    -{'whendone' if hook.hook == ON_SUCCESS else 'whenerror'} {word(hook.work.text)}"


_TEXTS: tuple[list[str], ...] = ([], [ON_SUCCESS], [ON_ERROR], [ON_SUCCESS, ON_ERROR])
KINDS = {"ModuleCall": "a module", "Shell": "a shell text", "Echo": "a text to print", "Function": "a function"}


def _keys(names: str, variables: Sequence[tuple[str, str]]) -> Iterator[str]:
    """`-envkey` with these names of environments and these variables."""
    setting = " ".join(["setenv", *(element(f"{name}={text}") for name, text in variables)])
    if names:
        yield f"-envkey {{{names}{f' {{{setting}}}' if variables else ''}}}"
    elif variables:
        yield f"-envkey {{{setting}}}"


def _kind(action: Action) -> str:
    return KINDS.get(type(action.work).__name__, "an order")


def _block(head: str, lines: list[str], indent: str) -> Iterator[str]:
    if lines:
        yield f"{head} {{"
        yield from lines
        yield f"{indent}}}"


def _divided(node: Job | Task) -> tuple[list[Task], list[Action], list[Action]]:
    """Tasks, actions and hooks of a node."""
    tasks = [child for child in node.children if isinstance(child, Task)]
    actions = [child for child in node.children if isinstance(child, Action)]
    return tasks, [one for one in actions if not one.hook], [one for one in actions if one.hook]


def _size(task: Task) -> bool:
    """Whether anything runs in it."""
    return any(isinstance(child, Action) or _size(child) for child in task.children)


def _titles(job: Job) -> Iterator[tuple[str, str]]:
    stack: list[tuple[str, Task]] = [("", child) for child in reversed(job.children) if isinstance(child, Task)]
    while stack:
        above, task = stack.pop()
        yield f"{above}{task.name}", task.title or task.name
        below = [(f"{above}{task.name}/", child) for child in task.children if isinstance(child, Task)]
        stack.extend(reversed(below))
