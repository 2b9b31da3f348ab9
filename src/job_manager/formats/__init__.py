"""The job languages: text or Python in, `model.Job` out, with every mistake at its line and column.

Knows nothing of installed modules, of how a job runs, or of where a problem is printed.
"""
