"""The builders: plain dicts as mass has them, `with`s that never mix between threads and tasks, nothing half-built."""

from __future__ import annotations

import asyncio  # noqa: TID251 - jobs are built in loops, too
import copy
import json
import threading
from contextlib import ExitStack

import pytest

import job_manager
import mass
from job_manager import Action, Job, Task
from job_manager.formats.python import answer
from job_manager.formats.python.reading import drafted
from job_manager.formats.python.rows import rows
from job_manager.formats.python.tree import Artifact
from job_manager.model import document as model_document
from job_manager.model import job as model
from job_manager.model.document import digest, job_document
from job_manager.model.errors import InputError, Problem
from tests.formats.python.answers import answered


def read(tree) -> model.Job:
    return drafted(rows(tree), "", {}).checked().job


def errors(tree) -> list[str]:
    try:
        found: list[Problem] = list(drafted(rows(tree), "", {}).problems)
    except InputError as error:
        found = error.problems
    return [problem.message for problem in found if problem.severity == "error"]


def test_both_packages_have_the_same_builders():
    assert (mass.Job, mass.Task, mass.Action) == (job_manager.Job, job_manager.Task, job_manager.Action)
    assert {"Job", "Task", "Action", "module", "worker", "load_job"} <= set(dir(job_manager))


def test_a_node_is_a_dict_that_json_can_say():
    with Job("j", serialsubtasks=True, owner="x") as job, Task(title="t", parallel=True):
        Action("text")
        Action(cmd="ls", _role="shell", _whenerror=True)
    assert json.loads(json.dumps(job)) == {
        "Job": {
            "title": "j",
            "serialsubtasks": True,
            "owner": "x",
            "children": [
                {
                    "Task": {
                        "title": "t",
                        "parallel": True,
                        "children": [
                            {"Action": {"_role": None, "_whenerror": False, "input": "text"}},
                            {"Action": {"_role": "shell", "_whenerror": True, "cmd": "ls"}},
                        ],
                    }
                }
            ],
        }
    }


def test_attributes_are_the_keys():
    with Job("j") as job:
        action = Action("text")
    job.title = "other"
    action._retries = 0
    assert job["Job"]["title"] == job.title == "other" and action["Action"]["_retries"] == 0
    del action._retries
    with pytest.raises(KeyError, match="Job has no 'titel'"):
        _ = job.titel
    with pytest.raises(KeyError):
        del job.titel
    assert not hasattr(job, "titel") and "_retries" not in action["Action"]


def test_a_copy_is_the_plain_dict_and_reads_like_it():
    with Job("j") as job:
        Action("text")
    plain = copy.deepcopy(job)
    assert type(plain) is dict and plain == job
    assert digest(job_document(read(plain))) == digest(job_document(read(job)))
    assert digest(job_document(read(json.loads(json.dumps(job))))) == digest(job_document(read(job)))


def test_rows_go_through_a_pipe_unchanged():
    with Job("j") as job, Task("t") as task:
        Action("ü\U0001f600", needs=[task])
    found = rows(job)
    assert answer.read(answered(found), "t.py", "/t.py", 0).rows == found
    assert found[2].body["needs"] == [{"row": 1}]


@pytest.mark.parametrize(
    ("text", "said"),
    [("a\udcff", "half of a surrogate pair"), ("a\0", "a NUL character"), (1 << 2000, "this number is too long")],
)
def test_what_no_file_can_hold_is_said(text, said):
    with Job("j") as job:
        Action(cmd=["echo", text], _role="cmd")
    assert any(said in problem.message for problem in drafted(rows(job), "", {}).problems)


def test_what_an_exception_interrupts_is_not_there_and_the_rest_goes_on():
    with Job("j") as job:
        with pytest.raises(ZeroDivisionError), Task("broken"):
            Action("in it")
            raise ZeroDivisionError
        with Task("whole"):
            Action("a")
    assert [child.title for child in job.children] == ["whole"]
    alone = Action("outside")
    assert alone not in job.children and len(rows(job)) == 3


def test_a_job_that_an_exception_interrupted_is_refused():
    with pytest.raises(ZeroDivisionError), Job("j") as job:
        Action("a")
        raise ZeroDivisionError
    assert errors(job) == ["its `with` ended with an exception: it is not whole"]
    with Job("next") as after:
        Action("a")
    assert errors(after) == [] and len(after.children) == 1


def test_a_task_may_be_opened_again():
    with Job("j") as job:
        with Task("t") as task:
            Action("a")
        with task:
            Action("b")
    assert [child.input for child in job.children[0].children] == ["a", "b"]


def test_each_thread_builds_its_own():
    here, barrier = {}, threading.Barrier(8)

    def build(number: int) -> None:
        with Job(f"j{number}") as job:
            for step in range(50):
                with Task(f"t{step}"):
                    barrier.wait()
                    Action(f"{number}.{step}")
        here[number] = job

    with Job("around") as around:
        threads = [threading.Thread(target=build, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert around.children == []
    for number, job in here.items():
        texts = [task.children[0].input for task in job.children]
        assert texts == [f"{number}.{step}" for step in range(50)]


def test_each_asyncio_task_builds_its_own():
    async def build(number: int):
        with Job(f"j{number}") as job:
            for step in range(20):
                with Task(f"t{step}"):
                    await asyncio.sleep(0)
                    Action(f"{number}.{step}")
        return job

    async def whole():
        return await asyncio.gather(*(build(number) for number in range(10)))

    for number, job in enumerate(asyncio.run(whole())):
        assert [task.children[0].input for task in job.children] == [f"{number}.{step}" for step in range(20)]


def test_tasks_of_a_loop_may_share_a_job():
    async def part(name: str) -> None:
        with Task(name):
            await asyncio.to_thread(int)  # the other one has its turn
            Action(name)

    async def whole():
        with Job("j") as job:
            await asyncio.gather(part("a"), part("b"))
        return job

    job = asyncio.run(whole())
    assert [[child.title, [leaf.input for leaf in child.children]] for child in job.children] == [
        ["a", ["a"]],
        ["b", ["b"]],
    ]


def test_a_generator_that_is_left_open_takes_nothing_along():
    def parts():
        with Task("t"):
            yield Action("a")
            yield Action("b")

    with Job("j") as job:
        left = parts()
        next(left)
        Action("inside, for the generator is open")
    left.close()
    with Job("k") as other:
        Action("c")
    assert len(job.children) == 1 and len(other.children) == 1


def test_depth_is_no_limit():
    with ExitStack() as stack:
        job = stack.enter_context(Job("j"))
        for number in range(2_000):
            stack.enter_context(Task(f"t{number}"))
        Action("a")
    assert len(rows(job)) == 2_002
    node: object = read(job)
    for _ in range(2_001):
        assert isinstance(node, model.Job | model.Task)
        node = node.children[0]


def test_who_reads_waits_for_who_writes_where_all_run_at_once():
    with Job("j", parallel=True) as job:
        with Task("make"):
            Action("first")
            Action(cmd="date > {a.txt}", _role="shell", outputs=["a.txt"], name="a")
        with Task("use"):
            Action("second", name="second")
            Action(cmd=["cat", Artifact("a.txt")], _role="cmd", name="cat")
        with Task("use more"):
            Action(cmd=f"cat {Artifact('a.txt')}", _role="shell", name="cat")
    found = dict(model.actions(read(job)))
    assert found["use/cat"].needs == ("use/second", "make/a")
    assert found["use more/cat"].needs == ("make/a",)
    assert found["make/a"].needs is None and found["use/cat"].inputs[0].artifact == "a.txt"


def test_needs_may_be_nodes_or_names():
    with Job("j", parallel=True) as job:
        first = Action("a", title="Say a")
        with Task("t") as task:
            Action("b")
        Action("c", needs=[first, task], name="c")
        Action("d", needs="Say a", name="d")
    found = dict(model.actions(read(job)))
    assert found["c"].needs == ("Say a", "t") and found["d"].needs == ("Say a",)


def test_titles_are_free_and_names_are_made_of_them():
    with Job("j") as job:
        for title in ("a/b", "a/b", "x", "x", "Ä ö", ""):
            with Task(title):
                Action("a")
    assert [(task.name, task.title) for task in read(job).children if isinstance(task, model.Task)] == [
        ("a-b", "a/b"), ("a-b-2", "a/b"), ("x", ""), ("x-2", "x"), ("Ä ö", ""), ("task", ""),
    ]  # fmt: skip


def test_retries_are_those_of_mass_and_hooks_come_last():
    with Job("j") as job:
        Action("h", _whenerror=True)
        Action("a", _role="echo")
        Action("b", _role="echo", retries=0)
    children = read(job).children
    assert [child.hook for child in children if isinstance(child, model.Action)] == ["", "", "error"]
    assert [child.retries for child in children if isinstance(child, model.Action)] == [2, None, 2]


def test_a_list_in_itself_is_refused():
    tree: dict = {"Job": {"title": "j", "children": []}}
    deep: list = []
    deep.append(deep)
    tree["Job"]["children"].append({"Action": {"_role": "f", "x": deep}})
    assert errors(tree) == ["this is nested too deeply, or in itself"]
    tree["Job"]["children"] = [tree]
    with pytest.raises(InputError, match="a node is in itself"):
        rows(tree)


@pytest.mark.parametrize("tree", [None, 3, [], {}, {"Job": 3}, {"Job": {}, "Task": {}}, {"Task": {"children": []}}])
def test_what_is_no_job_is_refused(tree):
    assert errors(tree)


def test_a_path_to_a_yaml_file_is_the_originals_job(tmp_path):
    (tmp_path / "job.yaml").write_text("name: x\nversion: 1\nsteps: [{entries: [{shell: 'true'}]}]\n")
    assert Job(str(tmp_path / "job.yaml")).name == "x"
    assert Job(tmp_path / "job.yaml").name == "x"


def test_an_empty_text_and_a_function_without_arguments_are_what_they_are():
    with Job("j") as job:
        Action("")
        Action(_role="f")
    found = read(job)
    assert model_document.read_job(job_document(found)) == found
