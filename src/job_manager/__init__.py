"""job_manager: runs jobs of many actions to the end, whatever dies on the way.

This file knows the package's version and nothing of its rooms: importing the package must stay free of cost.
"""

__version__ = "0.1.0"
