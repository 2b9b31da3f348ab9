"""`jm show`: what is known of the artifacts of a job. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser
from job_manager.model.hints import Any

SUMMARY = "Show what is known of an artifact: who made it, where it is, what was found in it; or list those of a job."
EXAMPLES = (
    ("jm show", "the artifacts of the newest job"),
    ("jm show last/web.mp4", "everything about one: duration, streams, expectations ..."),
    ("jm show -q 3fa8/web.mp4", "its path alone"),
)
COLOURS = {"changed": "warn", "missing": "bad", "removed": "quiet", "not made": "quiet"}
STATES = {"removed": "removed when the job had succeeded", "not made": "not made yet", "changed": "changed since"}


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("show", SUMMARY, EXAMPLES, usage="[ID[/ARTIFACT]] [options]")
    made.add_argument("target", metavar="ID[/ARTIFACT]", nargs="?", default="last", help="default: last, all of them")
    return made


def main(options: Namespace, out: Output) -> int:
    """Print one, or the list."""
    from job_manager.app.looking import look
    from job_manager.app.showing import show
    from job_manager.cli.place import home_of

    word, _, name = options.target.partition("/")
    shown = show(look(home_of(options), word or "last"), name)
    out.document(shown)
    for artifact in shown["artifacts"]:
        if name or artifact["state"] in ("there", "changed"):
            out.value(artifact["path"] or "")
    if out.talks:
        _one(shown["artifacts"][0], out) if name else _list(shown, out)
    return 0


def _list(shown: dict[str, Any], out: Output) -> None:
    from job_manager.cli.escaping import escape, pad, width

    out.line(Styled(shown["name"], "strong"), f"  {shown['id']}")
    rows = [(escape(a["artifact"]), a["state"], a["type"] or "", _from(a), _size(a), a) for a in shown["artifacts"]]
    widths = [max((width(row[column]) for row in rows), default=0) for column in range(4)]
    for name, state, type, maker, size, artifact in rows:
        cells = (pad(type, widths[2]), pad(maker, widths[3]), size)
        words = Styled(pad(state, widths[1]), COLOURS.get(artifact["state"], ""))
        out.line("  ", pad(name, widths[0]), "  ", words, "  ", "  ".join(cells).rstrip())


def _from(artifact: dict[str, Any]) -> str:
    return artifact["made_by"] or "input"


def _size(artifact: dict[str, Any]) -> str:
    return "" if artifact["size"] is None else _number(artifact["size"], "byte")


def _one(artifact: dict[str, Any], out: Output) -> None:
    kinds = [artifact["type"] or "no type", *(["public"] if artifact["public"] else []), artifact["kind"]]
    out.line(Styled(artifact["artifact"], "strong"), f"  {', '.join(kinds)}")
    state = artifact["state"]
    _row(out, "state", STATES.get(state, state), COLOURS.get(state, ""))
    _row(out, "path", artifact["path"])
    _row(out, "size", _size(artifact))
    _row(out, "sha256", artifact["sha256"])
    _row(out, "made by", _maker(artifact))
    _row(out, "read by", ", ".join(artifact["readers"]) or "nobody")
    for line in _found(artifact["facts"]):
        _row(out, "found", line)
    _row(out, "looked", _how(artifact["facts"]))
    _row(out, "expected", _expected(artifact["expect"]))
    for note in artifact["notes"]:
        _row(out, "note", note, "warn")


def _row(out: Output, head: str, words: str | None, colour: str = "") -> None:
    if words:
        out.line("  ", Styled(f"{head:<9}", "quiet"), Styled(words, colour))


def _maker(artifact: dict[str, Any]) -> str:
    import time

    if artifact["role"] == "input":
        return "you: an input of the job"
    if artifact["made"] is None:
        return f"{artifact['made_by']}, which is {artifact['maker_state']}"
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(artifact["made"]))
    return f"{artifact['made_by']}, attempt {artifact['attempt']}, {when}"


def _found(facts: dict[str, Any]) -> list[str]:
    """The facts in the order in which a person asks for them, a line for each kind."""
    counted = {"index": "", "packets": " (packets counted)", "files": ""}.get(facts.get("counted", ""), "")
    span = f" ({facts['first']}-{facts['last']})" if "first" in facts else ""
    picture = [
        f"{facts['width']}x{facts['height']}" if "height" in facts else "",
        f"{facts['fps']:g} frames a second" if "fps" in facts else "",
        _number(facts["frames"], "frame") + counted + span if "frames" in facts else "",
        _number(facts["pages"], "page") if "pages" in facts else "",
    ]
    sound = [
        f"{facts['sample_rate']} Hz" if "sample_rate" in facts else "",
        _number(facts["channels"], "channel") if "channels" in facts else "",
    ]
    whole = [facts.get("format", ""), f"{facts['duration']:g} s" if "duration" in facts else ""]
    if "streams" in facts:
        whole.append(_number(facts["streams"], "stream"))
    words = [
        _number(facts["rows"], "row") if "rows" in facts else "",
        _number(facts["items"], "item") if "items" in facts else "",
        f"columns {', '.join(facts['columns'])}" if "columns" in facts else "",
        f"keys {', '.join(facts['keys'])}" if "keys" in facts else "",
        facts.get("encoding", ""),
    ]
    lines = (
        _line(whole),
        _line([facts.get("video", ""), *picture], "pictures: " if "video" in facts else ""),
        _line([facts.get("audio", ""), *sound], "sound: "),
        _line(words),
    )
    return [line for line in lines if line]


def _number(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _line(parts: list[str], head: str = "") -> str:
    told = ", ".join(part for part in parts if part)
    return f"{head}{told}" if told else ""


def _how(facts: dict[str, Any]) -> str:
    if not facts.get("probe"):
        return ""
    if "decoded" not in facts:
        return "at all of its structure" if facts["probe"] == "structure" else "from beginning to end"
    return f"by {facts['probe']}: {'head and tail decoded' if facts['decoded'] else 'not decoded'}"


def _expected(expect: dict[str, Any]) -> str:
    from job_manager.model.expect import shown

    return ", ".join(f"{k} {shown(k, tuple(v) if isinstance(v, list) else v)}" for k, v in expect.items())
