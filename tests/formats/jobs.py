"""Jobs by chance, of everything that the model can say: for what has to hold of every job.

Each is as a reader gives it: names that are safe, hooks last, texts in their one form. Knows no language.
"""

from __future__ import annotations

import os
import string
from collections.abc import Callable, Collection
from typing import Any

from hypothesis import strategies as st

from job_manager.model import names
from job_manager.model.condition import Ended, text_of
from job_manager.model.document import canonical
from job_manager.model.fanout import Each
from job_manager.model.job import (
    FILES,
    HOOKS,
    KINDS,
    Action,
    Argument,
    Call,
    Command,
    Echo,
    Function,
    Input,
    Job,
    JobInput,
    ModuleCall,
    Order,
    Output,
    Shell,
    Task,
    Work,
    usual_retries,
)
from job_manager.model.params import Param
from job_manager.model.reasons import RETRIED

Draw = Callable[[st.SearchStrategy[Any]], Any]
ODD = "\t\n\r\x07\x7f\x85\xa0\u2028\ufeffäß漢😀\"'\\{}[]()$%#:;,-&*!|>?@`~= "
CHARACTERS = st.sampled_from(string.ascii_letters + string.digits + " ./_-" + ODD)
TEXT = st.text(CHARACTERS, max_size=30)
SOME_TEXT = TEXT.filter(lambda text: bool(text.strip()))
# A word in which nothing looks like a name in braces.
WORD = st.text(CHARACTERS.filter(lambda one: one not in "{}"), min_size=1, max_size=20).filter(
    lambda w: bool(w.strip())
)
PRINTABLE = SOME_TEXT.filter(lambda text: text.isprintable())
FILE_NAME = st.text(CHARACTERS.filter(lambda one: one not in "{}/"), min_size=1, max_size=16).filter(
    lambda name: names.artifact_name(name) is None
)
PARAM_NAME = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True).filter(lambda name: name != "params")
ENV_NAME = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(lambda n: not n.startswith("JM_"))
LIMIT = PARAM_NAME.filter(lambda name: name not in ("cpus", "memory"))
WISH = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,8}", fullmatch=True)
SECONDS = st.floats(1e-6, 366 * 86400.0)
NUMBER = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)
LOG = st.sampled_from(["", "a log.txt", "no"])
VARIABLE = st.sampled_from(["x", "data_frame", "größe", "_"])
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
VALUE = st.recursive(
    st.none() | st.booleans() | WHOLE | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def pairs(name: st.SearchStrategy[str], text: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Sorted pairs, no two of one name."""
    return st.dictionaries(name, text, max_size=3).map(lambda found: tuple(sorted(found.items())))


def maybe(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The value, or mostly None."""
    return st.none() | st.none() | value


@st.composite
def jobs(draw: Draw, without: Collection[str] = ()) -> Job:
    """Any job; `without` some of titles, wishes, dirmaps, signs, scripts, orders, nulls, ranges."""
    return _Maker(draw, without).job()


@st.composite
def lone_orders(draw: Draw) -> Job:
    """An order, and nothing else."""
    work = Order((("m", "m"), ("a b", "n")), _Maker(draw).calls())
    return Job("job", (Action("order", work, workdir=os.getcwd()),))


class _Maker:
    """One job being made. `free`: artifacts that somebody gives or has written before, with kind and type."""

    def __init__(self, draw: Draw, without: Collection[str] = ()) -> None:
        self.draw = draw
        self.without = without
        self.params: tuple[Param, ...] = ()
        self.given: list[JobInput] = []
        self.written: set[str] = set()

    def job(self) -> Job:
        draw = self.draw
        self.params = self._params()
        self.given = self._given()
        self.written = {names.folded(given.artifact) for given in self.given}
        parallel = draw(st.booleans())
        return Job(
            draw(PRINTABLE),
            self._children(0, ""),
            draw(TEXT),
            tuple(self.given),
            parallel,
            self.params,
            draw(maybe(NUMBER)),
            draw(st.booleans()),
            draw(st.sampled_from(["", "22:30", "6:05", "12-24 6:00"])),
            draw(maybe(st.integers(1, 1_000_000))),
            self.but("dirmaps", st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=2).map(tuple), ()),
            self.but("wishes", pairs(WISH, TEXT), ()),
        )

    def _given(self) -> list[JobInput]:
        found = self.draw(st.lists(FILE_NAME, max_size=3, unique_by=names.folded))
        kind = st.sampled_from(KINDS)
        return [
            JobInput(name, self.draw(maybe(st.just(f"p{n}"))), None, self.draw(kind)) for n, name in enumerate(found)
        ]

    def _params(self) -> tuple[Param, ...]:
        called = self.draw(st.lists(PARAM_NAME, max_size=3, unique=True))
        return tuple(self._param(name) for name in called)

    def _param(self, name: str) -> Param:
        draw = self.draw
        text = " ".join(draw(TEXT).split())  # a help is one line
        options = [
            Param(name, "str", draw(maybe(TEXT)), text),
            Param(
                name, "int", draw(maybe(st.integers(-5, 5).map(str))), text, -5.0, draw(st.sampled_from([None, 9.0]))
            ),
            Param(name, "float", "0.5", text, None, draw(st.none() | st.floats(1, 1e9))),
            Param(name, "bool", draw(st.sampled_from([None, "true", "false"])), text),
            Param(name, "path", draw(maybe(WORD)), text),
            Param(name, "choice", "a b", text, choices=("a b", draw(WORD.filter(lambda word: word != "a b")))),
        ]
        return draw(st.sampled_from(options))

    # --- the tree ---------------------------------------------------------------------------------------------------

    def _children(self, depth: int, path: str) -> tuple[Task | Action, ...]:
        draw = self.draw
        called = draw(st.lists(FILE_NAME, max_size=4 - depth, unique_by=names.folded))
        made: list[Task | Action] = []
        for name in called:
            elder = [f"{path}{other.name}" for other in made if isinstance(other, Action) or other.children]
            nested = depth < 3 and draw(st.integers(0, 2)) == 0
            needs = draw(maybe(st.lists(st.sampled_from(elder), unique=True).map(tuple))) if elder else None
            when = self._when(needs)
            made.append(self._task(name, depth, path, needs, when) if nested else self._action(name, needs, when))
        taken = {names.folded(name) for name in called}
        hooks = draw(st.lists(FILE_NAME, max_size=2, unique_by=names.folded)) if depth < 2 else []
        made += [self._hook(name) for name in hooks if names.folded(name) not in taken]
        return tuple(made)

    def _task(self, name: str, depth: int, path: str, needs: Any, when: str) -> Task:
        draw = self.draw
        children = self._children(depth + 1, f"{path}{name}/")
        title = self._title(name)
        return Task(
            name,
            children,
            draw(st.booleans()),
            title,
            needs,
            when,
            draw(maybe(NUMBER)),
            self.but("wishes", pairs(WISH, TEXT), ()),
        )

    def _title(self, name: str) -> str:
        return str(self.but("titles", st.just("") | TEXT.filter(lambda title: title != name), ""))

    def but(self, what: str, strategy: st.SearchStrategy[Any], otherwise: Any) -> Any:
        """Something drawn, unless it is to be without that."""
        return otherwise if what in self.without else self.draw(strategy)

    def _when(self, needs: tuple[str, ...] | None) -> str:
        options = [f"params.{param.name} == x" for param in self.params]
        options += [text_of(Ended(path, state)) for path in needs or () for state in ("failed", "done")]
        return self.draw(st.just("") | st.sampled_from(options)) if options else ""

    def _hook(self, name: str) -> Action:
        made = self._action(name, None, "")
        fields = {key: getattr(made, key) for key in made.__match_args__}
        return Action(
            **{**fields, "hook": self.draw(st.sampled_from(HOOKS)), "foreach": (), "inputs": (), "expand": False}
        )

    def _action(self, name: str, needs: Any, when: str) -> Action:
        draw = self.draw
        work = self._work()
        foreach = self._foreach()
        return Action(
            name,
            work,
            self._inputs(work),
            self._outputs(work, foreach),
            self._title(name),
            draw(maybe(SECONDS)),
            usual_retries(work, draw(maybe(st.integers(0, 1000)))),
            draw(pairs(ENV_NAME, TEXT.filter(lambda text: "{" not in text))),
            draw(st.sampled_from([None, None, True, False])),
            draw(pairs(st.sampled_from(["va", "vb"]), TEXT.filter(lambda text: "{" not in text))),
            needs,
            foreach,
            when,
            draw(maybe(st.integers(1, 4096))),
            draw(maybe(st.integers(1, 2**53 - 1))),
            draw(pairs(LIMIT, st.integers(0, 1_000_000))),
            "",
            draw(st.lists(st.sampled_from([*RETRIED, "3", "255"]), max_size=2).map(tuple)),
            draw(maybe(SECONDS)),
            draw(maybe(NUMBER)),
            draw(st.lists(LIMIT, max_size=2).map(tuple)),
            draw(st.sampled_from(["", "/srv/a b"])),
            self.but("wishes", pairs(WISH, TEXT), ()),
            not foreach and draw(st.booleans()),
        )

    def _work(self) -> Work:
        draw = self.draw
        argv = draw(st.lists(WORD, min_size=1, max_size=4).map(tuple))
        values = draw(st.dictionaries(TEXT, VALUE, max_size=3))
        if "nulls" in self.without:
            values = {key: value for key, value in values.items() if value is not None and key[:1] != "_"}
        script = self.but("scripts", st.sampled_from(["", "/srv/roles.py"]), "")
        options: list[Work] = [
            ModuleCall(draw(WORD)),
            Command(argv),
            Command(argv, percent="signs" not in self.without),
            Shell(draw(WORD)),
            Shell('set -e\n  for f in *; do\n\n    echo "$f"\n  done\n'),
            Echo(draw(TEXT)),
            Function(draw(WORD.map("r".__add__)), canonical(values), script),
            Order((("m", "m.py"), ("a b", draw(WORD))), self.calls(), draw(TEXT)),
        ]
        return draw(st.sampled_from(options[: -1 if "orders" in self.without else None]))

    def calls(self) -> tuple[Call, ...]:
        return tuple(self.draw(st.lists(self._call(), min_size=1, max_size=2)))

    def _call(self) -> st.SearchStrategy[Call]:
        argument = st.builds(Argument, VARIABLE, st.just("") | VALUE.map(canonical))
        declared = st.builds(Argument, VARIABLE, VALUE.map(canonical))
        outputs = st.lists(VARIABLE, max_size=2, unique=True).map(tuple)
        inputs, declares = st.lists(argument, max_size=2).map(tuple), st.lists(declared, max_size=2).map(tuple)
        return st.builds(Call, st.sampled_from(["m", "a b"]), VARIABLE, inputs, outputs, declares, LOG)

    def _foreach(self) -> tuple[Each, ...]:
        options = [
            (),
            (),
            (Each("k", ("1", "")),),
            (Each("k", over="1-240x2", chunk=10), Each("crf", ("18", "23"))),
            (Each("k", over="1-9"), Each("kk", over="9-1")),
            (Each("k", over="1-9", chunk=2), Each("kk", over="9-1")),
        ]
        return self.draw(st.sampled_from(options[: -1 if "ranges" in self.without else None]))

    # --- artifacts --------------------------------------------------------------------------------------------------

    def _inputs(self, work: Work) -> tuple[Input, ...]:
        if not self.given:
            return ()
        draw = self.draw
        chosen = draw(st.lists(st.sampled_from(self.given), max_size=2, unique_by=lambda given: given.artifact))
        param = st.just if isinstance(work, ModuleCall) else lambda name: maybe(st.just(name))
        return tuple(
            Input(
                given.artifact, draw(param(f"in{n}")), None, draw(st.sampled_from([None, *KINDS])), draw(st.booleans())
            )
            for n, given in enumerate(chosen)
        )

    def _outputs(self, work: Work, foreach: tuple[Each, ...]) -> tuple[Output, ...]:
        draw = self.draw
        keys = "".join(f"{{{each.key}}}" for each in foreach)
        made = []
        for n, name in enumerate(draw(st.lists(FILE_NAME, max_size=2, unique_by=names.folded))):
            name = f"{keys}{name}"
            if names.folded(name) not in self.written:
                self.written.add(names.folded(name))
                made.append(self._output(name, f"out{n}", bool(keys) or isinstance(work, ModuleCall)))
        return tuple(made)

    def _output(self, name: str, param: str, needed: bool) -> Output:
        draw = self.draw
        kind = draw(st.sampled_from(KINDS))
        expects: dict[str | None, Any] = {
            None: {"min_size": draw(st.integers(1, 2**53 - 1))},
            "video": {"fps": draw(st.sampled_from([23.976, 24000 / 1001, 25.0])), "audio": True, "duration": 1.5},
            "json": {"keys": ("a", "no"), "max_size": 10},
            "image": {"width": 1920},
        }
        type = draw(st.sampled_from(list(expects)))
        expect = tuple(sorted(expects[type].items())) if draw(st.booleans()) else ()
        return Output(
            name,
            param if needed else draw(maybe(st.just(param))),
            type,
            draw(st.booleans()),
            draw(st.booleans()),
            draw(st.booleans()),
            kind,
            "*.png" if kind == FILES and draw(st.booleans()) else "",
            "",
            expect,
        )
