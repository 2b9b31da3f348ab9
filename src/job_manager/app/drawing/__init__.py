"""Pictures of a job: its tree folded to a bounded number of boxes, the edges between these, the writer of each format.

Pure: knows no file, no state directory, no terminal.
"""
