# SPDX-License-Identifier: Apache-2.0
"""A core that cannot keep up: strangers are answered 503, those whom a sale has let in are served. `target: 0ms`
says of every core that it cannot."""

import contextlib
import json
import signal
import subprocess
import time

import pytest
import yaml

from client import Connection, fetch
from gateway import BIN, DEADLINE, http_server, mock, pipeline, wait_until, wasm

pytestmark = pytest.mark.alone

KNOWN = {"prefix": "id/", "header": "Authorization"}
ALWAYS = {"target": "0ms", "retryAfter": "2s"}
NEVER = {"target": "1h"}


def sale(guests, limit: int = 100, known: dict | None = KNOWN, **fields) -> dict:
    parameters = {"startTime": "2021-08-08T00:00:00", "blockRatio": "0", "maxPermission": str(limit)}
    if known:
        fields["known"] = known
    return pipeline("p", wasm(guests / "step6.wasm", parameters=parameters, **fields), mock("buy\n"))


def set_overload(server, port, overload: dict) -> None:
    server.apply(http_server(port, {"backend": "p"}, overload=overload))


def http1(port, user: str) -> tuple[int, dict, str]:
    with Connection(port) as connection:
        response = connection.request(Authorization=user)
    return response.status, response.headers, response.text


def http2(port, user: str) -> tuple[int, dict, str]:
    command = ["curl", "-sS", "-i", "--http2-prior-knowledge", "-m", "60", "-H", f"Authorization: {user}"]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0, done.stderr
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split(" ")[1]), headers, body


PROTOCOLS = pytest.mark.parametrize("ask", [http1, http2])


@PROTOCOLS
def test_strangers_are_refused_and_those_in_are_served(server, port, guests, ask):
    server.apply(sale(guests))
    set_overload(server, port, NEVER)
    assert ask(port, "early")[::2] == (200, "buy\n")
    set_overload(server, port, ALWAYS)
    for n in range(20):
        status, headers, body = ask(port, f"late{n}")
        assert (status, body) == (503, "")
        assert headers["retry-after"] in ("2", "3", "4")
        assert ask(port, "early")[::2] == (200, "buy\n")
    assert ask(port, "")[0] == 503, "nobody is nobody that is in"
    line = server.access_line("shed: overload")
    assert " 503]" in line
    wait_until(lambda: "HTTPServer http-server is overloaded: a request waited" in server.log(), "the log says so")

    status = server.status("http-server")
    assert status["overload"]["shed"] == 21
    assert status["overload"]["knownServed"] == 20
    assert status["overload"]["overloaded"] is True
    assert status["health"].startswith("overloaded")
    assert status["state"] == "running"
    data = server.egctl("wasm", "list-data", "p", "wasm").stdout
    assert list(yaml.safe_load(data)) == ["id/early"], "whoever is refused has used no permit"

    set_overload(server, port, NEVER)
    assert ask(port, "late0")[::2] == (200, "buy\n")
    status = server.status("http-server")
    assert status["health"] == ""
    assert status["overload"]["overloaded"] is False


@pytest.mark.parametrize(
    ("known", "named"),
    [
        ({"prefix": "id/", "cookie": "user"}, {"Cookie": "a=b; user=early"}),
        ({"prefix": "id/", "query": "user"}, {}),
    ],
)
def test_known_by_cookie_and_query(server, port, guests, known, named):
    server.apply(sale(guests, known=known))
    set_overload(server, port, NEVER)
    assert http1(port, "early")[0] == 200
    set_overload(server, port, ALWAYS)
    path = "/?user=early" if not named else "/"
    assert fetch(port, path, Authorization="early", **named).text == "buy\n"
    assert fetch(port, Authorization="early").status == 503
    assert fetch(port, "/?user=other", Authorization="early", Cookie="user=other").status == 503


def test_without_the_field_nobody_is_known(server, port, guests):
    server.apply(sale(guests, known=None))
    set_overload(server, port, NEVER)
    assert http1(port, "early")[0] == 200
    set_overload(server, port, ALWAYS)
    assert http1(port, "early")[0] == 503


def test_any_filter_of_a_pipeline_may_know(server, port, guests):
    parameters = {"startTime": "2021-08-08T00:00:00", "blockRatio": "0", "maxPermission": "100"}
    first = wasm(guests / "step6.wasm", name="first", parameters=parameters, known=KNOWN)
    second = wasm(guests / "step6.wasm", name="second", parameters=parameters, known=KNOWN)
    server.apply(pipeline("p", first, second, mock("buy\n")))
    server.egctl("wasm", "apply-data", "p", "second", input='id/early: "true"\n')
    set_overload(server, port, ALWAYS)
    assert http1(port, "early")[0] == 200
    assert http1(port, "late")[0] == 503


def test_the_connection_goes_on_after_a_refusal(server, port, guests):
    server.apply(sale(guests))
    set_overload(server, port, ALWAYS)
    with Connection(port) as connection:
        for n in range(5):
            response = connection.request(method="POST", body=b"x" * 1000, Authorization=f"u{n}")
            assert response.status == 503
    with Connection(port) as connection:  # no body is asked for that nobody will read
        connection.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n")
        assert connection._until(b"\r\n").startswith(b"HTTP/1.1 503")


def test_every_permit_is_told_though_most_are_refused(server, port, guests, tmp_path):
    """Overload comes and goes while a sale runs: exactly the limit is in, each of them has been told."""
    limit = 1000
    server.apply(sale(guests, limit=limit))
    set_overload(server, port, NEVER)
    let_in = tmp_path / "let-in"
    load = subprocess.Popen(
        [BIN / "sluice_open_load", str(port), "400:600", "--sockets", "100", "--new", "0.3", "--prefix", "", "--let-in", let_in]
        + ["--known-share", "0.3", "--come-again", "--patience", "60"],
        stdout=subprocess.PIPE,
        text=True,
    )

    def permits() -> int:
        return server.status("p")["filters"]["wasm"]["keys"]

    try:
        wait_until(lambda: permits() > 50, "some are in")
        set_overload(server, port, ALWAYS)
        shed = server.status("http-server")["overload"]["shed"]
        wait_until(lambda: server.status("http-server")["overload"]["shed"] > shed + 50, "some are refused")
        assert server.status("http-server")["overload"]["knownServed"] > 0
        set_overload(server, port, NEVER)
        wait_until(lambda: permits() == limit, "the sale is over")
    finally:
        load.terminate()
    report = json.loads(load.communicate(timeout=2 * DEADLINE)[0])
    assert set(report["unknown"]["counts"]) <= {"yes", "no", "shed"}, report["unknown"]["counts"]
    assert set(report["known"]["counts"]) == {"yes"}, report["known"]["counts"]
    assert report["turned_away"] == 0
    stored = yaml.safe_load(server.egctl("wasm", "list-data", "p", "wasm").stdout)
    assert sorted(stored) == sorted(f"id/{n}" for n in let_in.read_text().split())
    assert len(stored) == limit


def test_a_stall_of_the_process_is_no_overload(server, port, guests):
    """Requests on old and new connections that waited while the process stood still are served."""
    server.apply(sale(guests))
    set_overload(server, port, {"target": "200ms"})
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(Connection(port))]
        assert connections[0].request(Authorization="early").status == 200
        server.process.send_signal(signal.SIGSTOP)
        try:
            connections.append(stack.enter_context(Connection(port)))
            for connection in connections:
                connection.send("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: early\r\n\r\n")
            time.sleep(0.5)  # longer than the target
        finally:
            server.process.send_signal(signal.SIGCONT)
        for connection in connections:
            assert connection._until(b"\r\n").startswith(b"HTTP/1.1 200")


def test_as_many_wait_for_a_guest_as_max_waiting_says(server, port, guests):
    """One guest is taken, two may wait; whoever comes then is told at once, and those who wait are served."""
    server.apply(
        http_server(port, {"backend": "p"}),
        pipeline("p", wasm(guests / "run-loop.wasm", timeout="1h", concurrency=1, maxWaiting=1), mock("hello")),
    )
    connections = [Connection(port) for _ in range(20)]
    try:
        for connection in connections:
            connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        refused = wait_until(
            lambda: server.status("p")["filters"]["wasm"]["numOfOutOfVM"], "somebody finds too many waiting"
        )
        assert refused > 0
        assert "maxWaiting" in server.access_line("maxWaiting")
        assert server.status("p")["filters"]["wasm"]["waiting"] > 0
    finally:
        for connection in connections:
            connection.close()


def test_faults_name_the_field(server, port, guests):
    refused = server.egctl("apply", "-f", "-", input=yaml.safe_dump(http_server(port, {"backend": "p"}, overload={"target": "-1s"})), check=False)
    assert refused.returncode != 0 and "overload.target" in refused.stdout + refused.stderr
    spec = sale(guests, known={"prefix": "id/"})
    refused = server.egctl("apply", "-f", "-", input=yaml.safe_dump(spec), check=False)
    assert "filters[0].known: needs one of header, cookie and query" in refused.stdout + refused.stderr
