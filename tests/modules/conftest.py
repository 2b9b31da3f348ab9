"""Builds module folders for the shelf's tests: real files, as a person would write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

MANIFEST = """\
name: {name}
description: Does something with the video
entrypoint: {entrypoint}
inputs:
  - param_name: input
    type: video
outputs:
  - param_name: output
    type: audio
"""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """`make("shelf/one", name="one", more="version: 2")`: a module folder below tmp_path; its path."""

    def build(
        folder: str,
        name: str | None = None,
        *,
        manifest: str | None = None,
        more: str = "",
        entrypoint: str = "main.py",
    ) -> Path:
        path = tmp_path / folder
        path.mkdir(parents=True, exist_ok=True)
        text = MANIFEST.format(name=name or path.name, entrypoint=entrypoint) if manifest is None else manifest
        (path / "manifest.yaml").write_text(text + more)
        (path / "main.py").write_text("print('hello')\n")
        return path

    return build
