"""A module as it is on this machine: its manifest, what runs it, the digest of its folder. Knows nothing of jobs."""

from __future__ import annotations

import os
from collections.abc import Mapping

from job_manager.model.errors import NOWHERE, InputError, Problem
from job_manager.model.module import Module
from job_manager.model.site import Installed
from job_manager.modules.interpreter import choose


def installed(module: Module, python: str | None = None, environ: Mapping[str, str] | None = None) -> Installed:
    """`module` ready to be run. `python`: see `interpreter.choose`; `environ` is that of this process unless given.

    Raises InputError when what is to run it is missing.
    """
    # Imported here: jm plan's way through the shelf needs digests, jm modules does not.
    from job_manager.modules.digest import folder_digest

    choice = choose(module, python, os.environ if environ is None else environ)
    if choice.problem:
        problem = Problem(module.place or NOWHERE, f'module "{module.name}": {choice.problem}', choice.hint)
        raise InputError([problem])
    return Installed(
        name=module.name,
        folder=module.folder,
        entrypoint=module.entrypoint,
        interpreter=choice.interpreter,
        chosen=choice.reason,
        digest=folder_digest(module.folder),
        env=module.env,
        timeout=module.timeout,
        retries=module.retries,
        idempotent=module.idempotent,
        optional=tuple(port.param for port in module.outputs if port.optional),
        allow_empty=tuple(port.param for port in module.outputs if port.allow_empty),
        progress=module.progress,
        cpus=module.cpus,
        memory=module.memory,
        limits=module.limits,
        warm=module.warm,
        preload=module.preload,
        expects=tuple((port.param, port.expect) for port in module.outputs if port.expect),
        types=tuple(sorted((port.param, port.type) for port in module.outputs)),
    )
