"""The tables of the reference are complete and list nothing that is not there: keys, options, codes, variables, types.

Held against the program's own tables and against real output; knows what a key means as little as they do.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from job_manager.app.settings import SETTINGS
from job_manager.artifacts.kinds import KINDS
from job_manager.cli import reporting
from job_manager.cli.main import COMMANDS
from job_manager.cli.usage import Parser, add_run_options, add_setting_options
from job_manager.core.answers import CAUSES
from job_manager.formats import (
    checks,
    job_yaml,
    jobmanager_yaml,
    json_reader,
    orders,
    wording,
    yaml_builder,
    yaml_params,
    yaml_text,
)
from job_manager.formats.alfscript import options as alf_options
from job_manager.formats.job_yaml import entries, inputs, steps
from job_manager.formats.jobmanager_yaml import calls, pool
from job_manager.formats.json import artifacts, canonical, mass
from job_manager.formats.json import params as json_params
from job_manager.model import expect, names, params, quantity
from job_manager.model.expect import FAMILIES
from job_manager.model.reasons import REASONS
from job_manager.modules import manifest
from tests.docs.links import listed, sections
from tests.docs.pages import ROOT, text_of
from tests.docs.sandbox import Sandbox

JOB_YAML = {
    "The job": job_yaml.KEYS,
    "An input of the job": inputs.KEYS,
    "A step": steps.STEP_KEYS,
    "A task": steps.TASK_KEYS,
    "An entry": entries.KEYS,
    "A param": yaml_params.KEYS,
    "An input of an entry": entries.READ_KEYS,
    "An output of an entry": entries.WRITTEN_KEYS,
    "A call of an order": orders.CALL_KEYS,
}
JSON_JOB = {
    "mass's form": (*mass.GROUP_KEYS, *mass.CONTROL_KEYS, *mass.TEXT_KEYS, "title"),
    "Of a job": canonical.JOB_KEYS,
    "Of a task": canonical.TASK_KEYS,
    "Of an action": canonical.ACTION_KEYS,
    "Of an input of the job": artifacts.JOB_INPUT_KEYS,
    "Of an input of an action": artifacts.INPUT_KEYS,
    "Of an output": artifacts.OUTPUT_KEYS,
    "Of a param": json_params.PARAM_KEYS,
    "Of a key of foreach": json_params.EACH_KEYS,
}
ORDER = {
    "The file": jobmanager_yaml.KEYS,
    "A call": calls.KEYS,
    "Wishes for another machine": pool.KEYS,
}
MANIFEST = {
    "The module": manifest.KEYS,
    "A param": yaml_params.KEYS,
    "An input": manifest.PORT_KEYS["inputs"],
    "An output": manifest.PORT_KEYS["outputs"],
}


@pytest.mark.parametrize(("section", "keys"), JOB_YAML.items())
def test_the_keys_of_job_yaml(section, keys):
    assert set(listed(sections("docs/reference/job-yaml.md")[section])) == set(keys)


@pytest.mark.parametrize(("section", "keys"), ORDER.items())
def test_the_keys_of_an_order(section, keys):
    assert set(listed(sections("docs/reference/jobmanager-yaml.md")[section])) == set(keys)


def test_the_settings_that_an_order_may_repeat():
    page = sections("docs/reference/jobmanager-yaml.md")["Wishes for another machine"]
    assert [key for key in pool.SETTINGS if f"`{key}`" not in page] == []


@pytest.mark.parametrize(("section", "keys"), JSON_JOB.items())
def test_the_keys_of_json_jobs(section, keys):
    assert set(listed(sections("docs/reference/json-jobs.md")[section])) == set(keys)


@pytest.mark.parametrize(("section", "keys"), MANIFEST.items())
def test_the_keys_of_manifest_yaml(section, keys):
    assert set(listed(sections("docs/reference/manifest.md")[section])) == set(keys)


def test_the_options_and_operators_of_alfscript():
    rows = sections("docs/reference/alfscript.md")
    names = {
        name for row in re.findall(r"^\|([^|]*)\|", rows["Options"], re.M) for name in re.findall(r"`(-\w+)`", row)
    }
    assert names == set(alf_options.OPTIONS)
    operators = re.findall(r"^\| `(\w+)", rows["Operators"], re.M)
    assert set(operators) == set(alf_options.OPERATORS)


@pytest.mark.parametrize("effect", list(alf_options.Effect))
def test_what_becomes_of_the_options_of_alfscript(effect):
    rows = re.findall(r"^\|([^|]*)\|[^|]*\|([^|]*)\|", sections("docs/reference/alfscript.md")["Options"], re.M)
    kept = {name for row, said in rows if said.strip().startswith("kept") for name in re.findall(r"`(-\w+)`", row)}
    of_effect = {name for name, option in alf_options.OPTIONS.items() if option.effect is effect}
    assert of_effect <= kept if effect is alf_options.Effect.KEPT else not of_effect & kept


def options(parser: Parser) -> set[str]:
    """The options as the tables write them: every name, with what it takes."""
    found = set()
    for action in parser._actions:
        takes = f" {action.metavar}" if action.metavar and action.nargs != 0 else ""
        found |= {f"{name}{takes}" for name in action.option_strings}
    return found


@pytest.fixture(scope="module")
def command_line() -> dict[str, set[str]]:
    return {heading: set(listed(text)) for heading, text in sections("docs/reference/command-line.md").items()}


def test_every_command_has_its_section_and_no_other(command_line):
    assert {heading for heading in command_line if heading.startswith("jm ")} == {f"jm {verb}" for verb in COMMANDS}


@pytest.mark.parametrize("verb", COMMANDS)
def test_the_options_of_a_command(verb, command_line):
    parser = import_module(f"job_manager.cli.commands.{verb}").parser()
    shared = Parser("", "", [("", "")], usage="")
    add_run_options(shared)
    running = options(shared) if verb in ("run", "submit", "order", "resume", "plan", "check", "config") else set()
    assert options(parser) - running == command_line[f"jm {verb}"]
    assert options(shared) == command_line["Options of `run`, `submit`, `resume`, `plan` and `check`"]


def test_the_options_everywhere(command_line):
    parser = import_module("job_manager.cli.commands.version").parser()
    parser.read([])
    assert options(parser) == command_line["Everywhere"]


def test_the_exit_codes():
    codes = {line.split("|")[1].strip() for line in table_lines("docs/reference/exit-codes.md", "Exit codes of `jm`")}
    named = ("OK", "FAILED", "INPUT", "CANCELLED", "TIMED_OUT", "ENGINE", "NOTHING_RAN", "REFUSED", "INTERRUPTED")
    assert codes == {str(getattr(reporting, name)) for name in named}


def table_lines(page: str, section: str) -> list[str]:
    return [line for line in sections(page)[section].split("\n") if line.startswith("|")][2:]


def test_the_failure_reasons():
    assert set(listed(sections("docs/reference/exit-codes.md")["Why an action failed"])) == set(REASONS)


def test_the_types():
    page = sections("docs/reference/types.md")
    assert set(listed(page["When the file is there: is it that?"])) == set(KINDS)
    assert set(FAMILIES) <= set(KINDS)


def test_the_expectations():
    assert set(listed(text_of("docs/how-to/look-into-results.md"))) == set(expect.KEYS)


def test_the_facts():
    named: set[str] = set()
    for path in (ROOT / "src" / "job_manager" / "artifacts" / "looking").glob("*.py"):
        named |= set(re.findall(r'facts\["([a-z_]+)"\]', path.read_text(encoding="utf-8")))
    spent = {"all_keys", "all_columns", "sound"}
    assert named - spent <= set(listed(sections("docs/reference/types.md")["What is found"]))


def test_the_variables_that_are_named_in_the_program_are_on_the_page():
    named = set()
    for path in (ROOT / "src" / "job_manager").rglob("*.py"):
        named |= set(re.findall(r'"(JM_[A-Z_]*[A-Z])"', path.read_text(encoding="utf-8")))
    tables = (listed(text) for text in sections("docs/reference/environment.md").values())
    assert {word for words in tables for word in words if word.startswith("JM_")} == named


def test_the_settings():
    rows = table_lines("docs/reference/configuration.md", "Settings")
    written = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
    assert [row[0] for row in written] == [f"`{name}`" for name in SETTINGS]
    for row, setting in zip(written, SETTINGS.values(), strict=True):
        default = setting.default or str(setting.unset).lower()
        assert row[2:] == [
            f"`{setting.option}`" if setting.option else "",
            f"`{setting.variable}`",
            default,
            setting.help,
        ]
        assert setting.kind.words in row[1]
    parser = Parser("", "", [("", "")], usage="")
    add_setting_options(parser)
    parser.read([])
    known = parser._option_string_actions
    assert all(not setting.option or setting.option in known for setting in SETTINGS.values())


def test_the_limits():
    page = text_of("docs/reference/limits.md")
    numbers = [
        *(checks.ACTION_LIMIT, yaml_builder.SCALAR_LIMIT, yaml_builder.DEPTH_LIMIT, yaml_builder.ALIAS_LIMIT),
        *(wording.PROBLEM_LIMIT, manifest.SIZE_LIMIT, names.MAX_NAME_CHARS, names.MAX_NAME_BYTES),
        json_reader.DEPTH_LIMIT,
        *(params.LONGEST, yaml_text.FILE_LIMIT >> 20, round(quantity.LONGEST / 86400), entries.MOST_RETRIES),
    ]
    assert [number for number in numbers if f"{number:,}" not in page] == []


# --- JSON -------------------------------------------------------------------------------------------------------------

# Their members are said elsewhere, or are names of the job.
OPEN = {
    "counts",
    "env",
    "problems",
    "warnings",
    "children[].children[].params",
    "modules[].values",
    "artifacts[].facts",
    "artifacts[].expect",
}
PAGE = "docs/reference/json.md"
MODULE = """\
name: fails
entrypoint: main.py
version: 1.0
inputs: [{param_name: text, type: text}]
outputs: [{param_name: out, type: text}]
params: {level: 3}
"""
JOB = """\
name: both
version: 1.0
params: {level: 2}
inputs: [text.txt]
steps:
  - entries:
      - module: fails
        params: {level: "{params.level}"}
        inputs: [{name: text.txt, param_name: text}]
        outputs: [{name: out.txt, param_name: out}]
      - {shell: "echo ok > {ok.txt}", outputs: [{name: ok.txt, public: true}]}
      - {cmd: ["false", "{out.txt}"], name: last}
"""


FAN = """\
name: fan
version: 1.0
steps:
  - entries:
      - {cmd: [echo, "{n}"], foreach: {n: 1-3}}
  - entries:
      - {cmd: [echo, done]}
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory) -> Sandbox:
    made = Sandbox(tmp_path_factory.mktemp("json"))
    made.write("modules/fails/manifest.yaml", MODULE)
    made.write("modules/fails/main.py", "print('no')\nraise SystemExit(3)\n")
    made.write("modules/broken/manifest.yaml", "name: broken\n")
    made.write("differs/manifest.yaml", MODULE.replace("fails", "differs"))
    made.write("differs/main.py", "import sys\nopen(sys.argv[4], 'w').write('x')\n")
    made.write("differs/sample/expected/out.txt", "y")
    made.write("job.yaml", JOB)
    made.write("fan.yaml", FAN)
    made.write("order.yaml", "Modules: {texts: texts.py}\nOrder: [{Module: texts, Function: f}]\n")
    made.write("texts.py", "def f(): pass\n")
    made.write("bad.yaml", "name: bad\n")
    made.write("text.txt", "hello\n")
    return made


def keys(value: Any, path: str = "") -> Iterator[str]:
    """The key paths of a document as the page writes them."""
    name = path.rsplit(".", 1)[-1]
    if path and not path.endswith("[]"):
        yield path
    if path in OPEN:
        return
    if isinstance(value, dict) and (name not in OPEN or path == "error.problems[]"):
        for key, member in value.items():
            yield from keys(member, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and (name not in OPEN or path == "error.problems"):
        for member in value:
            yield from keys(member, f"{path}[]")


DOCUMENTS = {
    "An error": ["check bad.yaml"],
    "run and resume": ["run order.yaml", "run job.yaml text.txt", "resume last"],
    "check": ["check job.yaml"],
    "plan": ["plan job.yaml", "plan fan.yaml"],
    "convert": ["convert job.yaml job.json", "convert job.yaml - --to json"],
    "graph": ["graph job.yaml", "graph fan.yaml -o fan.svg"],
    "modules": ["modules", "modules check modules/fails", "modules test differs"],
    "logs": ["logs last"],
    "ls": ["ls"],
    "show": ["show last", "show last/ok.txt"],
    "doctor": ["doctor"],
    "status": ["status", "status $(jm ls -q | tail -n 1)"],
    "why": ["why last", "why last/last"],
    "story": ["story last/last"],
    "init, new, schema, rm, secret, config, version": [
        *("init made", "new module fresh --in shelf", "schema --to schemas", "rm last", "config", "version"),
        *("secret set a --from-file job.yaml", "secret ls", "secret rm a"),
    ],
}


@pytest.mark.parametrize("section", DOCUMENTS)
def test_the_keys_of_the_json_documents(section, sandbox):
    if section == "status":
        sandbox.type("jm run -q order.yaml")
    if section in ("logs", "ls", "show", "status", "why", "story", "init, new, schema, rm, secret, config, version"):
        sandbox.type("jm run -q job.yaml text.txt")
    written = set(listed(sections(PAGE)[section]))
    if section == "run and resume":
        written |= set(listed(sections(PAGE)["status"]))
    printed = set(real_keys(sandbox, DOCUMENTS[section]))
    assert {key for key in printed if key != "error"} == written


def test_the_keys_of_repair_and_gc(sandbox):
    sandbox.type("jm run -q job.yaml text.txt")
    code = "import sqlite3; db = sqlite3.connect('.jm/journal.db'); db.execute('UPDATE turn SET at=0'); db.commit()"
    sandbox.type(f'python3 -c "{code}"')
    assert set(real_keys(sandbox, ["repair --dry-run"])) == set(listed(sections(PAGE)["repair"]))
    sandbox.type("jm repair")
    gone = Path(sandbox.home) / ".jm/jobs/gone"
    (gone / "logs").mkdir(parents=True)
    for folder in (gone, gone / "logs"):
        os.utime(folder, (1e9, 1e9))
    printed = set(real_keys(sandbox, ["gc --older 0 -n", "gc --older 0"]))
    assert {key for key in printed if not key.startswith("would_remove[]")} == set(listed(sections(PAGE)["gc"]))


def real_keys(sandbox: Sandbox, commands: Iterable[str]) -> Iterator[str]:
    for command in commands:
        yield from keys(json.loads("\n".join(sandbox.type(f"jm {command} --json"))))


def test_the_causes():
    rows = [row.strip("| ").split(" | ", 1) for row in table_lines(PAGE, "Causes")]
    assert [(cause.strip("`"), words) for cause, words in rows] == list(CAUSES.items())


def test_the_sandbox_is_nobodys(sandbox):
    assert Path(sandbox.cwd) == sandbox.home
