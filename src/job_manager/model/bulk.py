"""Making very many values at once. Knows none of them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

VERY_MANY = 200_000  # objects since the last collection
_aged: list[bool] = []  # whether that has been done in this process


@contextmanager
def bulk() -> Iterator[None]:
    """No garbage collection inside: a big file makes millions of objects and no cycles; collecting triples the time.

    Nor are the first very many gone through afterwards, as what is new would be: they are put where what is old stands.
    Only the first: done again and again, that would put off for ever that the garbage among them is found."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] > VERY_MANY and not _aged:
            _aged.append(True)
            gc.freeze()
            gc.unfreeze()  # into the oldest generation, in no time
        gc.enable()
