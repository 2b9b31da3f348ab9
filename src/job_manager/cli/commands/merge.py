"""`jm merge`: two YAML files of JobManager put into one. Knows no rule itself."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser

SUMMARY = "Put two YAML files of JobManager into one, such as an order and the connection it is to run over."
MORE = "No key may be in both: then every one is named, and nothing is written."
EXAMPLES = (
    ("jm merge job.yaml conn.yaml", "into merged.yaml"),
    ("jm merge job.yaml conn.yaml --name remote.yaml", "into remote.yaml"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("merge", SUMMARY, EXAMPLES, usage="A.yaml B.yaml [options]", more=MORE)
    made.add_argument("first", metavar="A.yaml", help="its keys come first")
    made.add_argument("second", metavar="B.yaml", help="its keys follow")
    made.add_argument("-name", "--name", metavar="FILE", default="merged.yaml", help="(default: merged.yaml)")
    return made


def main(options: Namespace, out: Output) -> int:
    """Merge, and say what was written."""
    from job_manager.app.merging import merge

    keys = merge(options.first, options.second, options.name)
    out.value(options.name)
    out.line(Styled("written: ", "good"), options.name, f"  ({len(keys)} keys)")
    out.document({"file": options.name, "keys": keys})
    return 0
