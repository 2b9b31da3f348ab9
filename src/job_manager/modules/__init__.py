"""The shelf: folders with a manifest and an entrypoint, as a catalogue of typed modules, and what runs them here.

Knows nothing of jobs being run, of engines, or of where artifacts lie.
"""
