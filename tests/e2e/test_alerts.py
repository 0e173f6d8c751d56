# SPDX-License-Identifier: Apache-2.0
"""packaging/grafana/alerts.yaml: what fires when, by promtool and by a Prometheus that scrapes real gateways."""

import contextlib
import itertools
import re
import socket
import subprocess
from collections import deque

import pytest
import yaml

from client import Connection, fetch, request
from cluster import owner_of
from faulty import Faulty
from gateway import free_port, http_server, mock, pipeline, proxy, put_sale, wait_until, wasm
from prometheus import GRAFANA, RULES, chosen, have_prometheus, panel_queries, rules, running, watching

pytestmark = pytest.mark.skipif(not have_prometheus(), reason="no Prometheus: tools/install.sh test installs it")

OF_A_SLOW_MACHINE = {"SluiceAllDown", "SluiceDown", "SluiceDurableLag"}  # a scrape that takes a second, a disk that takes half of one


def promtool(*arguments: str, cwd=GRAFANA) -> subprocess.CompletedProcess:
    return subprocess.run(["promtool", *arguments], cwd=cwd, capture_output=True, text=True)


def test_the_rules_are_valid_and_fire_when_they_should():
    for command in (("check", "rules", "alerts.yaml"), ("test", "rules", "alerts_test.yaml")):
        done = promtool(*command)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("instead", "side"), [("vector(0) > 1", "exp"), ("vector(1)", "got")], ids=["never", "always"])
def test_the_tests_of_the_rules_notice(tmp_path, instead, side):
    """Alerts that fire never, or always: the tests miss each of them, or have one too many."""
    (tmp_path / "alerts_test.yaml").write_text((GRAFANA / "alerts_test.yaml").read_text())
    changed = yaml.safe_load(RULES.read_text())
    for group in changed["groups"]:
        for rule in group["rules"]:
            rule["expr"] = instead
    (tmp_path / "alerts.yaml").write_text(yaml.safe_dump(changed))
    done = promtool("test", "rules", "alerts_test.yaml", cwd=tmp_path)
    assert done.returncode != 0
    told = "".join(re.findall(rf"^ *{side}: *(.*)", done.stdout + done.stderr, re.MULTILINE))
    named = set(re.findall(r'alertname="(\w+)"', told))
    assert named == {rule["alert"] for rule in rules()}, done.stdout + done.stderr


# --- a sale -----------------------------------------------------------------------------------


def test_no_alert_for_a_sale_that_is_sold_out(tmp_path, server, port, guests):
    """From its first request to a crowd that is refused; then its program hangs."""
    code = guests / "probe.wasm"
    limited = wasm(code, limit={"prefix": "id/", "max": 50})
    server.apply(
        http_server(port, {"backend": "p"}, overload={"target": "1h"}), pipeline("p", limited, mock("buy\n"))
    )
    users = itertools.count()

    def visit() -> None:
        fetch(port, X_Mode="enter", X_Key=f"id/user{next(users)}")

    with watching(tmp_path, server) as (prometheus, traffic):
        prometheus.wait_evaluated()
        for _ in range(3):
            traffic.repeat(visit)
        labels = 'pipeline="p",filter="wasm"'
        all_given = f"sluice_data_limit_used_keys{{{labels}}} == sluice_data_limit_keys"
        wait_until(lambda: prometheus.query(all_given), "it is sold out")
        refused = f'rate(sluice_filter_duration_seconds_count{{{labels},result="limitReached"}}[1m]) > 0'
        only_4xx = 'delta(http_server_request_duration_seconds_count{status="2xx"}[5s]) == 0'
        wait_until(lambda: prometheus.query(refused) and prometheus.query(only_4xx), "everybody is refused")
        prometheus.wait_evaluated()
        told = prometheus.query("count by (alertname) (last_over_time(ALERTS[1h]))")
        assert {labels["alertname"] for labels, _ in told} <= OF_A_SLOW_MACHINE, "not even pending"
        assert prometheus.firing() == []
        traffic.repeat(lambda: fetch(port, X_Mode="loop"))
        prometheus.wait_firing("SluiceGuestsTimeOut")


def test_a_store_that_does_not_write_and_a_member_that_is_gone(tmp_path, port, guests):
    users = itertools.count()
    with running(tmp_path / "home") as server, watching(tmp_path, server) as (prometheus, traffic):
        put_sale(server, port, guests, limit=1_000_000)
        traffic.repeat(lambda: fetch(port, Authorization=f"user{next(users)}"))
        prometheus.wait_evaluated()
        assert "SluiceStoreDoesNotWrite" not in prometheus.names_firing()
        (server.home / "data").rename(server.home / "away")
        prometheus.wait_firing("SluiceStoreDoesNotWrite", "SluiceErrors", "SluiceGuestsWaitForStore")
        assert "SluiceGuestsTrap" not in prometheus.names_firing(), "the program is not at fault"
        (server.home / "away").rename(server.home / "data")
        wait_until(lambda: "SluiceStoreDoesNotWrite" not in prometheus.names_firing(), "the alert ends")
        traffic.stop()
        server.kill()
        prometheus.wait_firing("SluiceAllDown")
        assert "SluiceDown" not in prometheus.names_firing(), "one page for one cause"


def test_memory_that_is_held(tmp_path, port):
    """Bodies that lack their last byte, until one is refused."""
    size = 2 << 20

    def refused() -> int:
        return server.status("http-server")["refusals"]["memoryBudget.bodies"]

    def bodies() -> int:
        return server.status("http-server")["memory"]["held"]["requestBodies"]

    def fill(connection: Connection) -> None:
        before = bodies()
        with contextlib.suppress(OSError):  # it is refused
            connection.send(request(method="POST", Content_Length=str(size)) + b"x" * (size - 1))
        wait_until(lambda: bodies() >= before + size // 2 or refused(), "it is held or refused")

    with contextlib.ExitStack() as held:
        server = held.enter_context(running(tmp_path / "home", "--memory-budget", "16MiB", "--workers", "1"))
        server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}, clientMaxBodySize=2 * size))
        prometheus, traffic = held.enter_context(watching(tmp_path, server))
        prometheus.wait_evaluated()
        assert not {"SluiceMemoryNearBudget", "SluiceRefusesForMemory"} & prometheus.names_firing()
        connections = held.enter_context(contextlib.ExitStack())
        while not refused():
            fill(connections.enter_context(Connection(port)))

        def post() -> None:
            with contextlib.suppress(OSError):  # without room, a server may close before it has read the body
                fetch(port, method="POST", body=b"x")

        traffic.repeat(post)
        prometheus.wait_firing("SluiceMemoryNearBudget", "SluiceRefusesForMemory")
        limits = {one["labels"].get("limit") for one in prometheus.firing()}
        assert "memoryBudget.bodies" in limits
        traffic.stop()


def test_clients_that_leave_and_a_server_that_is_full(tmp_path, server, port):
    """Neither is an error: those who leave count as 4xx, and the others wait in the queue of the kernel."""
    of_full = free_port()
    there: deque[Connection] = deque()

    def visit() -> None:
        there.append(Connection(port).send(request("/")))
        if len(there) > 3:
            there.popleft().close()

    with contextlib.ExitStack() as held:
        backend = Faulty("stall")
        held.callback(backend.close)
        server.apply(
            http_server(port, {"backend": "hangs"}),
            http_server(of_full, {"backend": "page"}, name="full", maxConnections=1, keepAliveTimeout="1h"),
            pipeline("hangs", proxy(backend.url)),
            pipeline("page", mock("page")),
        )
        prometheus, traffic = held.enter_context(watching(tmp_path, server))
        prometheus.wait_evaluated()
        assert not {"SluiceClientsLeave", "SluiceConnectionsNearLimit"} & prometheus.names_firing()
        assert held.enter_context(Connection(of_full)).request("/").status == 200
        traffic.repeat(visit)
        prometheus.wait_firing("SluiceClientsLeave", "SluiceBackendAbandoned", "SluiceConnectionsNearLimit")
        told = [one["labels"] for one in prometheus.firing()]
        assert {one["server"] for one in told if one["alertname"] == "SluiceConnectionsNearLimit"} == {"full"}
        assert "SluiceErrors" not in prometheus.names_firing()
        traffic.stop()
    for connection in there:
        connection.close()


def test_objects_that_do_not_run(tmp_path, port, guests):
    """A start without the code of a pipeline, and without the port of a server."""
    code = tmp_path / "sale.wasm"
    code.write_bytes((guests / "step1.wasm").read_bytes())
    with running(tmp_path / "home") as server:
        server.apply(http_server(port, {"backend": "p"}), pipeline("p", wasm(code), mock("x")))
        server.stop()
        code.unlink()
        for kept in (server.home / "data" / "code").iterdir():
            kept.unlink()
        with socket.create_server(("127.0.0.1", port)):
            server.start()
            with watching(tmp_path, server) as (prometheus, _):
                prometheus.wait_firing("SluiceObjectFailed", "SluicePortClosed")


def test_a_cluster_and_the_end_of_its_store(tmp_path, port, new_cluster, guests):
    cluster = new_cluster()
    one, two = cluster.start("one", "two")
    put_sale(one, port, guests, limit=1_000_000)
    wait_until(lambda: two.own_status("p").get("state") == "running", "the other member runs it")
    users = itertools.count()

    def visit() -> None:
        for member in (one, two):
            member.ask(port, Authorization=f"user{next(users)}")
            member.ask(port, Authorization="user0")  # who is in: a run that only reads

    with watching(tmp_path, one, two) as (prometheus, traffic):
        traffic.repeat(visit)
        between = [name for name in panel_queries() if name.startswith("Between the members")]
        for name in (*between, "Sealed, and owned B"):
            query = chosen(panel_queries()[name]["expr"])
            wait_until(lambda query=query: any(value > 0 for _, value in prometheus.query(query)), f"{name} counts")
        assert [owners for _, owners in prometheus.query("sum by (pipeline, filter) (sluice_data_owned)")] == [1]
        owner = owner_of((one, two))
        prometheus.wait_evaluated()
        assert prometheus.names_firing() <= OF_A_SLOW_MACHINE
        cluster.etcd.kill()
        prometheus.wait_firing("SluiceStoreDoesNotWrite", "SluiceErrors")
        traffic.stop()
        owner.kill()  # and no other member can take the data
        prometheus.wait_firing("SluiceDataWithoutOwner")
        pending = 'ALERTS{alertname="SluiceDown"}'
        wait_until(lambda: prometheus.query(pending), "the member is missed")
        assert "SluiceAllDown" not in prometheus.names_firing(), "the other one is there"
