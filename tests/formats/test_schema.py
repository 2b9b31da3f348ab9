"""The schemas for editors against the readers: the same keys, every good file valid, what a reader refuses underlined.

Knows the readers' tables and no key.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from job_manager.app.schemas import SCHEMAS, of_kind, schema
from job_manager.app.settings import SETTINGS
from job_manager.formats import job_yaml
from job_manager.formats.job_yaml import schema as of_jobs
from job_manager.formats.json import schema as of_json
from job_manager.formats.schema import Keys
from job_manager.modules import schema as of_manifests
from tests.formats.cases import GOLDEN, HERE
from tests.house.source import ROOT

PACKAGE = ROOT / "src" / "job_manager"
TABLES = list(dict.fromkeys(table.reader for table in (*of_jobs.TABLES, *of_json.TABLES, *of_manifests.TABLES)))
BY_READER: dict[str, Keys] = {table.reader: table for table in (*of_jobs.TABLES, *of_json.TABLES, *of_manifests.TABLES)}


def valid(name: str, document: Any) -> list[str]:
    """What an editor would underline."""
    found = jsonschema.Draft202012Validator(schema(name)).iter_errors(document)
    return [f"{error.json_path}: {error.message}" for error in found]


class Plain(yaml.SafeLoader):
    """YAML as editors read it: 1.2, where a date is a text and `no` is one, too."""


Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in ("tag:yaml.org,2002:timestamp",)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_an_editor(path: Path) -> Any:
    loader = Plain(path.read_bytes())
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", TABLES)
def test_every_key_of_a_reader_has_a_schema_and_none_has_one_for_nothing(reader):
    table = BY_READER[reader]
    lacking = [key for key in table.keys if key not in table.schemas]
    assert not lacking, f"{table.reader} has {lacking}: describe them in {table.table}"
    spare = [key for key in table.schemas if key not in table.keys]
    assert not spare, f"{table.table} describes {spare}, which {table.reader} does not read"


PARTS = ("OWN_KEYS", "WORK_KEYS", "TOP_KEYS")  # of other tables, or of the file itself


def tables_of_keys() -> Iterator[str]:
    """Every table of keys in the readers, as `FILE NAME`."""
    formats = PACKAGE / "formats"
    readers = [formats / "yaml_params.py", formats / "orders.py", *(formats / "job_yaml").glob("*.py")]
    readers += [path for path in (formats / "json").glob("*.py") if path.name != "mass.py"]
    for path in [*readers, *(PACKAGE / "modules").glob("*.py")]:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            targets = assigned(node)
            for name in (target.id for target in targets if isinstance(target, ast.Name)):
                if re.fullmatch(r"(?:[A-Z]\w*_)?KEYS", name) and name not in PARTS:
                    yield f"{path.relative_to(PACKAGE).as_posix()} {name}"


def assigned(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.AnnAssign):
        return [node.target]
    return node.targets if isinstance(node, ast.Assign) else []


def test_every_table_of_keys_has_its_schemas():
    registered = {reader.partition("[")[0] for reader in TABLES}
    missing = sorted(set(tables_of_keys()) - registered)
    assert not missing, f"{missing}: add a table of schemas and a row to TABLES in the schema.py of that folder"
    assert len(registered) >= 8


def test_every_key_is_described():
    for table in BY_READER.values():
        for key, said in table.schemas.items():
            assert said.get("description") or "$ref" in said, f"{table.table}: {key} has no description"
            assert len(said) > 1, f"{table.table}: {key} says nothing but its description"


def test_every_setting_has_a_schema():
    for setting in SETTINGS.values():
        assert of_kind(setting.kind), f"{setting.name}: add its kind ({setting.kind.words}) to KINDS in app/schemas.py"
    assert set(schema("config")["properties"]) == set(SETTINGS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_is_a_schema_and_all_that_it_refers_to_is_there(name):
    made = schema(name)
    jsonschema.Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    named = set(re.findall(r"'#/\$defs/(\w+)'", str(made)))
    assert named == set(made.get("$defs", {}))
    for pattern in re.findall(r"'pattern': '([^']+)'", str(made)):
        assert "\\Z" not in pattern  # which only Python knows


# --- files ------------------------------------------------------------------------------------------------------------

EXAMPLES = sorted([*ROOT.glob("examples/*/job.yaml"), *PACKAGE.glob("app/examples/*/job.yaml")])
MANIFESTS = sorted(
    [*ROOT.glob("examples/*/modules/*/manifest.yaml"), *PACKAGE.glob("app/examples/*/modules/*/manifest.yaml")]
)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", [*EXAMPLES, *GOLDEN], ids=relative)
def test_every_good_job_is_valid(path):
    assert valid("job", as_an_editor(path)) == []


GOOD_JSON = HERE / "good_json" / "ours.json"
BAD_JSON = [path for path in sorted((HERE / "bad_json").glob("*.json")) if b"job_manager/1" in path.read_bytes()]
SPANS = ("conditions", "needs", "words")  # what is wrong spans several places, or is only odd


def test_a_good_job_in_json_is_valid():
    assert valid("json", json.loads(GOOD_JSON.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", [path for path in BAD_JSON if path.stem not in SPANS], ids=lambda path: path.stem)
def test_what_a_reader_refuses_in_our_json_is_underlined(path):
    assert valid("json", json.loads(path.read_bytes()))


@pytest.mark.parametrize("path", MANIFESTS, ids=relative)
def test_every_manifest_is_valid(path):
    assert valid("manifest", as_an_editor(path)) == []


def test_the_lines_of_every_setting_are_valid():
    for setting in SETTINGS.values():
        assert valid("config", tomllib.loads(setting.write)) == []


def expected(path: Path) -> str:
    return path.with_suffix(".expect").read_text(encoding="utf-8")


UNDERLINED = [
    path for path in sorted((HERE / "bad").glob("*.yaml")) if re.search("unknown key|required key", expected(path))
]


@pytest.mark.parametrize("path", UNDERLINED, ids=lambda path: path.stem)
def test_unknown_and_missing_keys_are_underlined(path):
    try:
        document = as_an_editor(path)
    except yaml.YAMLError:
        pytest.skip("no YAML at all")
    assert valid("job", document)


STEP = "name: a\nversion: 1\nsteps: [{entries: [%s]}]\n"


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("{shell: x}", True),
        ("{shell: x, cmd: [y]}", False),
        ("{inputs: [x]}", False),
        ("{shell: x, timeout: 90}", True),
        ("{shell: x, timeout: 1h30m}", True),
        ("{shell: x, timeout: soon}", False),
        ("{shell: x, timeout: 0}", False),
        ("{shell: x, retries: -1}", False),
        ("{shell: x, retries: }", True),
        ("{shell: x, idempotent: maybe}", False),
        ("{shell: x, env: {JM_HOME: x}}", False),
        ("{shell: x, env: {HOME: 1}}", True),
        ("{shell: x, outputs: [{name: a/b}]}", False),
        ("{shell: x, outputs: [{name: b, publik: true}]}", False),
        ("{shell: x, x-mine: {any: thing}}", True),
        ("{module: m, inputs: [{name: a, param_name: -x}]}", False),
        ("{cmd: []}", False),
        ("{shell: x, cpus: 2, memory: 4G, limits: {gpu: 1}}", True),
        ("{shell: x, cpus: 0}", False),
        ("{shell: x, memory: much}", False),
        ("{shell: x, memory: 512 mib}", True),
        ("{shell: x, limits: {memory: 1}}", False),
        ("{shell: x, limits: {gpu: -1}}", False),
        ('{shell: "{f}", foreach: {f: 1-9x2, chunk: 2}}', True),
        ('{shell: "{f} {c}", foreach: {f: [1, 2], c: [x]}}', True),
        ("{shell: x, foreach: {}}", False),
        ("{shell: x, foreach: {f: []}}", False),
        ("{shell: x, foreach: {params: [1]}}", False),
        ("{shell: x, foreach: {f: 1-9, chunk: many}}", False),
        ("{shell: x, foreach: [f]}", False),
        ("{shell: x, when: [a]}", False),
        ("{shell: 'x {b}', outputs: [{name: b, kind: files, glob: '*.png'}]}", True),
        ("{shell: 'x {b}', outputs: [{name: b, kind: folder}]}", False),
        ("{shell: 'x {b}', outputs: [{name: b, kind: files, glob: 'a/*.png'}]}", False),
        ("{shell: 'x {b}', outputs: [{name: b, type: mp4, expect: {min_duration: 30s, fps: 24000/1001}}]}", True),
        ("{shell: 'x {b}', outputs: [{name: b, type: mp4, expect: {lenght: 30s}}]}", False),
        ("{shell: 'x {b}', outputs: [{name: b, type: mp4, expect: {frames: many}}]}", False),
        ("{shell: 'x {b}', outputs: [{name: b, type: mp4, expect: {min_size: none}}]}", False),
        ("{tasks: [{shell: x}, {tasks: [{cmd: [y]}], parallel: true}], needs: []}", True),
        ("{tasks: [{shell: x, cmd: [y]}]}", False),
        ("{tasks: [{shell: x}], entries: []}", False),
    ],
)
def test_the_schema_and_the_reader_agree_on_an_entry(text, fine):
    document = STEP % text
    refused = [problem for problem in job_yaml.draft(document.encode(), "job.yaml").problems if not warned(problem)]
    assert (valid("job", yaml.safe_load(document)) == []) == fine, valid("job", yaml.safe_load(document))
    assert not refused if fine else refused


def warned(problem: Any) -> bool:
    return problem.severity != "error" or "nobody" in problem.message


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("tasks: [{shell: x}]", True),
        ("tasks: [{shell: x}]\nparallel: true", True),
        ("tasks: [{shell: x}]\nsteps: []", False),
        ("", False),
    ],
)
def test_a_job_has_steps_or_tasks(text, fine):
    document = yaml.safe_load(f"name: a\nversion: 1\n{text}\n")
    assert (valid("job", document) == []) == fine, valid("job", document)


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("{crf: 23, title: }", True),
        ("{crf: {type: int, default: 23, range: [0, ~], help: x}}", True),
        ("[{name: crf, default: 23}, title]", True),
        ("{crf: {type: integer}}", False),
        ("{crf: {range: [1]}}", False),
        ("{crf: {min: 1}}", False),
        ("{2crf: 1}", False),
    ],
)
def test_params(text, fine):
    document = yaml.safe_load(STEP % "{shell: x}" + f"params: {text}\n")
    assert (valid("job", document) == []) == fine, valid("job", document)


@pytest.mark.parametrize(
    "line", ["jobs = 0", 'color = "green"', "colour = 1", 'limits = {"1x" = 1}', 'pass_env = ["JM_X"]', "cpus = 1.5"]
)
def test_settings_that_are_refused_are_underlined(line):
    assert valid("config", tomllib.loads(line))
