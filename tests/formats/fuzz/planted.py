"""Readers with one fault each, behind a few conditions: what the fuzzer has to find when it works.

Reached by the fuzzer's own tests alone.
"""

from __future__ import annotations

import os

from tests.formats.fuzz.targets import Target


def deep(raw: bytes) -> None:
    """One condition after another: only by keeping what passed the last can the next be passed."""
    if raw[:1] == b"{":
        _begun(raw)


def _begun(raw: bytes) -> None:
    if raw[1:2] == b"[":
        _opened(raw)


def _opened(raw: bytes) -> None:
    if b"steps" in raw:
        _named(raw)


def _named(raw: bytes) -> None:
    if raw.endswith(b"}"):
        raise ValueError("four conditions deep")


def loops(raw: bytes) -> None:
    while raw.count(b"[") > 10:
        pass


def grows(raw: bytes) -> None:
    if raw[:1] == b"g":
        bytearray(400 << 20)


def dies(raw: bytes) -> None:
    if raw[:1] == b"d":
        os.abort()


PLANTED = {
    read.__name__: Target(f"planted-{read.__name__}", (".planted",), read, __file__, (b"{x}", b"[steps]", b"dig"))
    for read in (deep, loops, grows, dies)
}
