"""Each run begins in a folder in which nothing was before."""

from __future__ import annotations

from bench.places import renewed, spread


def test_what_was_laid_out_moves_on_and_what_was_left_stays(tmp_path):
    first = tmp_path / "0"
    first.mkdir()
    for name in ("job.yaml", "left"):
        (first / name).write_text(name)
    (first / "modules").mkdir()
    (first / "modules/main.py").touch()
    spread(tmp_path)
    second = renewed(first, {"job.yaml", "modules"})
    third = renewed(second, {"job.yaml", "modules"})
    assert sorted(path.name for path in third.iterdir()) == ["job.yaml", "modules"]
    assert (third / "modules/main.py").exists() and third.parent == tmp_path
    assert [path.name for path in first.iterdir()] == ["left"] and list(second.iterdir()) == []


def test_that_a_file_system_cannot_spread_is_no_error(monkeypatch, tmp_path):
    def refuse(*_):
        raise OSError

    monkeypatch.setattr("fcntl.ioctl", refuse)
    spread(tmp_path)
