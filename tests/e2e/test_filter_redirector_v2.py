# SPDX-License-Identifier: Apache-2.0
"""The filter RedirectorV2: the request's URL with other parts."""

from functools import partial

import pytest

from answers_kit import EACH_REDIRECT, Site, put_redirector
from covers import covers
from pages import example


put = partial(put_redirector, kind="RedirectorV2")


HOST = {"Host": "shop.example:8080"}


@covers("RedirectorV2", "path.{type,replacePrefixMatch}", results="redirected")
def test_the_page(server, port):
    server.apply(*example("filter-redirector-v2"))
    site = Site(server, port, "account", pathPrefix="/user")
    assert site.location("/user/7?a=1", **HOST) == (302, "https://new.example/account/7?a=1")
    assert site.location("/user", **HOST) == (302, "https://new.example/account")
    assert site.result("moved", "/user/7") == ("redirected", 302)


def test_a_prefix_of_the_rule(server, port):
    put(server, path={"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"})
    site = Site(server, port, pathPrefix="/user")
    assert site.location("/%75ser/a%2Fb", **HOST) == (302, "http://shop.example:8080/a%2Fb")
    site = Site(server, port, path="/user/a")
    assert site.location("/user/a?here", **HOST) == (200, None)
    assert "prefix of its rule" in server.access_line("/user/a?here")


@covers("RedirectorV2", "path.{type,replaceFullPath}")
def test_the_whole_path_and_the_same_url(server, port):
    put(server, path={"type": "ReplaceFullPath", "replaceFullPath": "/all"})
    site = Site(server, port)
    assert site.location("/a?b", **HOST) == (302, "http://shop.example:8080/all?b")
    assert site.location("/all", **HOST) == (200, None)
    assert site.result("r", "/all", Host="shop.example")[0] == ""


@covers("RedirectorV2", "scheme hostname port")
def test_scheme_host_and_port(server, port):
    site = Site(server, port)
    put(server, scheme="https")
    assert site.location("/a", **HOST) == (302, "https://shop.example/a")
    put(server, hostname="new.example")
    assert site.location("/a", **HOST) == (302, "http://new.example/a")
    put(server, port=81)
    assert site.location("/a", **HOST) == (302, "http://shop.example:81/a")


@pytest.mark.parametrize("status", EACH_REDIRECT)
@covers("RedirectorV2", "statusCode")
def test_each_status(server, port, status):
    put(server, scheme="https", statusCode=status)
    assert Site(server, port).location("/a", **HOST)[0] == status
