"""Programs that run what is no program itself, in the person's own Python: standard library only, started by path.

They import nothing of job_manager, and the rest of it imports nothing of them.
"""
