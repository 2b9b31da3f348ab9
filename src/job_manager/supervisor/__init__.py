"""The turns that keep the promise: said -> admit -> evolve -> decide -> commit -> orders.

Knows no engine by name, no process and no terminal.
"""
