"""Dask on a cluster of this machine, each slot a process of one thread: runs graph.json.

`dask_graph.py SLOTS` in the folder of the graph. Executed by the interpreter that dask was installed for.
"""

import json
import subprocess
import sys
from pathlib import Path

GRAPH = json.loads(Path("graph.json").read_text())


def run(argv, *_before):
    return subprocess.run(json.loads(argv), check=True).returncode


def layer(*_done):
    return 0


def tasks():
    """As dask has them: an action waits for the node of the layer before."""
    for number, width in enumerate(GRAPH["widths"]):
        names = [f"a{number}.{at}" for at in range(width)]
        before = [f"L{number - 1}"] if number else []
        for name in names:
            argv = [w[:-1] + name if w.endswith("%") else w for w in GRAPH["argv"]]
            yield name, (run, json.dumps(argv), *before)  # a word of its own might be taken for the name of an action
        yield f"L{number}", (layer, *names)


if __name__ == "__main__":
    from dask.distributed import Client, LocalCluster

    slots = int(sys.argv[1])
    with LocalCluster(n_workers=slots, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as one:
        one.get(dict(tasks()), [f"L{len(GRAPH['widths']) - 1}"])
