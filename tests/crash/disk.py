"""A file system of our own whose power can be cut: an ext4 image, mounted by a loop device, that is shut down.

What was not forced to disk is gone after a cut, as when the plug is pulled. Needs root and a mount namespace of its
own; `why_not` says what is missing. Knows nothing of what is written there.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2  # FS_IOC_SHUTDOWN of linux/fs.h
BOOT_ID = "/proc/sys/kernel/random/boot_id"
PRIVATE = ("unshare", "--mount", "--propagation", "private")
INSIDE = "--in-a-namespace"


def why_not(folder: Path) -> str:
    """Why no power can be cut on this machine, measured by doing it once; "" when it can."""
    missing = [program for program in ("unshare", "mkfs.ext4", "mount", "umount") if shutil.which(program) is None]
    if missing:
        return f"not on PATH: {', '.join(missing)}"
    words = [*PRIVATE, sys.executable, "-m", "tests.crash.disk", str(folder)]
    tried = subprocess.run(words, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    return "" if tried.returncode == 0 else (tried.stderr.strip().split("\n")[-1] or f"exit code {tried.returncode}")


class Disk:
    """An image in `folder`, mounted at `folder/mnt`."""

    def __init__(self, folder: Path, megabytes: int = 96) -> None:
        self.image, self.path, self.boot = folder / "image", folder / "mnt", folder / "boot_id"
        with self.image.open("wb") as file:
            file.truncate(megabytes << 20)
        _run("mkfs.ext4", "-q", "-F", "-m", "0", str(self.image))
        self.path.mkdir()
        self.reboot()
        _run("mount", "--bind", str(self.boot), BOOT_ID)
        self.mount()

    def reboot(self) -> None:
        """From now on another boot is told to whoever asks."""
        self.boot.write_text(f"{uuid.uuid4()}\n")

    def mount(self) -> None:
        """Mount it; ext4 reads its own journal then."""
        _run("mount", "-o", "loop", str(self.image), str(self.path))

    def cut(self) -> None:
        """Cut the power: nothing reaches the image any more, and everything that has it open is killed."""
        handle = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(handle)
        self.unmount()

    def unmount(self) -> None:
        """Kill whoever is there, and take it away. Raises TimeoutError."""
        give_up = time.monotonic() + 30
        while subprocess.run(["umount", str(self.path)], capture_output=True, check=False).returncode:
            if time.monotonic() > give_up:
                ours = [link for link in _links("self") if link.startswith(f"{self.path}")]
                raise TimeoutError(f"{self.path} is busy: {list(self.users())}, {ours}")
            for pid in self.users():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)

    def users(self) -> Iterator[int]:
        """Processes that have something of it open, or are in it."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if int(pid) != os.getpid() and any(link.startswith(f"{self.path}") for link in _links(pid)):
                yield int(pid)


def _links(pid: str) -> Iterator[str]:
    try:
        names = [f"/proc/{pid}/cwd", *(f"/proc/{pid}/fd/{name}" for name in os.listdir(f"/proc/{pid}/fd"))]
    except OSError:
        return
    for name in names:
        try:
            yield os.readlink(name)
        except OSError:
            continue


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")


def _try(folder: Path) -> None:
    """What is written and forced to disk stays, what is only written does not."""
    disk = Disk(folder)
    for name, forced in (("kept", True), ("lost", False)):
        with (disk.path / name).open("w") as file:
            file.write(name)
            file.flush()
            if forced:
                os.fsync(file.fileno())
    disk.cut()
    disk.mount()
    found = sorted(path.name for path in disk.path.iterdir() if path.is_file())
    disk.unmount()
    if found != ["kept"]:
        raise OSError(f"after a cut there is {found}")


if __name__ == "__main__":
    try:
        _try(Path(sys.argv[1]))
    except OSError as error:
        sys.exit(str(error))
