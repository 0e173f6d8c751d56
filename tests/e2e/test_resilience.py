# SPDX-License-Identifier: Apache-2.0
"""Retry and CircuitBreaker around real backends."""

import json
import threading

import pytest

from client import Connection, fetch, request
from exposition import parse, value
from gateway import free_port, http_server, pipeline, proxy, wait_until
from scripted import Answer, Scripted

HOUR = "1h"  # longer than any test waits


@pytest.fixture
def backend():
    with Scripted() as instance:
        yield instance


@pytest.fixture
def site(server, port):
    """put(policies, *urls, **pool): one pool with these policies behind `port`."""

    def put(policies: list[dict], *urls: str, **pool) -> int:
        fields = {}
        for policy in policies:
            fields["retryPolicy" if policy["kind"] == "Retry" else "circuitBreakerPolicy"] = policy["name"]
        spec = pipeline("p", proxy(*urls, **fields, **pool))
        spec["resilience"] = policies
        server.apply(http_server(port, {"backend": "p", "clientMaxBodySize": put.body_max}), spec)
        return port

    put.body_max = 0
    return put


def retry(**fields) -> dict:
    return {"name": "again", "kind": "Retry", "waitDuration": "1ms", **fields}


def breaker(**fields) -> dict:
    return {"name": "fuse", "kind": "CircuitBreaker", "waitDurationInOpenState": HOUR, **fields}


def pool_status(server) -> dict:
    return server.status("p")["filters"]["proxy"]["mainPool"]


def failing_first(count: int):
    """Fails the first `count` requests of each target."""
    seen: dict[str, int] = {}

    def answer(call):
        seen[call.target] = seen.get(call.target, 0) + 1
        return Answer(503 if seen[call.target] <= count else 200, body=str(seen[call.target]).encode())

    return answer


# --- Retry ----------------------------------------------------------------------------------------


def test_retry_until_it_works(site, server, backend):
    port = site([retry()], backend.url)
    backend.answer = failing_first(2)
    response = fetch(port, "/a")
    assert (response.status, response.body) == (200, b"3")
    backend.answer = failing_first(3)
    response = fetch(port, "/b")
    assert (response.status, response.body) == (503, b"3"), "three tries, and the last answer"
    assert backend.targets == ["/a"] * 3 + ["/b"] * 3
    assert pool_status(server)["retry"]["retries"] == 4
    assert f"try 1: {backend.url}: status code: 503" in server.access_line("/b")


def test_retry_after_a_dropped_connection_and_a_timeout(site, backend):
    port = site([retry()], backend.url, timeout="300ms")
    never = threading.Event()
    answers = [None, Answer(after=never), Answer(body=b"third")]
    backend.answer = lambda call: answers[len(backend.calls) - 1]
    assert fetch(port, "/").text == "third"
    never.set()


def test_no_wait_after_the_last_try(site, backend):
    port = site([retry(maxAttempts=1, waitDuration=HOUR)], backend.url)
    backend.answer = lambda call: Answer(503)
    assert fetch(port).status == 503


@pytest.mark.parametrize("order", ["RANDOM", "random", "EXPONENTIAL", "exponential"])
def test_both_spellings_of_the_back_off(site, backend, order):
    port = site([retry(backOffPolicy=order, randomizationFactor=0.5)], backend.url)
    backend.answer = failing_first(2)
    assert fetch(port).status == 200


def test_post_is_not_repeated_once_a_backend_has_it(site, backend):
    port = site([retry()], backend.url)
    backend.answer = failing_first(1)
    assert fetch(port, "/", "POST", b"order").status == 503
    assert len(backend.calls) == 1
    port = site([retry(methods=["POST"])], backend.url)
    backend.answer = failing_first(1)
    assert fetch(port, "/", "POST", b"order").status == 200
    assert [call.body for call in backend.calls] == [b"order"] * 3


def test_post_goes_to_another_server_if_the_first_is_not_there(site, backend):
    port = site([retry()], f"http://127.0.0.1:{free_port()}", backend.url)
    for number in range(8):
        assert fetch(port, f"/{number}", "POST", b"order").status == 200
    assert sorted(backend.targets) == [f"/{number}" for number in range(8)], "each order once"


def test_next_try_goes_to_another_server(site, backend):
    """Also where the policy, left alone, would choose the same one."""
    with Scripted(lambda call: Answer(500)) as bad:
        for urls in ((backend.url, bad.url), (bad.url, backend.url)):
            port = site([retry(maxAttempts=2)], *urls, loadBalance={"policy": "ipHash"})
            assert [fetch(port).status for _ in range(3)] == [200] * 3
        assert len(bad.calls) == 3


def test_streamed_bodies_are_not_repeated(site, backend):
    site.body_max = -1
    port = site([retry()], backend.url)
    backend.answer = failing_first(1)
    assert fetch(port, "/", "PUT", b"x" * 1000).status == 503
    assert len(backend.calls) == 1


def test_whole_bodies_are_sent_again(site, backend):
    port = site([retry()], backend.url)
    backend.answer = failing_first(1)
    body = bytes(range(256)) * 400
    assert fetch(port, "/", "PUT", body).status == 200
    assert [call.body == body for call in backend.calls] == [True, True]


def test_budget_bounds_the_retries(site, server, backend):
    port = site([retry(budgetPercent=20, budgetPerSecond=0)], backend.url)
    backend.answer = lambda call: Answer(500)
    with Connection(port) as connection:
        for _ in range(200):
            assert connection.request().status == 500
    retries = len(backend.calls) - 200
    assert 40 <= retries <= 50, "20 % of the requests, and the ten it held"
    port = site([retry(budgetPercent=0, budgetPerSecond=0, waitDuration=HOUR)], backend.url)
    assert fetch(port).status == 500, "no budget, no retry, no wait"


def test_response_headers_of_failed_tries_are_gone(site, backend):
    port = site([retry()], backend.url)
    answers = [Answer(503, {"X-Try": "1", "Set-Cookie": "a=1"}), Answer(200, {"X-Try": "2"})]
    backend.answer = lambda call: answers[len(backend.calls) - 1]
    pairs = fetch(port).header_list
    assert [value for name, value in pairs if name == "x-try"] == ["2"]
    assert not [value for name, value in pairs if name == "set-cookie"]


def test_retry_of_a_streamed_response(site, backend):
    port = site([retry()], backend.url, serverMaxBodySize=-1)
    seen = failing_first(2)

    def answer(call):
        first = seen(call)
        return Answer(first.status, chunks=[b"x" * 70_000, first.body])

    backend.answer = answer
    response = fetch(port)
    assert (response.status, response.body[-1:]) == (200, b"3")


# --- CircuitBreaker -------------------------------------------------------------------------------


def test_breaker_opens_for_all_cores_at_once(site, server, backend):
    port = site([breaker(minimumNumberOfCalls=5)], backend.url)
    backend.answer = lambda call: Answer(500)
    statuses = [fetch(port).status for _ in range(30)]  # each on a connection, and core, of its own
    assert statuses == [500] * 5 + [503] * 25
    assert len(backend.calls) == 5
    assert pool_status(server)["circuitBreaker"]["state"] == "OPEN"
    assert server.access_line("short circuited")


def test_breaker_tries_again_and_closes(site, server, backend):
    port = site(
        [breaker(minimumNumberOfCalls=5, permittedNumberOfCallsInHalfOpenState=2, waitDurationInOpenState="50ms")],
        backend.url,
    )
    backend.answer = lambda call: Answer(500)
    wait_until(lambda: fetch(port).status == 503, "the breaker opens")
    backend.answer = lambda call: Answer(body=b"well")
    wait_until(lambda: fetch(port).status == 200, "the breaker lets a call through")
    wait_until(
        lambda: fetch(port).status == 200 and pool_status(server)["circuitBreaker"]["state"] == "CLOSED",
        "it closes",
    )
    assert [fetch(port).status for _ in range(20)] == [200] * 20


def test_a_breaker_whose_wait_is_over_says_so_without_a_request(site, server, backend):
    """1 only while clients are refused: who has sent the traffic elsewhere must see the end of it."""

    def figure() -> float:
        return value(parse(server.egctl("metrics").stdout), "sluice_pool_breaker_open")

    port = site([breaker(minimumNumberOfCalls=5, waitDurationInOpenState="1s")], backend.url)
    assert figure() == 0
    backend.answer = lambda call: Answer(500)
    wait_until(lambda: fetch(port).status == 503 and figure() == 1, "the breaker opens")
    wait_until(lambda: figure() == 0.5, "the next requests decide")
    assert pool_status(server)["circuitBreaker"]["state"] == "HALF_OPEN"


def test_result_of_an_open_breaker(server, port, backend):
    filters = [
        proxy(backend.url, circuitBreakerPolicy="fuse"),
        {"name": "sorry", "kind": "Mock", "rules": [{"code": 200, "body": "sorry"}]},
    ]
    flow = [{"filter": "proxy", "jumpIf": {"shortCircuited": "sorry", "": "END"}}, {"filter": "sorry"}]
    spec = pipeline("p", *filters, flow=flow)
    spec["resilience"] = [breaker(minimumNumberOfCalls=1)]
    server.apply(http_server(port, {"backend": "p"}), spec)
    backend.answer = lambda call: Answer(500)
    assert fetch(port).status == 500
    assert (fetch(port).status, fetch(port).text) == (200, "sorry")


def test_breaker_is_outside_retry(site, server, backend):
    """One result per request, however many tries it took."""
    port = site([breaker(minimumNumberOfCalls=3), retry()], backend.url)
    backend.answer = lambda call: Answer(500)
    assert [fetch(port).status for _ in range(5)] == [500] * 3 + [503] * 2
    assert len(backend.calls) == 9


def test_minimum_above_the_window_is_reached(site, backend):
    port = site([breaker(slidingWindowSize=4, minimumNumberOfCalls=100)], backend.url)
    backend.answer = lambda call: Answer(500)
    assert [fetch(port).status for _ in range(6)] == [500] * 4 + [503] * 2


def test_slow_calls_open_it(site, backend):
    port = site([breaker(minimumNumberOfCalls=2, slowCallDurationThreshold="1ns")], backend.url)
    assert [fetch(port).status for _ in range(3)] == [200, 200, 503]


def test_timeouts_and_dropped_connections_are_failures(site, backend):
    port = site([breaker(minimumNumberOfCalls=2, slidingWindowType="TIME_BASED")], backend.url, timeout="50ms")
    never = threading.Event()
    answers = [Answer(after=never), None]
    backend.answer = lambda call: answers[len(backend.calls) - 1]
    assert [fetch(port, "/", "POST", b"x").status for _ in range(3)] == [504, 502, 503]
    assert len(backend.calls) == 2
    never.set()


def test_clients_that_leave_are_no_failures(site, server, backend):
    port = site([breaker(minimumNumberOfCalls=2)], backend.url)
    never = threading.Event()
    backend.answer = lambda call: Answer(after=never)
    for number in range(6):
        with Connection(port) as connection:
            connection.send(request(f"/{number}"))
            wait_until(lambda number=number: len(backend.calls) == number + 1, "the backend has the request")
    for number in range(6):  # the gateway knows that they have left, before the backend answers
        assert server.access_line(f"GET /{number} ")
    never.set()
    backend.answer = lambda call: Answer(body=b"well")
    assert [fetch(port).status for _ in range(3)] == [200] * 3
    status = pool_status(server)["circuitBreaker"]
    assert (status["state"], status["failed"], status["calls"]) == ("CLOSED", 0, 3)


def test_state_outlives_a_change_that_leaves_the_policy(site, server, backend):
    policy = breaker(minimumNumberOfCalls=2)
    port = site([policy], backend.url)
    backend.answer = lambda call: Answer(500)
    assert [fetch(port).status for _ in range(3)] == [500, 500, 503]
    site([policy], backend.url, timeout="7s")
    assert fetch(port).status == 503, "open as before"
    site([{**policy, "failureRateThreshold": 60}], backend.url, timeout="7s")
    assert fetch(port).status == 500, "another policy begins closed"
    site([{**policy, "failureRateThreshold": 60}], backend.url)
    with Scripted() as other:
        assert [fetch(port).status for _ in range(2)] == [500, 503]
        site([{**policy, "failureRateThreshold": 60}], other.url)
        assert fetch(port).status == 200, "other servers begin with a closed breaker"


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pool", "fault"),
    [
        (
            {"retryPolicy": "agian"},
            'filters[0].pools[0].retryPolicy: no resilience policy "agian" is defined in the pipeline\'s'
            ' `resilience`, did you mean "again"?',
        ),
        (
            {"circuitBreakerPolicy": "again"},
            'filters[0].pools[0].circuitBreakerPolicy: "again" is no CircuitBreaker policy, but of kind Retry',
        ),
    ],
)
def test_wrong_names_and_kinds(server, pool, fault):
    spec = pipeline("p", proxy("http://127.0.0.1:1", **pool))
    spec["resilience"] = [retry()]
    done = server.egctl("object", "create", "-f", "-", input=json.dumps(spec), check=False)
    assert done.returncode == 1
    assert fault in done.stderr
    assert server.objects() == []


def test_policies_are_shown_complete(site, server, backend):
    site([retry(), breaker()], backend.url)
    spec = server.get_json("/apis/v2/objects/p")
    shown = {policy["name"]: policy for policy in spec["resilience"]}
    assert shown["again"]["maxAttempts"] == 3
    assert shown["fuse"]["minimumNumberOfCalls"] == 10
