"""Alfscript, the job scripts of Pixar's Alfred and Tractor: read as data, never run.

Knows what becomes of a Job's options, and which words have no effect; nothing of other languages.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable

from job_manager.formats.alfscript.building import Child, built
from job_manager.formats.alfscript.findings import Enough, Findings
from job_manager.formats.alfscript.options import OPTIONS, Effect
from job_manager.formats.alfscript.outline import outline
from job_manager.formats.alfscript.places import locate
from job_manager.formats.alfscript.reading import Context, Options
from job_manager.formats.alfscript.structure import read
from job_manager.formats.alfscript.substitution import assigned, counted
from job_manager.formats.alfscript.text import At
from job_manager.formats.alfscript.tree import Node, Script
from job_manager.formats.alfscript.values import After, Spot
from job_manager.formats.alfscript.waiting import settle_instances
from job_manager.formats.params import settle
from job_manager.formats.reading import Reading
from job_manager.formats.wording import suggestion
from job_manager.model.bulk import bulk
from job_manager.model.errors import InputError, Problem, in_order
from job_manager.model.job import Job
from job_manager.model.params import NO_VALUES, Values
from job_manager.model.record import replace
from job_manager.model.wording import quoted

LONGEST_NAME = 128
MOST_ACTIVE = 1_000_000
PAUSE = "AlfJobPause"  # `set AlfJobPause 1` at the top of a file


def draft(raw: bytes, file: str, *, loose: bool = False, values: Values = NO_VALUES) -> Reading:
    """The job in `raw` with everything wrong or odd about it. Raises InputError when there is no Job in it."""
    script = read(raw, file)
    if script.job is None:
        raise InputError(script.problems)
    findings = Findings(file)
    with bulk():
        job = _job(script, script.job, findings)
        late = settle(job, values).problems if values.given else []
    problems = in_order([*_each_once([*script.problems, *findings.said()]), *late])

    def places(paths: Iterable[str]) -> dict[str, At]:
        # Read again, not kept: the tree of a big file is many times its text, and seldom asked for.
        again = read(raw, file)
        return {path: at for path in paths if (at := locate(again, path)) is not None}

    return Reading(job, tuple(problems), raw, places)


def _each_once(problems: Iterable[Problem]) -> Iterable[Problem]:
    """What was found twice, while the structure was read and while it became a job: with its longer path."""
    found: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        known = found.get(key := (problem.place.line, problem.place.column, problem.message))
        if known is None or len(known.place.path) < len(problem.place.path):
            found[key] = problem
    return found.values()


def _job(script: Script, node: Node, findings: Findings) -> Job:
    """As much of the job as can be made out."""
    context = Context(findings)
    job = Job(_stem(findings.file), source=findings.file, place=context.place(node))
    broken = any(problem.severity == "error" for problem in script.problems)
    _note_kept(script.nodes, findings)
    _note_order(script.nodes, findings)
    script.nodes.clear()  # the tree of a big file is given back while the job grows
    try:
        scope = assigned(node.bodies.get("init", []), Spot(findings, node, "-init"))
        options = Options(node, scope, context)
        job = _with_options(job, options, script)
        if counted([node], scope, Spot(findings, node)).too_many:
            return job
        return _with_children(job, options, broken)
    except Enough:
        return job  # said with the findings


def _stem(file: str) -> str:
    return os.path.basename(file).rsplit(".", 1)[0] if file != "<stdin>" else "job"


def _with_children(job: Job, options: Options, broken: bool) -> Job:
    context, node = options.context, options.node
    _look_at_references(options)
    units = outline(node, options.scope, context)
    root = units[0]
    units = settle_instances(root, context, look_up=not broken)
    children: tuple[Child, ...] = built(units, context)
    if not root.size and not broken and not context.findings.failed:
        hint = "put commands into -cmds of a Task: Cmd {program argument}"
        options.spot().warn(node.at, "this is a job with nothing to do", hint)
    return replace(job, children=children, parallel=not root.serial, wishes=root.wishes)


def _with_options(job: Job, options: Options, script: Script) -> Job:
    keys = options.value("-envkey")
    options.context.env = dict(keys.variables) if keys else {}
    options.context.tags = options.tags()
    active = options.value("-maxactive")
    return Job(
        _name(job.name, options),
        priority=options.value("-priority"),
        paused=bool(options.value("-paused")) or _is_paused(script, options),
        after=_after(options.value("-after")),
        max_active=min(active, MOST_ACTIVE) if active and active > 0 else None,
        dirmaps=tuple((row.source, row.target, row.zone) for row in options.value("-dirmaps") or ()),
        source=job.source,
        place=job.place,
    )


def _name(stem: str, options: Options) -> str:
    word = options.node.title()
    name = options.text(word).strip() if word else ""
    if not word or not name:
        options.spot().warn(word.at if word else options.node.at, f"the Job has no title; it is called {quoted(stem)}")
        return stem
    if len(name) > LONGEST_NAME:
        message = f"the title has {len(name):,} characters; the limit is {LONGEST_NAME}"
        options.spot("-title").error(word.at, message)
    elif not name.isprintable():
        options.spot("-title").error(word.at, f"the title {quoted(name)} contains a control character")
    return name


def _is_paused(script: Script, options: Options) -> bool:
    word = script.settings.get(PAUSE)
    if word is None or word.text in ("0", "1"):
        return word is not None and word.text == "1"
    options.spot().error(word.at, f"expected 0 or 1, found {quoted(word.text)}", "write 1 for yes, 0 for no")
    return False


def _after(after: After | None) -> str:
    if after is None:
        return ""
    day = "" if after.month is None else f"{after.month}-{after.day} "
    return f"{day}{after.hour}:{after.minute:02d}"


def _look_at_references(options: Options) -> None:
    """-refersto of an -id that there is not."""
    stack, known, asked = [options.node], set[str](), list[tuple[Node, str]]()
    while stack:
        node = stack.pop()
        for body in node.bodies.values():
            stack.extend(body)
        if "-id" in node.given:
            known.add(node.given["-id"].value.text.strip())
        if "-refersto" in node.given:
            asked.append((node, node.given["-refersto"].value.text.strip()))
    made = any("$" in name or "[" in name for name in known)
    for node, name in asked:
        if name and name not in known and not made and "$" not in name and "[" not in name:
            hint = suggestion(name, known) or "it names the -id of another command or Task"
            spot = Spot(options.context.findings, node, "-refersto")
            spot.warn(node.given["-refersto"].value.at, f"nothing has the id {quoted(name)}", hint)


def _note_order(nodes: Iterable[Node], findings: Findings) -> None:
    """Where subtasks run at once because nobody has said otherwise, at the first such place."""
    for node in nodes:
        if "-serialsubtasks" in node.given or node.operator.letter not in "JT":
            continue
        if sum(each.operator.letter in "TI" for each in node.bodies.get("subtasks", ())) > 1:
            message = "subtasks run at once, as always in Alfscript"
            findings.note(node.at, f"{node.path}.subtasks", message, "-serialsubtasks 1 has them one after another")
            return


def _note_kept(nodes: Iterable[Node], findings: Findings) -> None:
    """What is kept without effect, each option once, at its first place."""
    found: dict[str, list[Node]] = {}
    for node in nodes:
        for name, given in node.given.items():
            if given.option.effect is Effect.KEPT and given.value.raw.strip():
                found.setdefault(name, []).append(node)
    for name, where in found.items():
        more = f" (and {len(where) - 1:,} more)" if len(where) > 1 else ""
        path = f"{where[0].path}.{name[1:]}"
        message = f"{name} ({OPTIONS[name].means}) is kept, without effect here{more}"
        findings.note(where[0].given[name].at, path, message)
