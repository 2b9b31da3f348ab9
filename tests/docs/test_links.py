"""Every link of the documentation leads somewhere, and every page can be found from docs/README.md.

Opens no address of the network.
"""

from __future__ import annotations

import pytest

from tests.docs.links import anchors, links, slug
from tests.docs.pages import ROOT, pages


@pytest.mark.parametrize("page", pages())
def test_links_lead_to_files_and_headings_that_there_are(page):
    lost = []
    for link in links(page):
        there = (ROOT / link.target).exists()
        if not there or (link.anchor and link.target.endswith(".md") and link.anchor not in anchors(link.target)):
            lost.append(f"{link.target}#{link.anchor}" if link.anchor else link.target)
    assert not lost, f"{page} has links that lead nowhere: {', '.join(lost)}"


def test_every_page_of_docs_is_linked_from_its_index():
    linked = {link.target for link in links("docs/README.md")}
    decisions = {link.target for link in links("docs/adr/README.md")}
    unlinked = [p for p in pages() if p.startswith("docs/") and p != "docs/README.md" and p not in linked | decisions]
    assert not unlinked


@pytest.mark.parametrize(
    ("heading", "anchor"), [("Why an action failed", "why-an-action-failed"), ("`{name}`", "name"), ("a, b", "a-b")]
)
def test_anchors_are_made_as_the_common_sites_make_them(heading, anchor):
    assert slug(heading) == anchor
