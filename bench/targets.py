"""What is to be reached: beside a peer, or in seconds and MB. Knows numbers, not how a figure is taken.

A target beside a peer is how many times as much jm may take as that one; one of jm's own says seconds, MiB or a share.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """`figure`: wall, cpu, first, peak or idle; `against`: whose, or "" for jm's own. `must` has to be reached, `aim`
    is what is striven for; either may be None. `below`: has to be less, not at most as much."""

    figure: str
    must: float | None
    aim: float | None = None
    against: str = ""
    below: bool = False

    def reached(self, value: float) -> str:
        """For example "1.5x: yes" for each bound; the value is jm's own or the ratio."""
        said = [f"{self.bound(bound)}: {self.verdict(value, bound)}" for bound in (self.must, self.aim) if bound]
        return "; ".join(f"{word} {text}" for word, text in zip(self.words(), said, strict=True))

    def words(self) -> list[str]:
        return [word for word, bound in (("must", self.must), ("aim", self.aim)) if bound]

    def verdict(self, value: float, bound: float) -> str:
        return "yes" if value < bound or (value == bound and not self.below) else "NO"

    def bound(self, bound: float) -> str:
        figure = {"cpu": "CPU ", "peak": "peak ", "idle": "CPU "}.get(self.figure, "")
        if self.against:
            return f"{figure}{'<' if self.below else ''}{bound:.2f}x"
        return figure + {"peak": f"{bound:.0f} MiB", "idle": f"{bound:.0%}"}.get(self.figure, seconds(bound))


def seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def ratio(against: str, must: float | None, aim: float | None = None, figure: str = "wall") -> Target:
    return Target(figure, must, aim, against)


def faster(against: str, figure: str = "wall") -> Target:
    return Target(figure, 1.0, None, against, below=True)


W1 = (faster("xargs"), faster("xargs", "cpu"), ratio("C", None, 1.25))
W2 = (ratio("C", 1.5, 1.2),)
W3 = (faster("ninja"), ratio("C", None, 1.25))
W4 = (ratio("ninja", 1 / 3, 1 / 5),)
W4_NUMPY = (ratio("ninja", 1 / 5, 1 / 10),)
MEGABYTE = 1e6 / 2**20
W5_PLAN = (Target("wall", 2.0, 1.0), Target("peak", 300 * MEGABYTE, 200 * MEGABYTE))
W5_DECIDE = (Target("wall", 10.0, 5.0),)
W6 = (Target("first", 0.140, 0.095), Target("wall", 0.180, 0.120))
W7 = (Target("wall", 0.5, 0.2),)
W8 = (ratio("script", 1.03, 1.01),)
W9 = (Target("idle", 0.01), Target("peak", 80 * MEGABYTE))
