"""What the YAML parser could not read, said to a person: where, what is wrong, what to write.

Knows the parser's two vocabularies (libyaml's and the pure Python one) and nothing of jobs or manifests.
"""

from __future__ import annotations

from job_manager.formats.yaml_text import lines
from job_manager.formats.yaml_tree import At
from job_manager.model.errors import InputError, Place, Problem
from job_manager.model.hints import Any
from job_manager.model.pattern import late
from job_manager.model.record import NamedTuple

KEY = late(r"(?P<lead>[ \t]*(?:- +)*)(?P<key>[^\s\[{\"'#][^:]*|\"[^\"]*\"|'[^']*'):(?:\s+|$)(?P<value>.*)")
NO_SPACE = late(r"[ \t]*(?:- +)*[A-Za-z_][A-Za-z0-9_-]*:[^\s/]")


BRACKETS = {"[": "]", "{": "}"}
QUOTE = "put the whole value in quotes"


class _Trouble(NamedTuple):
    """A parser error with its surroundings: `at` where it gave up, `since` where the construct began."""

    context: str
    problem: str
    at: At
    since: At
    opened: At | None
    text: list[str]

    def line(self, number: int) -> str:
        return self.text[number - 1] if 0 < number <= len(self.text) else ""

    def character(self, at: At) -> str:
        return self.line(at[0])[at[1] - 1 : at[1]]

    @property
    def here(self) -> str:
        return self.line(self.at[0])[self.at[1] - 1 :]

    @property
    def ended(self) -> bool:
        """Whether nothing of the document is left where the parser gave up."""
        rest = "".join([self.here, *self.text[self.at[0] :]]).strip()
        return not rest or self.here.startswith(("---", "..."))


class _Said(NamedTuple):
    at: At
    message: str
    hint: str = ""


def explained(error: Any, raw: bytes, file: str, opened: At | None) -> InputError:
    """The InputError for a `yaml.YAMLError` raised by the parser on `raw`.

    opened: where the innermost mapping or list begins that was open then.
    """
    at = _position(getattr(error, "problem_mark", None)) or (1, 1)
    since = _position(getattr(error, "context_mark", None)) or at
    text = lines(raw, at[0] + 50)
    t = _Trouble(getattr(error, "context", None) or "", getattr(error, "problem", None) or "", at, since, opened, text)
    said = next(filter(None, (rule(t) for rule in RULES)), None) or _Said(at, f"this is not YAML: {t.problem}")
    line, column = said.at
    return InputError([Problem(Place(file, line, column), said.message, said.hint)])


def _position(mark: Any) -> At | None:
    return (mark.line + 1, mark.column + 1) if mark is not None else None


def _tab(t: _Trouble) -> _Said | None:
    line = t.line(t.at[0])
    blank = line[: len(line) - len(line.lstrip(" \t"))]
    if "\t" not in blank or not ("tab" in t.problem or t.here.startswith("\t")):
        return None
    return _Said((t.at[0], blank.index("\t") + 1), "a tab is used for indentation", "indent with spaces")


def _quote(t: _Trouble) -> _Said | None:
    if "quoted scalar" not in t.context:
        return None
    mark = t.character(t.since)
    if "end of stream" in t.problem or "document" in t.problem:
        return _Said(t.since, f"the quote {mark} opened at {_place(t.since)}, never closed", f"close it with {mark}")
    if "Unicode" in t.problem:
        return _Said(t.at, "this escape is not valid Unicode text")
    if "escape" in t.problem or "hexdecimal" in t.problem:
        hint = "in single quotes a backslash is an ordinary character; in double quotes write it twice"
        return _Said(t.at, "this is not one of the escapes of a text in double quotes", hint)
    return None


def _place(at: At) -> str:
    return f"{at[0]}:{at[1]}"


def _bracket(t: _Trouble) -> _Said | None:
    if t.ended and t.opened and t.character(t.opened) in BRACKETS:
        mark = t.character(t.opened)
        return _Said(
            t.opened, f'"{mark}" opened at {_place(t.opened)}, never closed', f'close it with "{BRACKETS[mark]}"'
        )
    mark = t.character(t.since)
    if not t.context.startswith("while parsing a flow") or mark not in BRACKETS:
        return None
    end = BRACKETS[mark]
    if t.here.startswith(":") and t.at[0] == t.since[0]:
        hint = "put the text with the colon in quotes"
        return _Said(t.at, f'a ":" inside "{mark}...{end}" that belongs to no key', hint)
    message = f'"{mark}" opened at {_place(t.since)} is not closed: "," or "{end}" is expected here'
    return _Said(t.at, message, "put text with special characters in quotes")


def _second_colon(t: _Trouble) -> _Said | None:
    if "mapping values are not allowed" not in t.problem:
        return None
    line = t.line(t.at[0])
    found = KEY.match(line)
    if found and found.end("key") < t.at[1] - 1:
        quoted = found["value"].rstrip().replace("\\", "\\\\").replace('"', '\\"')
        hint = f'put the value in quotes: {found["key"]}: "{quoted[:80]}"'
        return _Said(t.at, 'a second ": " in one value, which YAML reads as a key inside it', hint)
    if NO_SPACE.match(t.line(t.at[0] - 1)):
        key = t.line(t.at[0] - 1).strip().split(":")[0]
        return _Said((t.at[0] - 1, 1), f'there is no space after the colon of "{key}:"', 'write it as "key: value"')
    hint = "give it the indentation of its neighbours, or end the line above with a colon"
    return _Said(t.at, "this key is indented deeper than the line above it, which has its value already", hint)


def _lone_word(t: _Trouble) -> _Said | None:
    if "could not find expected ':'" not in t.problem:
        return None
    word = t.line(t.since[0])[t.since[1] - 1 :].strip()[:40]
    return _Said(t.since, f'"{word}" is neither a key nor part of the line above', 'write it as "key: value"')


def _first_character(t: _Trouble) -> _Said | None:
    name = t.here[:1]
    if "cannot start any token" in t.problem:
        return _Said(t.at, f'a value cannot begin with "{name}"', QUOTE)
    for word, mark in (("alias", "*"), ("anchor", "&")):
        if t.context.endswith(f"scanning an {word}"):
            return _Said(t.since, f'a value that begins with "{mark}" is an {word} in YAML', QUOTE)
    if "node content" in t.problem:
        return _Said(t.at, f'"{name}" stands where a value is expected', QUOTE)
    return None


def _tag(t: _Trouble) -> _Said | None:
    if "tag" not in t.problem and "tag" not in t.context:
        return None
    return _Said(t.since, "tags (words that begin with !) are not allowed", QUOTE)


def _dash(t: _Trouble) -> _Said | None:
    if "sequence entries are not allowed" not in t.problem:
        return None
    hint = "begin it on the next line, or put the value in quotes"
    return _Said(t.at, 'a list cannot begin on the line of its key ("- ")', hint)


def _block_text(t: _Trouble) -> _Said | None:
    if "block scalar" not in t.context:
        return None
    return _Said(t.at, 'after "|" or ">" the text begins on the next line', "move the text to the next line, indented")


def _indentation(t: _Trouble) -> _Said | None:
    if t.context not in ("while parsing a block mapping", "while parsing a block collection"):
        return None
    before = t.line(t.at[0])[: t.at[1] - 1]
    if t.here[:1] in ("]", "}"):
        return _Said(t.at, f'nothing is open that "{t.here[0]}" could close', "remove it, or put the value in quotes")
    if before.rstrip().endswith(("'", '"')):
        hint = "put the whole value in quotes, and double a ' inside single quotes"
        return _Said(t.at, "there is text after the closing quote", hint)
    if t.here.startswith(":"):
        return _Said(t.at, "there is no key before this colon", 'write it as "key: value"')
    if t.here.startswith(("- ", "-\n")):
        hint = 'the "- " of all items of a list stand in one column'
        return _Said(t.at, 'this "- " does not line up with any list above it', hint)
    what = "mapping" if t.context.endswith("mapping") else "list"
    hint = f"its lines must all begin in column {t.since[1]}" + (' with "- "' if what == "list" else ' with "key:"')
    return _Said(t.at, f"this does not fit the {what} that begins at {_place(t.since)}", hint)


def _document(t: _Trouble) -> _Said | None:
    if "<document start>" in t.problem:
        return _Said(t.at, "there is text after the end of the document")
    if "incompatible YAML" in t.problem:
        return _Said(t.at, "only YAML 1.1 and 1.2 can be read", "remove the line")
    if "directive" in t.problem or "directive" in t.context:
        return _Said(t.at, "lines that begin with % are not allowed here", "remove the line, or put the text in quotes")
    return None


RULES = (
    _tab,
    _quote,
    _bracket,
    _second_colon,
    _lone_word,
    _first_character,
    _tag,
    _dash,
    _block_text,
    _indentation,
    _document,
)
