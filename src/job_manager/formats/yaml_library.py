"""PyYAML, imported when YAML is first read, its patterns compiled when they are first asked: it has more than it uses.

With libyaml none of them is asked anything here, and compiling them is half of the import. Knows no document.
"""

from __future__ import annotations

import re

from job_manager.model.hints import Any
from job_manager.model.pattern import late


def library() -> Any:
    """The package `yaml`. Patterns that others compile in that moment are late, too, which does them no harm."""
    compiled = re.compile
    re.compile = late  # type: ignore[assignment]
    try:
        import yaml
    finally:
        re.compile = compiled
    return yaml
