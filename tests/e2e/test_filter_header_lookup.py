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


@covers("HeaderLookup", "pathRegExp headerSetters.headerKey")
def test_the_page(server, port, backend):
    server.apply(*example("filter-header-lookup", {BACKEND: backend.url}))
    site = Site(server, port, "clients")
    items = [{"name": "ann-orders", "id": "A7", "rank": 3}, {"name": "ann", "id": "A1"}]
    kind = {"kind": "CustomDataKind", "name": "client-info"}
    server.apply(kind, {"kind": "CustomData", "name": "client-info", "list": items})
    assert site.ask("/api/orders", **{"X-Client": "ann", "X-Rank": "1"}).status == 200
    seen = backend.calls[-1].headers
    assert (seen["x-id"], seen["x-rank"]) == ("A7", "3")
    site.ask("/api/17", **{"X-Client": "ann", "X-Rank": "1"})
    seen = backend.calls[-1].headers
    assert seen["x-id"] == "A1" and "x-rank" not in seen, "a path without the group: the id alone"


def test_without_an_item(server, port, backend):
    server.apply(*example("filter-header-lookup", {BACKEND: backend.url}))
    site = Site(server, port, "clients")
    assert site.ask("/api/orders", **{"X-Client": "ann", "X-Id": "7", "X_Rank": "1", "X-Other": "2"}).status == 200
    seen = backend.calls[-1].headers
    assert "x-id" not in seen and "x_rank" not in seen and "x-rank" not in seen
    assert (seen["x-client"], seen["x-other"]) == ("ann", "2")
    assert "headerLookup: no item" in server.access_line("/api/orders")
