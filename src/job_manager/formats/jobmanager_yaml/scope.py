"""What is known while one order is read: its modules and what they define, the variables so far. Knows no keys."""

from __future__ import annotations

import keyword
from dataclasses import dataclass, field

from job_manager.formats.jobmanager_yaml.values import Typed
from job_manager.formats.yaml_reader import Reader
from job_manager.formats.yaml_tree import At, Map
from job_manager.model.document import canonical
from job_manager.model.hints import Any
from job_manager.model.wording import quoted

MOST_COPIES = 64 * 2**20  # characters of `self.yaml` in one file


@dataclass(slots=True)
class Scope:
    """The reading of one file. base: the folder in which the calls are made; defined: the names that each module has,
    by alias, None where that cannot be known; variables: those that have a value by now."""

    reader: Reader
    root: Map
    base: str
    defined: dict[str, frozenset[str] | None] = field(default_factory=dict)
    variables: dict[str, None] = field(default_factory=dict)
    _typed: Typed | None = None
    _document: str = ""
    _copied: int = 0

    @property
    def typed(self) -> Typed:
        """What makes values of YAML's."""
        self._typed = self._typed or Typed(self.reader)
        return self._typed

    def document(self, at: At, path: str) -> str:
        """The JSON text of the whole file, as `self.yaml` stands for it."""
        if not self._document:
            whole: dict[str, Any] = Typed(Reader(self.reader.file)).value(self.root, self.root.at, "")
            name = "" if self.reader.file.startswith("<") else self.reader.file.replace("\\", "/").rpartition("/")[2]
            self._document = canonical(whole | {"Filename": f"{self.base}/{name}"})
        self._copied += len(self._document)
        if self._copied > MOST_COPIES:
            limit = f"{MOST_COPIES:,} characters"
            self.reader.error(at, path, f"the copies of self.yaml have more than {limit} together")
            return "null"
        return self._document

    def variable(self, name: str, at: At, path: str) -> bool:
        """Whether this can be a variable's name; notes it when not."""
        if name.isidentifier() and not keyword.iskeyword(name):
            return True
        hint = "letters, digits and _, beginning with none of the digits"
        if keyword.iskeyword(name):
            hint = "it is a word of Python's own"
        self.reader.error(at, path, f"{quoted(name)} is not a name for a variable", hint)
        return False
