"""A graph of layers, written in the language of each contender. Knows the languages, not who runs them or for how long.

Every action of a layer waits for all of the layer before; a flat job is one layer, a chain has layers of one. The wait
is one node between layers where the language has one, not an edge from each to each.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Graph:
    """`layers` times `width` actions that run `program`; `keeps`: each makes a file, so that it can be found done."""

    layers: int
    width: int
    program: str = "/bin/true"
    keeps: bool = False

    @property
    def actions(self) -> int:
        return self.layers * self.width

    @property
    def recipe(self) -> str:
        return "touch" if self.keeps else shlex.quote(self.program)

    def names(self, layer: int) -> list[str]:
        return [f"a{layer}.{number}" for number in range(self.width)]


def write(graph: Graph, folder: Path) -> None:
    """The same graph as job.yaml, Makefile, build.ninja and, one word a line, lines."""
    for name, lines in LANGUAGES.items():
        with (folder / name).open("w") as file:
            file.writelines(line + "\n" for line in lines(graph))


def job_yaml(graph: Graph) -> Iterator[str]:
    yield from ("name: bench", 'version: "1"', "steps:")
    for layer in range(graph.layers):
        yield "  - entries:"
        for name in graph.names(layer):
            yield f"      - {{name: {name}, cmd: [{json.dumps(graph.program)}]}}"


def makefile(graph: Graph) -> Iterator[str]:
    yield f"all: L{graph.layers - 1}"
    for layer in range(graph.layers):
        names = graph.names(layer)
        before = f" L{layer - 1}" if layer else ""
        yield f".PHONY: L{layer}" + ("" if graph.keeps else " " + " ".join(names))
        yield f"L{layer}: " + " ".join(names)
        for name in names:
            yield f"{name}:{before}\n\t@{graph.recipe}{' $@' if graph.keeps else ''}"


def build_ninja(graph: Graph) -> Iterator[str]:
    yield f"rule action\n command = {graph.recipe}{' $out' if graph.keeps else ''}"
    for layer in range(graph.layers):
        before = f" || L{layer - 1}" if layer else ""
        for name in graph.names(layer):
            yield f"build {name}: action{before}"
        if layer < graph.layers - 1:  # ninja takes minutes for a node with 100,000 inputs, and the last needs none
            yield f"build L{layer}: phony " + " ".join(graph.names(layer))


def lines(graph: Graph) -> Iterator[str]:
    for layer in range(graph.layers):
        yield from graph.names(layer)


LANGUAGES = {"job.yaml": job_yaml, "Makefile": makefile, "build.ninja": build_ninja, "lines": lines}
