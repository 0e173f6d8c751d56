# SPDX-License-Identifier: Apache-2.0
"""The filter CORSAdaptor: pages of other sites."""

from answers_kit import Site
from covers import covers
from gateway import mock, pipeline, proxy
from pages import example
from scripted import Answer, Scripted

WWW = {"Origin": "https://www.shop.example"}
ALLOW = "access-control-allow-origin"


def preflight(site, origin: str, method: str, names: str | None = None):
    fields = {"Access-Control-Request-Headers": names} if names else {}
    response = site.ask("/", "OPTIONS", Origin=origin, **{"Access-Control-Request-Method": method}, **fields)
    assert (response.status, response.body) == (204, b"")
    return {name: value for name, value in response.headers.items() if name.startswith("access-control")}


def put(server, *behind: dict, **fields) -> None:
    server.apply(pipeline("p", {"name": "cors", "kind": "CORSAdaptor", **fields}, *(behind or [mock("page\n")])))


@covers(
    "CORSAdaptor",
    "allowCredentials allowedHeaders allowedMethods allowedOrigins exposedHeaders maxAge",
    results="preflighted rejected",
)
def test_the_page(server, port):
    server.apply(*example("filter-cors-adaptor"))
    site = Site(server, port, "for-pages")
    assert preflight(site, WWW["Origin"], "PUT", "x-token") == {
        ALLOW: WWW["Origin"],
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "PUT",
        "access-control-allow-headers": "x-token",
        "access-control-max-age": "600",
    }
    assert preflight(site, WWW["Origin"], "DELETE") == {}
    assert preflight(site, WWW["Origin"], "PUT", "x-other") == {}
    assert preflight(site, "https://evil.example", "PUT") == {}
    response = site.ask(**WWW)
    assert response.text == "page\n" and response.headers[ALLOW] == WWW["Origin"]
    assert response.headers["access-control-expose-headers"] == "X-Total"
    assert response.headers["access-control-allow-credentials"] == "true" and response.headers["vary"] == "Origin"
    assert site.result("cors", **WWW) == ("", 200)
    assert site.result("cors", Origin="https://evil.example") == ("rejected", 403)
    request = {**WWW, "Access-Control-Request-Method": "GET"}
    assert site.result("cors", "/", "OPTIONS", **request) == ("preflighted", 204)


def test_all_origins(server, port):
    put(server)
    site = Site(server, port)
    assert site.ask(Origin="https://a.example").headers[ALLOW] == "*"
    assert preflight(site, "https://a.example", "GET")[ALLOW] == "*"
    assert ALLOW not in site.ask().headers


def test_responses_of_a_backend_and_of_failures(server, port):
    answer = Answer(headers={"Access-Control-Allow-Origin": "*", "X-A": "1"}, body=b"of the backend")
    with Scripted(lambda call: answer) as backend:
        put(server, proxy(backend.url), allowedOrigins=[WWW["Origin"]])
        site = Site(server, port)
        response = site.ask(**WWW)
        assert response.text == "of the backend" and response.headers["x-a"] == "1"
        assert [value for name, value in response.header_list if name == ALLOW] == [WWW["Origin"]]
        assert ALLOW not in site.ask().headers
    put(server, proxy("http://127.0.0.1:1"), allowedOrigins=[WWW["Origin"]])
    response = site.ask(**WWW)
    assert response.status == 503 and response.headers[ALLOW] == WWW["Origin"]


def test_a_field_without_effect_is_warned_of(server):
    spec = "{kind: Pipeline, name: p, filters: [{name: c, kind: CORSAdaptor, supportCORSRequest: true}]}"
    assert "supportCORSRequest" in server.egctl("apply", "-f", "-", input=spec).stderr
