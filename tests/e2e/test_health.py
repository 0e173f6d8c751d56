# SPDX-License-Identifier: Apache-2.0
"""`/healthz` and `/readyz`: for everybody, and without detail."""

import base64
import http.client
import itertools
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import yaml
from client import Connection, fetch, request
from code_server import CodeServer
from exposition import parse, value
from gateway import (
    DEADLINE,
    Server,
    documents,
    free_port,
    http_server,
    mock,
    pipeline,
    proxy,
    put_sale,
    wait_until,
    wasm,
)


def probe(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_probes_need_no_credentials_and_tell_nothing(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "c.yaml").write_text(yaml.safe_dump({"basic-auth": {"root": "a password of ours"}}))
    health = free_port()
    server = Server(home, "--config-file", str(home / "c.yaml"), "--health-addr", f"127.0.0.1:{health}")
    server.start(wait=False)
    wait_until(lambda: listens(health), "the health port listens")
    for port in (server.api_port, health):
        assert probe(port, "/healthz") == probe(port, "/readyz") == (200, "ok\n")
        assert probe(port, "/readyz?x=1", "HEAD") == (200, "")
        assert probe(port, "/readyz", "POST")[0] == 405
    for path in ("/apis/v2/healthz", "/metrics", "/apis/v2/objects", "/healthz/x"):
        assert probe(server.api_port, path)[0] == 401, path
        status, text = probe(health, path)
        assert status == 404 and "answers /healthz and /readyz only" in text, (path, text)
    proof = base64.b64encode(b"root:a password of ours").decode()
    assert server.request("GET", "/metrics", headers={"Authorization": f"Basic {proof}"})[0] == 200
    server.stop()


def listens(port: int) -> bool:
    try:
        return probe(port, "/healthz")[0] == 200
    except OSError:
        return False


def test_a_store_that_does_not_write_is_not_ready(tmp_path, port, guests):
    server = Server(tmp_path / "home").start()
    put_sale(server, port, guests, limit=1_000_000)
    data, away = server.home / "data", server.home / "away"
    users = itertools.count()

    def readiness_after_a_write() -> int:
        fetch(port, Authorization=f"user{next(users)}")
        return probe(server.api_port, "/readyz")[0]

    assert probe(server.api_port, "/readyz") == (200, "ok\n")
    data.rename(away)
    wait_until(lambda: readiness_after_a_write() == 503, "the server is not ready")
    assert probe(server.api_port, "/readyz") == (503, "not ready: the store does not write\n")
    assert probe(server.api_port, "/healthz") == (200, "ok\n")
    assert value(parse(server.egctl("metrics").stdout), "sluice_ready") == 0
    away.rename(data)
    wait_until(lambda: readiness_after_a_write() == 200, "the server is ready again")
    assert value(parse(server.egctl("metrics").stdout), "sluice_ready") == 1
    server.stop()


def test_a_server_that_ends_is_alive_and_not_ready(tmp_path, port, backend):
    health = free_port()
    server = Server(tmp_path / "home", "--health-addr", f"127.0.0.1:{health}").start()
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", proxy(backend.url)))
    assert probe(health, "/readyz")[0] == 200
    with Connection(port) as connection:
        connection.send(request("/slow"))
        assert backend.held.acquire(timeout=DEADLINE)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: probe(health, "/readyz")[0] == 503, "the server is not ready")
        assert probe(health, "/healthz") == (200, "ok\n")
        backend.release()
        assert connection.receive().status == 200
    server.wait_end()


def test_initial_objects_that_are_not_created_are_not_ready(tmp_path, guests):
    """They are tried again until they are there, and everything says so meanwhile."""
    source = CodeServer((guests / "step1.wasm").read_bytes())
    source.open.clear()
    port, file = free_port(), tmp_path / "initial.yaml"
    file.write_text(
        documents(
            http_server(port, {"path": "/q", "backend": "q"}, {"backend": "p"}),
            pipeline("p", mock("p\n")),
            pipeline("q", wasm(source.url), mock("q\n")),
        )
    )
    server = Server(tmp_path / "home", "--initial-object-config-files", str(file)).start()
    not_ready = (503, "not ready: initial objects are not created\n")
    assert probe(server.api_port, "/readyz") == not_ready
    assert f"{file}: its objects are not created yet" in server.egctl("health").stdout
    source.status = 500
    source.open.set()
    why = f"{file}: Pipeline q (document 3): filters[0]"
    wait_until(lambda: why in server.egctl("health").stdout, "the reason is known")
    assert why in server.log()
    assert probe(server.api_port, "/readyz") == not_ready
    assert value(parse(server.egctl("metrics").stdout), "sluice_ready") == 0
    assert server.objects() == [], "all or none"
    source.status = 200
    wait_until(lambda: probe(server.api_port, "/readyz") == (200, "ok\n"), "the server is ready")
    assert fetch(port, "/q").text == "q\n" and fetch(port).text == "p\n"
    assert server.egctl("health").stdout == "OK\n"
    server.stop()
    source.close()


def test_a_taken_health_address_ends_the_start(tmp_path, port):
    server = Server(tmp_path / "home", "--health-addr", f"127.0.0.1:{port}")
    other = Server(tmp_path / "other", "--health-addr", f"127.0.0.1:{port}").start()
    server.start(wait=False)
    server.wait_end(expect=1)
    assert "--health-addr" in server.log()
    other.stop()


def test_no_probe_is_refused_in_a_hot_restart(tmp_path):
    """The new process gets the socket: who comes meanwhile waits for it."""
    health = free_port()
    server = Server(tmp_path / "home", "--health-addr", f"127.0.0.1:{health}").start()
    answers, stop = [], threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                answers.append(probe(health, "/healthz"))
            except OSError as error:
                answers.append(error)

    with ThreadPoolExecutor() as pool:
        asking = pool.submit(ask)
        try:
            for _ in range(2):
                server.hot_restart()
                before = len(answers)
                wait_until(lambda: len(answers) > before + 3, "the new process answers")
        finally:
            stop.set()
        asking.result()
    assert set(answers) == {(200, "ok\n")}
    server.stop()


def test_few_descriptors_are_told_at_the_start(tmp_path):
    """An admin API without descriptors cannot be asked about it later."""
    server = Server(tmp_path / "home")
    server.wrapper = ["prlimit", "--nofile=512:512"]
    server.start()
    assert "512 file descriptors are fewer than a server's maxConnections (10240" in server.log()
    server.stop()


def test_a_hot_restart_passes_the_health_address_on(tmp_path):
    health = free_port()
    server = Server(tmp_path / "home", "--health-addr", f"127.0.0.1:{health}").start()
    server.hot_restart()
    wait_until(lambda: listens(health) and probe(health, "/readyz")[0] == 200, "the new process is ready")
    server.stop()


def health(port: int, path: str = "/ready") -> int:
    return fetch(port, path).status


def test_a_path_of_a_server_follows_the_store(tmp_path, port, guests):
    server = Server(tmp_path / "home").start()
    put_sale(server, port, guests, limit=1_000_000)
    other = free_port()
    server.apply(
        http_server(other, {"pathPrefix": "/", "backend": "h"}, name="other", healthPath="/ready"),
        pipeline("h", mock("rules\n")),
    )
    data, away = server.home / "data", server.home / "away"
    users = itertools.count()

    def health_after_a_write() -> int:
        fetch(port, Authorization=f"user{next(users)}")
        return health(other)

    wait_until(lambda: health(other) == 200, "the server is ready")
    head = fetch(other, "/ready", method="HEAD")
    assert head.status == 200 and fetch(other, "/ready?from=lb").status == 200
    assert fetch(other, "/ready", method="POST").text == "rules\n", "other methods are requests like others"
    assert fetch(other, "/ready/more").text == "rules\n"
    data.rename(away)
    wait_until(lambda: health_after_a_write() == 503, "the server is not ready")
    assert fetch(other).text == "rules\n", "it serves all the same"
    away.rename(data)
    wait_until(lambda: health_after_a_write() == 200, "the server is ready again")
    server.hot_restart()
    wait_until(lambda: health(other) == 200, "so is the new process")
    server.stop()


def test_the_health_path_obeys_the_ip_filter_and_no_limit(server, port):
    server.apply(
        pipeline("h", mock("rules\n")),
        http_server(port, {"backend": "h"}, healthPath="/ready", clientLimits={"requestsPerSecond": 1}),
    )
    wait_until(lambda: health(port) == 200, "the server is ready")
    assert {health(port) for _ in range(20)} == {200}
    server.apply(http_server(port, {"backend": "h"}, healthPath="/ready", ipFilter={"blockIPs": ["127.0.0.1"]}))
    assert health(port) == 403
    wrong = server.egctl(
        "apply", "-f", "-", input=documents(http_server(port, {"backend": "h"}, healthPath="ready")), check=False
    )
    assert wrong.returncode == 1 and "healthPath" in wrong.stderr


def test_a_shutdown_delay_serves_and_is_not_ready(tmp_path, port):
    """Load balancers see it before the ports close."""
    server = Server(tmp_path / "home", "--shutdown-delay", "3s").start()
    server.apply(pipeline("h", mock("rules\n")), http_server(port, {"backend": "h"}, healthPath="/ready"))
    wait_until(lambda: health(port) == 200, "the server is ready")
    with Connection(port) as kept:
        assert kept.request().status == 200
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: health(port) == 503, "a balancer of requests sees it")
        assert probe(server.api_port, "/readyz") == (503, "not ready: the process ends\n")
        assert fetch(port).text == "rules\n", "a new connection is served"
        assert kept.request().text == "rules\n", "and an open one stays"
        assert "stopping: not ready any more, and serving for 3s" in server.log()
    server.wait_end()


def test_a_second_signal_ends_a_shutdown_delay(tmp_path, port):
    server = Server(tmp_path / "home", "--shutdown-delay", "1h").start()
    server.apply(pipeline("h", mock("rules\n")), http_server(port, {"backend": "h"}))
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: probe(server.api_port, "/readyz")[0] == 503, "it is not ready")
    server.process.send_signal(signal.SIGTERM)
    server.wait_end(expect=255)
