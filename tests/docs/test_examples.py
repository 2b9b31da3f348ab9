"""Every example of the documentation runs, page by page, and prints what the page shows; those that do not run say why.

Knows no example itself.
"""

from __future__ import annotations

import pytest

from tests.docs.pages import RUN, blocks, pages
from tests.docs.playing import Play

PLAYED = [page for page in pages() if any(block.language in RUN | {"yaml"} for block in blocks(page))]
EXCUSED = [block for page in pages() for block in blocks(page) if block.excuse]


LONG = "docs/how-to/media-demo.md"  # it plays the demo, which has a lane of its own in .ci/run as well
PAGES = [pytest.param(page, marks=pytest.mark.long) if str(page) == LONG else page for page in PLAYED]


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run_and_print_what_it_shows(page, tmp_path_factory):
    differences = list(Play(page, tmp_path_factory.mktemp("page")).differences())
    assert not differences, (
        "\n\n".join(map(str, differences)) + f"\n\npython -m tests.docs.playing {page} puts it right"
    )


@pytest.mark.parametrize("block", EXCUSED, ids=str)
def test_an_example_that_is_not_run(block):
    pytest.skip(f"{block}: {block.excuse}")
