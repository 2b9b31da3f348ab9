"""Languages in YAML are told apart by their text, not by their endings; --format has the last word.

Knows the likeness of each only by its answers.
"""

from __future__ import annotations

import pytest

from job_manager import formats
from job_manager.model.errors import InputError

ORDER = b"Modules: {a: a.py}\nOrder:\n- {Module: a, Function: f}\n"
STEPS = b"name: j\nversion: 1\nsteps: []\n"


@pytest.mark.parametrize(
    ("raw", "language"),
    [
        (ORDER, "order"),
        (b"\xef\xbb\xbf" + ORDER, "order"),
        (ORDER.replace(b"\n", b"\r\n"), "order"),
        (b"# a comment\n---\n" + ORDER, "order"),
        (b'"Modules": {a: a.py}\n"Order": []\n', "order"),
        (b"{Modules: {a: a.py}, Order: [{Module: a, Function: f}]}", "order"),
        (b'{"Modules": {"a": "a.py"},\n "Order": []}', "order"),
        (b"modules:\n  a: a.py\norder:\n- Module: a\n", "order"),
        (b"Hostname: node7\nUsername: anna\n", "order"),
        (STEPS, "job.yaml"),
        (STEPS + b"env:\n  Order: 1\n  Modules: 2\n", "job.yaml"),
        (b"name: j\nmodules: x\nsteps: []\n", "job.yaml"),
        (b"name: j\ntasks: []\n", "job.yaml"),
        (b"", "job.yaml"),
        (b"\xff\xfe", "job.yaml"),
    ],
)
def test_the_text_tells(raw, language):
    for path in ("a.yaml", "A.YML", "-", "no-ending"):
        assert formats.told(path, raw).name == language


def test_the_format_forces(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes(ORDER)
    with pytest.raises(InputError, match='required key "steps"'):
        formats.read(str(file), "job.yaml")
    with pytest.raises(InputError, match="is not a job language"):
        formats.read(str(file), "perl")
