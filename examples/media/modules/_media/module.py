"""The frame of an entrypoint: a function's parameters are its `--name value` options, its failures one line.

Knows nothing of media and nothing of the scheduler beyond that convention.
"""

import argparse
import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _media.ffmpeg import Unusable, report


def launch(main: Callable[..., None]) -> None:
    """Call `main` with what the options say for each of its parameters; exit 1 with one line if it cannot.

    A parameter with a default is a param of the manifest, of the type it is annotated with; the others are paths, and
    with the annotation `list[Path]` several. So many that no command line holds them come as `@FILE`, a line each.
    """
    parser = argparse.ArgumentParser(description=inspect.getdoc(main), allow_abbrev=False, fromfile_prefix_chars="@")
    for name, parameter in inspect.signature(main).parameters.items():
        if parameter.default is parameter.empty:
            several = {"nargs": "+"} if parameter.annotation == list[Path] else {}
            parser.add_argument(f"--{name}", type=Path, required=True, metavar="PATH", **several)
        else:
            parser.add_argument(f"--{name}", type=parameter.annotation, default=parameter.default)
    try:
        main(**vars(parser.parse_args()))
    except (Unusable, OSError) as error:
        sys.exit(f"{Path(sys.argv[0]).absolute().parent.name}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    report(100)


def write_json(path: Path, document: object) -> None:
    """Write `document` for people and programs. NaN and infinity are refused: they are not JSON."""
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read what an earlier module wrote. Raises Unusable when it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unusable(f"not JSON: {path} ({error})") from error
