"""Functions that are registered for roles, and the small process that calls one of them. Knows no job and no worker."""
