"""The nouns of job_manager: immutable values that check themselves.

Knows no file format, no disk, no clock and no engine; standard library only.
"""
