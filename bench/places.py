"""Where runs take place: each in a fresh folder, as far on the disk from what others left as the file system puts it.

What a run leaves stays until all has been measured, but some of it the run removes itself, and ext4 without a journal
passes over the number of each file that was deleted in the last minute, one by one, when it makes another one in the
same group of blocks. That would be charged to whoever comes next. Knows no run.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

GET_FLAGS, SET_FLAGS = 0x80086601, 0x40086602  # linux/fs.h: _IOR('f', 1, long), _IOW('f', 2, long)
TOP = 0x20000  # FS_TOPDIR_FL: directories in it belong to nothing that they would have to be close to
LONG = struct.calcsize("l")


def spread(folder: Path) -> None:
    """Have the directories that will be made in it lie apart; nothing where the file system knows no such thing."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flags = struct.unpack("l", fcntl.ioctl(handle, GET_FLAGS, bytes(LONG)))[0]
        fcntl.ioctl(handle, SET_FLAGS, struct.pack("l", flags | TOP))
    except OSError:
        pass
    finally:
        os.close(handle)


def renewed(folder: Path, laid: set[str]) -> Path:
    """A folder beside this one, with nothing in it but what was laid out here; what else there is stays."""
    fresh = folder.with_name(str(int(folder.name) + 1))
    fresh.mkdir()
    for name in laid:
        (folder / name).rename(fresh / name)
    return fresh
