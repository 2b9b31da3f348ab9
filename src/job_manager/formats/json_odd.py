"""JSON text where it is out of the ordinary: says what is wrong, what is probably meant, and where reading can go on.

Knows the signs and words of JSON and of what people take for it; builds no values.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable

from job_manager.formats.json_guess import guessed
from job_manager.formats.json_number import LARGEST, LONGEST_NUMBER, NUMBER
from job_manager.formats.json_text import Sheet
from job_manager.formats.wording import PROBLEM_LIMIT, clipped
from job_manager.formats.yaml_builder import SCALAR_LIMIT
from job_manager.formats.yaml_tree import position
from job_manager.model.errors import InputError, Place, Problem
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

BARE = re.compile(rf"(?:{NUMBER}|true|false|null)\Z")
LIKE_A_NUMBER = re.compile(r"[-+]?\.?[0-9]")
BLANK = re.compile(r"[ \t\n\r]*+")
COMMENT = re.compile(r"//[^\n\r]*+|#[^\n\r]*+|/\*.*?\*/", re.DOTALL)
RUN = re.compile(r"""[^\s,:\[\]{}"'`;=]++""")
TEXT = re.compile(r'"([^"\\\n\r]*+(?:\\[^\n\r][^"\\\n\r]*+)*+)"')
SINGLE = re.compile(r"'([^'\\\n\r]*+(?:\\[^\n\r][^'\\\n\r]*+)*+)'")
INSIDE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|(\\u[0-9a-fA-F]{0,3}|\\.)|([\x00-\x1f])')
UNFIT = re.compile("[\0\ud800-\udfff]")
QUOTES = "'`\u2018\u2019\u201c\u201d\u00ab\u00bb"
# What other languages write for JSON's three words.
WORDS = {
    "True": "true",
    "TRUE": "true",
    "False": "false",
    "FALSE": "false",
    "None": "null",
    "Null": "null",
    "NULL": "null",
    "nil": "null",
    "undefined": "null",
}
NO_NUMBER = re.compile(r"[-+]?(?:\.?nan|\.?inf(?:inity)?)\Z", re.IGNORECASE)
OPENER = {"}": "{", "]": "["}
CONTROLS = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\b": r"\b", "\f": r"\f"}


LENIENT = json.JSONDecoder(strict=False)


class Token(NamedTuple):
    """One value as it is written. kind: open (a bracket), text (decoded) or bare (a number, true, false, null)."""

    kind: str
    text: str
    start: int
    end: int


class Oddities:
    """Looks closely at one place of the text at a time. `flaws`: what is wrong and does not stop the reading.

    path: says where in the document the reading is.
    """

    def __init__(self, sheet: Sheet, path: Callable[[], str]) -> None:
        self.sheet = sheet
        self.text = sheet.text
        self.flaws: list[Problem] = []
        self._path = path
        self._last = -1

    def stop(self, offset: int, message: str, hint: str = "") -> InputError:
        """The error for what nothing can be read after."""
        return InputError([Problem(self.sheet.at(offset, self._path()), clipped(message), hint)])

    def flaw(self, offset: int, message: str, hint: str = "") -> None:
        """Notes what is wrong where reading can go on; one thing a place. Raises when it is one too many."""
        if offset == self._last:
            return
        self._last = offset
        if len(self.flaws) >= PROBLEM_LIMIT:
            raise self.stop(offset, "there are more mistakes; the file is not read beyond this point")
        self.flaws.append(Problem(self.sheet.at(offset, self._path()), clipped(message), hint))

    def sign(self, offset: int) -> str:
        return self.text[offset : offset + 1]

    def skip(self, pos: int) -> int:
        """Where the next sign is; comments are noted and passed over."""
        pos = self._blank(pos)
        while self.sign(pos) in ("/", "#") and pos < len(self.text):
            found = COMMENT.match(self.text, pos)
            if found is None:
                unclosed = self.text.startswith("/*", pos)
                raise self.stop(pos, "this comment is never closed" if unclosed else '"/" cannot stand here')
            self.flaw(pos, "JSON has no comments", "remove it")
            pos = self._blank(found.end())
        return pos

    def _blank(self, pos: int) -> int:
        found = BLANK.match(self.text, pos)
        return found.end() if found else pos

    def begin(self) -> int:
        """Where the file's one value is. Raises when it does not begin like JSON."""
        start = self._blank(0)
        said = guessed(self.text, start)
        if said:
            raise self.stop(start, *said)
        return self.skip(start)

    def end(self, pos: int) -> None:
        """Notes what stands after the one value of the file."""
        start = self.skip(pos)
        sign = self.sign(start)
        if sign in ("{", "["):
            self.flaw(start, "a second value begins here; a file holds one", "make two files, or one list of the two")
        elif sign in ("}", "]"):
            self.flaw(start, f'nothing is open that "{sign}" could close', "remove it")
        elif sign:
            self.flaw(start, f"there is text after the end: {self._found(start)}", "remove it")

    def value(self, start: int, closer: str, opened: int) -> Token:
        """The value that begins at `start`, inside what `closer` ends and what began at the mark `opened`."""
        sign = self.sign(start)
        if sign in ("{", "["):
            return Token("open", sign, start, start + 1)
        if sign == '"':
            return self._text(start)
        if not sign:
            raise self._unclosed(start, closer, opened)
        if sign in QUOTES:
            return self._other_quotes(start)
        found = RUN.match(self.text, start)
        if found is None:
            raise self.stop(start, f"a value is expected here, found {self._found(start)}", self._about(start))
        return self._bare(found[0], start, found.end())

    def key(self, start: int, opened: int) -> Token:
        """The key of a member."""
        sign = self.sign(start)
        if sign == '"':
            return self._text(start)
        if not sign:
            raise self._unclosed(start, "}", opened)
        if sign in QUOTES:
            return self._other_quotes(start)
        found = RUN.match(self.text, start)
        if found is None or self.sign(self._blank(found.end())) != ":":
            message = f"a key in double quotes is expected here, found {self._found(start)}"
            raise self.stop(start, message, self._about(start))
        self.flaw(start, "a key stands in double quotes", f'write "{found[0][:60]}"')
        return Token("text", found[0], start, found.end())

    def colon(self, key: Token, opened: int) -> int:
        """Where the value of the key begins."""
        pos = self.skip(key.end)
        if self.sign(pos) == ":":
            return self.skip(pos + 1)
        if not self.sign(pos):
            raise self._unclosed(pos, "}", opened)
        hint = f'write {{"{key.text[:60]}": value}}'
        raise self.stop(pos, f'a ":" is expected after the key {quoted(key.text)}, found {self._found(pos)}', hint)

    def no_comma(self, before: int, start: int, closer: str, opened: int) -> int:
        """Where reading goes on when neither a comma nor the end follows a value that ends at `before`."""
        sign = self.sign(start)
        if not sign:
            raise self._unclosed(start, closer, opened)
        gap = self.text[before:start]
        if ("\n" in gap or "\r" in gap) and (sign in '"{[-' or sign.isalnum()):
            self.flaw(before, "a comma is missing here", "write a comma between two values")
            return start
        if sign in OPENER:
            line, column = position(opened)
            message = f'"{sign}" stands where "{closer}" is expected: "{OPENER[closer]}" opened at {line}:{column}'
            raise self.stop(start, message, f'write "{closer}", or close what is open inside first')
        message = f'"," or "{closer}" is expected here, found {self._found(start)}'
        raise self.stop(start, message, self._meant(before, start, closer))

    def _meant(self, before: int, start: int, closer: str) -> str:
        sign = self.sign(start)
        if sign == ";":
            return "write a comma"
        if sign == ":":
            return 'a key and its value stand in braces: {"key": value}'
        if self.sign(before - 1) == '"' and start == before:
            return r"a quote inside a text is written \""
        return "write a comma between two values" if sign in '"{[' or sign.isalnum() else self._about(start)

    def _unclosed(self, offset: int, closer: str, opened: int) -> InputError:
        if not closer:
            return self.stop(offset, "a value is expected here, found the end of the file")
        # Said where it was opened: the end of a file that was cut off is nowhere in particular.
        line, column = position(opened)
        message = f'"{OPENER[closer]}" opened at {line}:{column}, never closed'
        place = Place(self.sheet.file, line, column, self._path())
        return InputError([Problem(place, message, f'close it with "{closer}"')])

    def _found(self, offset: int) -> str:
        sign = self.sign(offset)
        run = RUN.match(self.text, offset)
        if sign in ('"', ""):
            return "a text in quotes" if sign else "the end of the file"
        if run and run[0].isprintable():
            return quoted(run[0])
        return f'"{sign}"' if sign.isascii() and sign.isprintable() else f"the character U+{ord(sign):04X}"

    def _about(self, offset: int) -> str:
        sign = self.sign(offset)
        if sign.isspace() or sign in "\ufeff\u200b":
            return "replace it by an ordinary blank"
        return "write = as a colon" if sign == "=" else ""

    def _bare(self, word: str, start: int, end: int) -> Token:
        if BARE.match(word):
            return Token("bare", word, start, end)
        if word in WORDS:
            self.flaw(start, f"{quoted(word)} is no word of JSON", f"write {WORDS[word]}")
            return Token("bare", WORDS[word], start, end)
        if NO_NUMBER.match(word):
            self.flaw(start, f"JSON has no number {quoted(word)}", f'write null, or the text "{word}"')
            return Token("bare", "null", start, end)
        if LIKE_A_NUMBER.match(word):
            self.flaw(start, f"{quoted(word)} is no number of JSON", _number_hint(word))
            return Token("bare", "0", start, end)
        return self._word(word, start, end)

    def _word(self, word: str, start: int, end: int) -> Token:
        if not word[0].isprintable() or word[0] in "\ufeff\u200b":
            raise self.stop(start, f"{self._found(start)} cannot stand here", self._about(start))
        hint = (
            f'write "{word[:60]}"' if "\\" not in word else r"a text stands in double quotes, with \\ for a backslash"
        )
        after = self._blank(end)
        if self.sign(after) not in ("", ",", "]", "}"):
            message = f"a value is expected here, found {quoted(word)}"
            raise self.stop(start, message, "a text stands in double quotes, all of it")
        self.flaw(start, f"a text stands in double quotes, found {quoted(word)}", hint)
        return Token("text", word, start, end)

    def _text(self, start: int) -> Token:
        found = TEXT.match(self.text, start)
        if found is None:
            hint = r'close it with "; a line break inside a text is written \n'
            line, column = self.sheet.at(start)[1:3]
            raise self.stop(start, f'the quote " opened at {line}:{column} is not closed on its line', hint)
        return Token("text", self.decoded(found[1], start + 1), start, found.end())

    def _other_quotes(self, start: int) -> Token:
        sign = self.sign(start)
        found = SINGLE.match(self.text, start) if sign == "'" else None
        message = "a text stands in double quotes, not in single ones"
        message = message if sign == "'" else f"the quote {sign} is not the one that JSON has"
        if found is None or self.sign(self._blank(found.end())) not in (",", "]", "}", ":", ""):
            raise self.stop(start, message, 'write the ordinary quote, "')
        self.flaw(start, message, f'write "{found[1][:60]}"' if '"' not in found[1] else r'write a " inside as \"')
        return Token("text", UNFIT.sub("\ufffd", found[1].replace(r"\'", "'")), start, found.end())

    def decoded(self, word: str, offset: int) -> str:
        """The text between two quotes, of which the first character stands at `offset`, with its escapes replaced."""
        if "\\" in word or not word.isprintable():
            word = LENIENT.decode(f'"{INSIDE.sub(lambda found: self._escape(found, offset), word)}"')
        if len(word) > SCALAR_LIMIT:
            self.flaw(offset - 1, f"this text has {len(word):,} characters; the limit is {SCALAR_LIMIT:,}")
        if found := UNFIT.search(word):
            nul, half = r"a NUL character (\u0000), which no program can be given", "half of a surrogate pair"
            self.flaw(offset - 1, f"this text contains {half if found[0] > chr(0) else nul}")
            word = UNFIT.sub("\ufffd", word)
        return word

    def _escape(self, found: re.Match[str], offset: int) -> str:
        wrong, control = found[1], found[2]
        at = offset + found.start()
        if control:
            escaped = CONTROLS.get(control, f"\\u{ord(control):04x}")
            name = "a tab" if control == "\t" else f"the character U+{ord(control):04X}"
            self.flaw(at, f"{name} cannot stand in a text as it is", f"write {escaped}")
            return escaped
        if not wrong:
            return found[0]
        self.flaw(at, f"{quoted(wrong)} is no escape of JSON", _escape_hint(wrong))
        return "\\" + wrong

    def bounded(self, bare: str, offset: int) -> str:
        """The bare word itself; 0 (noted) when it is a number that is too long or too large."""
        if bare[0].isalpha():
            return bare
        if len(bare) > LONGEST_NUMBER:
            self.flaw(offset, f"this number has {len(bare):,} characters; the limit is {LONGEST_NUMBER}")
            return "0"
        whole = bare.removeprefix("-").isdigit()
        if abs(int(bare)) > LARGEST if whole else math.isinf(float(bare)):
            bounds = f"whole numbers go from {-LARGEST:,} to {LARGEST:,}" if whole else "it goes up to 1.79e308"
            message = f"the number {quoted(bare)[1:-1]} is out of range; {bounds}"
            self.flaw(offset, message, f'write it as text: "{bare[:60]}"')
            return "0"
        return bare


def _number_hint(word: str) -> str:
    sign = "-" if word.startswith("-") else ""
    digits = word.lstrip("+-")
    meant = sign + re.sub(r"\.(?=[eE]|$)", "", re.sub(r"^0*(?=[0-9])", "", re.sub(r"^\.", "0.", digits)))
    if not BARE.match(meant):
        return f'write it as text: "{word[:60]}"'
    return f'write {meant[:40]}, or "{word[:40]}" if it is text'


def _escape_hint(wrong: str) -> str:
    if wrong.startswith(r"\u"):
        return r"four hexadecimal digits follow \u"
    return r"a backslash is written twice: \\" if wrong != r"\'" else "write ' without a backslash"
