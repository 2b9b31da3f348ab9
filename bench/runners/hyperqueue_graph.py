"""HyperQueue with a server and one worker on this machine: runs graph.json as programs, without a shell.

`hyperqueue_graph.py SLOTS` in the folder of the graph. Executed by the interpreter that hyperqueue was installed for.
"""

import json
import sys
from pathlib import Path

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig

GRAPH = json.loads(Path("graph.json").read_text())


def job():
    made = Job()
    before = []
    for number, width in enumerate(GRAPH["widths"]):
        actions = []
        for at in range(width):
            argv = [w[:-1] + f"a{number}.{at}" if w.endswith("%") else w for w in GRAPH["argv"]]
            actions.append(made.program(argv, deps=before, stdout=None, stderr=None))
        if number < len(GRAPH["widths"]) - 1:
            before = [made.program(["/bin/true"], deps=actions, stdout=None, stderr=None)] if width > 1 else actions
    return made


if __name__ == "__main__":
    with LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=int(sys.argv[1])))
        client = cluster.client()
        client.wait_for_jobs([client.submit(job())])
