# SPDX-License-Identifier: Apache-2.0
"""The filter Redirector: another URL, made by a regular expression."""

from functools import partial

import pytest

from answers_kit import EACH_REDIRECT, Site, put_redirector
from covers import covers
from pages import example

ALL = {"match": "^(.*)$", "replacement": "/in$1"}


put = partial(put_redirector, kind="Redirector")


@covers("Redirector", "match replacement", results="redirected")
def test_the_page(server, port):
    server.apply(*example("filter-redirector"))
    site = Site(server, port, "moved")
    response = site.ask("/users/7")
    assert (response.status, response.headers["location"]) == (301, "http://display.example/show?user=7")
    assert response.text == "Moved Permanently"
    assert site.ask("/users/x").text == "The page is here.\n"
    assert site.result("moved", "/users/7") == ("redirected", 301)
    assert site.result("moved", "/users/x") == ("", 200)


@covers("Redirector", "matchPart")
def test_the_part_of_the_url(server, port):
    site = Site(server, port)
    put(server, **ALL)
    assert site.location("/a%2Fb?c=1") == (301, "/in/a%2Fb?c=1")
    put(server, **ALL, matchPart="path")
    assert site.location("/a%2Fb?c=1") == (301, "/in/a%2Fb")
    put(server, match="(^.*//)([^/]*)(.*)$", replacement="${1}my.example$3", matchPart="full")
    assert site.location("/a?c=1", Host="shop.example:81") == (301, "http://my.example/a?c=1")


@pytest.mark.parametrize("status", EACH_REDIRECT)
@covers("Redirector", "statusCode")
def test_each_status(server, port, status):
    site = Site(server, port)
    put(server, **ALL, statusCode=status)
    assert site.location("/a") == (status, "/in/a")


def test_head_has_no_body(server, port):
    put(server, **ALL)
    response = Site(server, port).ask("/a", "HEAD")
    assert (response.status, response.body) == (301, b"")


def test_a_request_does_not_choose_the_site(server, port):
    site = Site(server, port)
    server.apply({"kind": "HTTPServer", "name": "http-server", "port": port, "pathNormalization": "off",
                  "rules": [{"paths": [{"backend": "p"}]}]})  # fmt: skip
    put(server, match="^/go(.*)$", replacement="$1")
    assert site.location("/go/x") == (301, "/x")
    for path in ("/go//evil.example", "/gohttps://evil.example", "/goHTTP:/evil.example"):
        assert site.ask(path).status == 200, path
        assert "the request chooses the site" in server.access_line(path)
    assert site.location("/go/\\evil.example") == (301, "/%5Cevil.example")
    put(server, match="^/go(.*)$", replacement="http://shop.example$1")
    for path in ("/go.evil.example", "/go@evil.example", "/go:80@evil.example"):
        assert site.ask(path).status == 200, path


def test_an_update_binds_at_once(server, port):
    site = Site(server, port)
    for number in range(20):
        put(server, match="^/a$", replacement=f"/b{number}")
        assert site.location("/a") == (301, f"/b{number}")
