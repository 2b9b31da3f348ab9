"""The picture in the documentation is the table. Knows where the page is."""

from __future__ import annotations

from tests.core import diagram


def test_the_page_is_what_the_table_says():
    found = diagram.PAGE.read_text(encoding="utf-8")
    assert found == diagram.page(), "run `python -m tests.core.diagram`"
