"""Tests on drawn examples in two sizes: few in the default lane, many in the long one.

Knows pytest and hypothesis and nothing of job_manager.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from hypothesis.strategies import SearchStrategy

Test = Callable[..., None]


def drawn(few: int, many: int, *strategies: SearchStrategy[Any], **settings: Any) -> Callable[[Test], Test]:
    """The test of these strategies, twice: with `few` examples, and marked long with `many`."""

    def decorate(test: Test) -> Test:
        @pytest.mark.parametrize("examples", [few, pytest.param(many, marks=pytest.mark.long)])
        def sized(examples: int) -> None:
            hypothesis.settings(max_examples=examples, **settings)(hypothesis.given(*strategies)(test))()

        sized.__name__, sized.__qualname__ = test.__name__, test.__qualname__
        sized.__module__, sized.__doc__ = test.__module__, test.__doc__
        return sized

    return decorate
