"""The table of what each job language can say: every cell is what its writer does, no language, no row is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from job_manager import formats
from job_manager.app.converting import targets
from tests.docs.links import listed, sections
from tests.docs.pages import text_of
from tests.formats.features import FEATURES
from tests.formats.test_convert import WRITERS, same, through

PAGE = "docs/reference/job-languages.md"


def cells() -> Iterator[tuple[str, str, bool]]:
    """What is said, the language, and whether the page says that it can."""
    languages: list[str] = []
    for line in text_of(PAGE).split("\n"):
        columns = [column.strip() for column in line.strip("|").split("|")] if line.startswith("|") else []
        if columns and not columns[0] and len(columns) > 2:
            languages = re.findall(r"`([^`]+)`", line)
        elif len(columns) == len(languages) + 1 and set(columns[1:]) <= {"yes", "no"}:
            yield from (
                (columns[0], language, cell == "yes") for language, cell in zip(languages, columns[1:], strict=True)
            )


CELLS = list(cells())


def test_every_row_and_every_language_is_there():
    assert {(row, language) for row, language, _ in CELLS} == {
        (row, language.name) for row in FEATURES for language in WRITERS
    }
    assert set(listed(sections(PAGE)["Job languages"])) == {language.name for language in formats.LANGUAGES}


@pytest.mark.parametrize(("row", "language", "can"), CELLS, ids=str)
def test_it_is_as_the_page_says(row, language, can):
    back = through(formats.language(language), FEATURES[row])
    assert (back.job is not None) == can, back.refused
    assert back.job is None or same(back.job, FEATURES[row])


def test_the_languages_that_can_be_written_are_named_with_the_option():
    text = sections("docs/reference/command-line.md")["jm convert"]
    (row,) = [line for line in text.split("\n") if line.startswith("| `--to NAME`")]
    assert set(re.findall(r"`([^`]+)`", row)) - {"--to NAME"} == set(targets())
