"""`jm plan`: what would run, in which order, with which program, on which files. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser, add_run_options
from job_manager.model.hints import Any

SUMMARY = "Show what a job would do: its steps in order, the program and command of every action, and its files."
MORE = "The job is checked first, as by `jm check`. ID stands in paths for the id the job will have."
EXAMPLES = (
    ("jm plan job.yaml clip.mp4", "what `jm run job.yaml clip.mp4` would do"),
    ("jm plan job.yaml --python .venv/bin/python", "see which interpreter each module gets, and why"),
    ("jm plan job.yaml --json", "the same as data"),
)
Document = dict[str, Any]

BIG = 200  # actions of a job from which on each list is shown by its beginning
FIRST = 5  # so many of each list
HOOKS = {"error": "only after a failure", "success": "only after success", "always": "when all else is over"}


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("plan", SUMMARY, EXAMPLES, usage="JOB.yaml [FILE...] [options]", more=MORE)
    made.add_argument("job", metavar="JOB.yaml", help="the job file; - reads standard input")
    made.add_argument("files", metavar="FILE", nargs="*", default=[], help="the job's input files, in order")
    made.add_argument("--all", action="store_true", help=f"list every action, also of a job of more than {BIG}")
    add_run_options(made)
    return made


def main(options: Namespace, out: Output) -> int:
    """Check, plan, and show it."""
    from job_manager.app.planning import Plan
    from job_manager.cli.place import home_of
    from job_manager.cli.reporting import problem_document, show_notes
    from job_manager.cli.wishes import checked

    loaded = checked(options, files_needed=False)
    plan = Plan(loaded, home_of(options))
    show_notes(loaded.problems, out)
    if out.talks:
        folded = plan.size > BIG and not options.all
        _show(plan.document(FIRST if folded else None), out, folded)
    for path in plan.destinations() if out.quiet else ():
        out.value(path)
    if out.json:
        out.document({**plan.document(), "problems": [problem_document(problem) for problem in loaded.problems]})
    return 0


def _show(plan: Document, out: Output, folded: bool) -> None:
    from job_manager.app.watching import counted

    counts, version = plan["counts"], f" {plan['version']}" if plan["version"] else ""
    how = "all steps at once" if plan["parallel"] else "one step after another"
    slots = f", at most {plan['slots']} actions at once" if plan["slots"] else ""
    actions, steps = counted(counts["actions"], "action"), counted(counts["steps"], "step")
    order = f", {how}" if counts["steps"] > 1 else ""
    actions += "".join(f", and as many as {path} stands for" for path in counts["open"])
    out.line(Styled(f"{plan['name']}{version}", "strong"), f": {actions} in {steps}{order}{slots}")
    for given in plan["inputs"]:
        out.line("  input   ", _typed(given), f"  from {_origin(given)}")
    for param in plan["params"]:
        out.line("  param   ", f"{param['name']} = {param['value']}{'' if param['given'] else '  (the default)'}")
    for node, depth in _nodes(plan["children"]):
        if "more" in node:
            _show_more(node, "  " * depth, out)
        elif "children" in node:
            _show_task(node, "  " * depth, out)
        else:
            _show_action(node, "  " * depth, out, folded)
    if plan["public"]:
        out.line()
        out.line(Styled("kept when the job has succeeded", "strong"))
    for public in plan["public"]:
        more = public.get("more")
        out.line(f"  and {more} more" if more else f"  {public['artifact']}  ->  {public['path']}")


def _origin(given: Document) -> str:
    if given["files"]:
        return "1 file" if given["files"] == 1 else f"{given['files']} files"
    if given["kind"] == "files":
        return "files or a folder you give"
    return given["path"] or f"a {given['kind']} you give"


def _nodes(children: Sequence[Document]) -> Iterator[tuple[Document, int]]:
    stack = [(node, 0) for node in reversed(children)]
    while stack:
        node, depth = stack.pop()
        yield node, depth
        stack.extend((below, depth + 1) for below in reversed(node.get("children", ())))


def _show_more(node: Document, indent: str, out: Output) -> None:
    from job_manager.app.watching import counted

    steps = f"{counted(node['steps'], 'step')} with " if node["steps"] else ""
    kinds = ", ".join(f"{many} {kind}" for kind, many in node["kinds"].items())
    out.line(Styled(f"{indent}and {steps}{kinds} more (--all lists them)", "quiet"))


def _show_task(task: Document, indent: str, out: Output) -> None:
    many = sum(child.get("more", 1) for child in task["children"])
    order = f"{many} in parallel" if task["parallel"] else f"{many} one after another"
    title = f"  {task['title']}" if task["title"] else ""
    out.line()
    order = f"  ({order})" if many != 1 else ""
    out.line(f"{indent}{task['number']}  ", Styled(task["name"], "strong"), title, order)
    said = [*_starts(task), *_when(task)]
    if said:
        out.line(f"{indent}     ", ", ".join(said))


def _show_action(action: Document, indent: str, out: Output, folded: bool) -> None:
    kind = f"module {action['module']}" if action["module"] else action["role"]
    out.line(f"{indent}{action['number']}  ", Styled(action["name"], "strong"), f"  {kind}{_times(action)}")
    for label, text in _rows(action, folded):
        first, *others = text.split("\n") if label in ("command", "env") else [text]
        out.line(f"{indent}     ", Styled(f"{label:<9}", "quiet"), first)
        for line in others:  # of a command: at the left, so that it is the same when it is copied
            out.line(line)


def _times(action: Document) -> str:
    if action["foreach"] is None:
        return "  and as many more as it prints" if action["expand"] else ""
    keys = ", ".join(key["key"] for key in action["foreach"])
    if action["times"] is not None:
        return f"  {action['times']} times, once for each {keys}; the first:"
    makers = [key["from"] for key in action["foreach"] if key["from"]]
    made = f"{makers[0]} makes" if makers else "there are files"
    return f"  once for each {keys}: as many as {made}; like:"


def _starts(node: Document) -> Iterator[str]:
    if node["needs"] is not None:
        yield f"starts after {', '.join(node['needs'])}" if node["needs"] else "starts at once"


def _when(node: Document) -> Iterator[str]:
    if node.get("hook"):
        yield HOOKS[node["hook"]]
    if node["priority"] is not None:
        yield f"priority {node['priority']:g}"
    if node["when"]:
        yield "left out" if node["when"] == "false" else f"only when {node['when']}"


def _first(items: Sequence[Any], folded: bool) -> Sequence[Any]:
    return items[:FIRST] if folded else items


def _others(label: str, items: Sequence[Any], folded: bool) -> Iterator[tuple[str, str]]:
    if folded and len(items) > FIRST:
        yield label, f"and {len(items) - FIRST} more"


def _rows(action: Document, folded: bool) -> Iterator[tuple[str, str]]:
    # Imported here: it costs more than all of the rest when nobody asks for a plan.
    import shlex

    if action["chosen"]:
        interpreter = action["interpreter"]
        yield "program", f"{interpreter}  ({action['chosen']})" if interpreter else action["chosen"]
    if action["warm"]:
        yield "warm", _warm(action)
    yield "command", action["command"]
    yield "in", action["cwd"]
    for use in _first(action["reads"], folded):
        yield "reads", f"{'all of ' if use['many'] else ''}{_typed(use)}  from {use['from'] or 'the job input'}"
    yield from _others("reads", action["reads"], folded)
    for use in _first(action["writes"], folded):
        yield "writes", _typed(use) + _goes(use, folded)
    yield from _others("writes", action["writes"], folded)
    for name, value in action["env"].items():
        secret = isinstance(value, dict)
        yield "env", f"{name}=***  (the secret {value['secret']})" if secret else f"{name}={shlex.quote(value)}"
    takes = list(_takes(action))
    if takes:
        yield "takes", ", ".join(takes)
    limits = list(_limits(action))
    if limits:
        yield "limits", ", ".join(limits)


def _typed(use: Document) -> str:
    return f"{use['artifact']} ({use['type']})" if use["type"] else str(use["artifact"])


def _goes(use: Document, folded: bool) -> str:
    optional = ", optional" if use["optional"] else ""
    if use["public"]:
        return f"{optional}, public  ->  {use['path']}"
    readers = ", ".join(_first(use["readers"], folded))
    more = "".join(f" {text}" for _, text in _others("", use["readers"], folded))
    return f"{optional}  for {readers}{more}" if use["readers"] else f"{optional}  (nobody reads it)"


def _warm(action: Document) -> str:
    imported = f" that has imported {', '.join(action['preload'])}" if action["preload"] else ""
    threads = str(action["env"].get("OMP_NUM_THREADS", action["cpus"] or 1))
    each = "one thread" if threads == "1" else f"{threads} threads"
    return f"copied from an interpreter{imported}; OMP_NUM_THREADS and its like say {each}"


def _takes(action: Document) -> Iterator[str]:
    from job_manager.model.quantity import size_text

    if action["cpus"]:
        yield f"{action['cpus']} CPU{'' if action['cpus'] == 1 else 's'}"
    if action["memory"]:
        yield f"{size_text(action['memory'])} of memory"
    for name, count in action["limits"].items():
        yield f"{count} {name}"
    uncounted = [tag for tag in action["tags"] if tag not in action["limits"]]
    if uncounted:
        yield f"tags {', '.join(uncounted)} (of which nobody has said how many there are)"


def _stuck(after: float, kill: bool) -> str:
    from job_manager.model.quantity import human

    if not after:
        return "never counts as stuck"
    return f"{'ended' if kill else 'counts as stuck'} after {human(after)} without output and processor time"


def _limits(action: Document) -> Iterator[str]:
    from job_manager.model.quantity import human

    yield from _starts(action)
    yield from _when(action)
    if action["timeout"]:
        yield f"timeout {human(action['timeout'])}"
    if action["min_runtime"]:
        yield f"fails when done within {human(action['min_runtime'])}"
    if action["stuck"] is not None:
        yield _stuck(action["stuck"], action["stuck_kill"])
    if action["retries"]:
        only = f" after {', '.join(action['retry_on'])}" if action["retry_on"] else ""
        yield f"tried up to {action['retries'] + 1} times{only}"
    if not action["idempotent"]:
        yield "never started twice by itself (idempotent: false)"
