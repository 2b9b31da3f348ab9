"""A pristine interpreter from which the actions of a warm module are copied. `site` finds it by its name, when it is on
the PYTHONPATH that the keeper gives; so it waits at that point of its start. A copy returns from here, and the
interpreter goes on by itself as after any other start: to the entrypoint, with no frame of ours below it.

Runs in the module's own Python, 3.8 or newer; knows neither job nor keeper, but what templates.py and copies.py send.
"""

# Nothing is imported here that the start of Python has not imported already, and no annotation is evaluated: 3.8 shall
# be able to read them.
import os
import stat
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import atexit
    import gc
    from collections.abc import Callable
    from typing import Any

LARGEST = 100_000  # bytes of an order, as in copies.py
SOCKET = 255  # where the keeper's end is: out of the way of the files that a module opens
TOLD = "JM_WARM_"  # variables for us alone begin like that
REHEARSALS = 8  # after so many times code is specialized
LOOK = 1.0  # seconds for which what has been imported counts as unchanged, as in worker/code.py
DIE_WITH_PARENT, SET_MM, MM_MAP = 1, 35, 14  # prctl(2)
KEPT_FOR_THE_END = ("__main__", "builtins", "sys")
# Fields of /proc/self/stat, counted as in proc(5): what prctl_mm_map begins with; 0 is the present end of the heap.
FIELDS = (26, 27, 45, 46, 47, 0, 28)


_added: "list[bytes]" = []  # variables that the interpreter gives to itself, as NAME=VALUE
_changed: "dict[bytes, bytes | None]" = {}  # those that imports have set, or taken away


class Unfit(Exception):
    """Why no action can be copied from this interpreter; whoever starts from nothing will see it, or does not mind."""


def main(folder: str) -> None:
    """Become a template and wait; returns in each copy. What `site` is to hear in place of us is raised. Nothing else
    is: `site` would make nothing of it, and the interpreter go on to the entrypoint, without its words."""
    try:
        error = _waited(folder)
    except BaseException:
        os._exit(1)
    if error is not None:
        raise error


def _waited(folder: str) -> "BaseException | None":
    given = _given()
    if given[TOLD + "STAGE"] == "1":  # what ignores our variables runs a harmless `-c pass`, and no entrypoint
        program = given[TOLD + "PROGRAM"]
        os.execve(program, [program, given[TOLD + "MAIN"]], {**given, TOLD + "STAGE": "2"})
    told = _told()
    global _added
    _added = [name + b"=" + value for name, value in os.environb.items() if os.fsdecode(name) not in given]
    path = told.get("PATH")
    os.environ.pop("PYTHONPATH") if path is None else os.environ.update(PYTHONPATH=path)
    sys.path.remove(folder)
    sys.path_importer_cache.pop(folder, None)
    before = set(sys.modules)
    global atexit, gc
    import atexit
    import gc

    kernel = Kernel()
    keeper = int(told["KEEPER"])
    kernel.die_with(keeper)
    connection = _connection()
    _forget(before)
    ending = Ending(os.path.dirname(os.path.realpath(told["MAIN"])), kernel)
    variables = dict(os.environb)
    error = _local_customs()
    _user_customs()
    try:
        _preload([name for name in told["PRELOAD"].split(",") if name], ending.own)
    except Unfit as unfit:
        connection.send(b"cold " + str(unfit).encode("utf-8", "backslashreplace")[:1000])
        os._exit(0)
    for name in {*variables, *os.environb}:
        if os.environb.get(name) != variables.get(name):
            _changed[name] = os.environb.get(name)
    _look_at(told["MAIN"])
    ending.prepare()
    kernel.hold((given, told, before, sys.modules.get("sitecustomize")))  # to free it would touch what it is in
    _serve(connection, keeper, kernel)
    return error


def _given() -> "dict[str, str]":
    """The environment that this process was started with: to its own the interpreter may have added a locale."""
    entries = os.fsdecode(_read("/proc/self/environ")).split("\0")[:-1]
    return {name: value for name, _, value in (entry.partition("=") for entry in entries)}


def _told() -> "dict[str, str]":
    names = [name for name in os.environ if name.startswith(TOLD)]
    return {name[len(TOLD) :]: os.environ.pop(name) for name in names}


def _connection() -> "Any":
    import _socket

    os.set_inheritable(SOCKET, False)
    return _socket.socket(fileno=SOCKET)


def _forget(before: "set[str]") -> None:
    """What we have imported for ourselves is imported anew by whoever needs it: nobody is to find it there already."""
    for name in set(sys.modules) - before:
        del sys.modules[name]


def _local_customs() -> "BaseException | None":
    """Do what the `sitecustomize` does in whose place we are; what is to be raised for it at the end."""
    mine = sys.modules.pop("sitecustomize")
    try:
        __import__(__name__)  # whoever else has that name
    except Exception as error:
        if isinstance(error, ImportError) and error.name == "sitecustomize":
            error = ImportError("No module named 'sitecustomize'", name="sitecustomize")
        sys.modules["sitecustomize"] = mine
        return error.with_traceback(None)
    return None


def _user_customs() -> None:
    """Do now what `site` would do next, in every copy anew: mostly to find out that there is no `usercustomize`."""
    site = sys.modules["site"]
    customs = getattr(site, "execusercustomize", None)
    if customs is None or not getattr(site, "ENABLE_USER_SITE", False):
        return
    customs()

    def done() -> None:
        site.execusercustomize = customs  # type: ignore[attr-defined]

    site.execusercustomize = done  # type: ignore[attr-defined]


def _look_at(main: str) -> None:
    """Note that the entrypoint is neither a directory nor an archive: the interpreter asks all who might know, and
    notes it in the same place."""
    for hook in sys.path_hooks:
        try:
            hook(main)
        except ImportError:
            continue
        except Exception:
            pass  # it will be the same in every copy
        return
    sys.path_importer_cache[main] = None


def _preload(names: "list[str]", folder: str) -> None:
    safe = getattr(sys.flags, "safe_path", False)
    if not safe:
        sys.path.insert(0, folder)  # as it will be when the entrypoint runs
    standing = _standing()
    for name in names:
        try:
            __import__(name)
        except BaseException as error:
            raise Unfit(f"importing {name} fails: {type(error).__name__}: {error}") from None
        left = _left()
        if left:
            raise Unfit(f"importing {name} leaves {left}")
        if _standing() != standing:
            raise Unfit(f"importing {name} changes the working directory, the umask, sys.argv or a timer")
    if not safe and folder in sys.path:
        sys.path.remove(folder)
    _rehearse()
    _flush()


def _rehearse() -> None:
    """Read a command line, as nearly every module does first. The interpreter then knows argparse's patterns and has
    its code as it wants it: else it would find that out in every copy, in pages of its own. Nothing that a module can
    see comes of it; so it is left out where a parser would import more."""
    parser, needed = sys.modules.get("argparse"), ("gettext", "locale", "shutil")
    if parser is None or not all(name in sys.modules for name in needed):
        return
    try:
        for _ in range(REHEARSALS):
            words = parser.ArgumentParser(prog="rehearsal", description="none")
            words.add_argument("--text", required=True, help="a text")
            words.add_argument("--number", type=int, default=1, help="a number")
            words.parse_args(["--text", "text", "--number", "2"])
    except (Exception, SystemExit):
        pass  # somebody has made another of it


def _left() -> str:
    """What there is now that copies would lack or share."""
    if len(os.listdir("/proc/self/task")) > 1:
        return "threads running"
    if _read(f"/proc/self/task/{os.getpid()}/children"):
        return "processes running"
    if any(_has_place(int(name)) for name in os.listdir("/proc/self/fd") if int(name) not in (0, 1, 2, SOCKET)):
        return "files open"
    if any(line.split(None, 2)[1] == b"rw-s" for line in _read("/proc/self/maps").splitlines()):
        return "memory that would be shared"
    return ""


def _standing() -> "tuple[Any, ...]":
    """What an import may change, and each action has for itself."""
    signal = sys.modules["_signal"]
    mask = os.umask(0o077)
    os.umask(mask)
    return os.getcwd(), mask, list(sys.argv), [signal.getitimer(kind)[0] > 0 for kind in range(3)]


def _has_place(handle: int) -> bool:
    """Whether it matters who reads or writes there; of a device such as /dev/urandom it does not."""
    try:
        return not stat.S_ISCHR(os.fstat(handle).st_mode)
    except OSError:
        return False  # of the listing itself


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""


# --- waiting ----------------------------------------------------------------------------------------------------------


def _serve(connection: "Any", keeper: int, kernel: "Kernel") -> None:
    """Make copies whenever the keeper asks for some; returns in a copy, when it is what it is to be."""
    looks, looked = _looks(), time.monotonic()
    kernel.hold(looks)
    gc.collect()
    if hasattr(gc, "freeze"):
        gc.freeze()  # a collection in a copy is not to touch, and so to duplicate, all that was loaded here
        main = sys.modules["__main__"]
        kernel.thaw(main, main.__dict__)  # these will be the copy's
    connection.send(b"ready")
    while True:
        handles = _received(connection)[1]
        if not handles:
            os._exit(0)
        if time.monotonic() - looked >= LOOK:
            if _looks() != looks:
                connection.send(b"stale")
                os._exit(0)
            looked = time.monotonic()
        # Twice, so that the copies are children of the keeper, to whom the children fall whose parents end.
        between = os.fork()
        if between == 0:
            _make(connection, handles, keeper, kernel)
            return
        well = os.waitpid(between, 0)[1] == 0
        connection.send(b"." if well else b"lost")
        for handle in handles:
            os.close(handle)


def _make(connection: "Any", handles: "list[int]", keeper: int, kernel: "Kernel") -> None:
    """One copy for each of these files, over which it will get its order; returns in a copy that has one. The keeper
    is told who they are before it can meet them."""
    made: list[bytes] = []
    pid = 1
    try:
        for handle in handles:
            pid = os.fork()
            if pid == 0:
                _wait(connection, handle, handles, keeper, kernel)
                return
            made.append(b"%d" % pid)
        connection.send(b" ".join([b"made", *made]))
        os._exit(0)
    except BaseException:
        if pid:
            connection.send(b" ".join([b"made", *made]))
        os._exit(1)  # never back into the loop; the keeper notices


def _received(connection: "Any") -> "tuple[bytes, list[int]]":
    """What was said, and the files that go with it; none when the keeper is gone."""
    words, gifts, _, _ = connection.recvmsg(LARGEST, 64)
    blob = b"".join(gift for _, _, gift in gifts)
    return words, [int.from_bytes(blob[at : at + 4], sys.byteorder) for at in range(0, len(blob), 4)]


def _looks() -> "dict[str, tuple[int, ...]]":
    """What the files look like from which something was imported."""
    files = {getattr(module, "__dict__", {}).get("__file__") for module in list(sys.modules.values())}
    return {file: _look(file) for file in files if isinstance(file, str)}


def _look(file: str) -> "tuple[int, ...]":
    try:
        found = os.stat(file)
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


# --- a copy -----------------------------------------------------------------------------------------------------------


def _wait(connection: "Any", handle: int, handles: "list[int]", keeper: int, kernel: "Kernel") -> None:
    """In a session of its own until there is an order. The token stands in the environment before it is looked whether
    the keeper lives: who finds the keeper dead finds the token, or nobody who will begin."""
    os.setsid()
    os.dup2(handle, SOCKET, False)  # `connection` is the copy's own from now on
    for each in handles:
        os.close(each)
    order, files = _received(connection)
    if not files:
        os._exit(0)
    _become(order, files, kernel)
    if os.getppid() != keeper:
        os._exit(1)
    connection.send(b"begun")
    connection.close()


def _become(order: bytes, files: "list[int]", kernel: "Kernel") -> None:
    """All that an action has of its own, before its first line."""
    os.dup2(files[0], 1)
    os.dup2(files[-1], 2)
    for file in files:
        os.close(file)
    head, _, rest = order.partition(b"\n")
    mask, count = map(int, head.split())
    folder, *words = rest.split(b"\0")[:-1]
    argv, entries = words[:count], words[count:]
    os.chdir(folder)
    os.umask(mask)
    kernel.call_itself(argv, entries, _added)
    variables = os.environ._data  # type: ignore[attr-defined]  # one by one it takes five times as long
    variables.clear()
    variables.update([entry.split(b"=", 1) for entry in [*entries, *_added]])
    for name, value in _changed.items():
        if value is None:
            os.environb.pop(name, None)
        else:
            os.environb[name] = value
    sys.argv[:] = [os.fsdecode(word) for word in argv[1:]]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = [os.fsdecode(word) for word in argv]
    _renew()


def _renew() -> None:
    """What modules that are loaded hold of the process in which they were; `random` reseeds itself after a fork."""
    loaded: Callable[[str], Any] = sys.modules.get
    numpy, tempfile, logging = loaded("numpy.random"), loaded("tempfile"), loaded("logging")
    if numpy is not None:
        numpy.seed()
    if tempfile is not None:
        tempfile.tempdir = None
    if logging is not None:
        logging._startTime = time.time_ns() if sys.version_info >= (3, 13) else time.time()
    process = loaded("multiprocessing.process")
    if process is not None:
        process.ORIGINAL_DIR = os.getcwd()
        process.current_process()._config["authkey"] = process.AuthenticationString(os.urandom(32))


class Kernel:
    """What only C can say to the kernel."""

    def __init__(self) -> None:
        import ctypes

        class Map(ctypes.Structure):
            _fields_ = [("field", ctypes.c_uint64 * 12), ("auxv_size", ctypes.c_uint32), ("exe", ctypes.c_uint32)]

        self._c, self._libc, self._python = ctypes, ctypes.CDLL(None), ctypes.pythonapi
        self._libc.malloc.restype = self._libc.sbrk.restype = ctypes.c_void_p
        self._libc.malloc.argtypes = (ctypes.c_size_t,)
        self._map, self._size = Map(exe=0xFFFFFFFF), ctypes.sizeof(Map)
        content = _read("/proc/self/stat")
        fields = content[content.rindex(b")") + 2 :].split()
        for place, number in enumerate(FIELDS):
            self._map.field[place] = int(fields[number - 3]) if number else 0
        self._exit = ctypes.PyDLL(None).exit  # made now: for each library there is a type
        self._pointer = ctypes.sizeof(ctypes.c_void_p)
        self._variables = ctypes.c_size_t.in_dll(self._libc, "environ")
        self._environ = int(fields[50 - 3]), int(fields[51 - 3])

    def die_with(self, parent: int) -> None:
        """End when the parent ends. A copy does not: fork(2) takes that back."""
        self._libc.prctl(DIE_WITH_PARENT, 9, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)

    def call_itself(self, argv: "list[bytes]", entries: "list[bytes]", added: "list[bytes]") -> None:
        """Have these words and this environment, also in /proc and so for ps(1), as if the process had begun with
        them; `added` is in the environment, too, and nobody is told."""
        given = [b"".join([string + b"\0" for string in strings]) for strings in (argv, entries, added)]
        size = sum(map(len, given))
        table = -size % self._pointer + size  # where the list of variables begins
        start = int(self._libc.malloc(table + (len(entries) + len(added) + 1) * self._pointer))  # for ever
        place = start + len(given[0])
        addresses = []
        for string in [*entries, *added]:
            addresses.append(place)
            place += len(string) + 1
        # Not an array of ctypes: that would be a type of its own for each number of variables.
        variables = b"".join([address.to_bytes(self._pointer, sys.byteorder) for address in [*addresses, 0]])
        block = b"".join(given).ljust(table, b"\0") + variables
        self._c.memmove(start, block, len(block))
        self._variables.value, middle = start + table, start + len(given[0])
        self._map.field[7:11] = start, middle, middle, middle + len(given[1])
        self._map.field[5] = self._libc.sbrk(0)
        if self._libc.prctl(SET_MM, MM_MAP, self._c.byref(self._map), self._size, 0):
            self._paint_over(given[1])

    def _paint_over(self, block: bytes) -> None:
        """Where the kernel cannot do that, the environment is written where that of the template was."""
        start, end = self._environ
        self._c.memmove(start, block[: end - start].ljust(end - start, b"\0"), end - start)

    def thaw(self, *things: "Any") -> None:
        """Have the garbage collector look after them as if they had just been made."""
        for thing in map(self._c.py_object, things):
            self._python.PyObject_GC_UnTrack(thing)
            self._python.PyObject_GC_Track(thing)

    def exit(self) -> None:
        """End well, with all that C code has asked to be done then, and without what the interpreter does."""
        self._exit(0)

    def hold(self, thing: "Any", by: int = 1) -> None:
        """Let it not be freed at the end, or again."""
        (self._python.Py_IncRef if by > 0 else self._python.Py_DecRef)(self._c.py_object(thing))


class Ending:
    """The end of a copy. To take apart all that the template had imported, and the interpreter, would touch and so
    duplicate most of its memory, and cost more than all the rest; it is left out where nobody can tell the difference.
    """

    def __init__(self, own: str, kernel: "Kernel") -> None:
        self.own, self._kernel = own, kernel
        self._names: list[str] = []
        self._modules: list[Any] = []
        self._known: frozenset[int] = frozenset()
        atexit.register(self._end)  # before anybody else, and so the last to be called

    def prepare(self) -> None:
        """From now on what is imported is the action's own affair."""
        modules = {name: module for name, module in sys.modules.items() if name not in KEPT_FOR_THE_END}
        self._names = [name for name, module in modules.items() if not self._is_own(module)]
        self._modules = list(modules.values())
        self._known = frozenset(map(id, sys.modules.values()))
        self._kernel.hold(self._modules)

    def _is_own(self, module: "Any") -> bool:
        file = getattr(module, "__dict__", {}).get("__file__")
        return isinstance(file, str) and os.path.realpath(file).startswith(self.own + os.sep)

    def _end(self) -> None:
        gc.collect()
        if gc.isenabled() and not _finalizable():
            if _has_come_to_its_end():
                self._leave()
            for name in self._names:
                sys.modules.pop(name, None)
            return
        self._kernel.hold(self._modules, -1)
        if hasattr(gc, "unfreeze"):
            gc.unfreeze()

    def _leave(self) -> None:
        """Free what is the action's own, and end. What cannot be printed is left to the interpreter, which says so."""
        try:
            _flush()
            for module in [sys.modules["__main__"], *self._own_modules()]:
                content = module.__dict__
                content.update(dict.fromkeys([name for name in content if name != "__builtins__"]))
            gc.collect()
            _flush()
        except Exception:
            return
        self._kernel.exit()

    def _own_modules(self) -> "list[Any]":
        """What was imported last, and by the action: to look at the others would duplicate the pages they are in."""
        own = []
        for module in reversed(sys.modules.values()):
            if id(module) in self._known:
                break
            own.append(module)
        return own


def _has_come_to_its_end() -> bool:
    """Whether the entrypoint ran to its last line: then, and not when it left by `sys.exit`, the interpreter has taken
    these names away again. An exception that nobody caught would stand in `sys`."""
    names = sys.modules["__main__"].__dict__
    caught = not hasattr(sys, "last_type") and sys.excepthook is sys.__excepthook__
    return caught and "__file__" not in names and "__cached__" not in names and "__name__" in names


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def _finalizable() -> bool:
    """Whether the action has left something that does anything when it is freed, wherever that is held: an open file,
    a generator in the middle of a `with`, an object with `__del__`, somebody who is to be told that it is gone. Then
    all is taken apart as usual."""
    things = gc.get_objects()  # none of the template's, which are frozen
    kinds = {kind for kind in set(map(type, things)) if hasattr(kind, "__del__") or hasattr(kind, "__callback__")}
    return not all(_is_over(thing, type(thing)) for thing in things if type(thing) in kinds)


def _is_over(thing: "Any", kind: type) -> bool:
    if hasattr(kind, "__callback__"):
        return thing.__callback__ is None or type(thing.__callback__) is type(len)
    if kind.__module__ == "_io":
        return bool(thing.closed)
    return kind.__name__ == "generator" and thing.gi_frame is None


if __name__ == "sitecustomize":
    _OWN = os.path.dirname(os.path.abspath(__file__))
    main(_OWN)
