"""The typed store of one job: where artifacts lie, how an output becomes one, how they leave and are removed.

Knows nothing of actions being scheduled, of modules, or of how a child is run.
"""
