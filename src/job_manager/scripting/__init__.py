"""What scripts in Python import: jobs that are built and run, modules called, roles served, mass's own names.

Knows app and the command line's way to show a run; decides nothing itself.
"""
