"""The same graph in the language of each contender: job.yaml, Makefile, build.ninja, dodo.py, Snakefile, lines, JSON.

Knows the languages, not who runs them or for how long.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from bench.graphs import GIVEN, Graph
from bench.modules import write_modules


def write(graph: Graph, folder: Path, names: Iterable[str]) -> None:
    """The files that are named; with modules their shelf and what they read, too."""
    for name in names:
        with (folder / name).open("w") as file:
            file.writelines(line + "\n" for line in LANGUAGES[name](graph))
    if graph.module:
        write_modules(folder)


# --- jm ---------------------------------------------------------------------------------------------------------------


def job_yaml(graph: Graph) -> Iterator[str]:
    return _job(graph, f"warm_{graph.module}")


def cold_yaml(graph: Graph) -> Iterator[str]:
    """The same with modules of which each action starts an interpreter of its own."""
    return _job(graph, graph.module)


def _job(graph: Graph, module: str) -> Iterator[str]:
    yield from ("name: bench", 'version: "1"')
    if graph.never:
        yield 'params:\n  go: {type: str, default: "no"}'
    if graph.module:
        yield f"input_artifacts:\n  - {{name: {GIVEN}, param_name: given, type: any}}"
    yield "steps:"
    for layer in range(len(graph.widths)):
        yield "  - entries:"
        for name in graph.names(layer):
            yield f"      - {_module_entry(module, name) if graph.module else _entry(graph, name)}"


def _entry(graph: Graph, name: str) -> str:
    """With `keeps`, too, no file is made: jm knows without one what has succeeded."""
    when = ", when: \"params.go == 'yes'\"" if graph.never else ""
    return f"{{name: {name}, cmd: {json.dumps(graph.argv(name))}{when}}}"


def _module_entry(module: str, name: str) -> str:
    reads = f"input_artifacts: [{{name: {GIVEN}, param_name: input, type: any}}]"
    writes = f"output_artifacts: [{{name: {name}, param_name: output, type: any}}]"
    return f"{{name: {name}, module: {module}, {reads}, {writes}}}"


# --- the others -------------------------------------------------------------------------------------------------------


def command(graph: Graph, name: str) -> str:
    return shlex.join(["touch", name] if graph.keeps else graph.argv(name))


def recipe(graph: Graph, name: str) -> str:
    """The same for make and ninja, in which two dollars are one."""
    return command(graph, name).replace("$", "$$")


def makefile(graph: Graph) -> Iterator[str]:
    yield f"all: L{len(graph.widths) - 1}"
    for layer in range(len(graph.widths)):
        names = graph.names(layer)
        before = f" L{layer - 1}" if layer else ""
        yield f".PHONY: L{layer}" + ("" if graph.keeps else " " + " ".join(names))
        yield f"L{layer}: " + " ".join(names)
        for name in names:
            yield f"{name}:{before}\n\t@{recipe(graph, name)}"


def build_ninja(graph: Graph) -> Iterator[str]:
    yield "rule action\n command = $run"
    for layer in range(len(graph.widths)):
        before = f" || L{layer - 1}" if layer else ""
        for name in graph.names(layer):
            yield f"build {name}: action{before}\n run = {recipe(graph, name)}"
        if layer < len(graph.widths) - 1:  # it takes minutes for a node with 100,000 inputs, and the last needs none
            yield f"build L{layer}: phony " + " ".join(graph.names(layer))


def lines(graph: Graph) -> Iterator[str]:
    for layer in range(len(graph.widths)):
        yield from graph.names(layer)


def commands(graph: Graph) -> Iterator[str]:
    return (command(graph, name) for name in lines(graph))


DODO = """\
import json
graph = json.load(open("graph.json"))
DOIT_CONFIG = {"verbosity": 0, "default_tasks": ["action"], "dep_file": ".doit"}


def done():
    return True


def task_action():
    for layer, width in enumerate(graph["widths"]):
        names = [f"a{layer}.{number}" for number in range(width)]
        for name in names:
            argv = ["touch", name] if graph["keeps"] else [w[:-1] + name if w[-1] == "%" else w for w in graph["argv"]]
            once = {"targets": [name], "uptodate": [done]} if graph["keeps"] else {}
            yield {"name": name, "actions": [argv], "task_dep": [f"action:L{layer - 1}"] if layer else [], **once}
        yield {"name": f"L{layer}", "actions": None, "task_dep": [f"action:{name}" for name in names]}"""


def dodo(graph: Graph) -> Iterator[str]:
    yield DODO


SNAKEFILE = """\
import json
import shlex
graph = json.load(open("graph.json"))
widths = graph["widths"]


def names(layer):
    return [f"a{layer}.{number}" for number in range(widths[layer])]


def argv(name):
    return shlex.join(w[:-1] + name if w.endswith("%") else w for w in graph["argv"])


wildcard_constraints:
    layer="[0-9]+",
    number="[0-9]+",


rule all:
    input:
        f"L{len(widths) - 1}",


rule layer:
    input:
        lambda wild: names(int(wild.layer)),
    output:
        touch("L{layer}"),


rule action:
    input:
        lambda wild: [f"L{int(wild.layer) - 1}"] if int(wild.layer) else [],
    output:
        touch("a{layer}.{number}"),
    params:
        argv=lambda wild: argv(f"a{wild.layer}.{wild.number}"),
    shell:
        "{params.argv}"
"""


def snakefile(graph: Graph) -> Iterator[str]:
    yield SNAKEFILE


def described(graph: Graph) -> Iterator[str]:
    yield json.dumps({"widths": graph.widths, "argv": graph.program, "keeps": graph.keeps})


LANGUAGES: dict[str, Callable[[Graph], Iterator[str]]] = {
    "job.yaml": job_yaml,
    "cold.yaml": cold_yaml,
    "Makefile": makefile,
    "build.ninja": build_ninja,
    "lines": lines,
    "commands": commands,
    "dodo.py": dodo,
    "Snakefile": snakefile,
    "graph.json": described,
}
