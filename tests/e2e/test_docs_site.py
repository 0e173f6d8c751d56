# SPDX-License-Identifier: Apache-2.0
"""`make docs`: the site of the pages, as a browser without a network sees it."""

import os
import subprocess
from urllib.parse import urlparse

import pytest
from browser import Page
from gateway import ROOT

# It says "Initializing search" before.
SEARCH_IS_READY = "document.querySelector('.md-search-result__meta').textContent.includes('Type to start')"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "docs"
    done = subprocess.run([ROOT / "tools" / "docs_site.py", out], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_every_page_is_there(site):
    made = {page.relative_to(site).with_suffix(".md").as_posix() for page in site.rglob("*.html")}
    known = {page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").glob("*.md")}
    assert known - made == set()
    assert "<h1" in (site / "index.html").read_text()


def test_the_search_needs_no_server_and_no_network(site):
    with Page(f"file://{site}/docs/rules.html", ready="document.readyState === 'complete'") as page:
        page.focus("input[name=query]")  # loads the index
        page.until(SEARCH_IS_READY)
        page.fill("input[name=query]", "known user")
        page.press("s")  # it asks when a key goes up
        page.until("document.querySelector('.md-search-result__link[href*=overload]') !== null")
        page.click(".md-search-result__link[href*=overload]")
        page.until("location.pathname.endsWith('/docs/overload.html')")
        asked = page.requests()
    assert asked and {urlparse(line.split(" ", 1)[1]).scheme for line in asked} <= {"file", "data", "blob"}, asked
