# SPDX-License-Identifier: Apache-2.0
"""A member is stopped in the middle of work on much shared data: it ends in time and leaves nothing half done."""

import json
import re
import signal
import threading
import time

import pytest

from cluster import Cluster, owner_of
from gateway import Orphan, free_port, http_server, mock, pipeline, wait_until, wasm
from shared_sale import wait_running
from visitors import owner_other_than

KEYS = 60_000
END_MAX = 30.0  # a bound; a member that waits for its read would take minutes


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path)
    try:
        yield cluster
    finally:
        for process in cluster.etcd.processes:
            process.send_signal(signal.SIGCONT)
        cluster.close()


@pytest.fixture
def large(cluster, guests, tmp_path):
    """Three members with many keys, and the port of their users."""
    members, port = cluster.start(), free_port()
    members[0].apply(
        http_server(port, {"backend": "p"}, overload={"target": "1h"}),
        pipeline("p", wasm(guests / "probe.wasm", concurrency=4)),
    )
    wait_running(members)
    imports_in_the_end(members[0], tmp_path, "old")
    return members, port


def imports(member, folder, value: str):
    data = folder / f"{value}.yaml"
    data.write_text("".join(f"id/user{i:07}: '{value}'\n" for i in range(KEYS)))
    return member.egctl("wasm", "apply-data", "p", "wasm", "-f", str(data), check=False)


def imports_in_the_end(member, folder, value: str) -> None:
    """A member whose process has no time to run loses its data to another one, and the import says so."""
    wait_until(lambda: imports(member, folder, value).returncode == 0, "the import succeeds")


def stored(cluster) -> int:
    """The number of keys in etcd."""
    said = cluster.etcd.control("get", "sluice/data/", "--prefix", "--limit=1", "-w", "json")
    return json.loads(said.stdout)["count"]


def value(member, port: int, key: str) -> str:
    return member.ask(port, **{"X-Mode": "get", "X-Key": key}).text


def stop_in_time(member) -> float:
    began = time.monotonic()
    member.stop()
    took = time.monotonic() - began
    assert took < END_MAX, f"the end took {took:.1f} s"
    return took


def expect_all(members, port: int) -> str:
    """All members have the same of all keys. Returns it."""
    last = f"id/user{KEYS - 1:07}"
    first = value(members[0], port, "id/user0000000")
    for member in members:
        assert {value(member, port, key) for key in ("id/user0000000", last)} == {first}, member.name
        assert member.get_json("/apis/v2/wasm/data/p/wasm/count")["count"] == KEYS
    return first


def test_the_owner_stops_in_the_middle_of_an_import(cluster, large, tmp_path):
    members, port = large
    owner = owner_of(members)
    rest = [member for member in members if member is not owner]
    wait_until(lambda: stored(cluster) < KEYS + 100, "the epoch before the first import is gone")
    done = []
    importer = threading.Thread(target=lambda: done.append(imports(rest[0], tmp_path, "new")))
    importer.start()
    wait_until(lambda: stored(cluster) > KEYS + 3000, "a part of the new epoch is there")
    stop_in_time(owner)
    importer.join(120)
    assert done, "the import does not end"
    next_owner = owner_other_than(owner, rest)
    assert expect_all(rest, port) == ("new" if done[0].returncode == 0 else "old"), done[0].stderr
    assert next_owner.ask(port, **{"X-Mode": "add", "X-Key": "n"}).status == 200
    wait_until(lambda: stored(cluster) < KEYS + 100, "what the import has left is removed")
    imports_in_the_end(rest[1], tmp_path, "newest")
    owner.start()
    wait_until(lambda: value(owner, port, "id/user0000007") == "newest", "it reads the data")


def test_a_member_stops_in_the_middle_of_a_take(cluster, large):
    members, port = large
    first, second, third = members
    for member in (second, third):
        member.stop()
    wait_until(lambda: first.owners().get("p/wasm") == first.name, "the first owns all")
    first.kill()
    second.start()
    wait_until(lambda: second.owners().get("p/wasm") == second.name, "it has taken what it has not read")
    stop_in_time(second)
    third.start()
    wait_until(lambda: third.owners().get("p/wasm") == third.name, "the third takes it")
    assert expect_all([third], port) == "old"
    assert third.ask(port, **{"X-Mode": "add", "X-Key": "n"}).text == "1"


def test_a_member_stops_while_etcd_does_not_give_a_page(cluster, large):
    members, port = large
    owner = owner_of(members)
    reader = next(member for member in members if member is not owner)
    reader.stop()
    reader.start()  # it reads in the background
    etcd = cluster.etcd.processes[0]
    etcd.send_signal(signal.SIGSTOP)
    stop_in_time(reader)
    etcd.send_signal(signal.SIGCONT)
    assert expect_all([owner], port) == "old"
    reader.start()
    wait_until(lambda: value(reader, port, "id/user0000007") == "old", "it reads the data")


def test_a_hot_restart_is_refused_while_etcd_does_not_answer(cluster):
    """The old process goes on, also for objects that need no shared data."""
    (member,) = cluster.start("one")
    port = free_port()
    member.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("here\n")))
    etcd = cluster.etcd.processes[0]
    etcd.send_signal(signal.SIGSTOP)
    member.process.send_signal(signal.SIGUSR2)
    said = wait_until(lambda: re.search(r"no new process, this one goes on: (.*)", member.log()), "it is refused")[1]
    assert "etcd" in said
    assert member.ask(port).text == "here\n"
    etcd.send_signal(signal.SIGCONT)
    wait_until(lambda: member.request("GET", "/readyz")[0] == 200, "etcd answers")
    Orphan.expect_some()
    member.hot_restart()
    assert member.ask(port).text == "here\n"
