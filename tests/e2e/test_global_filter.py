# SPDX-License-Identifier: Apache-2.0
"""GlobalFilter: filters before and after the pipelines of a server."""

import json

import pytest
import yaml

from client import fetch
from gateway import Orphan, http_server, mock, pipeline, wait_until
from pages import blocks


def global_filter(before: list[dict] | None, after: list[dict] | None, **more) -> dict:
    parts = {}
    if before is not None:
        parts["beforePipeline"] = {"filters": before}
    if after is not None:
        parts["afterPipeline"] = {"filters": after}
    return {"kind": "GlobalFilter", "name": "g", **parts, **more}


def documents_of(page: str) -> list[dict]:
    """The first document of each example of a page."""
    return [next(yaml.safe_load_all(text)) for text in blocks(page)]


def silent(name: str) -> dict:
    """A filter that lets every request pass."""
    return {"name": name, "kind": "Mock", "rules": []}


def put(server, port: int, around: dict, *filters: dict) -> None:
    inner = filters or (mock("inner\n", name="inner"),)
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}, globalFilter="g"), pipeline("p", *inner), around)


def steps(server, port: int, path: str) -> tuple[int, str]:
    """The status of a request, and the filters that it ran through, as the access log has them."""
    response = fetch(port, path)
    line = server.access_line(path)
    return response.status, line[line.index("pipeline(") :] if "pipeline(" in line else ""


def in_order(text: str, *names: str) -> bool:
    places = [text.find(f"{name}(") for name in names]
    return -1 not in places and places == sorted(places)


def test_filters_run_before_and_after(server, port):
    put(server, port, global_filter([silent("first")], [mock("after\n", name="last")]), silent("inner"))
    assert fetch(port).text == "after\n"
    status, ran = steps(server, port, "/order")
    assert status == 200 and ran.startswith("pipeline(p): ")
    assert in_order(ran, "first", "inner", "last")


@pytest.mark.parametrize("through", [False, True])
def test_an_early_end_before(server, port, through):
    around = global_filter([mock("before\n", name="first")], None, fallthrough={"beforePipeline": through})
    put(server, port, around)
    assert fetch(port).text == ("inner\n" if through else "before\n")
    _, ran = steps(server, port, "/early")
    assert ("inner(" in ran) == through
    assert ran.startswith("pipeline(p): " if through else "pipeline(g): ")


@pytest.mark.parametrize("through", [False, True])
def test_an_early_end_of_the_pipeline(server, port, through):
    put(server, port, global_filter(None, [mock("after\n", name="last")], fallthrough={"pipeline": through}))
    assert fetch(port).text == ("after\n" if through else "inner\n")


STAMP = {"name": "stamp", "kind": "ResponseAdaptor", "header": {"set": {"X-Stamp": "yes"}}}


@pytest.mark.parametrize("through", [False, True])
def test_an_adaptor_before_waits_for_the_response_of_the_pipeline(server, port, through):
    """Alone, as the last filter, and in a pipeline whose response the flow behind it makes."""
    put(server, port, global_filter([STAMP], None, fallthrough={"beforePipeline": through}))
    assert (fetch(port).text, fetch(port).headers.get("x-stamp")) == ("inner\n", "yes")
    put(server, port, global_filter([silent("first"), STAMP], None))
    assert (fetch(port).text, fetch(port).headers.get("x-stamp")) == ("inner\n", "yes")
    put(server, port, global_filter(None, [mock("after\n", name="last")]), STAMP)
    assert (fetch(port).text, fetch(port).headers.get("x-stamp")) == ("after\n", "yes")


def test_an_adaptor_behind_which_nothing_comes_says_so(server, port):
    """END ends all flows, unless the pipeline runs nevertheless."""
    around = global_filter([STAMP], None)
    around["beforePipeline"]["flow"] = [{"filter": "stamp"}, {"filter": "END"}]
    put(server, port, around)
    status, ran = steps(server, port, "/none")
    assert status == 503 and "stamp(responseNotFound" in ran
    put(server, port, {**around, "fallthrough": {"beforePipeline": True}})
    assert (fetch(port).text, fetch(port).headers.get("x-stamp")) == ("inner\n", "yes")


def test_the_headers_of_every_response(server, port):
    """The recipe of docs/global-filter.md: also of refusals of filters."""
    _, headers = documents_of("global-filter")[:2]
    denied = {"name": "closed", "kind": "Mock", "rules": [{"match": {"pathPrefix": "/admin"}, "code": 403}]}
    headers["beforePipeline"]["filters"].append(denied)
    put(server, port, {**headers, "name": "g"})
    for path, status in (("/", 200), ("/admin", 403)):
        answer = fetch(port, path)
        assert (answer.status, answer.headers.get("x-frame-options")) == (status, "SAMEORIGIN"), path


def test_end_in_before_ends_all(server, port):
    around = global_filter([silent("a"), silent("b")], [mock("after\n", name="last")])
    around["beforePipeline"]["flow"] = [{"filter": "a"}, {"filter": "END"}, {"filter": "b"}]
    put(server, port, around)
    status, ran = steps(server, port, "/end")
    assert status == 503, "no filter made a response"
    assert "a(" in ran and "inner(" not in ran and "last(" not in ran


def test_without_it_nobody_gets_in(server, port):
    """The requests of its server fail closed; it binds as soon as it is there."""
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}, globalFilter="g"), pipeline("p", mock("inner\n")))
    assert fetch(port, "/none").status == 503
    assert "global filter g not found" in server.access_line("/none")
    server.apply(global_filter([silent("first")], None))
    assert fetch(port).text == "inner\n"
    server.apply(global_filter([mock("closed\n", code=403)], None))
    assert fetch(port).text == "closed\n", "an update binds the next request"
    server.delete("g")
    assert fetch(port).status == 503


def test_a_pipeline_of_its_name_is_none(server, port):
    server.apply(
        http_server(port, {"pathPrefix": "/", "backend": "p"}, globalFilter="q"),
        pipeline("p", mock("inner\n")),
        pipeline("q", silent("x")),
    )
    assert fetch(port).status == 503


def test_what_is_shown(server, port):
    put(server, port, global_filter([silent("first")], None))
    shown = json.loads(server.egctl("get", "globalfilter", "g", "-o", "json").stdout)
    assert shown["fallthrough"] == {"beforePipeline": False, "pipeline": False}
    assert [one["name"] for one in shown["beforePipeline"]["filters"]] == ["first"]
    assert "name" not in shown["beforePipeline"] and "afterPipeline" not in shown
    version = server.config_version()
    server.egctl("apply", "-f", "-", input=json.dumps(shown))
    assert server.config_version() == version, "as it is shown it can be applied"
    assert server.status("g")["state"] == "running"


def test_it_comes_back_after_restarts(server, port):
    Orphan.expect_some()
    put(server, port, global_filter([mock("before\n", name="first")], None))
    server.restart()
    wait_until(lambda: fetch(port).text == "before\n", "it runs after a restart")
    server.hot_restart()
    wait_until(lambda: fetch(port).text == "before\n", "it runs after a hot restart")
