"""Alfscript, the job scripts of Pixar's Alfred and Tractor: read as data, never run.

Knows nothing of other languages.
"""
