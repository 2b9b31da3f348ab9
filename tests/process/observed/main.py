"""A module that writes down what it can observe of its own process, before it has imported anything for that.

Run cold and warm by tests/process/test_warm.py, which compares the two.
"""
# ruff: noqa: E402

import sys

seen = {"modules": sorted(sys.modules), "globals": list(globals()), "frames": sys._getframe().f_back is None}

import ctypes
import fcntl
import gc
import json
import locale
import os
import resource
import signal
import subprocess
import tempfile
import threading
import time
import traceback
import warnings
from pathlib import Path


def depth() -> int:
    try:
        return 1 + depth()
    except RecursionError:
        return 1


def stream(each) -> list:
    facts = [each.name, each.mode, each.encoding, each.errors, each.line_buffering, each.write_through]
    return [*facts, each.fileno(), each.isatty(), each.seekable(), each.newlines, type(each.buffer).__name__]


def status() -> dict:
    wanted = ("Name", "Umask", "Threads", "Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "Cpus_allowed")
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    del lines["SigQ"]  # of all processes of this user
    return {name: lines[name].split() for name in lines if name in wanted or name.startswith(("Sig", "Shd", "Cap"))}


def signals() -> dict:
    numbers = sorted(signal.valid_signals())
    return {int(number): repr(signal.getsignal(number)) for number in numbers}


def prctl() -> list:
    libc, found = ctypes.CDLL(None), ctypes.c_int()
    libc.prctl(2, ctypes.byref(found), 0, 0, 0)  # the signal that comes when the parent ends
    death = found.value
    libc.prctl(37, ctypes.byref(found), 0, 0, 0)  # whether it is a subreaper
    return [death, found.value, libc.prctl(3, 0, 0, 0, 0), libc.prctl(30, 0, 0, 0, 0)]


def handles() -> dict:
    found = {}
    for name in sorted(os.listdir("/proc/self/fd"), key=int):
        try:
            flags = fcntl.fcntl(int(name), fcntl.F_GETFL), fcntl.fcntl(int(name), fcntl.F_GETFD)
            file = os.readlink(f"/proc/self/fd/{name}")
            # A log has its name only after some milliseconds.
            found[name] = ["LOG" if int(name) in (1, 2) and "log" in file else file, *flags]
        except OSError:
            pass  # of the listing itself
    return found


main = sys.modules["__main__"]
seen |= {
    "argv": sys.argv,
    "orig_argv": sys.orig_argv,
    "path": sys.path,
    "flags": list(sys.flags),
    "interpreter": [sys.executable, sys.prefix, sys.base_prefix, getattr(sys, "_base_executable", ""), sys.platlibdir],
    "options": [sys.warnoptions, sys._xoptions, sys.dont_write_bytecode, sys.pycache_prefix, sys.flags.safe_path],
    "limits of Python": [sys.getrecursionlimit(), depth(), sys.getswitchinterval(), sys.get_int_max_str_digits()],
    "hooks": [repr(sys.excepthook), repr(sys.displayhook), repr(sys.unraisablehook), repr(sys.breakpointhook)],
    "finders": [repr(each).split(" at ")[0] for each in sys.meta_path] + [len(sys.path_hooks)],
    "traces": [sys.gettrace(), sys.getprofile(), sys.is_finalizing(), sys.audit.__name__],
    "main": [main.__name__, main.__file__, repr(main.__spec__), main.__package__, main.__doc__, main.__cached__],
    "loader": [type(main.__loader__).__name__, getattr(main.__loader__, "path", "")],
    "builtins": repr(main.__builtins__),
    "streams": [stream(each) for each in (sys.stdin, sys.stdout, sys.stderr)],
    "same streams": [sys.stdin is sys.__stdin__, sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__],
    "encodings": [sys.getfilesystemencoding(), sys.getfilesystemencodeerrors(), locale.setlocale(locale.LC_ALL)],
    "preferred": [locale.getpreferredencoding(False), sys.getdefaultencoding()],
    "environ": list(os.environ.items()),
    "environb": [[os.fsdecode(name), os.fsdecode(value)] for name, value in os.environb.items()],
    "given": Path("/proc/self/environ").read_bytes().decode("utf-8", "surrogateescape"),
    "inherited": subprocess.run(["/bin/cat", "/proc/self/environ"], capture_output=True).stdout.decode("latin-1"),
    "cmdline": Path("/proc/self/cmdline").read_bytes().decode("utf-8", "surrogateescape"),
    "directory": [os.getcwd(), os.path.realpath("/proc/self/cwd"), os.readlink("/proc/self/root")],
    "program": os.readlink("/proc/self/exe"),
    "ids": [os.getresuid(), os.getresgid(), os.getgroups()],
    "family": [os.getppid(), os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid()],
    "priority": [os.getpriority(os.PRIO_PROCESS, 0), sorted(os.sched_getaffinity(0)), os.sched_getscheduler(0)],
    "rlimits": {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if "RLIMIT_" in name},
    "limits": Path("/proc/self/limits").read_text(),
    "signals": signals(),
    "mask": [sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), sorted(signal.sigpending())],
    "timers": [signal.getitimer(which) for which in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)],
    "wakeup": signal.set_wakeup_fd(-1),
    "status": status(),
    "prctl": prctl(),
    "cgroup": Path("/proc/self/cgroup").read_text(),
    "oom": Path("/proc/self/oom_score_adj").read_text(),
    "files": handles(),
    "stdin": list(os.fstat(0)[:3]),
    "logs": [os.path.sameopenfile(1, 2), *[oct(os.fstat(number).st_mode) for number in (1, 2)]],
    "next file": os.open("/dev/null", os.O_RDONLY),
    "threads": [threading.active_count(), threading.main_thread().name, threading.get_native_id() == os.getpid()],
    "main thread": threading.current_thread() is threading.main_thread(),
    "collector": [gc.isenabled(), gc.get_threshold(), gc.get_debug(), len(gc.garbage), len(gc.callbacks)],
    "warnings": [repr(each) for each in warnings.filters],
    "temporary": tempfile.gettempdir(),
    "zone": [time.tzname, time.timezone, time.daylight],
    "stack": [line.strip().splitlines()[0].split(", line")[0] for line in traceback.format_stack()],
    "age": time.process_time() < 5,
    "children": os.times()[2:4] == (0.0, 0.0) or subprocess.__name__,
}
Path(sys.argv[1]).write_text(json.dumps(seen, indent=1))
