"""The modules of W4: each copies a small file, once plain and once with an import of numpy, both cold and warm.

Knows manifests; not who runs the modules.
"""

from __future__ import annotations

from pathlib import Path

from bench.graphs import GIVEN

PROGRAM = """\
import argparse
import shutil
{imports}
parser = argparse.ArgumentParser()
parser.add_argument("--input", required=True)
parser.add_argument("--output", required=True)
asked = parser.parse_args()
shutil.copyfile(asked.input, asked.output)
"""
MANIFEST = """\
name: {name}
description: Copies a small file
entrypoint: main.py
inputs:
  - {{param_name: input, type: any}}
outputs:
  - {{param_name: output, type: any}}
"""
# What a module asks for that is to start from an interpreter which has imported all that is slow.
WARM = "warm: true\npreload: [{preload}]\n"
STANDARD = "argparse, locale, shutil"  # locale is what argparse imports when it is used
IMPORTS = {"copy": ("", STANDARD), "copy_numpy": ("\nimport numpy\n", f"{STANDARD}, numpy")}


def write_modules(folder: Path) -> None:
    """`modules/` with copy, copy_numpy, warm_copy, warm_copy_numpy; the file to be copied."""
    for name, (imports, preload) in IMPORTS.items():
        _write(folder / "modules" / name, name, imports, "")
        _write(folder / "modules" / f"warm_{name}", f"warm_{name}", imports, WARM.format(preload=preload))
    (folder / GIVEN).write_bytes(bytes(range(256)) * 16)


def make_room(folder: Path) -> None:
    """`out/`, for bare commands, with nothing in it: so each makes its files, as a first run does."""
    (folder / "out").mkdir()


def _write(folder: Path, name: str, imports: str, more: str) -> None:
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(PROGRAM.format(imports=imports))
    (folder / "manifest.yaml").write_text(MANIFEST.format(name=name) + more)
