# SPDX-License-Identifier: Apache-2.0
"""Exchanges that a member hands to the owner arrive late, or their answers get lost.

The cluster is in a network namespace of its own, where netfilter leads every connection to a member's cluster port
through a forwarder."""

import pytest

from forwarder import MARK, Forwarder
from network import Space, why_not
from shared_sale import Watched, WatchedCount
from visitors import owner_other_than

NS = "p/wasm"
MINUTE = pytest.param(60, marks=pytest.mark.slow)


@pytest.fixture
def space():
    """This test, and everything that it starts, is in it."""
    if reason := why_not():
        pytest.skip(reason)
    space = Space()
    with space.inside():
        yield space
    space.close()


@pytest.fixture
def cluster(space, new_cluster):
    return new_cluster()


@pytest.fixture
def roads(space, cluster):
    """By name the road of the others to the member."""
    cluster.etcd.start().wait()
    roads, rules = {}, []
    for name in cluster.NAMES:
        gateway = cluster.member(name)
        host, _, port = gateway.options[gateway.options.index("--cluster-addr") + 1].partition(":")
        roads[name] = Forwarder(int(port), host, MARK)
        rules.append(f"meta mark != {MARK} ip daddr {host} tcp dport {port} redirect to :{roads[name].port}")
    chain = "type nat hook output priority -100; " + "; ".join(rules)
    space.run("nft", "-f", "-", input=f"table ip roads {{ chain output {{ {chain}; }}; }}\n")
    for gateway in cluster.gateways.values():
        gateway.start()
    yield roads
    cluster.close()
    for road in roads.values():
        road.close()


@pytest.fixture(params=[pytest.param(Watched, marks=pytest.mark.slow), WatchedCount], ids=["sale", "count"])
def watched(request, cluster, roads, port, guests, tmp_path, measured):
    limit = 20_000 if request.node.callspec.params.get("late") == 60 else 2000
    return request.param(cluster.gateways.values(), port, guests, tmp_path, measured, limit)


@pytest.mark.parametrize("late", [2, MINUTE])
def test_exchanges_come_when_the_owner_has_had_their_copies(roads, watched, late):
    owner, _ = watched.owner_and_rest()
    with watched.during(f"exchanges delivered {late} s late, the owner goes on") as visitors:
        roads[owner.name].hold(until=visitors.header)
        roads[owner.name].reset()
        visitors.wait_served()
        visitors.wait_for(late)
        roads[owner.name].deliver()


@pytest.mark.parametrize("late", [2, MINUTE])
def test_exchanges_come_when_another_member_owns(roads, watched, late):
    owner, rest = watched.owner_and_rest()
    with watched.during(f"exchanges delivered {late} s late, when another member owns") as visitors:
        roads[owner.name].hold(until=visitors.header)
        roads[owner.name].reset()
        rest[0].egctl("store", "move", NS, rest[0].name)
        visitors.wait_served()
        visitors.wait_for(late)
        roads[owner.name].deliver()


def test_exchanges_have_run_and_their_answers_are_lost(roads, watched):
    """The same id goes out again, and the owner has the answer."""
    owner, _ = watched.owner_and_rest()
    with watched.during("answers of the owner are lost") as visitors:
        for _ in range(3):
            roads[owner.name].swallow()
            visitors.wait_served([owner])
            roads[owner.name].reset()
            visitors.wait_served()


def test_exchanges_have_run_and_the_owner_dies(roads, watched):
    """Their answers are lost. The groups say what became of them."""
    owner, rest = watched.owner_and_rest()
    with watched.during("answers of the owner are lost, it is killed") as visitors:
        roads[owner.name].swallow()
        visitors.wait_served([owner])
        owner.kill()
        roads[owner.name].reset()
        owner_other_than(owner, rest)
        visitors.wait_served(rest)
