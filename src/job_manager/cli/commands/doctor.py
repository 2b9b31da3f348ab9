"""`jm doctor`: a look over the state directory and the machine. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser

SUMMARY = "Look over the state directory and this machine, and say what to do where something is wrong."
MORE = "It reads every history and changes nothing. The exit code is 1 when something is bad."
EXAMPLES = (
    ("jm doctor", "the state directory ./.jm, and the machine"),
    ("jm doctor -q", "only what is not well"),
    ("jm doctor --json", 'as data: {"well", "findings": [{"topic", "level", ...}]}'),
)
COLOURS = {"ok": "good", "warn": "warn", "bad": "bad"}


def parser() -> Parser:
    """The options of this verb."""
    return Parser("doctor", SUMMARY, EXAMPLES, usage="[options]", more=MORE)


def main(options: Namespace, out: Output) -> int:
    """Print a line for each finding."""
    from job_manager.app.doctor import examine
    from job_manager.app.findings import BAD, OK
    from job_manager.cli.place import home_of
    from job_manager.cli.reporting import FAILED

    findings = []
    for found in examine(home_of(options)):
        findings.append(found)
        if found.level != OK:
            out.value(f"{found.level}: {found.topic}: {found.says}")
        out.line(Styled(f"{found.level:<4}", COLOURS[found.level]), f"  {found.topic}: {found.says}")
        if found.hint:
            out.line(Styled("        hint: ", "quiet"), found.hint)
    bad = any(found.level == BAD for found in findings)
    listed = [{"topic": f.topic, "level": f.level, "message": f.says, "hint": f.hint} for f in findings]
    out.document({"well": not bad, "findings": listed})
    return FAILED if bad else 0
