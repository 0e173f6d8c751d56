# SPDX-License-Identifier: Apache-2.0
"""Fallback: a fixed response in the place of a failed one."""

from covers import covers
from gateway import pipeline, proxy
from pages import BACKEND, example
from rewriting_kit import Route
from scripted import Answer, Scripted


@covers("Fallback", "mockCode mockHeaders mockBody", results="fallback")
def test_the_page(server, port):
    status = [200]
    with Scripted(lambda _: Answer(status[0], {"X-Kept": "1", "ETag": '"a"'}, b"of the backend")) as backend:
        server.apply(*example("filter-fallback", {BACKEND: backend.url}))
        route = Route(server, port, "patient")
        assert route.ask().text == "of the backend"
        status[0] = 500
        response = route.ask()
        assert (response.status, response.text) == (200, '{"message": "Please try again later."}')
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-kept"] == "1" and "etag" not in response.headers
        assert route.result("/fails", "sorry") == "fallback"


@covers("Fallback", results="responseNotFound")
def test_without_a_response(server, port):
    server.apply(pipeline("p", {"name": "f", "kind": "Fallback", "mockCode": 200, "mockBody": "x"}))
    route = Route(server, port)
    assert route.ask().status == 503
    assert route.result("/none", "f") == "responseNotFound"


def test_a_stream_of_the_backend_is_dropped(server, port):
    with Scripted(lambda _: Answer(500, chunks=[b"x" * 100_000] * 10)) as backend:
        fallback = {"name": "f", "kind": "Fallback", "mockCode": 418}
        flow = [{"filter": "proxy", "jumpIf": {"failureCode": "f"}}, {"filter": "f"}]
        server.apply(pipeline("p", proxy(backend.url), fallback, flow=flow))
        response = Route(server, port).ask()
        assert (response.status, response.text) == (418, "")
