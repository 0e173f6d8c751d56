# SPDX-License-Identifier: Apache-2.0
"""What outlives the process, and how it ends."""

import os
import signal
import socket
import time

import pytest
import yaml

from client import Connection, Load, fetch, request
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
    sale_server,
    wait_until,
    wasm,
)


def listed(server) -> dict:
    return yaml.safe_load(server.egctl("wasm", "list-data", "p", "wasm").stdout)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_objects_and_data_outlive_the_process(server, port, guests, end):
    put_sale(server, port, guests, limit=1000)
    for user in range(10):
        assert fetch(port, Authorization=f"user{user}").text == "buy\n"
    objects, data, version = server.get_json("/apis/v2/objects"), listed(server), server.config_version()
    getattr(server, end)()
    server.start()
    assert server.get_json("/apis/v2/objects") == objects
    assert server.config_version() == version
    assert listed(server) == data == {f"id/user{user}": "true" for user in range(10)}
    assert fetch(port, Authorization="user3").text == "buy\n"


def test_a_change_that_was_confirmed_is_on_disk(server):
    for number in range(5):
        server.apply(pipeline(f"p{number}", mock(str(number))))
        server.kill()
        server.start()
        assert server.objects() == [f"p{n}" for n in range(number + 1)]


def test_data_outlives_its_pipeline(server, port, guests):
    """Deleting or changing the pipeline does not delete the data."""
    put_sale(server, port, guests, limit=1000)
    fetch(port, Authorization="a")
    server.delete("p")
    put_sale(server, port, guests, limit=1)
    assert listed(server) == {"id/a": "true"}
    assert fetch(port, Authorization="b").text == "sold out.\n"


def test_taken_port(server, port):
    with socket.create_server(("0.0.0.0", port)):
        done = server.egctl(
            *("apply", "-f", "-"),
            input=documents(http_server(port, {"backend": "p"}), pipeline("p", mock("here\n"))),
            check=False,
        )
        assert done.returncode == 6, "applied, and it does not run"
        assert "Warning: http-server" in done.stderr and str(port) in done.stderr
        status = server.status("http-server")
        assert status["state"] == "failed"
        assert str(port) in status["error"] or "in use" in status["error"].lower()
        server.egctl("health")
        server.apply(pipeline("q", mock("x")))
    wait_until(lambda: server.status("http-server")["state"] == "running", "the port is tried again")
    assert fetch(port).text == "here\n"


def test_taken_port_at_start(server, port):
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("here\n")))
    server.stop()
    with socket.create_server(("0.0.0.0", port)):
        server.start()
        assert server.status("http-server")["state"] == "failed"
    wait_until(lambda: server.status("http-server")["state"] == "running", "the port is tried again")
    assert fetch(port).text == "here\n"


def test_code_that_is_gone_at_start(server, port, guests, tmp_path):
    """The kept copy as well: the other objects run; this one is reported, and heals when the file is back."""
    program = tmp_path / "program.wasm"
    program.write_bytes((guests / "step1.wasm").read_bytes())
    server.apply(
        http_server(port, {"path": "/p", "backend": "p"}, {"backend": "q"}),
        pipeline("p", wasm(program), mock("p\n")),
        pipeline("q", mock("q\n")),
    )
    server.stop()
    code = program.read_bytes()
    program.unlink()
    for kept in (server.home / "data" / "code").iterdir():
        kept.unlink()
    server.start()
    assert fetch(port, "/q").text == "q\n"
    assert fetch(port, "/p").status == 503
    status = server.status("p")
    assert status["state"] == "failed" and "filters[0].code" in status["error"]
    assert server.objects() == ["http-server", "p", "q"]
    program.write_bytes(code)
    wait_until(lambda: fetch(port, "/p").status == 200, "the pipeline is tried again")
    assert fetch(port, "/p").text == "p\n"


def test_sigterm_lets_requests_in_flight_finish(server, port, backend):
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", proxy(backend.url)))
    with Connection(port) as waiting, Connection(port) as idle:
        assert idle.request("/").status == 200
        waiting.send(request("/slow"))
        assert backend.held.acquire(timeout=DEADLINE)
        os.kill(server.pid, signal.SIGTERM)
        assert idle.is_closed(), "an idle connection is let go"
        backend.release()
        response = waiting.receive()
        assert response.status == 200
        assert waiting.is_closed()
    server.wait_end()


def test_requests_in_flight_have_all_the_time_of_the_drain(tmp_path, port, backend):
    """Then they are cut, and that is no failure."""
    patience = 2.0
    server = Server(tmp_path / "home", "--drain-timeout", f"{patience}s").start()
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", proxy(backend.url)))
    with Connection(port) as waiting:
        waiting.send(request("/slow"))
        assert backend.held.acquire(timeout=DEADLINE)
        begin = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        assert waiting.is_closed()
        assert time.monotonic() - begin >= patience
    server.wait_end()
    assert "1 connections were cut" in server.log()
    backend.release()


def test_sigterm_under_load(server, port):
    """Every request that was taken is answered whole."""
    server.apply(sale_server(port), pipeline("p", mock("x" * 1000)))
    with Load(port, lambda _: request("/"), connections=16) as load:
        load.wait_more(500)
        server.stop()
        load.join()
    assert {status for status, _ in load.answers} == {200}
    # A connection may end between two requests, never within an answer.
    assert all("IncompleteReadError" in error or "Connection" in error or "BrokenPipe" in error for error in load.errors)
    assert not any("expected" in error and "0 bytes read" not in error for error in load.errors)


def test_sigint_ends_too(server):
    os.kill(server.pid, signal.SIGINT)
    server.wait_end()


def test_sighup_reopens_the_logs(server, port):
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("x")))
    fetch(port, "/before")
    server.access_line("/before")
    logs = server.home / "log"
    moved = logs.parent / "moved"
    moved.mkdir()
    names = [file.name for file in logs.iterdir() if file.is_file()]
    assert names
    for name in names:
        (logs / name).rename(moved / name)
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: {file.name for file in logs.iterdir()} >= set(names), "the files are there again")
    fetch(port, "/after")
    server.access_line("/after")
    assert all("/after" not in (moved / name).read_text() for name in names)


def test_initial_objects(tmp_path):
    file = tmp_path / "initial.yaml"
    file.write_text(documents(pipeline("p", mock("initial"))))
    port = free_port()
    server = Server(tmp_path / "home", "--initial-object-config-files", str(file)).start()
    server.apply(http_server(port, {"backend": "p"}))
    assert fetch(port).text == "initial"
    server.apply(pipeline("p", mock("changed")))
    server.restart()
    assert fetch(port).text == "changed", "created only if the name is absent"
    server.stop()
