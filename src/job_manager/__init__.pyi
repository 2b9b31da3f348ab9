"""What `from job_manager import ...` gives, for type checkers; at run time `__init__.py` looks it up when asked."""

from job_manager.app.original import Artifact as Artifact
from job_manager.app.original import ArtifactManager as ArtifactManager
from job_manager.app.original import JobFailed as JobFailed
from job_manager.app.original import JobManager as JobManager
from job_manager.app.original import JobManagerProgressUpdate as JobManagerProgressUpdate
from job_manager.app.original import load_job as load_job
from job_manager.app.original import run_job as run_job
from job_manager.scripting.calls import module as module
from job_manager.scripting.calls import worker as worker
from job_manager.scripting.jobs import Action as Action
from job_manager.scripting.jobs import Job as Job
from job_manager.scripting.jobs import Task as Task

__version__: str
