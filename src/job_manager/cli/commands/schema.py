"""`jm schema`: what an editor needs to complete and underline jobs, manifests and settings. Knows no key of theirs."""

from __future__ import annotations

from argparse import Namespace

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser, one_of

NAMES = ("job", "json", "manifest", "config")
SUMMARY = "Print the JSON Schema of job files, of manifests or of jm.toml, by which editors complete and underline."
MORE = "It is that of this very jm: write it anew after an upgrade. Rules that span several places are `jm check`'s."
EXAMPLES = (
    ("jm schema manifest", "print the one of manifest.yaml"),
    ("jm schema --to ~/.config/job_manager", "write all of them, to be named in the settings of an editor"),
    ("jm schema job --to .", "write job.schema.json here"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("schema", SUMMARY, EXAMPLES, usage="[job|json|manifest|config] [options]", more=MORE)
    made.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        type=one_of(*NAMES),
        help="job (job.yaml, the default), json (a job in JSON), manifest or config",
    )
    made.add_argument("--to", metavar="DIR", help="write NAME.schema.json there, without NAME all of them")
    return made


def main(options: Namespace, out: Output) -> int:
    """Print one, or write them."""
    from job_manager.app.schemas import schema, write

    if options.to is None:
        import json

        out.text(json.dumps(schema(options.name or "job"), indent=2) + "\n")
        return 0
    paths = write([options.name] if options.name else NAMES, options.to)
    for path in paths:
        out.line(Styled("written: ", "good"), path)
        out.value(path)
    out.document({"files": paths})
    return 0
