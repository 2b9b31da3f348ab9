"""What is known while a script becomes a job, and the options of one operator with their values put in.

Knows what options are worth; not what becomes of them.
"""

from __future__ import annotations

from job_manager.formats.alfscript.findings import Findings
from job_manager.formats.alfscript.options import Effect, Kind
from job_manager.formats.alfscript.structure import LONG_VALUE, may_change
from job_manager.formats.alfscript.substitution import Scope, substituted
from job_manager.formats.alfscript.text import At
from job_manager.formats.alfscript.tree import Given, Node
from job_manager.formats.alfscript.values import Spot, Value, launch, plain_elements, value_of
from job_manager.formats.alfscript.words import Word
from job_manager.model.errors import Place
from job_manager.model.hints import Any, TypeVar
from job_manager.model.job import Pairs
from job_manager.model.need import limit_name
from job_manager.model.wording import quoted

T = TypeVar("T")
OWN_WISHES = ("-service", "-id", "-refersto")  # they have effect, but none that the model has another word for


class _Silent(Spot):
    """For what was looked at already when the structure was read."""

    __slots__ = ()

    def error(self, at: At, message: str, hint: str = "") -> None: ...

    def warn(self, at: At, message: str, hint: str = "") -> None: ...


class Context:
    """One script on its way. env, tags: what the Job's -envkey and -tags give to every command."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.silent = _Silent(findings, None)
        self.env: dict[str, str] = {}
        self.tags: tuple[str, ...] = ()
        self.values: dict[tuple[Kind, int, str], Value | None] = {}  # of words in which nothing is replaced
        self.retried: dict[tuple[int, ...], dict[str, Any]] = {}  # what -retryrc with these codes gives an action
        self._shared: dict[Any, Any] = {}

    def shared(self, value: T) -> T:
        """An equal value that was seen before: a big job has the same few over and over."""
        found: T = self._shared.setdefault(value, value)
        return found

    def place(self, node: Node) -> Place:
        """Where an operator stands."""
        return Place(self.findings.file, *node.at, node.path)


class Options:
    """The options of one operator in one scope. None is what is not given, empty, or wrong, which has been said."""

    def __init__(self, node: Node, scope: Scope, context: Context) -> None:
        self.node, self.scope, self.context = node, scope, context

    def spot(self, name: str = "") -> Spot:
        """Where something about an option is said."""
        return Spot(self.context.findings, self.node, name)

    def at(self, name: str) -> At:
        """Line and column of an option's value."""
        return self.node.given[name].value.at

    def value(self, name: str) -> Any:
        """The value of an option, of the type that its kind has."""
        given = self.node.given.get(name)
        return None if given is None else self._value(given)

    def _value(self, given: Given) -> Value | None:
        word = given.value
        key = given.option.kind, word.kind, word.raw
        if key in self.context.values:
            return self.context.values[key]
        if not may_change(word):
            value = value_of(given, word.inside(), self.context.silent)
            if len(word.raw) < LONG_VALUE:
                self.context.values[key] = value
            return value
        spot = self.spot(given.option.name)
        return value_of(given, substituted(given.value, self.scope, spot), spot)

    def text(self, word: Word) -> str:
        """What a word says."""
        return word.text if not may_change(word) else substituted(word, self.scope, self.spot()).text

    def argv(self, word: Word) -> list[str]:
        """Program and arguments. It is taken apart before variables are put in: a value with blanks is one argument."""
        if not may_change(word):
            plain = plain_elements(word)
            return plain or [each.text for each in launch(word.inside(), self.context.silent)]
        spot = self.spot()
        computed = substituted(word, self.scope, spot, names=False)
        inner = self.scope._replace(template=False)
        return [substituted(each, inner, spot).text for each in launch(computed, spot)]

    def tags(self) -> tuple[str, ...]:
        """The names of limits that can be counted."""
        return tuple(dict.fromkeys(tag for tag in self.value("-tags") or () if not self._say_uncountable(tag)))

    def _say_uncountable(self, tag: str) -> bool:
        wrong = limit_name(tag)
        if wrong:
            self.spot("-tags").warn(self.at("-tags"), f"the tag {quoted(tag)} is not counted: {wrong}")
        return bool(wrong)

    def wishes(self, **more: str) -> Pairs:
        """What is said and nothing acts on, and the names of environments. Sorted."""
        found = {name: text for name, text in more.items() if text}
        for name, given in self.node.given.items():
            if given.option.effect is Effect.KEPT or name in OWN_WISHES:
                text = self._wish(given)
                found.update({name[1:]: text} if text else {})
        if "-envkey" in self.node.given:
            keys = self.value("-envkey")
            found.update({"envkey": " ".join(keys.names)} if keys and keys.names else {})
        return self.context.shared(tuple(sorted(found.items()))) if found else ()

    def _wish(self, given: Given) -> str:
        if given.option.kind is Kind.TEXT:
            return str(self._value(given) or "")
        if given.option.kind is Kind.VERBATIM:
            return self.text(given.value)
        return substituted(given.value, self.scope, self.spot(given.option.name)).stripped().text
