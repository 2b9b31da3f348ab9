"""What `jm modules` says: the modules of a shelf and what runs them here, and one module examined.

Plain values with stable keys; runs none of the modules' code and knows no terminal.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from job_manager.app.describing import param_document
from job_manager.model.errors import Problem
from job_manager.model.hints import Any
from job_manager.model.module import Module, Port
from job_manager.model.record import NamedTuple
from job_manager.modules.check import check
from job_manager.modules.interpreter import choose
from job_manager.modules.shelf import Broken, Shelf, find

Document = dict[str, Any]
DEFAULT = "modules"


class Catalogue(NamedTuple):
    """A shelf as documents: usable `modules`, and `broken` ones each with its problems."""

    searched: tuple[str, ...]
    absent: tuple[str, ...]  # those of them that do not exist
    modules: tuple[Document, ...]
    broken: tuple[Broken, ...]


def catalogue(folders: Sequence[str], python: str, environ: Mapping[str, str], cwd: str) -> Catalogue:
    """The modules under the folders, else under `modules/` here. Raises InputError for a missing folder."""
    paths = [os.path.normpath(os.path.join(cwd, os.path.expanduser(path))) for path in folders]
    shelf = find(paths, os.path.join(cwd, DEFAULT))
    modules = tuple(_document(module, shelf, python, environ) for module in shelf.modules)
    return Catalogue(shelf.searched, shelf.absent, modules, shelf.broken)


def _document(module: Module, shelf: Shelf, python: str, environ: Mapping[str, str]) -> Document:
    choice = choose(module, python, environ)
    return {
        "name": module.name,
        "version": module.version,
        "description": module.description,
        "folder": module.folder,
        "entrypoint": module.entrypoint,
        "inputs": [_port(port) for port in module.inputs],
        "outputs": [_port(port) for port in module.outputs],
        "params": [param_document(param) for param in module.params],
        "timeout": module.timeout,
        "retries": module.retries or 0,
        "idempotent": module.idempotent,
        "cpus": module.cpus,
        "memory": module.memory,
        "limits": dict(module.limits),
        "warm": module.warm,
        "preload": list(module.preload),
        "interpreter": choice.interpreter or None,
        "chosen": choice.reason,
        "problem": choice.problem,
        "warnings": list(shelf.warnings(module.name)),
    }


def _port(port: Port) -> Document:
    return {"param": port.param, "type": port.type, "kind": port.kind, "optional": port.optional}


def examine(folder: str, python: str, environ: Mapping[str, str], cwd: str) -> list[Problem]:
    """Everything wrong or odd with the module in `folder`."""
    return check(os.path.join(cwd, os.path.expanduser(folder)), python, environ)
