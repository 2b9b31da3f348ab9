"""A job goes from any language to any other and back unchanged, or what the other cannot say is named at its place."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from job_manager import formats
from job_manager.app.converting import convert, save
from job_manager.formats.reading import Reading
from job_manager.model.document import digest, job_document
from job_manager.model.errors import InputError
from job_manager.model.job import Action, Echo, Job, Task
from job_manager.model.params import NO_VALUES
from tests.drawn import drawn
from tests.formats.cases import GOLDEN, HERE
from tests.formats.jobs import jobs, lone_orders

WRITERS = [language for language in formats.LANGUAGES if language.write is not None]
SAYS_ALL = "json"
ALFSCRIPTS = sorted(
    file for ending in ("alf", "jobscript") for file in (HERE / "alfscript" / "golden").glob(f"*.{ending}")
)
ORDERS = sorted((HERE / "orders" / "golden").glob("*.yaml"))
README = HERE / "good_json" / "mass_readme.json"
# What generated jobs have that a language has no word for, by the words in which it is refused.
REFUSED = {
    "job.yaml": ("of several ranges",),
    "order": ("order cannot say ",),
    "python": ("Python cannot say ",),
    "alf": ("Alfscript cannot say ",),
}
PYTHON_WITHOUT = ("ranges",)
ANYTHING = [language for language in WRITERS if language.name in ("job.yaml", "json", "python")]  # that a file says
# A script is a process of its own each time it is read.
OFTEN = [pytest.param(one, id=one.name, marks=pytest.mark.long if one.name == "python" else ()) for one in ANYTHING]


class Back(NamedTuple):
    """What a language makes of a job: read again, or why it cannot say it."""

    job: Job | None
    refused: list[str]


def through(language: formats.Language, job: Job) -> Back:
    """Written and read back."""
    assert language.write is not None
    try:
        raw = language.write(job)
    except InputError as error:
        return Back(None, [problem.message for problem in error.problems])
    return Back(whole(language.draft(raw, f"job{language.endings[0]}", loose=True, values=NO_VALUES)), [])


def whole(reading: Reading) -> Job:
    """The job as it was written; nothing is wrong with it but that values of params are missing."""
    wrong = [str(one) for one in reading.problems if one.severity == "error" and "no value is given" not in one.message]
    assert not wrong
    return reading.template or reading.job


def same(job: Job, other: Job) -> bool:
    return digest(job_document(job)) == digest(job_document(other))


# --- any job ----------------------------------------------------------------------------------------------------------


@drawn(8, 200, jobs())
def test_any_job_comes_back_from_every_language_or_is_refused_in_words(job):
    check_all_pairs(job)


@drawn(5, 50, jobs(without=PYTHON_WITHOUT))
def test_a_job_of_what_python_has_words_for_comes_back_from_it(job):
    back = through(formats.language("python"), job)
    assert back.job is not None and job_document(back.job) == job_document(job), back.refused


def check_all_pairs(job: Job) -> None:
    read = {language.name: through(language, job) for language in WRITERS}
    for name, back in read.items():
        if back.job is not None:
            assert job_document(back.job) == job_document(job)
        assert all(any(words in said for words in REFUSED.get(name, ())) for said in back.refused), back.refused
    for source in read.values():
        for target in WRITERS if source.job is not None else ():
            # A script is a process of its own: once for each job is enough.
            if source.job is None or target.name == "python":
                continue
            again = through(target, source.job)
            assert again.job is None or same(again.job, job)
            assert (again.job is None) == (read[target.name].job is None)


@drawn(25, 300, lone_orders())
def test_any_order_comes_back_or_is_refused_in_words(job):
    check_all_pairs(job)


def test_one_language_says_everything():
    assert SAYS_ALL in {language.name for language in WRITERS} and SAYS_ALL not in REFUSED


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", OFTEN)
@pytest.mark.parametrize("file", [*GOLDEN, *sorted((HERE / "good_json").glob("*.json"))], ids=lambda file: file.stem)
def test_every_good_file_converts_and_back(file, language, tmp_path):
    into = tmp_path / f"job{language.endings[0]}"
    made = convert(str(file), str(into))
    save(made, str(into))
    assert made.language == language.name
    back = convert(str(into), "-", to=file.suffix.removeprefix("."))
    assert same(made.job, back.job)


@pytest.mark.parametrize("language", OFTEN)
@pytest.mark.parametrize("file", ALFSCRIPTS, ids=lambda file: file.name)
def test_every_good_alfscript_converts_and_back(file, language, tmp_path):
    check_alfscript(file, language, tmp_path)


def check_alfscript(file, language, tmp_path):
    made = convert(str(file), str(tmp_path / "job.alf"))
    save(made, str(tmp_path / "job.alf"))
    assert same(convert(str(tmp_path / "job.alf"), "-", to="json").job, made.job)
    into = tmp_path / f"job{language.endings[0]}"
    save(convert(str(tmp_path / "job.alf"), str(into)), str(into))
    back = convert(str(into), "-", to="alf")
    assert back.text == made.text and same(back.job, made.job)


@pytest.mark.parametrize("language", OFTEN)
@pytest.mark.parametrize("file", ORDERS, ids=lambda file: file.stem)
def test_every_good_order_converts_and_back(file, language, tmp_path):
    check_order(file, language, tmp_path)


def check_order(file, language, tmp_path):
    # An order stands in the folder in which it runs and is called like its file: so it is read back there.
    into = tmp_path / f"job{language.endings[0]}"
    made = convert(str(file), str(into))
    save(made, str(into))
    assert same(convert(str(into), str(file), to="order").job, made.job)
    with pytest.raises(InputError, match="order cannot say this: workdir"):
        convert(str(into), str(tmp_path / file.name), to="order")


def test_the_readmes_of_all_three_systems_convert_to_a_script_and_back(tmp_path):
    python = formats.language("python")
    (tmp_path / "alf").mkdir()
    check_alfscript(HERE / "alfscript" / "golden" / "readme_of_mass.alf", python, tmp_path / "alf")
    check_order(HERE / "orders" / "golden" / "example.yaml", python, tmp_path)
    made = convert(str(README), str(tmp_path / "mass.py"))
    save(made, str(tmp_path / "mass.py"))
    assert same(convert(str(tmp_path / "mass.py"), "-", to="json").job, made.job)


def test_the_readme_of_mass_is_one_job_with_five_tasks_and_four_actions(tmp_path):
    for language in ANYTHING:
        into = tmp_path / f"mass_readme{language.endings[0]}"
        save(convert(str(README), str(into)), str(into))
        assert outline(whole(formats.draft(str(into)))) == [
            ("Preparing a source video", [None]),
            (
                "Transcoding",
                [
                    ("Transcoding to profile #0", [None]),
                    ("Transcoding to profile #1", [None]),
                    ("Transcoding to profile #2, audio only", [None]),
                ],
            ),
        ]


def test_the_readme_of_mass_is_one_tree_in_its_three_languages(tmp_path):
    script = tmp_path / "mass_readme.py"
    script.write_bytes((HERE / "python" / "golden" / "readme_transcoding.script").read_bytes())
    files = [README, script, HERE / "alfscript" / "golden" / "readme_of_mass.alf"]
    trees = [outline(whole(formats.draft(str(file)))) for file in files]
    assert trees[0] == trees[1] == trees[2]


def outline(node: Job | Task) -> list[object]:
    """Titles and nesting; an action is None."""
    return [
        None if isinstance(child, Action) else (child.title or child.name, outline(child)) for child in node.children
    ]


# --- what is refused --------------------------------------------------------------------------------------------------

RANGES = """\
{"format": "job_manager/1",
 "Job": {"title": "j", "children": [
  {"Action": {"name": "a", "argv": ["echo", "{k}", "{n}"], "foreach": [
   {"key": "k", "over": "1-9",
    "chunk": 3},
   {"key": "n", "over": "1-4"}]}},
  {"Action": {"name": "b", "argv": ["cp", "{x}"], "outputs": [{"name": "x",
   "public": true, "group": "{k}"}]}}
 ]}}
"""


def test_all_that_cannot_be_said_is_named_at_its_place(tmp_path):
    file = tmp_path / "job.json"
    file.write_text(RANGES, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        convert(str(file), str(tmp_path / "job.yaml"))
    assert [(p.place[1:], p.message) for p in caught.value.problems] == [
        (
            (5, 14, "Job.children[0].Action.foreach[0].chunk"),
            'job.yaml cannot say that of several ranges "k" goes in chunks',
        ),
        (
            (8, 29, "Job.children[1].Action.outputs[0].group"),
            'job.yaml cannot say that "x" is one of the group {k}',
        ),
    ]


@pytest.mark.parametrize("language", ANYTHING, ids=lambda language: language.name)
def test_what_nobody_could_read_is_refused(language):
    deep: Task | Action = Action("a", Echo("x"))
    for number in range(300):
        deep = Task(f"t{number}", (deep,))
    back = through(language, Job("j", (deep,)))
    assert back.job is None and "nested deeper" in back.refused[0]


def test_a_wrong_source_is_said_as_it_is(tmp_path):
    file = tmp_path / "job.yaml"
    file.write_bytes(b"name: j\nversion: 1\nsteps: [{entries: [{cmd: [a], timeout: soon}]}]\n")
    with pytest.raises(InputError, match=r"job\.yaml:3:\d+: steps\[0\]\.entries\[0\]\.timeout: expected a duration"):
        convert(str(file), "-", to="json")


def test_values_of_params_are_not_needed(tmp_path):
    file = tmp_path / "job.yaml"
    file.write_bytes(b"name: j\nversion: 1\nparams: {n: }\nsteps: [{entries: [{cmd: [echo, '{params.n}']}]}]\n")
    made = convert(str(file), "-", to="json")
    assert made.job.params[0].default is None and b"{params.n}" in made.text and not made.problems


@pytest.mark.parametrize(
    ("target", "to", "message"),
    [
        ("-", None, "standard output has no ending that tells the language"),
        ("job.txt", None, "no job language has the ending of job.txt"),
        ("-", "toml", '"toml" is not a job language'),
    ],
)
def test_a_language_that_cannot_be_told(target, to, message):
    with pytest.raises(InputError, match=message):
        convert(str(README), target, to)


def test_a_file_that_is_there_is_only_replaced_when_that_is_said(tmp_path):
    into = tmp_path / "job.yaml"
    into.write_text("mine", encoding="utf-8")
    made = convert(str(README), str(into))
    with pytest.raises(InputError, match="is there already"):
        save(made, str(into))
    assert into.read_text(encoding="utf-8") == "mine"
    save(made, str(into), force=True)
    assert into.read_bytes() == made.text and [file.name for file in tmp_path.iterdir()] == ["job.yaml"]


def test_what_counts_from_the_folder_of_the_file_is_pointed_out(tmp_path):
    file = tmp_path / "job.yaml"
    file.write_bytes(
        b"name: j\nversion: 1\nparams: {p: {type: path, default: clips}}\n"
        b"steps: [{entries: [{module: m, params: {x: '{params.p}'}}]}]\n"
    )
    (tmp_path / "sub").mkdir()
    said = [problem.message for problem in convert(str(file), str(tmp_path / "sub" / "job.json")).problems]
    assert said == [
        "modules are looked for beside the job file, and that is another folder now",
        'the default of the param "p" counts from the folder of the job file',
    ]
    assert not convert(str(file), str(tmp_path / "job.json")).problems
