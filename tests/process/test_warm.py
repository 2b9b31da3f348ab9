"""Copies of a template: in everything a module can observe they are like a start from nothing, and nothing is shared.

Knows the keeper through its link. How templates come and go is in test_templates.py.
"""

from __future__ import annotations

import json
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from job_manager.worker.processes import children_of
from tests.process.warming import Module, recorded, templates

OBSERVED = Path(__file__).parent / "observed" / "main.py"


def observed(module: Module, warm: bool, tmp_path: Path, **more: Any) -> list[dict[str, Any]]:
    files = [tmp_path / f"seen-{warm}-{number}" for number in (1, 2)]
    orders = module.orders(*[(str(file), "a b", "", "caf\udce9") for file in files], warm=warm, **more)
    module.keeper.link.start(orders)
    for order in orders:
        end = module.keeper.exit(order["token"])
        assert end["code"] == 0, Path(order["log"]).read_text()
    return [
        json.loads(
            file.read_text().replace(order["cwd"], "CWD").replace(order["token"], "TOKEN").replace(str(file), "FILE")
        )
        for file, order in zip(files, orders, strict=True)
    ]


@pytest.mark.parametrize(
    ("env", "more"),
    [
        ({}, {}),
        ({"PYTHONSAFEPATH": "1", "PYTHONWARNINGS": "error", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"}, {"umask": 0o137}),
        ({"PYTHONPATH": "/no/such:/nor/such", "PYTHONDEVMODE": "1", "PYTHONIOENCODING": "latin-1:replace"}, {}),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "ODD": "caf\udce9 \n="}, {}),
    ],
)
def test_a_copy_observes_what_a_start_from_nothing_does(module, keeper, tmp_path, env, more):
    one = module()
    shutil.copy(OBSERVED, one.main)
    cold, _ = observed(one, False, tmp_path, env=env, **more)
    for warm in observed(one, True, tmp_path, env=env, **more):
        differing = {name: (cold[name], warm[name]) for name in warm if warm[name] != cold[name]}
        assert not differing, differing
        assert list(warm) == list(cold)
    assert len(templates(keeper)) == 1 and keeper.notes == {}


def test_a_copy_ends_in_every_way_in_which_a_start_from_nothing_does(module):
    one = module()
    shutil.copy(OBSERVED.parent / "endings.py", one.main)
    ways = [(way,) for way in re.findall(r'^    "(.*)": ', one.main.read_text(), re.MULTILINE)]
    cold = dict(zip(ways, one.run(*ways, warm=False), strict=True))
    warm = dict(zip(ways, one.run(*ways), strict=True))
    for way in ways:
        assert plain(warm[way]) == plain(cold[way]), way
    assert len(ways) > 30 and len(recorded(one.keeper)) == 1


def plain(end: tuple[Any, Any, bytes]) -> tuple[Any, Any, str]:
    return end[0], end[1], re.sub(r"module-\d+|0x[0-9a-f]+", "?", end[2].decode())


DRAWS = """
import os, random, secrets, sys, tempfile, uuid
drawn = [random.random(), random.randrange(10**9), random.Random().random(), os.urandom(8).hex(), secrets.token_hex(8)]
drawn += [str(uuid.uuid4()), str(uuid.uuid1()), tempfile.mktemp(), random.SystemRandom().random()]
from multiprocessing import current_process
drawn.append(bytes(current_process().authkey).hex())
if "numpy" in sys.argv:
    import numpy
    drawn += [numpy.random.random(), numpy.random.default_rng().random(), numpy.random.permutation(10**5)[:3].sum()]
print(*drawn, tempfile.gettempdir() == os.environ["TMPDIR"])
"""


def distinct(ends: list[tuple[Any, Any, bytes]]) -> bool:
    lines = [end[2].split() for end in ends]
    assert all(end[0] == 0 and line[-1] == b"True" for end, line in zip(ends, lines, strict=True)), ends
    return all(len(set(column)) == len(lines) for column in zip(*[line[:-1] for line in lines], strict=True))


def test_two_copies_never_draw_the_same_numbers(module):
    one = module(DRAWS, "random", "secrets", "tempfile", "uuid", "multiprocessing")
    assert distinct(one.run(*[()] * 8)) and len(templates(one.keeper)) == 1


@pytest.mark.skipif(find_spec("numpy") is None, reason="numpy is not installed here")
def test_nor_do_they_of_numpy(module):
    one = module(DRAWS, "random", "tempfile", "numpy")
    env = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    assert distinct(one.run(*[("numpy",)] * 8, env=env)) and len(templates(one.keeper)) == 1


def test_what_reseeds_numpy_does_so_in_each_copy(module):
    """Whatever is loaded under its name."""
    one = module("import numpy.random; print(numpy.random.drawn)", "numpy.random")
    (one.folder / "numpy").mkdir()
    (one.folder / "numpy" / "__init__.py").write_text("")
    seeding = "import os\ndrawn = 'none'\ndef seed():\n    global drawn\n    drawn = os.urandom(4).hex()\n"
    (one.folder / "numpy" / "random.py").write_text(seeding)
    found = [end[2] for end in one.run(*[()] * 3)]
    assert len(set(found)) == 3 and b"none\n" not in found


SETS = """
import os
os.environ.setdefault("SET", "by the import")
os.environ.setdefault("KEPT", "by the import")
os.environ["ODD"] = "caf\\udce9 ="
os.environ.pop("GONE")
os.environb[b"JM_ATTEMPT_SAID"] = b"by the import"
"""
SHOWS = """
import heavy, os, subprocess, sys
names = ["SET", "KEPT", "ODD", "GONE", "JM_ATTEMPT_SAID"]
code = f"import os; print([os.environ.get(name) for name in {names}])"
print([os.environ.get(name) for name in names], flush=True)
subprocess.run([sys.executable, "-I", "-S", "-c", code])
"""


def test_variables_that_an_import_sets_or_takes_away_are_as_it_left_them(module):
    one = module(SHOWS, "heavy")
    (one.folder / "heavy.py").write_text(SETS)
    env = {"KEPT": "by hand", "GONE": "1"}
    (cold,) = one.run((), warm=False, env=env)
    assert cold[2].count(b"by the import") == 4 and cold[2].count(b"by hand") == 2 and b"'1'" not in cold[2]
    assert one.run((), (), (), env=env) == [cold] * 3
    assert len(templates(one.keeper)) == 1 and one.keeper.notes == {}


@pytest.mark.parametrize(
    "change",
    ["os.chdir('/')", "os.umask(0o27)", "sys.argv.append('x')", "signal.alarm(100)", "signal.setitimer(2, 100)"],
)
def test_where_an_import_changes_what_each_action_has_for_itself_all_are_started_from_nothing(module, change):
    one = module("import heavy, os, signal, sys; print(os.getcwd(), sys.argv[1:], signal.getitimer(0)[0] > 0)", "heavy")
    (one.folder / "heavy.py").write_text(f"import os, signal, sys\n{change}")
    (cold,) = map(plain, one.run((), warm=False, umask=0o77))
    assert list(map(plain, one.run((), (), umask=0o77))) == [cold] * 2
    assert any("importing heavy changes the working directory" in note for note in one.keeper.notes.values())


HEAVY = """
import os
pid, box = os.getpid(), []
"""


def test_what_is_preloaded_is_imported_once_and_shares_no_state(module):
    one = module(
        "import heavy, os; heavy.box.append(1); print(heavy.pid == os.getpid(), heavy.pid, len(heavy.box))", "heavy"
    )
    (one.folder / "heavy.py").write_text(HEAVY)
    (_, _, cold), *_ = one.run((), warm=False)
    assert cold.startswith(b"True ") and cold.endswith(b" 1\n")
    found = set(one.run(*[()] * 5))
    assert found == {(0, None, b"False %d 1\n" % templates(one.keeper)[0])}


REHEARSED = """
import sys
before = sorted(name for name in sys.modules if name in ("argparse", "gettext", "locale", "shutil"))
import argparse, re
known = {key[1] for key in re._cache}
argparse.ArgumentParser()
print(before, {key[1] for key in re._cache} <= known)
"""


def test_a_template_has_read_command_lines_where_that_imports_nothing(module):
    """What argparse compiles to read them is there already in a copy."""
    whole = module(REHEARSED, "argparse", "locale", "shutil")
    (_, _, cold), *_ = whole.run((), warm=False)
    assert cold == b"[] False\n"
    assert whole.run((), ())[1] == (0, None, b"['argparse', 'gettext', 'locale', 'shutil'] True\n")
    whole.preload = ("argparse",)
    assert whole.run((), ())[1] == (0, None, b"['argparse', 'gettext'] False\n")


@pytest.mark.parametrize("text", ["import sys; sys.custom = 'ours'", "raise ValueError('custom')"])
def test_local_customs_hold(module, tmp_path, text):
    (tmp_path / "customs").mkdir()
    (tmp_path / "customs" / "sitecustomize.py").write_text(text)
    one = module("import sys; print(getattr(sys, 'custom', ''), sys.modules.get('sitecustomize'), sys.path)")
    env = {"PYTHONPATH": str(tmp_path / "customs")}
    cold = one.run((), warm=False, env=env)
    assert one.run((), (), env=env) == cold * 2 and len(templates(one.keeper)) == 1


def test_secrets_are_masked_in_what_a_copy_prints(module):
    one = module("import os, sys; print(os.environ['WORD'], sys.stdout.seekable())")
    ends = one.run((), (), env={"WORD": "s3cr3t-CANARY"}, secrets=["WORD"])
    assert {end[2] for end in ends} == {b"*** False\n"} and len(templates(one.keeper)) == 1


def test_streams_may_be_kept_apart(module, tmp_path):
    one = module("import sys; print('out'); print('err', file=sys.stderr)")
    one.run((), ())
    err = tmp_path / "err"
    assert one.run((), err=str(err)) == [(0, None, b"out\n")] and err.read_bytes() == b"err\n"


def test_a_copy_is_ended_at_its_timeout_with_all_that_it_has_begun(module):
    one = module("import subprocess; subprocess.Popen(['/bin/sleep', '100']).wait()")
    orders = one.orders((), (), timeout=0.2, grace=0.0)
    one.keeper.link.start(orders)
    assert {one.keeper.exit(order["token"])["why"] for order in orders} == {"timeout"}
    assert children_of(one.keeper.link.pid) == templates(one.keeper) != []


def test_a_directory_that_is_not_there_is_said_as_of_any_start(module):
    one = module("pass")
    one.run((), ())
    ends = []
    for warm in (True, False):
        (order,) = one.orders((), warm=warm)
        order["cwd"] = "/no/such"
        one.keeper.link.start([order])
        ends.append(one.keeper.exit(order["token"])["error"])
    assert ends[0] == ends[1] == "cannot enter the working directory /no/such: No such file or directory"
