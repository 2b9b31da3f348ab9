"""Where a contract test's journal lies. Knows no engine."""

from __future__ import annotations

import pytest


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "journal.db")
