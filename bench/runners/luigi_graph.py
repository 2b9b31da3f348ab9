"""Luigi with its local scheduler and two worker processes: runs graph.json, each action as a task with a target.

`luigi_graph.py SLOTS` in the folder of the graph. Executed by the interpreter that luigi was installed for.
"""

import json
import logging
import subprocess
import sys
from pathlib import Path

import luigi

GRAPH = json.loads(Path("graph.json").read_text())
logging.disable(logging.WARNING)


class Action(luigi.Task):
    name = luigi.Parameter()
    layer = luigi.IntParameter()

    def requires(self):
        return [Layer(layer=self.layer - 1)] if self.layer else []

    def output(self):
        return luigi.LocalTarget(self.name)

    def run(self):
        subprocess.run([w[:-1] + self.name if w.endswith("%") else w for w in GRAPH["argv"]], check=True)
        Path(self.name).touch()


class Layer(luigi.Task):
    layer = luigi.IntParameter()

    def requires(self):
        width = GRAPH["widths"][self.layer]
        return [Action(name=f"a{self.layer}.{number}", layer=self.layer) for number in range(width)]

    def output(self):
        return luigi.LocalTarget(f"L{self.layer}")

    def run(self):
        Path(f"L{self.layer}").touch()


if __name__ == "__main__":
    goal = [Layer(layer=len(GRAPH["widths"]) - 1)]
    done = luigi.build(goal, workers=int(sys.argv[1]), local_scheduler=True, log_level="ERROR")
    sys.exit(0 if done else 1)
