"""On what kind of file system a folder lies, and whether locks and a shared journal can be relied upon there.

Reads the list of mounts; knows no folder of ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

MOUNTS = "/proc/self/mountinfo"
# Other machines see these, too: a lock may be none, and the shared memory of SQLite's log is of one machine.
NETWORK = frozenset(
    "nfs nfs4 cifs smb3 smbfs ncpfs afs coda ceph glusterfs fuse.glusterfs fuse.ceph fuse.sshfs fuse.s3fs lustre "
    "beegfs gpfs pvfs2 orangefs ocfs2 gfs2 davfs fuse.davfs2 fuse.rclone fuse.gcsfuse".split()
)
# Shared with a host or made by a program: they may be as good as a disk, but nobody promises that.
UNSURE = ("9p", "virtiofs", "vboxsf", "fuse", "drvfs", "prl_fs")


def kind_of(path: str, mounts: str = MOUNTS) -> str:
    """The type of the file system that the path (or the nearest folder above it that is there) lies on; "" where the
    system does not say."""
    real = os.path.realpath(path)
    found = ""
    longest = -1
    for point, kind in _mounted(mounts):
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= longest:  # of two mounted over each other the later one counts
            found, longest = kind, len(point)
    return found


def _mounted(mounts: str) -> Iterator[tuple[str, str]]:
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                fields, mark, rest = line.partition(" - ")
                words = fields.split(" ")
                if mark and len(words) > 4:
                    yield _unescaped(words[4]), rest.split(" ", 1)[0]
    except OSError:
        return


def _unescaped(point: str) -> str:
    """Blanks and the like stand as octal numbers in the list."""
    for sign, code in ((" ", "040"), ("\t", "011"), ("\n", "012"), ("\\", "134")):
        point = point.replace(f"\\{code}", sign)
    return point


def is_network(kind: str) -> bool:
    """Whether other machines may see what lies there."""
    return kind in NETWORK


def is_unsure(kind: str) -> bool:
    """Whether it depends on who is behind it how reliable it is."""
    return kind.split(".")[0] in UNSURE and kind not in ("fuseblk",)
