"""Service keys (`-service {PixarRender, @.mem >= 8}`): whether this machine offers what a job asks for.

Knows no language: a job, task or action keeps its expression as the wish `service`. Without the setting `services` this
machine offers every key. Nothing is evaluated but `, && || !`, parentheses, and numbers compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from job_manager.app.capacity import Capacity
from job_manager.formats.wording import suggestion
from job_manager.model.errors import NOWHERE, Problem
from job_manager.model.job import Action, Job, Task
from job_manager.model.pattern import late
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

WISH = "service"
DEEPEST = 50
LONGEST = 4096
TOKEN = late(
    r"\s*(?:(?P<measure>@\.[A-Za-z_]+)|(?P<number>[0-9]{1,15}(?:\.[0-9]{1,15})?)(?![\w.-])"
    r"|(?P<sign>&&|\|\||[,&|!()]|[<>]=?|==?)|(?P<key>[^\s,&|!()<>=@\"']+))"
)
AND, OR = (",", "&&", "&"), ("||", "|")
COMPARED = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
}


class Machine(NamedTuple):
    """What expressions are held against: keys in small letters, and measures by name (`mem` in GB, `ncpus`)."""

    keys: frozenset[str]
    measures: dict[str, float]


def check_services(job: Job, services: tuple[str, ...], here: Capacity) -> Iterator[Problem]:
    """Expressions that this machine does not satisfy; without `services`, a note at the first expression."""
    measures = {"ncpus": float(here.slots), "cpus": float(here.slots)}
    measures |= {"mem": here.memory / 2**30, "totalmem": here.memory / 2**30} if here.memory else {}
    machine = Machine(frozenset(key.casefold() for key in services), measures)
    answers: dict[str, str] = {}
    for node in _nodes(job):
        text = dict(node.wishes).get(WISH, "")
        if not text:
            continue
        if not services:
            hint = "say in jm.toml which it has: services = [...]"
            yield _problem(node, "this machine is taken to satisfy every service key", hint, "note")
            return
        if text not in answers:
            answers[text] = _unmet(text, machine)
        if answers[text]:
            yield _problem(node, answers[text], _hint(text, services), "error")


def _nodes(job: Job) -> Iterator[Job | Task | Action]:
    stack: list[Job | Task | Action] = [job]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, Action):
            stack.extend(reversed(node.children))


def _problem(node: Job | Task | Action, message: str, hint: str, severity: str) -> Problem:
    place = node.place or NOWHERE
    return Problem(place._replace(path=f"{place.path}.{WISH}" if place.path else WISH), message, hint, severity)


def _hint(text: str, services: Iterable[str]) -> str:
    known = list(services)
    keys = (found["key"] for found in TOKEN.finditer(text) if found["key"])
    missing = next((key for key in keys if key.casefold() not in {each.casefold() for each in known}), "")
    return suggestion(missing, known) or f"the setting services has {', '.join(known)}"


def _unmet(text: str, machine: Machine) -> str:
    """Why the machine does not satisfy it, or ""."""
    try:
        return "" if satisfied(text, machine) else f"this machine does not satisfy the service key {quoted(text)}"
    except ValueError as error:
        return str(error)


def satisfied(text: str, machine: Machine) -> bool:
    """Whether the machine satisfies an expression. Raises ValueError with a sentence for what is none."""
    if len(text) > LONGEST:
        raise ValueError(f"the service key has {len(text):,} characters; the limit is {LONGEST:,}")
    reading = _Expression(list(_tokens(text)), machine)
    answer = reading.either(0)
    if reading.left:
        raise ValueError(f"{quoted(reading.left[0][1])} is not expected in a service key")
    return answer


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = TOKEN.match(text, at, end)
        if found is None:
            raise ValueError(f"{quoted(text[at:].strip()[:20])} cannot be read in a service key")
        yield found.lastgroup or "", found[found.lastgroup or 0]
        at = found.end()


class _Expression:
    """Recursive descent over few tokens, bounded in depth. Both sides are always read: no mistake is passed over."""

    def __init__(self, tokens: list[tuple[str, str]], machine: Machine) -> None:
        self.left, self.machine = tokens, machine

    def _next(self, *signs: str) -> str:
        if self.left and self.left[0][0] == "sign" and self.left[0][1] in signs:
            return self.left.pop(0)[1]
        return ""

    def either(self, depth: int) -> bool:
        """Keys joined by `||`, which binds less than `,` and `&&`."""
        answers = [self._all(depth)]
        while self._next(*OR):
            answers.append(self._all(depth))
        return any(answers)

    def _all(self, depth: int) -> bool:
        answers = [self._one(depth)]
        while self._next(*AND):
            answers.append(self._one(depth))
        return all(answers)

    def _one(self, depth: int) -> bool:
        if depth > DEEPEST:
            raise ValueError(f"the service key is nested more than {DEEPEST} deep")
        if self._next("!"):
            return not self._one(depth + 1)
        if self._next("("):
            answer = self.either(depth + 1)
            if not self._next(")"):
                raise ValueError('a ")" is missing in the service key')
            return answer
        kind, word = self.left.pop(0) if self.left else ("", "")
        if kind == "measure":
            return self._measured(word[2:])
        if kind not in ("key", "number"):
            raise ValueError(f"the service key has {quoted(word)} where a key is expected" if word else
                             "the service key ends where a key is expected")  # fmt: skip
        key = word.casefold()
        return key in self.machine.keys or key.rpartition(":")[2] in self.machine.keys

    def _measured(self, name: str) -> bool:
        sign = self._next(*COMPARED)
        kind, word = self.left.pop(0) if self.left and sign else ("", "")
        if kind != "number":
            raise ValueError(f"@.{name} is compared with a number, as in @.mem >= 8")
        measure = self.machine.measures.get(name.casefold())
        return measure is None or bool(COMPARED[sign](measure, float(word)))
