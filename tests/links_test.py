# SPDX-License-Identifier: Apache-2.0
"""Every link of every page leads somewhere, and every page is in the contents."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import docs_site  # noqa: E402
import page_links  # noqa: E402


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A tree of two pages, of which the first has `text`."""
    monkeypatch.setattr(page_links, "ROOT", tmp_path)

    def write(text: str) -> Path:
        (tmp_path / "other.md").write_text("# Other\n\n## Two `words`, and more\n\n## Same\n\n## Same\n")
        (tmp_path / "page.md").write_text(text)
        return tmp_path / "page.md"

    return write


def test_no_link_is_dead():
    assert [line for page in page_links.pages() for line in page_links.dead(page)] == []


def test_every_page_is_in_the_tables_of_the_readme():
    assert docs_site.unlisted(docs_site.navigation()[1]) == []


@pytest.mark.parametrize(
    "link, fault",
    [
        ("[a](other.md)", ""),
        ("[a](other.md#two-words-and-more)", ""),
        ("[a](other.md#same-1)", ""),
        ("[a](#here)", ""),
        ("[`a`](other.md)", ""),
        ("[a](https://example.com/none.md)", ""),
        ("`[a](none.md)`", ""),
        ("[a](none.md)", "there is no none.md"),
        ("![a](none.png)", "there is no none.png"),
        ("[a](../outside.md)", "there is no ../outside.md"),
        ("[a](other.md#same-2)", "other.md has no #same-2"),
        ("[a](#nowhere)", "page.md has no #nowhere"),
    ],
)
def test_a_link_is_judged(tree, link, fault):
    page = tree(f"# Page\n\n## Here\n\nSee {link}.\n")
    assert page_links.dead(page) == ([f"page.md:5: {fault}"] if fault else [])


def test_a_block_of_code_has_no_links_and_no_headings(tree):
    page = tree("# Page\n\n```sh\n# comment\n[a](none.md)\n```\n\nSee [b](#comment).\n")
    assert page_links.dead(page) == ["page.md:8: page.md has no #comment"]
