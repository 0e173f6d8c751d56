# SPDX-License-Identifier: Apache-2.0
"""RateLimiter: docs/filter-rate-limiter.md. A period of an hour makes the counts exact, however fast the
machine is."""

import pytest

from client import Load, fetch, request
from covers import covers
from gateway import http_server, mock, pipeline
from pages import BACKEND, example


def limiter(limit: int, period: str = "1h", timeout: str = "0s", **more) -> dict:
    policy = {"name": "p", "limitForPeriod": limit, "limitRefreshPeriod": period, "timeoutDuration": timeout}
    return {
        **{"name": "limit", "kind": "RateLimiter", "policies": [policy], "defaultPolicyRef": "p"},
        **{"urls": [{"url": {"prefix": "/"}}], **more},
    }


def put(server, port: int, limit: dict, body: str = "ok") -> None:
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", limit, mock(body)))


def admitted(port: int, requests: int) -> int:
    """Sends so many requests over 64 connections, to all cores. Returns how many got 200."""
    with Load(port, lambda n: request("/"), limit=requests) as load:
        load.join()
    assert load.errors == []
    assert sum(load.statuses().values()) == requests and set(load.statuses()) <= {200, 429}
    return load.statuses().get(200, 0)


@covers("RateLimiter", "urls.url.prefix")
def test_the_page(server, port, backend):
    server.apply(*example("filter-rate-limiter", {BACKEND: f"http://127.0.0.1:{backend.port}"}))
    server.apply(http_server(port, {"backend": "orders"}))
    orders = [fetch(port, "/orders/1", "POST", X_User="ann").status for _ in range(101)]
    assert orders == [200] * 100 + [429]
    others = [("POST", "/orders/1", "bob"), ("GET", "/orders/1", "ann"), ("POST", "/cart", "ann")]
    assert [fetch(port, path, method, X_User=user).status for method, path, user in others] == [200] * 3


@covers("RateLimiter", "policies.name defaultPolicyRef", results="rateLimited")
def test_what_the_client_sees(server, port):
    put(server, port, limiter(1, "1m"))
    assert fetch(port).status == 200
    refused = fetch(port, "/late")
    assert refused.status == 429 and refused.text == ""
    assert refused.headers["x-eg-rate-limiter"] == "too-many-requests"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-policy"] == '"p";q=1;w=60'
    assert refused.headers["ratelimit"].startswith('"p";r=0;t=')
    line = server.access_line("/late")
    assert "limit(rateLimited," in line and "rateLimiter: too many requests" in line


def test_a_flow_goes_on_by_the_result(server, port):
    flow = [{"filter": "limit", "jumpIf": {"rateLimited": "sorry"}}, {"filter": "mock"}, {"filter": "END"}, {"filter": "sorry"}]
    filters = (limiter(1), mock("ok"), mock("sorry", name="sorry", code=503))
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", *filters, flow=flow))
    assert [fetch(port).status for _ in range(3)] == [200, 503, 503]


def test_the_limit_is_exact_over_all_cores(server, port):
    put(server, port, limiter(700))
    assert admitted(port, 2000) == 700


@covers("RateLimiter", "policies.{limitForPeriod,limitRefreshPeriod}")
def test_an_update_neither_loses_nor_gives_away(server, port):
    put(server, port, limiter(700))
    assert admitted(port, 400) == 400
    put(server, port, limiter(700), body="other")
    assert admitted(port, 600) == 300
    put(server, port, limiter(750))
    assert admitted(port, 200) == 50
    put(server, port, limiter(100))
    assert admitted(port, 100) == 0
    put(server, port, limiter(760))
    assert admitted(port, 100) == 10
    put(server, port, limiter(800, "2h"))
    assert admitted(port, 100) == 40


@pytest.mark.parametrize("key", [None, {"header": "X-User"}])
def test_periods_that_change_give_nothing_away(server, port, key):
    urls = [{"url": {"prefix": "/"}, **({"keyBy": key} if key else {})}]

    def burst(period: str, requests: int) -> int:
        put(server, port, limiter(10, period, urls=urls))
        return sum(fetch(port, X_User="ann").status == 200 for _ in range(requests))

    assert burst("1h", 5) == 5
    assert [burst("2h", 3), burst("1h", 20), burst("3h", 20), burst("1h", 20)] == [3, 2, 0, 0]
    assert [burst("4h", 0), burst("5h", 0), burst("6h", 20)] == [0, 0, 0], "periods without a request"
    if key is None:
        burst("7h", 0)
        server.hot_restart()
        assert [burst("7h", 20), burst("1h", 20)] == [0, 0]


def test_a_hot_restart_after_a_change_without_requests(server, port):
    put(server, port, limiter(10, "1h"))
    assert admitted(port, 6) == 6
    put(server, port, limiter(10, "2h"))
    server.hot_restart()
    assert admitted(port, 20) == 4


def test_updates_under_load_do_not_count(server, port):
    put(server, port, limiter(1500))
    with Load(port, lambda n: request("/"), limit=4000) as load:
        for n in range(5):
            load.wait_more(100)
            put(server, port, limiter(1500), body=f"body {n}")
        load.join()
    assert load.errors == []
    assert load.statuses() == {200: 1500, 429: 2500}


@covers("RateLimiter", "policies.timeoutDuration")
def test_requests_wait_for_their_period(server, port):
    """No period admits more than its limit, so the last of 40 comes in the fourth period after the first."""
    put(server, port, limiter(10, "200ms", "1h"))
    with Load(port, lambda n: request("/"), connections=40, limit=40) as load:
        load.join()
    assert load.statuses() == {200: 40}
    assert max(load.seconds) >= 0.4


@pytest.mark.parametrize("key", [{"header": "X-User"}, {"cookie": "user"}])
@covers("RateLimiter", "urls.keyBy.{header,cookie}")
def test_each_key_has_a_limit(server, port, key):
    put(server, port, limiter(2, urls=[{"url": {"prefix": "/"}, "keyBy": key}]))

    def ask(user: str) -> int:
        return fetch(port, **({"X_User": user} if "header" in key else {"Cookie": f"user={user}"})).status

    assert [ask(user) for user in ("a", "a", "a", "b", "b", "b")] == [200, 200, 429, 200, 200, 429]


@covers("RateLimiter", "urls.keyBy.maxKeys")
def test_more_keys_than_there_is_room_for(server, port):
    """The first keys of this hour, and no others, have a limit of their own."""

    def users_let_in(keys: int, users: int = 300) -> int:
        put(server, port, limiter(1, urls=[{"url": {"prefix": "/"}, "keyBy": {"header": "X-User", "maxKeys": keys}}]))
        with Load(port, lambda n: request("/", X_User=f"user {n}"), limit=users) as load:
            load.join()
        assert load.errors == []
        return load.statuses()[200]

    assert users_let_in(64) == 64
    assert users_let_in(299) == 299
    assert users_let_in(1 << 13, 1 << 13) == 1 << 13


@covers("RateLimiter", "urls.url.empty")
def test_no_path_is_empty(server, port):
    put(server, port, limiter(1, urls=[{"url": {"empty": True}}]))
    assert [fetch(port).status for _ in range(3)] == [200] * 3
    put(server, port, limiter(1, urls=[{"url": {"prefix": "/"}}]))
    assert [fetch(port).status for _ in range(3)] == [200, 429, 429]


@covers("RateLimiter", "urls.keyBy.address")
def test_each_address_has_a_limit(server, port):
    limit = limiter(1, urls=[{"url": {"prefix": "/"}, "keyBy": {"address": True}}])
    paths = http_server(port, {"pathPrefix": "/", "backend": "p"}, trustedProxies=["127.0.0.1"])
    server.apply(paths, pipeline("p", limit, mock("ok")))
    asked = [fetch(port, X_Forwarded_For=ip).status for ip in ("192.0.2.1", "192.0.2.2", "192.0.2.1")]
    assert asked == [200, 200, 429]


@covers("RateLimiter", "urls.methods urls.policyRef urls.url.{exact,regex}")
def test_methods_and_paths_choose_the_policy(server, port):
    policies = [{"name": n, "limitForPeriod": 1, "limitRefreshPeriod": "1h", "timeoutDuration": "0s"} for n in "ab"]
    urls = [
        {"methods": ["PUT"], "url": {"exact": "/x"}, "policyRef": "a"},
        {"url": {"regex": "^/[xy]$"}, "policyRef": "b"},
    ]
    put(server, port, {"name": "limit", "kind": "RateLimiter", "policies": policies, "urls": urls, "fields": "none"})
    asked = [("PUT", "/x"), ("PUT", "/x"), ("GET", "/x"), ("GET", "/y"), ("GET", "/z"), ("GET", "/z")]
    assert [fetch(port, path, method).status for method, path in asked] == [200, 429, 200, 429, 200, 200]
    assert "ratelimit" not in fetch(port, "/y").headers


@covers("RateLimiter", "fields")
def test_all_responses_may_tell_the_limit(server, port):
    put(server, port, limiter(3, fields="all"))
    left = [fetch(port).headers["ratelimit"].split(";")[1] for _ in range(4)]
    assert left == ["r=2", "r=1", "r=0", "r=0"]
