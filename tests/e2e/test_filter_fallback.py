# SPDX-License-Identifier: Apache-2.0
"""Fallback: a fixed response in the place of a failed one."""

import subprocess
import threading

from covers import covers
from gateway import BIN, DEADLINE, documents, free_port, pipeline, proxy
from pages import BACKEND, example
from rewriting_kit import Route
from scripted import Answer, Scripted


def egctl(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([BIN / "egctl", *words], capture_output=True, text=True, timeout=DEADLINE)


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


def test_the_page_stands_for_every_failure(server, port):
    """A backend that is silent, and one where nothing listens."""
    held = threading.Event()

    def answer(_) -> Answer:
        held.wait(DEADLINE)
        return Answer(200, {}, b"late")

    spec = example("filter-fallback")[0]
    pool = spec["filters"][0]["pools"][0]
    route = None
    try:
        with Scripted(answer) as backend:
            for fields, result in (
                ({"servers": [{"url": backend.url}], "timeout": "50ms"}, "timeout"),
                ({"servers": [{"url": f"http://127.0.0.1:{free_port()}"}]}, "serverError"),
            ):
                pool.clear()
                pool.update(fields)
                server.apply(spec)
                route = route or Route(server, port, "patient")
                assert (route.ask().status, route.ask().text) == (200, '{"message": "Please try again later."}'), fields
                assert route.result(f"/{result}", "proxy") == result
            held.set()
    finally:
        held.set()
    jumps = spec["flow"][0]["jumpIf"]
    assert set(jumps) == {"serverError", "failureCode", "timeout", "internalError", "shortCircuited"}


def test_a_fallback_behind_a_success_is_warned_of(tmp_path):
    filters = (proxy("http://127.0.0.1:1"), {"name": "sorry", "kind": "Fallback", "mockCode": 503})
    file = tmp_path / "p.yaml"
    file.write_text(documents(pipeline("p", *filters)))
    done = egctl("validate", "-f", str(file))
    assert done.returncode == 0 and "flow[1]: Fallback sorry runs also after success of proxy: add jumpIf" in done.stderr
    flow = [{"filter": "proxy", "jumpIf": {"serverError": "sorry"}}, {"filter": "END"}, {"filter": "sorry"}]
    file.write_text(documents(pipeline("p", *filters, flow=flow)))
    assert egctl("validate", "-f", str(file)).stderr == ""


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
