"""Patterns that are compiled when they are first asked something: most commands ask few of them. Knows none."""

from __future__ import annotations

from re import compile as compiled_now

from job_manager.model.hints import TYPE_CHECKING, Any, AnyStr, cast

if TYPE_CHECKING:
    import re


class _Late:
    """Stands for a compiled pattern until somebody wants to match with it."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        compiled = compiled_now(self._text, self._flags)
        for each in ("match", "fullmatch", "search", "findall", "finditer", "sub", "split", "pattern"):
            setattr(self, each, getattr(compiled, each))  # found without coming here, from now on
        return getattr(compiled, name)


def late(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, but later; a pattern that is wrong shows at its first use."""
    return cast("re.Pattern[AnyStr]", _Late(text, flags))
