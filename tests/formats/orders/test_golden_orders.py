"""Every good order of `golden/` is read into the job beside it, through the plain form and back.

HERE stands for the folder: the calls are made where the file lies.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from job_manager import formats
from job_manager.model.document import digest, job_document, read_job
from job_manager.model.job import Action, Order
from tests.formats.orders.cases import GOLDEN, HERE


def order_in(file: Path) -> Order:
    (action,) = formats.read(str(file)).job.children
    assert isinstance(action, Action) and isinstance(action.work, Order)
    return action.work


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_it_is_read_into_this_job(file):
    reading = formats.read(str(file))
    text = json.dumps(job_document(reading.job), indent=1, ensure_ascii=False).replace(str(HERE), "HERE")
    assert text + "\n" == file.with_suffix(".json").read_text(encoding="utf-8")
    assert read_job(job_document(reading.job)) == reading.job


@pytest.mark.parametrize("change", [b"\xef\xbb\xbf%s", b"%s# the end"], ids=["BOM", "no final newline"])
def test_the_same_order_in_other_bytes_has_the_same_digest(change, tmp_path):
    raw = (HERE / "golden" / "values.yaml").read_bytes()
    for name in ("texts.py",):
        (tmp_path / name).write_bytes((HERE / "golden" / name).read_bytes())
    file = tmp_path / "values.yaml"
    digests = set()
    for text in (raw, change % raw, raw.replace(b"\n", b"\r\n")):
        file.write_bytes(text)
        digests.add(digest(job_document(formats.read(str(file)).job)))
    assert len(digests) == 1


def test_notes_say_where_values_are_not_what_they_seem():
    notes = [p for p in formats.read(str(HERE / "golden" / "values.yaml")).problems if p.severity == "note"]
    said = {p.place.path.rpartition(".")[2]: p.message for p in notes}
    assert said == {
        "float": "1.10 is the number 1.1",
        "octal": "010 is the number 8, as YAML 1.1 has it",
        "hex": "0x1F is the number 31, as YAML 1.1 has it",
        "sixty": "1:30 is the number 90, as YAML 1.1 has it",
        "under": "1_000 is the number 1000, as YAML 1.1 has it",
        "yes_word": "yes is read as true, as YAML 1.1 has it",
        "date": 'the date "2024-01-02" is passed as text',
        "bad_date": 'the date "2024-13-45" is passed as text',
        "c": "off is read as false, as YAML 1.1 has it",
    }
    assert [p.place.line for p in notes] == sorted(p.place.line for p in notes)


def test_values_are_those_that_pyyaml_reads_where_json_has_them():
    yaml = pytest.importorskip("yaml")
    file = HERE / "golden" / "values.yaml"
    read = yaml.safe_load(file.read_text().replace("2024-01-02", "'2024-01-02'").replace("2024-13-45", "'2024-13-45'"))
    theirs = [next(iter(one.items())) for one in read["Order"][0]["Inputs"] if isinstance(one, dict)]
    order = order_in(file)
    ours = {each.name: json.loads(each.value or "null") for each in order.calls[0].inputs}
    differ = {name for name, value in theirs if ours[name] != value}
    assert differ == {"exponent"}  # 1e3 is text for PyYAML, and for nobody else


@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_thousands_of_calls_are_read(count, tmp_path):
    call = "- Module: a\n  Function: dump\n  Inputs:\n  - x: [1, two, 3.5]\n  - y\n  Outputs: [y]\n"
    (tmp_path / "texts.py").write_bytes((HERE / "golden" / "texts.py").read_bytes())
    file = tmp_path / "order.yaml"
    file.write_text("Modules: {a: texts.py}\nOrder:\n- {Module: a, Function: dump, Outputs: [y]}\n" + call * count)
    assert len(order_in(file).calls) == count + 1


@pytest.mark.long
def test_copies_of_the_whole_file_are_bounded(tmp_path):
    (tmp_path / "texts.py").write_bytes((HERE / "golden" / "texts.py").read_bytes())
    call = "- {Module: a, Function: dump, Inputs: [{x: self.yaml}]}\n"
    file = tmp_path / "order.yaml"
    file.write_text("Modules: {a: texts.py}\nOrder:\n" + call * 20_000)
    said = [p.message for p in formats.draft(str(file)).problems if p.severity == "error"]
    assert said and said[0] == "the copies of self.yaml have more than 67,108,864 characters together"
