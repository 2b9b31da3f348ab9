"""The fixtures of the process tests: a worker with a real keeper, whose children end with the test."""

from tests.process.conftest import keeper, keeping, subreaper, working

__all__ = ["keeper", "keeping", "subreaper", "working"]
