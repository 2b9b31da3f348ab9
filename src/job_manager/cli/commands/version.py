"""`jm version`. Knows the package's version and the Python that runs it."""

from __future__ import annotations

import sys
from argparse import Namespace

from job_manager import __version__
from job_manager.cli.output import Output
from job_manager.cli.usage import Parser


def parser() -> Parser:
    """The options of this verb."""
    examples = (("jm version", "the version, and which Python runs jm"), ("jm --version -q", "the number alone"))
    return Parser("version", "Print the version of job_manager.", examples, usage="")


def main(options: Namespace, out: Output) -> int:
    """Print it."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    out.value(__version__)
    out.line(f"job_manager {__version__} (Python {python}, {sys.executable})")
    out.document({"version": __version__, "python": python, "executable": sys.executable})
    return 0
