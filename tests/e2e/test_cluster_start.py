# SPDX-License-Identifier: Apache-2.0
"""What a member finds at its start: endpoints that are down, a home that is taken, a port that is taken. And what
members say of themselves and of each other when something is away."""

import os
import re
import socket

import pytest
import yaml

from certificates import Authority
from cluster import Gateway, owner_of
from gateway import Orphan, free_port, http_server, mock, pipeline, put_sale, wait_until, wasm
from names import NameServer, namespace

NS = "p/wasm"


def refusal(gateway) -> str:
    """What a gateway says that does not start."""
    gateway.start(wait=False)
    gateway.wait_end(expect=1)
    return gateway.log()


def with_option(gateway, name: str, value: str) -> None:
    options = list(gateway.options)
    options[options.index(name) + 1] = value
    gateway.options = tuple(options)


def test_a_start_passes_an_endpoint_that_is_down(new_cluster):
    Orphan.expect_some()
    cluster = new_cluster()
    etcd = cluster.etcd.start().wait()
    gateway = cluster.member("one")
    nobody = f"127.0.0.1:{free_port()}"
    with_option(gateway, "--etcd-endpoints", f"{nobody},{etcd.endpoints[0]}")
    gateway.start()
    gateway.hot_restart()
    wait_until(gateway._is_up, "the admin API of the new process answers")
    assert list(gateway.members()) == ["one"]
    assert "waiting for etcd" not in gateway.log()


def test_a_start_passes_endpoints_that_say_nothing(new_cluster):
    cluster = new_cluster()
    etcd = cluster.etcd.start().wait()
    gateway = cluster.member("one")
    silent = [socket.create_server(("127.0.0.1", 0)) for _ in range(5)]
    places = [f"127.0.0.1:{each.getsockname()[1]}" for each in silent]
    with_option(gateway, "--etcd-endpoints", ",".join([*places, etcd.endpoints[0]]))
    gateway.start()
    assert "waiting for etcd" not in gateway.log()
    for each in silent:
        each.close()


def test_a_start_names_every_endpoint_that_it_has_tried(new_cluster):
    gateway = new_cluster().member("one")
    nobody = [f"127.0.0.1:{free_port()}" for _ in range(3)]
    with_option(gateway, "--etcd-endpoints", ",".join(nobody))
    gateway.start(wait=False)
    said = wait_until(lambda: re.search(r"waiting for etcd: (.*)", gateway.log()), "it says what it waits for")[1]
    assert all(endpoint in said for endpoint in nobody) and "majority" in said, said
    assert "Status:" not in said and "Range:" not in said
    gateway.stop()


ETCD_NAME, LOST_NAME = "etcd.sluice.test", "lost.sluice.test"
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
SILENT, KNOWING = f"127.77.{WORKER}.53", f"127.77.{WORKER}.54"


@pytest.fixture
def name_servers(tmp_path):
    """What a member needs to ask a name server that never answers, and then one that knows ETCD_NAME alone."""
    hosts, servers = tmp_path / "hosts", tmp_path / "resolv.conf"
    hosts.write_text("127.0.0.1 localhost\n")
    servers.write_text(f"nameserver {SILENT}\nnameserver {KNOWING}\n")
    wrapper = namespace({"/etc/hosts": hosts, "/etc/resolv.conf": servers})
    if wrapper is None:
        pytest.skip("no mount namespace can be made here")
    try:
        both = [NameServer(SILENT, silent=True), NameServer(KNOWING, {ETCD_NAME: "127.0.0.1"})]
    except PermissionError:
        pytest.skip("port 53 is not ours here")
    yield wrapper, both
    for server in both:
        server.close()


def test_a_start_waits_for_a_look_up_that_is_slow(new_cluster, name_servers):
    cluster = new_cluster()
    cluster.etcd.start().wait()
    wrapper, (silent, _) = name_servers
    gateway = cluster.member("one")
    gateway.wrapper = wrapper
    with_option(gateway, "--etcd-endpoints", f"{ETCD_NAME}:{cluster.etcd.client_ports[0]}")
    gateway.start()
    assert ETCD_NAME in silent.asked
    assert "waiting for etcd" not in gateway.log()


def test_a_name_that_hangs_holds_up_no_other(new_cluster, name_servers):
    cluster = new_cluster()
    cluster.etcd.start().wait()
    wrapper, (silent, knowing) = name_servers
    knowing.silent = True
    gateway = cluster.member("one")
    gateway.wrapper = wrapper
    port = cluster.etcd.client_ports[0]
    with_option(gateway, "--etcd-endpoints", f"{LOST_NAME}:{port},localhost:{port}")
    gateway.start()
    assert LOST_NAME in silent.asked
    assert "waiting for etcd" not in gateway.log()


def test_members_by_name_hand_over_though_look_ups_are_slow(new_cluster, name_servers, tmp_path, guests):
    wrapper, (_, knowing) = name_servers
    authority = Authority(tmp_path / "authority")
    cluster = new_cluster()
    cluster.etcd.start().wait()
    members = [cluster.member(name) for name in ("one", "two")]
    for member in members:
        name = f"{member.name}.sluice.test"
        knowing.known[name] = member.host
        own = authority.issue(member.name, f"DNS:{name}")
        member.wrapper = wrapper
        with_option(member, "--cluster-addr", f"{name}:{free_port()}")
        member.options += ("--cluster-cert-file", str(own.certificate), "--cluster-key-file", str(own.key))
        member.options += ("--cluster-ca-file", str(authority.certificate))
        member.start()
    port = free_port()
    put_sale(members[0], port, guests, limit=1000)
    owner = owner_of(members)
    other = next(member for member in members if member is not owner)
    wait_until(lambda: other.ask(port, Authorization="ann").text == "buy\n", "the owner is found by its name")


def test_a_stop_does_not_wait_for_a_look_up(new_cluster, name_servers):
    wrapper, (silent, knowing) = name_servers
    knowing.silent = True
    gateway = new_cluster().member("one")
    gateway.wrapper = wrapper
    with_option(gateway, "--etcd-endpoints", f"{LOST_NAME}:2379")
    gateway.start(wait=False)
    wait_until(lambda: LOST_NAME in silent.asked, "the name is being looked up")
    gateway.stop()
    assert knowing.asked == set(), "it ends before the second name server is asked"


def test_a_start_says_that_a_name_cannot_be_looked_up(new_cluster, name_servers):
    wrapper, _ = name_servers
    gateway = new_cluster().member("one")
    gateway.wrapper = wrapper
    with_option(gateway, "--etcd-endpoints", f"{LOST_NAME}:2379")
    gateway.start(wait=False)
    said = wait_until(lambda: re.search(r"waiting for etcd: (.*)", gateway.log()), "it says what it waits for")[1]
    assert f"cannot look up {LOST_NAME}" in said and "name servers" in said, said
    gateway.stop()


def test_a_home_has_one_server(new_cluster):
    cluster = new_cluster()
    first = cluster.start("one")[0]
    pid_file, log_files = first.home / "sluice.pid", first.home / "log"
    before = pid_file.read_text(), {file.name: file.stat().st_size for file in log_files.iterdir()}
    other = Gateway(first.home, "two", "127.0.0.1", cluster.etcd)
    assert "is in use by another server" in refusal(other)
    assert pid_file.read_text() == before[0]
    assert "two" not in first.members()
    first.restart()
    Orphan.expect_some()
    first.hot_restart()
    wait_until(first._is_up, "the home passes to the new process")


def test_a_cluster_port_that_is_taken_ends_the_start(new_cluster):
    cluster = new_cluster()
    first = cluster.start("one")[0]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        second = cluster.member("two")
        with_option(second, "--cluster-addr", address)
        said = refusal(second)
        assert f"cluster-addr: {address} is taken by another process" in said
        assert "two" not in first.members(), "it has not joined"
    second.start()
    wait_until(lambda: "the cluster port listens on port" in second.log(), "the port is free now")


def test_the_log_says_why_shared_data_goes_to_another_member(new_cluster, guests, port):
    cluster = new_cluster()
    one = cluster.start("one")[0]
    put_sale(one, port, guests, limit=100)
    assert owner_of([one]) is one
    two = cluster.member("two").start()
    assert f"this member takes the shared data of {NS}" in one.log()
    wait_until(lambda: "member two has joined" in one.log(), "one says who joins")
    one.egctl("store", "move", NS, "two")
    assert f"this member gives up the shared data of {NS}: it moves to member two" in one.log()
    assert f"this member takes the shared data of {NS}" in two.log()
    two.stop()
    assert f"this member gives up the shared data of {NS}: this server stops" in two.log()
    wait_until(lambda: "member two has gone" in one.log(), "one says who has gone")
    for member in (one, two):
        assert "has lost the shared data" not in member.log(), "nobody has lost anything"
    two.start()
    one.egctl("store", "move", NS, "two")
    two.kill()
    wait_until(lambda: one.owners().get(NS) == "one", "one takes what two owned")


def test_a_home_has_one_server_whatever_its_data_directory_is(new_cluster, tmp_path):
    """Both would write the same sluice.pid."""
    cluster = new_cluster()
    first = cluster.start("one")[0]
    before = (first.home / "sluice.pid").read_text()
    other = Gateway(first.home, "two", "127.0.0.1", cluster.etcd)
    other.options = (*other.options, "--data-dir", str(tmp_path / "own"))
    said = refusal(other)
    assert f"the home directory {first.home} is in use by another server" in said
    assert "sluice.pid.lock" in said and "home-dir of its own" in said
    assert (first.home / "sluice.pid").read_text() == before
    assert list(first.members()) == ["one"]


def test_every_member_says_that_etcd_is_full(new_cluster):
    cluster = new_cluster(1, f"--quota-backend-bytes={16 << 20}")
    members = cluster.start("one", "two")
    for member in members:
        assert member.egctl("health").returncode == 0
    filler = "x" * 1_000_000
    for _ in range(40):
        if cluster.etcd.put("filler", filler).returncode != 0:
            break
    for member in members:
        sick = wait_until(lambda: (h := member.egctl("health", check=False)).returncode == 1 and h, "it is not well")
        assert "etcdctl alarm disarm" in sick.stdout + sick.stderr


def test_a_member_without_etcd_tells_of_itself(new_cluster, guests, port):
    cluster = new_cluster()
    one, two = cluster.start("one", "two")
    one.apply(http_server(port, {"backend": "q"}), pipeline("q", mock("hello")))
    one.apply(pipeline("p", wasm(guests / "step6.wasm")))
    owner_of([one, two])
    one.egctl("store", "move", NS, "two")
    cluster.etcd.kill()
    wait_until(lambda: one.egctl("health", check=False).returncode == 1, "it notices")
    for command in (("get", "member"), ("describe", "member", "one"), ("describe", "pipeline", "q")):
        told = one.egctl(*command)
        assert "only what this member knows of itself" in told.stderr, command
    assert yaml.safe_load(one.egctl("describe", "member", "one").stdout)["objects"]["running"] == 3
    for member in (one, two):
        heard = member.egctl("store", "owners")
        assert "only what this member last heard" in heard.stderr
        rows = [line.split(maxsplit=3) for line in heard.stdout.splitlines()]
        assert rows[0] == ["NAMESPACE", "MEMBER", "CLUSTER-ADDR", "STATE"]
        assert rows[1][:2] == [NS, "two"] and rows[1][3] in ("owner", "last owner")
    for new in (mock("x"), wasm(guests / "step6.wasm")):
        refused = one.request("POST", "/apis/v2/objects?mode=apply", yaml.safe_dump(pipeline("r", new)))
        assert refused[0] == 503, refused


def test_what_is_missing_is_said_though_the_member_runs(new_cluster, tmp_path):
    cluster = new_cluster()
    cluster.start("one")
    password = tmp_path / "password"
    password.write_text("secret\n")
    second = cluster.member("two", "--etcd-user", "app", "--etcd-password-file", str(password))
    options = list(second.options)
    place = options.index("--cluster-addr")
    second.options = (*options[:place], *options[place + 2 :])
    second.start()
    assert "etcd has its authentication off" in second.log()
    wait_until(lambda: "no cluster-addr" in second.egctl("health").stdout, "its health mentions the missing address")
    assert "no cluster-addr" not in cluster.gateways["one"].egctl("health").stdout
    options = yaml.safe_load(second.egctl("describe", "member", "two").stdout)["options"]
    assert "durability" not in options and options["name"] == "two"
