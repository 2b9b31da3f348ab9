"""Looking into what an action wrote: one file, or a directory of frames, held against its type and its expectations.

Nothing here is imported before an output with a type or with expectations is there. What is found for certain fails the
output; everything else (a probe that is missing, slow or wrong) is a note and fails nothing. Knows no job and no store.
"""
