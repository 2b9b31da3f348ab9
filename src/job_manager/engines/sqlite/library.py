"""SQLite as the standard library has it, of which the half in C is enough: the other one knows dates, too, which takes
a millisecond of every start.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3 as sqlite3
else:
    try:
        import _sqlite3 as sqlite3
    except ImportError:
        import sqlite3  # noqa: F401
