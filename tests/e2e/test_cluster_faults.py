# SPDX-License-Identifier: Apache-2.0
"""A sale on three members while processes die or hang, and while an operator takes leases, members and space away."""

import itertools
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import time

import pytest

from client import Connection, request
from cluster import etcd_program
from gateway import Orphan, documents, mock, pipeline, wait_until
from shared_sale import LIMIT, Watched, WatchedCount
from visitors import owner_other_than, without_permits

NS = "p/wasm"
OWNER = f"sluice/data/{NS}/owner"
KILLS = 20


@pytest.fixture
def start(new_cluster, port, guests, tmp_path, measured):
    """Makes the cluster and the sale: start(etcd members, options of etcd)."""

    def make(etcd_members: int = 1, *options: str, kind=Watched, limit: int = LIMIT):
        cluster = new_cluster(etcd_members, *options)
        return cluster.etcd, kind(cluster.start(), port, guests, tmp_path, measured, limit)

    return make


@pytest.mark.parametrize("how", ["killed", "stopped and continued"])
def test_the_leader_of_etcd(start, how):
    etcd, sale = start(3)
    leader = etcd.leader()
    with sale.during(f"etcd's leader {how}") as visitors:
        if how == "killed":
            etcd.kill(leader)
        else:
            etcd.processes[leader].send_signal(signal.SIGSTOP)
        visitors.wait_served()
        if how == "killed":
            etcd.start(leader)
        else:
            etcd.processes[leader].send_signal(signal.SIGCONT)


def test_the_owner_is_killed(start):
    _, sale = start()
    owner, rest = sale.owner_and_rest()
    with sale.during("the owner killed") as visitors:
        owner.kill()
        visitors.wait_served(rest)


@pytest.mark.slow
def test_the_owner_is_killed_again_and_again(start, measured):
    """At any instant between two renewals of its lease."""
    _, sale = start(limit=10 * LIMIT)
    dice = random.Random(1)
    begins = []
    with sale.during(f"the owner killed {KILLS} times") as visitors:
        for _ in range(KILLS):
            owner, rest = sale.owner_and_rest()
            visitors.wait_for(dice.random())
            begins.append(time.monotonic())
            owner.kill()
            visitors.wait_served(rest)
            owner.start()
            visitors.wait_served([owner])
    spans = itertools.pairwise([*begins, float("inf")])
    times = sorted(without_permits(visitors.visits, *span) for span in spans)
    every = " ".join(f"{one:.2f}" for one in times)
    measured("without new permits after each kill", f"median {statistics.median(times):.2f} s of {every}")


@pytest.mark.parametrize("how", ["stopped in order", "moved", "restarted hot"])
def test_the_owner_leaves_in_order(start, how):
    """So many visitors that the time between two of them does not count."""
    Orphan.expect_some()
    _, sale = start(limit=4 * LIMIT)
    owner, rest = sale.owner_and_rest()
    with sale.during(f"the owner {how}", rate=200) as visitors:
        if how == "moved":
            rest[0].egctl("store", "move", NS, rest[0].name)
        elif how == "stopped in order":
            owner.stop()
        else:
            owner.hot_restart()
        visitors.wait_served(rest)


def lease_of(etcd, key: str) -> str:
    return format(json.loads(etcd.control("get", key, "-w", "json").stdout)["kvs"][0]["lease"], "x")


SLOW_COUNT = pytest.param(WatchedCount, marks=pytest.mark.slow)


@pytest.mark.parametrize("how", ["revoked", "purged"])
@pytest.mark.parametrize("kind", [Watched, SLOW_COUNT])
def test_a_living_owner_is_taken_away(start, how, kind):
    etcd, sale = start(kind=kind)
    with sale.during(f"a living owner is {how}, three times") as visitors:
        for _ in range(3):
            owner, rest = sale.owner_and_rest()
            if how == "revoked":
                etcd.control("lease", "revoke", lease_of(etcd, OWNER))
            else:
                rest[0].egctl("purge", "member", owner.name)
            wait_until(lambda: owner.name in rest[0].members(), "it joins again")
            visitors.wait_served()


@pytest.mark.parametrize("kind", [Watched, SLOW_COUNT])
def test_the_owner_stops_past_its_lease(start, kind):
    _, sale = start(kind=kind)
    owner, rest = sale.owner_and_rest()
    with sale.during("the owner stopped past its lease, then continued") as visitors:
        owner.pause()
        owner_other_than(owner, rest)
        visitors.wait_served(rest)
        owner.go_on()


def test_the_next_owner_stops_while_it_takes(start):
    """It has taken and has not yet written: the take lasts half a second and more."""
    _, sale = start()
    owner, rest = sale.owner_and_rest()
    with sale.during("the owner killed, the next stopped while it takes, then continued") as visitors:
        owner.kill()
        taker = owner_other_than(owner, rest)
        taker.pause()
        last = next(member for member in rest if member is not taker)
        owner_other_than(taker, [last])
        visitors.wait_served([last])
        taker.go_on()


@pytest.mark.parametrize("who", ["the owner past its lease", "the owner, purged", "a follower"])
def test_who_was_stopped_answers_nothing_old(start, port, who):
    _, counter = start(kind=WatchedCount)
    owner, rest = counter.owner_and_rest()
    victim = rest[0] if who == "a follower" else owner
    others = [member for member in counter.members if member is not victim]
    add, get = {"X_Mode": "add", "X_Key": "k"}, {"X_Mode": "get", "X_Key": "k"}
    assert owner.ask(port, **add).text == "1"
    clients = [Connection(port, host=victim.host) for _ in range(16)]
    assert {client.request(**get).text for client in clients} == {"1"}
    victim.pause()
    if who == "the owner, purged":
        others[0].egctl("purge", "member", owner.name)
    # 503: a member may have to find out who owns the data.
    written = wait_until(lambda: (r := others[0].ask(port, **add)).status == 200 and int(r.text), "another one writes")
    for client in clients:
        client.send(request(**get))
    victim.go_on()
    answers = [client.receive() for client in clients]
    assert {answer.status for answer in answers} <= {200, 503}
    assert all(int(answer.text) >= written for answer in answers if answer.status == 200)
    for client in clients:
        client.close()


def test_a_follower_is_lost_and_comes_back(start):
    _, sale = start()
    owner, (follower, other) = sale.owner_and_rest()
    with sale.during("a follower killed and started again") as visitors:
        follower.kill()
        visitors.wait_served([owner, other])
        follower.start()


def test_etcd_is_compacted_while_a_follower_stands_still(start):
    """The groups that it has missed are gone. Then it becomes the owner."""
    etcd, sale = start()
    _, (follower, other) = sale.owner_and_rest()
    with sale.during("a follower stopped, etcd compacted, then moved to it") as visitors:
        follower.pause()
        visitors.wait_more(150)
        etcd.control("compact", str(etcd.revision()))
        follower.go_on()
        visitors.wait_served()
        wait_until(lambda: other.egctl("store", "move", NS, follower.name, check=False).returncode == 0, "it moves")


def test_etcd_has_no_space_for_a_while(start):
    etcd, sale = start(1, f"--quota-backend-bytes={16 << 20}")
    filler = "x" * 1_000_000
    with sale.during("etcd without space until an operator helps") as visitors:
        wait_until(lambda: etcd.put("filler", filler).returncode != 0, "etcd is full")
        visitors.wait_refused()
        etcd.control("compact", str(etcd.revision()))
        etcd.control("defrag")
        etcd.control("alarm", "disarm")


def restorer() -> list[str]:
    """The program that restores snapshots of the etcd that runs: an etcd starts only from its own version's work."""
    return [etcd_program() if os.environ.get("SLUICE_ETCD") else "etcdctl", "snapshot", "restore"]


def test_etcd_is_restored_from_a_snapshot(start, tmp_path):
    """Under running gateways. Only who was told after the snapshot may be forgotten."""
    etcd, sale = start()
    file, data, peer = tmp_path / "snapshot", etcd.data / "e0", etcd.peer(0)
    with sale.during("etcd restored from a snapshot") as visitors:
        before = {visit.user for visit in list(visitors.visits) if visit.served}
        etcd.control("snapshot", "save", str(file))
        visitors.wait_served()
        etcd.kill()
        data.rename(etcd.data / "old")
        subprocess.run(
            [*restorer(), file, "--name=e0", f"--data-dir={data}", f"--initial-cluster=e0={peer}"]
            + [f"--initial-advertise-peer-urls={peer}", "--initial-cluster-token=another"],
            check=True, capture_output=True, env={**os.environ, "ETCDCTL_API": "3"},
        )  # fmt: skip
        at = len(visitors.visits)
        etcd.start().wait()
        sale.lost = frozenset(visit.user for visit in visitors.visits[:at] if visit.user not in before)


def test_etcd_comes_back_empty(new_cluster, tmp_path):
    """A change, or the word that nothing changes, would be worth nothing. egctl says what health says."""
    cluster = new_cluster()
    one, two = cluster.start("one", "two")
    held = pipeline("p", mock("hello"))
    one.apply(held)
    kind = {"kind": "CustomDataKind", "name": "users"}
    one.egctl("apply", "-f", "-", input=documents(kind))
    cluster.etcd.kill()
    shutil.rmtree(cluster.etcd.data / "e0")
    cluster.etcd.start().wait()
    gone = "were removed from etcd: stop all members, restore a backup of etcd"
    for member in (one, two):
        wait_until(lambda: gone in member.egctl("health", check=False).stderr, "health says so")
        for said in (
            member.egctl("apply", "-f", "-", input=documents(held), check=False),
            member.egctl("apply", "-f", "-", input=documents(pipeline("p", mock("other"))), check=False),
            member.egctl("apply", "-f", "-", input=documents(pipeline("q", mock("hello"))), check=False),
            member.egctl("delete", "pipeline", "p", check=False),
            member.egctl("apply", "-f", "-", input=documents(kind), check=False),
        ):
            assert said.returncode == 1 and gone in said.stderr, said
        assert list(member.objects()) == ["p"], "it goes on with what it has"
        said = member.egctl("backup", "create", "-f", str(tmp_path / "lost.backup"), check=False)
        assert said.returncode != 0 and gone in said.stderr, "a backup of nothing would replace a good one"
        assert member.request("GET", "/readyz")[0] == 503
    one.kill()
    one.start(wait=False)
    one.wait_end(expect=1)
    assert "this data-dir is of a member of it: restore a backup of etcd" in one.log()
    assert gone in two.egctl("health", check=False).stderr, "one member that starts again changes nothing"
    one.options = (*one.options, "--accept-older-store")
    one.start()
    assert list(one.objects()) == []
    wait_until(lambda: "was made anew" in two.egctl("health", check=False).stderr, "the other one says so")
    assert two.request("GET", "/readyz")[0] == 503
    two.kill()
    two.start(wait=False)
    two.wait_end(expect=1)
    assert "was made anew, and this data-dir is of a member of the one before" in two.log()
