"""The default engine: one SQLite file per state directory. A package; see journal.py, engine.py and reading.py."""
