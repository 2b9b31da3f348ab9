"""Scripts with functions run by the Python that a person has chosen, which knows nothing of job_manager.

Knows nothing of how the choice is made.
"""

from __future__ import annotations

import sys

import pytest

SCRIPT = """
import sys, only_there
from job_manager import Action, Job, worker

@worker.role("shout")
def shout(text):
    print("by", sys.prefix)
    return only_there.loud(text)

with Job("j") as job:
    Action(_role="shout", text="hello", _retries=0)
job.run(show=True)  # whoever asks for the function comes by here, too
"""


@pytest.fixture
def venv(here):
    """An environment with one module that jm's own has not."""
    folder = here.path / "env"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "real").symlink_to(sys.executable)
    here.write("env/bin/python", f"#!/bin/sh\nunset PYTHONPATH\nexec '{folder}/bin/real' \"$@\"\n", 0o755)
    (folder / "pyvenv.cfg").write_text(f"home = {sys.base_prefix}/bin\n")
    packages = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "only_there.py").write_text("def loud(text):\n    return text.upper()\n")
    (packages / "job_manager.py").write_text("raise RuntimeError('an older one')\n")
    return folder


def test_a_script_and_its_functions_are_run_by_the_active_environment(here, venv):
    here.write("job.py", SCRIPT)
    bare = here.jm("check", "job.py")
    assert bare.code == 2 and "No module named 'only_there'" in bare.err
    told = here.jm("run", "job.py", env={"VIRTUAL_ENV": str(venv)})
    assert told.code == 0, told
    assert here.jm("logs", "last").out.splitlines()[-1] == f"by {venv}"
    plan = here.jm("plan", "job.py", "--python", str(venv), "--json").json
    assert plan["children"][0]["argv"][0] == f"{venv}/bin/python"


def test_a_python_that_is_too_old_says_so(here):
    here.write("job.py", SCRIPT)
    old = here.write("old", '#!/bin/sh\nexec "$REAL" -c "$OLD" "$@"\n', 0o755)
    program = "import sys; sys.version_info = (3, 8, 1); f = sys.argv[1]; sys.argv[:1] = []; "
    program += "exec(open(f).read(), {'__name__': '__main__', '__file__': f})"
    told = here.jm("check", "job.py", "--python", str(old), env={"REAL": sys.executable, "OLD": program})
    assert told.code == 2
    assert "is Python 3.8, and job_manager needs 3.11" in told.err
