"""A job in Python: built with `with`, then checked, planned and run from the same script, or shown in a notebook.

Adds to the builder what a person may ask of a job; how it is read and run is app's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from job_manager.formats.python import tree
from job_manager.model.hints import TYPE_CHECKING, Any, Self
from job_manager.roles import registry
from job_manager.roles.registry import HandedOver

if TYPE_CHECKING:
    from job_manager.model.errors import Problem
    from job_manager.scripting.results import Result

Action, Task = tree.Action, tree.Task


class Job(tree.Job):
    """What is submitted: `with Job("title") as job:`. `parallel`: its children run at once; else one after another.

    Given the file of a job, it is what it was in the original's library: that job, read."""

    __slots__ = ()

    def __new__(cls, title: object = "", *args: Any, **more: Any) -> Self:
        """The builder; of a path to a YAML file the original's Job."""
        if isinstance(title, os.PathLike) or (isinstance(title, str) and title.endswith((".yaml", ".yml"))):
            from job_manager.app.original import Job as Original

            return Original(title)  # type: ignore[return-value]  # on purpose: see above
        return super().__new__(cls)

    def run(
        self,
        *files: str | os.PathLike[str],
        inputs: Mapping[str, str | os.PathLike[str]] | None = None,
        params: Mapping[str, Any] | None = None,
        out: str | os.PathLike[str] | None = None,
        modules: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
        jobs: int = 0,
        home: str | os.PathLike[str] = "",
        show: bool = False,
    ) -> Result:
        """Run it here, to its end. `files` and `inputs` (by name): what the job reads; `params`: values; `out`: where
        results are copied to; `jobs`: CPUs; `home`: the state directory; `show`: as `jm run` does.

        In a script that `jm` reads this hands the job over, and the script is read no further. Raises InputError with
        every mistake before anything starts, Refused when the state directory is in use, KeyboardInterrupt after a
        Ctrl-C. What fails is in the result."""
        self._hand_over()
        from job_manager.scripting.running import Asked, run

        return run(self, Asked(files, inputs or {}, params or {}, out, modules, jobs, home), show)

    async def run_async(
        self,
        *files: str | os.PathLike[str],
        inputs: Mapping[str, str | os.PathLike[str]] | None = None,
        params: Mapping[str, Any] | None = None,
        out: str | os.PathLike[str] | None = None,
        modules: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
        jobs: int = 0,
        home: str | os.PathLike[str] = "",
    ) -> Result:
        """The same while the event loop goes on; cancelling it ends what runs. Two at once need two `home`s."""
        self._hand_over()
        from job_manager.scripting.running import Asked, run_async

        return await run_async(self, Asked(files, inputs or {}, params or {}, out, modules, jobs, home))

    def _hand_over(self) -> None:
        made = tree.record()
        if made is not None:
            made.hand_over(self)
        if made is not None or registry.calling:
            raise HandedOver

    def check(self, *files: str | os.PathLike[str], params: Mapping[str, Any] | None = None) -> list[Problem]:
        """Everything wrong or odd about it, in order of place; starts nothing. Each has a place, a message, a hint and
        a severity: error, warning or note. In a script that `jm` reads there is nothing to say: `jm` says it."""
        if tree.record() is not None or registry.calling:
            return []
        from job_manager.scripting.running import Asked, check

        return check(self, Asked(files, {}, params or {}))

    def plan(self, *files: str | os.PathLike[str], params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What would run, as `jm plan --json` says it. Raises InputError."""
        self._hand_over()
        from job_manager.scripting.running import Asked, plan

        return plan(self, Asked(files, {}, params or {}))

    def _repr_html_(self) -> str:
        """The tree, for a notebook."""
        from job_manager.scripting.html import shown

        return shown(self)
