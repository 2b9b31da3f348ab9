"""The wheel, as a person installs it: built from the sources, in an environment of its own, used there.

Knows no source folder once it is built; what it depends on is not fetched but taken from this environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import mass
from mass import Action, Job, Task

with Job("words") as job:
    with Task("one", parallel=True):
        Action("hello from the wheel")
        Action(cmd="echo run > ran.txt", _role="shell")
print(mass.submit(job)[0])
"""


def run(*argv: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(cwd), "LANG": "C.UTF-8"}
    done = subprocess.run([str(word) for word in argv], cwd=cwd, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment with the wheel in it."""
    pytest.importorskip("uv_build", reason="uv_build makes the wheel; make setup installs it")
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-c", f"import os, uv_build; os.chdir({str(ROOT)!r}); uv_build.build_wheel({str(folder)!r})",
        cwd=folder)  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    run(sys.executable, "-m", "venv", folder / "env", cwd=folder)
    bin = folder / "env" / "bin"
    run(bin / "python", "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", wheel, cwd=folder)
    packages = Path(run(bin / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
                    .stdout.strip())  # fmt: skip
    # What else it needs is here already, and an index may not be.
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return bin


@pytest.mark.long
def test_the_programs_answer_and_a_script_of_mass_runs(installed, tmp_path):
    for program in ("jm", "mass"):
        assert "usage" in run(installed / program, "--help", cwd=tmp_path).stdout.lower()
    (tmp_path / "a_mass_script.py").write_text(SCRIPT)
    told = run(installed / "python", "a_mass_script.py", cwd=tmp_path)
    assert told.stdout.splitlines()[-1] == "words" and (tmp_path / "ran.txt").read_text() == "run\n"
    run(installed / "jm", "run", "a_mass_script.py", cwd=tmp_path)
    where = run(installed / "python", "-c", "import job_manager, mass; print(job_manager.__file__, mass.__file__)",
                cwd=tmp_path).stdout.split()  # fmt: skip
    assert all(str(installed.parent) in place for place in where)


@pytest.mark.long
def test_all_that_is_no_python_is_in_it(installed):
    (wheel,) = installed.parent.parent.glob("*.whl")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}
    there = [file for room in ("job_manager", "mass") for file in (ROOT / "src" / room).rglob("*") if file.is_file()]
    wanted = {str(file.relative_to(ROOT / "src")) for file in there if "__pycache__" not in file.parts}
    assert wanted <= inside and "job_manager-0.1.0.dist-info/entry_points.txt" in inside


@pytest.mark.long
def test_what_is_found_by_its_place_is_there(installed, tmp_path):
    look = "import os, job_manager.worker as worker; print(sorted(os.listdir(worker.__path__[0] + '/warm')))"
    assert "sitecustomize.py" in run(installed / "python", "-c", look, cwd=tmp_path).stdout
