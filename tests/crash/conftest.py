"""The folder of the tests of the command: an empty one, whose commands end with the test."""

from tests.e2e.conftest import here

__all__ = ["here"]
