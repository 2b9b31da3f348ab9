"""The folder in which each test works like a person. Knows nothing of what the program says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.person import Folder


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Folder]:
    """An empty folder with a blank in its name."""
    path = tmp_path / "my work"
    path.mkdir()
    folder = Folder(path)
    yield folder
    folder.clean()
