# SPDX-License-Identifier: Apache-2.0
"""What a member sends to etcd arrives when nobody expects it any more, or its answer gets lost."""

import pytest

from forwarder import Forwarder
from gateway import wait_until
from shared_sale import Watched, WatchedCount
from visitors import owner_other_than

OWNER = "sluice/data/p/wasm/owner"
WRITE, TAKE = b"p/wasm/seq", b"/moves/p/wasm"  # only a take compares the key of a move of its namespace
MINUTE = pytest.param(60, marks=pytest.mark.slow)


@pytest.fixture
def roads(new_cluster):
    """A cluster, and by name the road of each member to etcd."""
    cluster = new_cluster()
    cluster.etcd.start().wait()
    roads = {name: Forwarder(cluster.etcd.client_ports[0]) for name in cluster.NAMES}
    for name, road in roads.items():
        cluster.member(name, etcd=road).start()
    yield cluster, roads
    cluster.close()
    for road in roads.values():
        road.close()


@pytest.fixture(params=[pytest.param(Watched, marks=pytest.mark.slow), WatchedCount], ids=["sale", "count"])
def watched(request, roads, port, guests, tmp_path, measured):
    limit = 20_000 if request.node.callspec.params.get("late") == 60 else 2000
    return request.param(roads[0].gateways.values(), port, guests, tmp_path, measured, limit)


@pytest.mark.parametrize("late", [2, MINUTE])
def test_a_write_comes_again_after_the_owner_has_gone_on(roads, watched, late):
    """The owner resends it on another connection; the first copy comes when later groups are there."""
    owner, _ = watched.owner_and_rest()
    road = roads[1][owner.name]
    with watched.during(f"a write delivered {late} s late, the owner goes on") as visitors:
        road.hold(until=WRITE)
        road.reset()
        visitors.wait_served()
        visitors.wait_for(late)
        road.deliver()


@pytest.mark.parametrize("late", [2, MINUTE])
def test_a_write_comes_when_another_member_owns(roads, watched, late):
    owner, rest = watched.owner_and_rest()
    road = roads[1][owner.name]
    with watched.during(f"a write delivered {late} s after another member owns") as visitors:
        road.hold(until=WRITE)
        owner.pause()
        road.reset()
        owner_other_than(owner, rest)
        visitors.wait_served(rest)
        visitors.wait_for(late)
        road.deliver()
        visitors.wait_served(rest)
        owner.go_on()


def hold_takes(roads, watched):
    """The owner is killed and forgotten, and the takes of the others are on the road."""
    cluster, road_of = roads
    owner, rest = watched.owner_and_rest()
    owner.kill()
    for member in rest:
        road_of[member.name].hold()
    cluster.etcd.control("del", OWNER)
    for member in rest:
        road_of[member.name].hold(until=TAKE)
    return rest


@pytest.mark.parametrize("late", [2, MINUTE])
def test_takes_come_when_there_is_an_owner(roads, watched, late):
    with watched.during(f"takes delivered {late} s late") as visitors:
        rest = hold_takes(roads, watched)
        for member in rest:
            roads[1][member.name].reset()
        visitors.wait_served(rest)
        visitors.wait_for(late)
        for member in rest:
            roads[1][member.name].deliver()
        visitors.wait_served(rest)


def test_a_take_comes_when_there_is_no_owner(roads, watched):
    """It is applied, and its member has given it up. Nobody else can take, so that member has to find out."""
    cluster, road_of = roads
    with watched.during("a late take is applied") as visitors:
        rest = hold_takes(roads, watched)
        for member in rest:
            road_of[member.name].reset()
        owner = owner_other_than(next(m for m in watched.members if m not in rest), rest)
        visitors.wait_served(rest)
        for member in rest:
            road_of[member.name].hold()
        cluster.etcd.control("del", OWNER)
        late = next(member for member in rest if member is not owner)
        road_of[late.name].deliver(connections=1)
        assert late.name in cluster.etcd.control("get", OWNER).stdout, "the late take is applied"
        for member in rest:
            road_of[member.name].reset()
        visitors.wait_served(rest)


def test_a_write_was_applied_and_its_answer_is_lost(roads, watched):
    """The same bytes go out again, and etcd's answer names the copy that came first."""
    cluster, road_of = roads
    owner, _ = watched.owner_and_rest()
    road = road_of[owner.name]
    with watched.during("the answers of etcd to the owner are lost") as visitors:
        for _ in range(3):
            before = cluster.etcd.revision()
            road.swallow()
            wait_until(lambda: cluster.etcd.revision() > before, "etcd has applied a write")
            road.reset()
            visitors.wait_served()
