"""Making very many values at once. Knows none of them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def bulk() -> Iterator[None]:
    """No garbage collection inside: a big file makes millions of objects and no cycles; collecting triples the time.

    Nor are they gone through afterwards, as what is new would be: they are put where what is old stands."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()  # into the oldest generation, in no time
        gc.enable()
