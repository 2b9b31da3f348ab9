"""Every bad job.yaml of `bad/` is refused (or warned of) at the right line, column and path, with these words.

Beside each stands its `.expect`: one line a problem. When a change of wording is meant, the failing test prints it.
"""

from __future__ import annotations

import pytest

from job_manager import formats
from job_manager.model.errors import InputError
from tests.formats.cases import BAD, line, lines, problems

PARALLEL = "parallel entries cannot depend on each other"


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_what_is_said_of_it(file, tmp_path):
    expected = file.with_suffix(".expect").read_text(encoding="utf-8").splitlines()
    assert lines(file.read_bytes(), tmp_path) == expected


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_read_raises_exactly_when_there_is_an_error(file):
    expected = file.with_suffix(".expect").read_text(encoding="utf-8").splitlines()
    wrong = [one for one in expected if not one.startswith("warning ")]
    if not wrong:
        kept = [problem for problem in formats.read(str(file)).problems if problem.severity != "note"]
        assert [line(problem) for problem in kept] == expected
        return
    with pytest.raises(InputError) as caught:
        formats.read(str(file))
    assert [line(problem) for problem in caught.value.problems] == expected
    assert all(problem.place.file == str(file) for problem in caught.value.problems)


def test_there_are_many_of_them():
    assert len(BAD) >= 60
    assert len(list(BAD[0].parent.glob("*.expect"))) == len(BAD)


def test_ten_mistakes_are_said_at_once_each_at_its_line(tmp_path):
    text = b"""\
name: ten mistakes
version: 1.10
input_artifact: {name: video.mp4, type: video}
stepz: []
steps:
  - name: extract
    entries:
      - module: extract_audio
        inputs:
          - {name: video.mp4, param_name: input, type: audio}
        outputs:
          - {name: ../audio.wav, param_name: output, type: audio}
          - {name: text.txt, param_name: out put, type: text}
        timeout: 5 parsecs
      - cmd: [wc, "{text.txt}"]
        inputs: [text.txt]
        retries: -1
  - name: extract
    entries:
      - shell: cat {video.mp4} > {video.mp4}
        inputs: [video.mp4]
        outputs: [{name: video.mp4, public: "yes"}]
        env: {A B: 1}
      - name: idle
  - entries:
      - cmd: [cat, "{adio.wav}"]
        inputs: [adio.wav]
"""
    said = problems_at(text, tmp_path)
    assert said == {
        4: ['unknown key "stepz"'],
        10: ['"video.mp4" is read as "audio" here, but the job input (3:17) is "video"'],
        12: ['"../audio.wav" contains a path separator'],
        13: ['"out put" is not a parameter name; it must match [A-Za-z][A-Za-z0-9_-]{0,63}'],
        14: ['expected a duration like 90s, 5m, 2h or 1h30m, found "5 parsecs"'],
        16: [
            f'"text.txt" is written in parallel, by extract/extract_audio (13:13); {PARALLEL}',
        ],
        17: ["expected a whole number from 0 to 1,000, found -1"],
        18: ['the step name "extract" is repeated; it is first used at 6:11'],
        22: [
            '"video.mp4" would be written over the job input of that name (3:17)',
            'expected true or false, found the text "yes"',
        ],
        23: ['"A B" is not a name of an environment variable'],
        24: ["an entry needs one of module:, cmd:, shell:, echo:, role: and order:"],
        27: ['nobody writes "adio.wav"'],
    }


def problems_at(raw, folder) -> dict[int, list[str]]:
    file = folder / "job.yaml"
    file.write_bytes(raw)
    with pytest.raises(InputError) as caught:
        formats.read(str(file))
    found: dict[int, list[str]] = {}
    for problem in caught.value.problems:
        if problem.severity == "error":
            found.setdefault(problem.place.line, []).append(problem.message)
    return found


def test_a_type_that_disagrees_is_a_warning_when_loose(tmp_path):
    raw = next(file for file in BAD if file.stem == "types").read_bytes()
    assert {one.split(" ", 1)[0] for one in lines(raw, tmp_path, loose=True)} == {"warning"}
    assert not any("warning" in one for one in lines(raw, tmp_path))


def test_a_mistake_a_thousand_times_is_not_said_a_million_times(tmp_path):
    entries = b"".join(b"      - {cmd: [a], timeout: never}\n" for _ in range(3000))
    said = lines(b"name: j\nversion: 1\nsteps:\n  - entries:\n" + entries, tmp_path)
    assert len(said) == 1001
    assert said[-1] == "0:0 - | 2,000 more mistakes are not shown"


def test_what_is_not_shown_of_the_artifacts_is_said_last_too(tmp_path):
    entries = b"".join(b"      - {cmd: [cat, '{a%d}'], inputs: [a%d]}\n" % (n, n) for n in range(1500))
    found = problems(b"name: j\nversion: 1\nsteps:\n  - entries:\n" + entries, tmp_path)
    assert len(found) == 1001 and found[-1].more == 500 and not any(problem.more for problem in found[:-1])
    assert line(found[-1]) == "0:0 - | 500 more mistakes in artifacts are not shown"
