"""Reads the structure of a script: operators, their words and options, in a tree. No recursion, and all mistakes.

Knows the table of options and where things may stand. Numbers, times and lists are looked at in values.py.
"""

from __future__ import annotations

import re

from job_manager.formats.alfscript.findings import Enough, Findings
from job_manager.formats.alfscript.options import (
    LETTERS,
    NODES,
    OPERATORS,
    OPTIONS,
    SAME,
    Effect,
    Kind,
    Operator,
    Option,
)
from job_manager.formats.alfscript.text import Text, decoded
from job_manager.formats.alfscript.tree import Given, Node, Script
from job_manager.formats.alfscript.values import Spot, are_plain, is_trivial, launch, value_of
from job_manager.formats.alfscript.words import BARE, BRACED, Word, commands, look_at_escapes
from job_manager.formats.wording import suggestion
from job_manager.model.bulk import bulk
from job_manager.model.errors import Problem
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

NODE_LIMIT = 3_000_000
LONG_VALUE = 200  # characters
OPTION = re.compile(r"-[A-Za-z][A-Za-z_]*\Z")
HEADER = re.compile(r"##[ \t]*AlfredToDo[ \t]+(\S+)")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# What may be replaced later, so that a value cannot be judged as it is written.
CHANGES = re.compile(r"\$\{?[A-Za-z_]|\[\s*(?:expr|format)\s")
BRACKET = re.compile(r"[^\\\[]*+(?:\\.[^\\\[]*+)*+\[", re.DOTALL)
SUPPORTED = re.compile(r"\s*(?:expr|format)[ \t\n]")
REQUIRED = {"I": ("-from", "-to", "-template")}


class Body(NamedTuple):
    """A script still to be read: a region of a text, of whose option, and which operators it may hold."""

    text: Text
    start: int
    end: int
    parent: Node | None
    option: str
    holds: str
    template: bool


def read(raw: bytes, file: str) -> Script:
    """The structure of a script. Raises InputError for what is no text at all; other mistakes are `problems`."""
    text = decoded(raw, file)
    reading = _Reading(Findings(file))
    try:
        reading.all(Body(text, 0, len(text), None, "", "J", False))
        reading.look_at_top()
    except Enough:
        pass  # said with the findings
    job = next((node for node in reading.top if node.operator.name == "Job"), None)
    header = HEADER.match(text.text)
    version = header[1] if header else ""
    return Script(job, reading.nodes, version, reading.settings, text, reading.findings.said())


def inside(text: Text, root: Node, file: str) -> list[Problem]:
    """Reads a text that stands by itself as the -subtasks of a node; what is wrong with it."""
    reading = _Reading(Findings(file))
    try:
        reading.all(Body(text, 0, len(text), root, "-subtasks", NODES, False))
    except Enough:
        pass  # said with the findings
    return reading.findings.said()


class _Reading:
    """Goes through the bodies of one file, the outer ones first."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.top: list[Node] = []
        self.nodes: list[Node] = []
        self.settings: dict[str, Word] = {}
        self._waiting: list[Body] = []
        self._right: set[tuple[Kind, int, str]] = set()

    def all(self, first: Body) -> None:
        """Reads a body and whatever is inside it."""
        self._waiting.append(first)
        with bulk():
            while self._waiting:
                self._body(self._waiting.pop())

    def _body(self, body: Body) -> None:
        spot = Spot(self.findings, body.parent, body.option)
        nodes = self.top if body.parent is None else body.parent.body(body.option[1:])
        pending: list[Word] = []
        for words in commands(body.text, spot.error, body.start, body.end):
            if _is_option(words[0]):
                # An option at the beginning of a line belongs to the operator before it, whatever Tcl would say.
                if not pending:
                    spot.error(words[0].at, f"{words[0].raw} stands before any operator", "write the operator first")
                pending.extend(words)
                continue
            self._operator(pending, body, nodes)
            pending = words
        self._operator(pending, body, nodes)

    def _operator(self, words: list[Word], body: Body, nodes: list[Node]) -> None:
        if not words or _is_option(words[0]):
            return
        operator = OPERATORS.get(words[0].text)
        if operator is None:
            self._other(words, body)
            return
        node = Node(operator, words[0], body.parent, body.option[1:], len(nodes))
        nodes.append(node)
        self.nodes.append(node)
        spot = Spot(self.findings, node)
        if len(self.nodes) > NODE_LIMIT:
            spot.error(node.at, f"the file has more than {NODE_LIMIT:,} operators")
            raise Enough
        if operator.letter not in body.holds:
            spot.error(node.at, f"{operator.name} cannot stand {_where(body)}", f"there may stand {_names(body.holds)}")
        self._words(node, words, body, spot)
        for word in node.words:
            if word.start == word.end and word.broken:
                return
        _look_at_node(node, words, spot)

    def _other(self, words: list[Word], body: Body) -> None:
        """A command that is no operator. `set NAME VALUE` is taken at the top, where Alfred has it."""
        name = words[0]
        if name.text == "set" and body.parent is None and len(words) == 3:
            self.settings.setdefault(words[1].text, words[2])
            return
        hint = suggestion(name.text, OPERATORS) or f"there may stand {_names(body.holds)}"
        message = f"{quoted(name.text)} is not an operator of Alfscript"
        if name.raw.strip("}") == "" and name.kind == BARE:
            message, hint = "a closing brace that closes nothing", "is there one too many?"
        Spot(self.findings, body.parent, body.option).error(name.at, message, hint)

    def _words(self, node: Node, words: list[Word], body: Body, spot: Spot) -> None:
        number, found = 1, list[Word]()
        while number < len(words):
            word = words[number]
            if _is_option(word):
                number += self._option(node, word, words[number + 1 : number + 2], body)
            else:
                found.append(word)
                _look_at_word(word, spot, body.template)
                number += 1
        node.words = tuple(found)

    def _option(self, node: Node, name: Word, rest: list[Word], body: Body) -> int:
        """Takes an option and its value. Returns how many words these were."""
        option = OPTIONS.get(name.raw)
        spot = Spot(self.findings, node, name.raw)
        if option is None:
            spot.error(name.at, f"{node.operator.name} has no option {name.raw}", _meant(name.raw, node.operator))
            return 1 if not rest or _is_option(rest[0]) else 2
        if not rest or (_is_option(rest[0]) and rest[0].raw in OPTIONS):
            spot.error(name.at, f"{name.raw} has no value", "put it after the option, on the same line; {} for none")
            return 1
        if _is_fit(node, option, name, spot):
            given = Given(option, name.start, rest[0])
            node.given[option.name] = given
            self._value(node, given, body, spot)
        return 2

    def _value(self, node: Node, given: Given, body: Body, spot: Spot) -> None:
        option, word = given.option, given.value
        if option.kind is not Kind.SCRIPT:
            _look_at_word(word, spot, body.template)
            if not is_trivial(option.kind, word):
                self._look_at_value(given, spot)
            return
        holds = body.holds if option.holds == SAME else option.holds
        template = body.template or option.name == "-template"
        text, start, end = word.source, word.inner, word.end
        if word.kind != BRACED:
            text = word.inside()
            start, end = 0, len(text)
        self._waiting.append(Body(text, start, end, node, option.name, holds, template))

    def _look_at_value(self, given: Given, spot: Spot) -> None:
        """Says what is wrong with a value. What was right once is not looked at again: generated files repeat much."""
        word = given.value
        key = given.option.kind, word.kind, word.raw
        if key in self._right or may_change(word):
            return
        before = self.findings.said_of
        value_of(given, word.inside(), spot)
        if self.findings.said_of == before and len(word.raw) < LONG_VALUE:
            self._right.add(key)

    def look_at_top(self) -> None:
        """Exactly one Job."""
        jobs = [node for node in self.top if node.operator.name == "Job"]
        for node in jobs[1:]:
            line, column = jobs[0].at
            message = f"a second Job; the first is at {line}:{column}"
            Spot(self.findings, node).error(node.at, message, "a file holds one job; make it a Task, or another file")
        if not jobs and not self.findings.failed:
            self.findings.error(
                (1, 1), "", "there is no Job in the file", "it begins with Job -title {...} -subtasks {"
            )


def _is_option(word: Word) -> bool:
    if word.kind != BARE:
        return False
    text = word.source.text
    return text[word.start] == "-" and OPTION.match(text, word.start, word.end) is not None


def may_change(word: Word) -> bool:
    """Whether something in the word is replaced later, so that it cannot be judged as it is written."""
    text, start, end = word.source.text, word.inner, word.end
    if text.find("$", start, end) < 0 and text.find("[", start, end) < 0:
        return False
    return CHANGES.search(text, start, end) is not None


def _is_fit(node: Node, option: Option, name: Word, spot: Spot) -> bool:
    operator = node.operator
    if operator.letter not in option.on:
        hint = f"it belongs to {' and '.join(LETTERS[letter] for letter in option.on)}"
        spot.error(name.at, f"{name.raw} is not an option of {operator.name}", hint)
    elif option.effect is Effect.REFUSED:
        spot.error(name.at, f"{name.raw} ({option.means}) is not supported", "write the command that shall run")
    elif option.name in node.given:
        line, column = node.given[option.name].at
        spot.error(name.at, f"{name.raw} is given twice; first at {line}:{column}", "keep one of them")
    else:
        return True
    return False


def _look_at_word(word: Word, spot: Spot, template: bool) -> None:
    """What Tcl would run, and escapes that give nothing. Braces protect from both."""
    if word.kind == BRACED:
        return
    look_at_escapes(word, spot.error)
    if "[" not in word.raw:
        return
    found = BRACKET.match(word.source.text, word.inner, word.end)
    while found:
        at = found.end()
        if not (template and SUPPORTED.match(word.source.text, at, word.end)):
            hint = "only [expr ...] and [format ...] in a -template are replaced; put text that has a [ in braces"
            spot.error(word.source.at(at - 1), "command substitution is not supported", hint)
            return
        found = BRACKET.match(word.source.text, at, word.end)


def _look_at_node(node: Node, written: list[Word], spot: Spot) -> None:
    operator, words = node.operator, node.words
    missing = [name for name in REQUIRED.get(operator.letter, ()) if name not in node.given]
    if missing or len(words) < operator.least:
        _look_at_missing(node, missing, written, spot)
    if len(words) > len(operator.takes):
        extra = words[len(operator.takes)]
        hint = "put braces around a text of several words"
        spot.error(extra.at, f"{operator.name} does not take {quoted(extra.text)}", hint)
    _look_at_names(node, spot)


def _look_at_missing(node: Node, options: list[str], written: list[Word], spot: Spot) -> None:
    """Says what is not there, unless it may have been taken for the value of an option that there is not."""
    operator = node.operator
    if all(word.raw in OPTIONS for word in written if _is_option(word)):
        for name in (*operator.takes[len(node.words) : operator.least], *options):
            spot.error(node.at, f"{operator.name} has no {name}", f"write {_form(operator)}")


def _look_at_names(node: Node, spot: Spot) -> None:
    letter, words = node.operator.letter, node.words
    if letter == "T" and words and "-title" in node.given:
        spot.error(node.given["-title"].at, f"the Task is called {quoted(words[0].text)} already", "keep one title")
    if letter in "AI" and words and not NAME.match(words[0].text):
        hint = "letters, digits and _, not beginning with a digit"
        spot.error(words[0].at, f"{quoted(words[0].text)} is no name of a variable", hint)
    if letter == "C" and words and not may_change(words[0]) and not are_plain(words[0]):
        launch(words[0].inside(), spot)
    if "-when" in node.given and node.role != "postscript":
        spot.warn(node.given["-when"].at, "-when has no effect here", "it belongs to commands of -postscript")


def _form(operator: Operator) -> str:
    words = [f"{{{name}}}" if name != "variable" else name for name in operator.takes]
    options = [f"{name} ..." for name in REQUIRED.get(operator.letter, ())]
    return " ".join([operator.name, *words, *options])


def _meant(name: str, operator: Operator) -> str:
    fitting = [known for known, option in OPTIONS.items() if operator.letter in option.on]
    return suggestion(name, fitting) or (f"it has {', '.join(sorted(fitting))}" if fitting else "it has no options")


def _where(body: Body) -> str:
    return f"in {body.option}" if body.parent else "at the top of a file"


def _names(holds: str) -> str:
    return ", ".join(name for name, operator in OPERATORS.items() if operator.letter in holds)
