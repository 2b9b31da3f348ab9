"""The decider: what is wished and claimed goes in, what has happened and must happen comes out. Pure.

Knows no clock, disk, random, thread, log or process; `now` is always an argument.
"""
