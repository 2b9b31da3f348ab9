"""What is written on a box and on an edge, the same in every format; not yet escaped. Knows no format."""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.app.drawing.boxes import ACTION, FAN, GROUP, GROWN, JOB, MORE, PARALLEL, Box, Edge, Graph
from job_manager.app.drawing.words import TITLE, both_ends, clipped, counted, listed, number, plain

ICONS = {
    "succeeded": "✔",
    "failed": "✘",
    "lost": "?",
    "cancelled": "⊘",
    "running": "▶",
    "begun": "▷",
    "retrying": "↻",
    "interrupted": "■",
    "paused": "■",
    "skipped": "⊘",
}
WORTH_SAYING = ("failed", "lost", "cancelled", "running", "interrupted", "retrying", "skipped")
HOOK_WORDS = {"error": "on error", "success": "on success", "always": "always"}
TIP = 200  # characters of a line in a tooltip


def title(box: Box) -> str:
    """The first line: the title, with how many it stands for."""
    if box.kind == MORE:
        return box.label
    times = f"{number(box.members)} × " if box.kind == GROUP else ""
    if box.kind == FAN:
        times = "n × " if box.unknown else f"{number(box.actions)} × "
    more = f" + {number(box.actions - 1)}" if box.kind == GROWN else ""
    within = f"{clipped(box.within)} / " if box.within not in ("", box.label) else ""
    return f"{within}{times}{clipped(box.label, 2 * TITLE if box.open else TITLE)}{more}"


def below(box: Box) -> str:
    """The second line: how it stands, or what it is."""
    hook = HOOK_WORDS.get(box.hook, "")
    return " · ".join(filter(None, (hook, standing(box) if box.state else clipped(_what(box), TITLE + 8))))


def standing(box: Box) -> str:
    """How it stands: `✔ succeeded`, `✘ 2 failed, 230 of 240 done`, `▶ running 42 %`."""
    sign = ICONS.get(box.state, "·")
    if box.kind == ACTION:
        percent = "" if box.percent is None else f" {box.percent:.0f} %"
        return f"{sign} {box.state}{percent}"
    total, done = sum(box.counts.values()), box.counts.get("succeeded", 0)
    said = [f"{number(box.counts[state])} {state}" for state in _worth_saying(box)]
    of = f"{number(done)} of {number(total)} done" if done or not said else ""
    return f"{sign} " + (f"all {number(total)} done" if done == total > 1 else ", ".join(filter(None, (*said, of))))


def _worth_saying(box: Box) -> list[str]:
    return [state for state in WORTH_SAYING if box.counts.get(state)][:2]


def _what(box: Box) -> str:
    if (box.kind == GROUP and not box.role) or (box.kind == MORE and box.actions != box.members):
        return counted(box.actions, "action", box.unknown)
    if box.kind not in (ACTION, FAN, GROWN, GROUP):
        return f"{counted(box.actions, 'action', box.unknown)}, {order(box)}" if box.order else ""
    when = f"· when {box.when}" if box.when else ""
    kept = f"→ {listed(box.public)}" if box.public else ""
    named = box.role if box.program == box.label else work(box)
    return " ".join(filter(None, (named, kept or when)))


def work(box: Box) -> str:
    """What runs: `module probe`, `ffmpeg`, `shell: cat`."""
    if not box.program:
        return box.role
    return {"cmd": box.program, "shell": f"shell: {box.program}"}.get(box.role, f"{box.role} {box.program}")


def order(box: Box) -> str:
    """How what is in it runs."""
    return "at once" if box.order == PARALLEL else "one after another"


def inside(box: Box) -> str:
    """Beside the title of a box that holds others."""
    if box.state:
        return standing(box)
    if len([each for each in box.children if not each.hook]) < 2:
        return ""
    return order(box)


def tooltip(box: Box) -> Iterator[str]:
    """All there is to say of a box, line by line."""
    yield plain(box.label[:TIP]) if box.kind != MORE else plain(box.label)
    if box.path:
        yield f"path: {both_ends(box.path, TIP)}" + (" and others" if box.members > 1 else "")
    if box.role:
        yield plain(work(box))[:TIP]
    if box.order:
        yield f"{counted(box.actions, 'action', box.unknown)}, {order(box)}"
    elif box.kind != ACTION:
        yield counted(box.actions, "action", box.unknown)
    if box.hook:
        yield f"hook: {HOOK_WORDS[box.hook]}"
    if box.when:
        yield f"only when {both_ends(box.when, TIP)}"
    if box.public:
        yield f"kept: {listed(box.public, TIP)}"
    if box.counts:
        yield ", ".join(f"{number(count)} {state}" for state, count in box.counts.items())
    yield from (f"failed: {both_ends(path, TIP)}" for path in box.failed if box.kind != ACTION)


def along(edge: Edge) -> str:
    """On an edge: what goes along it."""
    return listed(edge.artifacts) if edge.artifacts else ""


def headline(graph: Graph) -> str:
    """The job in one line, for people who do not see the picture, too."""
    job = graph.job
    said = [f"{clipped(job.label, 80)} {clipped(graph.version)}".rstrip(), counted(job.actions, "action", job.unknown)]
    if job.state:
        said.append(f"{job.state}: " + ", ".join(f"{number(count)} {state}" for state, count in job.counts.items()))
    if graph.id:
        said.append(graph.id)
    return ", ".join(said)


def has_bar(box: Box) -> bool:
    """Whether a bar shows how far it is: where there is more than one state in it."""
    return len(box.counts) > 1 or box.percent is not None


def is_stack(box: Box) -> bool:
    """Whether it stands for several, and looks like it."""
    return box.kind in (FAN, GROWN, GROUP, MORE)


def is_frame(box: Box) -> bool:
    """Whether it is drawn around others."""
    return box.open and box.kind != JOB
