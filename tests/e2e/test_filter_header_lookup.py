# SPDX-License-Identifier: Apache-2.0
"""The filter HeaderLookup: headers that an item of custom data sets, and that no client does."""

import pytest

from answers_kit import Site
from covers import covers
from pages import BACKEND, example
from scripted import Scripted


@pytest.fixture
def backend():
    with Scripted() as scripted:
        yield scripted


@covers("HeaderLookup", "headerSetters.headerKey")
def test_the_page(server, port, backend):
    """Without an item."""
    server.apply(*example("filter-header-lookup", {BACKEND: backend.url}))
    site = Site(server, port, "shop")
    assert site.ask("/api/orders", **{"X-Client": "ann", "X-Id": "7", "X_Rank": "1", "X-Other": "2"}).status == 200
    seen = backend.calls[-1].headers
    assert "x-id" not in seen and "x_rank" not in seen and "x-rank" not in seen
    assert (seen["x-client"], seen["x-other"]) == ("ann", "2")
    assert "headerLookup: no item" in server.access_line("/api/orders")
