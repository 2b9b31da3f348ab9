"""Types of artifacts as people write them, in jobs and in manifests. Knows no type by name."""

from __future__ import annotations


def same_type(one: str | None, other: str | None) -> bool:
    """Whether two type words agree: alike whatever their case, or one is not given."""
    return not one or not other or one.strip().casefold() == other.strip().casefold()
