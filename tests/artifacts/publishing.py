"""Publishing as a test wants it: done when the call returns."""

from __future__ import annotations

from collections.abc import Sequence

from job_manager.artifacts.outputs import Declared
from job_manager.artifacts.settling import at_once
from job_manager.artifacts.store import Outcome, Store


def publish(store: Store, label: str, outputs: Sequence[Declared], checked: bool = False) -> Outcome:
    """As Store.publish."""
    return at_once(store.publish(label, outputs, checked))
