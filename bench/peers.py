"""The peers: where each is looked for, how it is installed with one command, how much of a workload it is given.

`bench/install NAME...` installs into folders of the user's cache, or by apt-get for root. Knows no workload.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "job_manager" / "bench"


@dataclass(frozen=True)
class Peer:
    """`program`: what must be there; `pip` or `apt`: how it comes; `share`: of 10,000 actions it is given so many
    parts of one, because it takes a second for a hundred of them."""

    name: str
    program: str
    pip: str = ""
    apt: str = ""
    share: float = 1.0


PEERS = {
    peer.name: peer
    for peer in (
        Peer("xargs", "xargs", apt="findutils"),
        Peer("make", "make", apt="make"),
        Peer("ninja", "ninja", pip="ninja", apt="ninja-build"),
        Peer("doit", "doit", pip="doit", share=0.5),
        Peer("parallel", "parallel", apt="parallel", share=0.1),
        Peer("dask", "python", pip="dask[distributed]", share=0.1),
        Peer("hyperqueue", "python", pip="hyperqueue", share=0.1),
        Peer("luigi", "luigi", pip="luigi", share=0.05),
        Peer("snakemake", "snakemake", pip="snakemake", share=0.02),
    )
}
NUMPY = "numpy"  # no peer: what one of the modules of W4 imports


def program(name: str) -> str | None:
    """Where the peer's program is: on PATH, or in the folder that it was installed into; None when nowhere."""
    peer = PEERS[name]
    own = CACHE / name / "bin" / peer.program
    if own.exists():
        return str(own)
    return None if peer.program == "python" else shutil.which(peer.program)


def python_of(name: str) -> str | None:
    """The interpreter that a package was installed for, or None."""
    path = CACHE / name / "bin" / "python"
    return str(path) if path.exists() else None


def install(name: str) -> str:
    """Install one; "" or what went wrong."""
    pip = NUMPY if name == NUMPY else PEERS[name].pip
    return _by_pip(name, pip) if pip else _by_apt(PEERS[name].apt)


def _by_pip(name: str, requirement: str) -> str:
    folder = CACHE / name
    try:
        venv.create(folder, with_pip=True, clear=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no virtual environment in {folder}: {error}"
    done = subprocess.run([str(folder / "bin/pip"), "install", "-q", requirement], capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(folder)
    return done.stderr.strip()[-500:] if done.returncode else ""


def _by_apt(package: str) -> str:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return f"it takes root and apt-get: apt-get install {package}"
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = [apt, "-qq", "install", "-y", "--no-install-recommends", package]
    done = subprocess.run(command, capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL)
    return done.stderr.strip()[-500:] if done.returncode else ""


def main(names: list[str]) -> int:
    """Install what is named, or everything; 1 when something could not be."""
    known = [*PEERS, NUMPY]
    if {"-h", "--help"} & set(names):
        print(f"usage: bench/install [NAME...]\n\nInstalls the peers of the benchmark: {' '.join(known)}")
        return 0
    if unknown := [name for name in names if name not in known]:
        print(f"no such peer: {' '.join(unknown)}; there are {' '.join(known)}", file=sys.stderr)
        return 2
    failed = False
    for name in names or known:
        wrong = install(name)
        failed = failed or bool(wrong)
        print(f"{name}: {wrong or 'installed'}", flush=True)
    return int(failed)
