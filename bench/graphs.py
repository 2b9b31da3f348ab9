"""A graph of layers and what its actions run. Knows no language that it is written in, nor who runs it.

Every action of a layer waits for all of the layer before; a flat job is one layer, a chain has layers of one. The wait
is one node between layers where a language has one, not an edge from each to each.
"""

from __future__ import annotations

from dataclasses import dataclass

GIVEN = "given.dat"  # what actions with a module read


@dataclass(frozen=True)
class Graph:
    """`widths`: the actions of each layer; `program`: what each runs, in which a word that ends in "%" gets its name.

    `keeps`: each makes a file, so that it can be found done. `module`: the action is this module of modules/, run by
    `python`, and `program` is the same as a bare command. `never`: nothing is executed, all is decided.
    """

    widths: tuple[int, ...]
    program: tuple[str, ...] = ("/bin/true",)
    keeps: bool = False
    module: str = ""
    python: str = ""
    never: bool = False

    @property
    def actions(self) -> int:
        return sum(self.widths)

    @property
    def layers(self) -> str:
        return ",".join(map(str, self.widths))

    def names(self, layer: int) -> list[str]:
        return [f"a{layer}.{number}" for number in range(self.widths[layer])]

    def argv(self, name: str) -> list[str]:
        """What an action of this name runs that makes no file, as a bare command."""
        return [word[:-1] + name if word.endswith("%") else word for word in self.program]


def flat(n: int) -> Graph:
    return Graph((n,))


def chain(n: int) -> Graph:
    return Graph((1,) * n)


def layered(n: int, layers: int = 20) -> Graph:
    return Graph((max(1, n // layers),) * layers)


def fan(n: int) -> Graph:
    """One, then many, then one."""
    return Graph((1, max(1, n - 2), 1))
