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


def test_the_spelling_of_numbers(server, port, backend):
    server.apply(*example("filter-header-lookup", {BACKEND: backend.url}))
    site = Site(server, port, "clients")
    kind = {"kind": "CustomDataKind", "name": "client-info"}
    server.apply(kind, {"kind": "CustomData", "name": "client-info", "list": []})
    given = {"1.50": "1.5", "1e3": "1000.0", "0x1F": "31", "007": "007", "true": "true", "'1.50'": "1.50",
             "'12345678901234567890123'": "12345678901234567890123", "18446744073709551615": "18446744073709551615"}
    for text, header in given.items():
        item = "kind: CustomData\nname: client-info\nlist: [{name: ann, id: %s}]\n" % text
        server.egctl("apply", "-f", "-", input=item)
        site.ask("/x", **{"X-Client": "ann"})
        assert backend.calls[-1].headers["x-id"] == header, text
    # Its value would be another one.
    done = server.egctl("apply", "-f", "-", input=item.replace("18446744073709551615", "1" * 23), check=False)
    assert done.returncode != 0 and "list[0].id: " + "1" * 23 + " would become 1.11" in done.stderr
    site.ask("/x", **{"X-Client": "ann"})
    assert backend.calls[-1].headers["x-id"] == "18446744073709551615"


def test_without_an_item(server, port, backend):
    server.apply(*example("filter-header-lookup", {BACKEND: backend.url}))
    site = Site(server, port, "clients")
    assert site.ask("/api/orders", **{"X-Client": "ann", "X-Id": "7", "X_Rank": "1", "X-Other": "2"}).status == 200
    seen = backend.calls[-1].headers
    assert "x-id" not in seen and "x_rank" not in seen and "x-rank" not in seen
    assert (seen["x-client"], seen["x-other"]) == ("ann", "2")
    assert "headerLookup: no item" in server.access_line("/api/orders")
