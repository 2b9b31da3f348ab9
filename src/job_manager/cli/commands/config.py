"""`jm config`: what is set, and where. Knows no rule itself."""

from __future__ import annotations

import os
from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser, add_setting_options
from job_manager.model.hints import Any

SUMMARY = "Show every setting: its value, and where that comes from. Given options count, too."
MORE = """\
Options are stronger than JM_ variables, these than jm.toml (or [tool.job_manager] in pyproject.toml) in the current
directory, that than your own config.toml. Mistakes in any of them are printed with their line."""
EXAMPLES = (
    ("jm config", "what holds here"),
    ("jm config -j 2", "what would hold with that option"),
    ("jm config -q", "NAME=VALUE, for a script"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("config", SUMMARY, EXAMPLES, usage="[options]", more=MORE)
    add_setting_options(made)
    return made


def main(options: Namespace, out: Output) -> int:
    """Print the table and the files."""
    from job_manager.app.capacity import here

    rows = list(options.configured.rows())
    for row in rows:
        out.value(f"{row.name}={_plain(row.value)}")
    if out.talks:
        _show(rows, out)
        out.line(_memory_in_words(here()))
        for file in options.configured.files:
            out.line(Styled("read      " if file.there else "not there ", "quiet"), file.path)
    out.document(
        {
            "here": here(),
            "settings": [{"name": row.name, "value": _valued(row), "source": row.source} for row in rows],
            "files": [{"path": os.path.abspath(f.path), "read": f.there} for f in options.configured.files],
        }
    )
    return 0


def _valued(row: Any) -> Any:
    """The value as data: null for what nobody has set and has no value of its own."""
    if row.name == "home":
        return os.path.abspath(row.value)
    if isinstance(row.value, tuple) and row.value and isinstance(row.value[0], tuple):
        return dict(row.value)
    return None if row.value in ("", ()) or _unset_count(row.value) else row.value


def _unset_count(value: Any) -> bool:
    return value == 0 and not isinstance(value, bool)


def _show(rows: list[Any], out: Output) -> None:
    from job_manager.cli.escaping import escape, pad, width

    shown = [(row, escape(_words(row))) for row in rows]
    names = max(len(row.name) for row, _ in shown)
    values = min(48, max(width(words) for _, words in shown))
    for row, words in shown:
        weight = "quiet" if row.source == "default" else "strong"
        out.line(Styled(pad(row.name, names), weight), "  ", pad(words, values), "  ", Styled(row.source, "quiet"))


def _words(row: Any) -> str:
    """The value as a person reads it."""
    if row.source == "default":
        return _found(row.name) or row.words or _plain(row.value)
    if row.name == "memory":
        return _size(row.value)
    return _plain(row.value)


def _found(name: str) -> str:
    """What there is of it here, when nobody has set another number."""
    from job_manager.app.capacity import here
    from job_manager.model.quantity import size_text

    there = here().get(name)
    if not there:
        return ""
    return f"{size_text(there) if name == 'memory' else there}, as found here"


def _memory_in_words(there: dict[str, Any]) -> str:
    if there["memory_enforced"]:
        return "what an action asks for with memory: is enforced here, by cgroups"
    return "what an action asks for with memory: is only reserved here, not enforced"


def _size(count: int) -> str:
    power = next((power for power in (3, 2, 1) if count % 1024**power == 0), 0)
    return f"{count // 1024**power}{' KMG'[power].strip()}"


def _plain(value: Any) -> str:
    if value is None or value == () or _unset_count(value):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, tuple):
        return str(value)
    return (
        ";".join("=".join(pair) for pair in value) if value and isinstance(value[0], tuple) else os.pathsep.join(value)
    )
