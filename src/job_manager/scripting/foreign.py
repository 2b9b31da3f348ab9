"""mass's exceptions and workers under their names: what they can do without its scheduler, and a word on what not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from job_manager.formats.python.tree import record
from job_manager.model.errors import JobManagerError
from job_manager.model.hints import Any, NoReturn
from job_manager.roles import registry

NO_SWF = "there is no engine for AWS SWF here yet"
INSTEAD = "mass.submit(job) without scheduler= runs the job on this machine, and so does `jm run SCRIPT`"


class TaskWait(Exception):
    """A task has to wait; kept for scripts that catch it."""


class TaskError(Exception):
    """A task has failed: why, and all that is known of it."""

    def __init__(self, reason: str = "", details: str = "") -> None:
        super().__init__(reason, details)
        self.reason = reason
        self.details = details


class UnsupportedScheduler(JobManagerError):
    """Nothing here can do what this scheduler would."""

    def __init__(self, scheduler: str = "swf", message: str = "") -> None:
        super().__init__(message or f"the scheduler {scheduler!r} is not supported: {NO_SWF}", INSTEAD)
        self.scheduler = scheduler

    def __str__(self) -> str:
        return f"{self.args[0]}; {self.hint}"


class BaseWorker:
    """Functions by role. What one instance registers all of them serve, and `mass.submit` as well."""

    @property
    def role_functions(self) -> dict[str, Callable[..., Any]]:
        """The functions that are registered, by role."""
        return {role: served.function for role, served in registry.ROLES.items()}

    def role(self, name: str) -> Callable[[registry.Function], registry.Function]:
        """A decorator: this function serves the role. It is given the keyword arguments of the action."""
        return lambda function: registry.serve(name, function)

    def execute(self, action: Mapping[str, Any]) -> Any:
        """Call the function for an action, here and now. Raises TaskError with what it raises."""
        said = dict(action.get("Action", action))
        role = said.get("_role")
        arguments = {key: value for key, value in said.items() if not key.startswith("_")}
        if role is None:
            return print(f"Action({', '.join(f'{key}={value!r}' for key, value in arguments.items())})")  # noqa: T201
        if role not in registry.ROLES:
            raise TaskError(f"nobody serves the role {role!r}")
        try:
            return registry.ROLES[role].function(**arguments)
        except Exception as error:
            import traceback

            raise TaskError(repr(error), traceback.format_exc()) from error

    def start(self, *args: object, **more: object) -> None:
        """A worker waits for work from a scheduler; on this machine `mass.submit` does the work itself."""
        if record() is None and not registry.calling:
            raise UnsupportedScheduler("swf", f"this worker cannot start: {NO_SWF}")


class SWFWorker(BaseWorker):
    """The worker of AWS SWF: its roles are served here, by `mass.submit` itself."""

    def __init__(self, domain: str | None = None, region: str | None = None) -> None:
        self.domain = domain
        self.region = region


def not_yet(what: str) -> NoReturn:
    """Say that a command of mass cannot do its work here yet."""
    raise UnsupportedScheduler("swf", f"{what}: {NO_SWF}")
