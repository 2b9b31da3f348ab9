"""A module that ends in the way its first argument names. Run cold and warm by tests/process/test_warm.py."""
# ruff: noqa: TID251, SIM115

import atexit
import os
import signal
import sys
import threading
import warnings


class Last:
    def __del__(self):
        print("freed", flush=True)


def exits(code):
    return lambda: sys.exit(code)


def raises(error):
    def inner():
        raise error

    return inner


def deep():
    return deep()


def prints():
    sys.stdout.write("out, not flushed\n")
    sys.stderr.write("err\n")
    os.write(1, b"at once\n")


def registers():
    atexit.register(print, "first registered, last called")
    atexit.register(print, "last registered")
    raise ValueError("and an error")


def threads():
    threading.Thread(target=lambda: (threading.Event().wait(0.02), print("thread done"))).start()
    threading.Thread(target=threading.Event().wait, daemon=True).start()


def opens():
    global held
    held = open("written", "w")
    held.write("never closed")
    atexit.register(lambda: print(os.path.getsize("written")))


def keeps():
    """Held where the interpreter takes it apart last, or never: in a module that the template had."""
    os.__dict__["held"] = Last()


def suspends():
    global held

    def generator():
        try:
            yield
        finally:
            print("generator closed")

    held = generator()
    next(held)


def circle():
    one = Last()
    one.__dict__["itself"] = one


def forks():
    import multiprocessing

    context = multiprocessing.get_context("fork")
    child = context.Process(target=print, args=("in a fork",))
    child.start()
    child.join()
    sys.exit(child.exitcode)


def spawns():
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    child = context.Process(target=print, args=("in a spawned child",))
    child.start()
    child.join()
    print(multiprocessing.parent_process(), child.exitcode)


def starts():
    import subprocess

    subprocess.run([sys.executable, "-c", "import sys, os; print(sys.argv, sorted(os.environ)[:3])"], check=True)
    subprocess.run(["/bin/sh", "-c", "echo $JM_WORKDIR $HELLO"], env={**os.environ, "HELLO": "you"}, check=True)


def kills(number):
    return lambda: os.kill(os.getpid(), number)


def warns():
    warnings.warn("from the top", stacklevel=2)
    warnings.warn("from beyond", stacklevel=9)


def watches():
    import weakref

    globals()["held"] = set(map(str, range(3)))
    globals()["watch"] = weakref.ref(held, lambda _: os.write(1, b"gone\n"))


def imports():
    import types
    import weakref

    module = sys.modules["made"] = types.ModuleType("made")
    module.__dict__["thing"] = thing = type("Thing", (), {})()
    os.__dict__["watch"] = weakref.ref(thing, lambda _: os.write(1, b"gone\n"))


def closes():
    os.close(1)
    print("never")


def hooks():
    sys.excepthook = lambda *_: print("hooked")
    raise ValueError


def forgets():
    for name in ("__file__", "__cached__"):
        del globals()[name]
    sys.exit(5)


def bare_fork():
    if os.fork() == 0:
        print("child")
        return
    os.wait()
    print("parent")


def caught():
    try:
        sys.exit(3)
    except SystemExit as error:
        print(error.code)


WAYS = {
    "falls off the end": lambda: None,
    "0": exits(0),
    "3": exits(3),
    "None": exits(None),
    "text": exits("a text"),
    "256": exits(256),
    "-1": exits(-1),
    "list": exits([1]),
    "error": raises(ValueError("a value\nof two lines")),
    "chain": raises(KeyError("key").__class__("other")),
    "syntax": lambda: compile("a b", "text", "exec"),
    "interrupt": raises(KeyboardInterrupt()),
    "deep": deep,
    "at once": lambda: os._exit(4),
    "SIGKILL": kills(signal.SIGKILL),
    "SIGTERM": kills(signal.SIGTERM),
    "SIGINT": kills(signal.SIGINT),
    "SIGPIPE": kills(signal.SIGPIPE),
    "abort": os.abort,
    "prints": prints,
    "registers": registers,
    "threads": threads,
    "opens": opens,
    "keeps": keeps,
    "suspends": suspends,
    "circle": circle,
    "forks": forks,
    "spawns": spawns,
    "starts": starts,
    "warns": warns,
    "bare fork": bare_fork,
    "watches": watches,
    "imports": imports,
    "closes": closes,
    "hooks": hooks,
    "exit function": lambda: exit(6),
    "caught": caught,
    "many lines": lambda: print("line\n" * 100_000),
    "replaces": lambda: os.execv("/bin/echo", ["echo", "another program"]),
}

if __name__ == "__main__":
    held = Last() if sys.argv[1] == "0" else None
    WAYS[sys.argv[1]]()
