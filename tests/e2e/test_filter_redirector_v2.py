# SPDX-License-Identifier: Apache-2.0
"""The filter RedirectorV2: the request's URL with other parts."""

import pytest

from answers_kit import Site
from covers import covers
from gateway import mock, pipeline
from pages import example


def put(server, **fields) -> None:
    server.apply(pipeline("p", {"name": "r", "kind": "RedirectorV2", **fields}, mock("page\n")))


def location(site, path: str) -> tuple[int, str | None]:
    response = site.ask(path, Host="shop.example:8080")
    return response.status, response.headers.get("location")


@covers("RedirectorV2", "path.{type,replacePrefixMatch}", results="redirected")
def test_the_page(server, port):
    server.apply(*example("filter-redirector-v2"))
    site = Site(server, port, "shop", pathPrefix="/user")
    assert location(site, "/user/7?a=1") == (302, "https://new.example/account/7?a=1")
    assert location(site, "/user") == (302, "https://new.example/account")
    assert site.result("moved", "/user/7") == ("redirected", 302)


def test_a_prefix_of_the_rule(server, port):
    put(server, path={"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"})
    site = Site(server, port, pathPrefix="/user")
    assert location(site, "/%75ser/a%2Fb") == (302, "http://shop.example:8080/a%2Fb")
    site = Site(server, port, path="/user/a")
    assert location(site, "/user/a?here") == (200, None)
    assert "prefix of its rule" in server.access_line("/user/a?here")


@covers("RedirectorV2", "path.{type,replaceFullPath}")
def test_the_whole_path_and_the_same_url(server, port):
    put(server, path={"type": "ReplaceFullPath", "replaceFullPath": "/all"})
    site = Site(server, port)
    assert location(site, "/a?b") == (302, "http://shop.example:8080/all?b")
    assert location(site, "/all") == (200, None)
    assert site.result("r", "/all", Host="shop.example")[0] == ""


@covers("RedirectorV2", "scheme hostname port")
def test_scheme_host_and_port(server, port):
    site = Site(server, port)
    put(server, scheme="https")
    assert location(site, "/a") == (302, "https://shop.example/a")
    put(server, hostname="new.example")
    assert location(site, "/a") == (302, "http://new.example/a")
    put(server, port=81)
    assert location(site, "/a") == (302, "http://shop.example:81/a")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@covers("RedirectorV2", "statusCode")
def test_each_status(server, port, status):
    put(server, scheme="https", statusCode=status)
    assert location(Site(server, port), "/a")[0] == status
