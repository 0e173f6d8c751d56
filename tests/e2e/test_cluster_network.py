# SPDX-License-Identifier: Apache-2.0
"""A sale on three gateways and three etcd, each on a machine of its own, while the network between them is cut."""

import pytest

from shared_sale import Watched
from visitors import owner_other_than

ETCD = ("e0", "e1", "e2")
ONE_WAY = ("it hears nothing", "it is not heard")


@pytest.fixture
def cluster(new_remote_cluster):
    return new_remote_cluster()


@pytest.fixture
def sale(cluster, port, guests, tmp_path, measured):
    return Watched(cluster.start(), port, guests, tmp_path, measured)


@pytest.mark.parametrize("way", ["both ways", *ONE_WAY])
def test_the_owner_is_cut_off_from_etcd(cluster, sale, way):
    owner, rest = sale.owner_and_rest()
    with sale.during(f"the owner cut off from etcd, {way}") as visitors:
        for etcd in ETCD:
            if way != "it is not heard":
                cluster.network.cut(etcd, owner.name, both=False)
            if way != "it hears nothing":
                cluster.network.cut(owner.name, etcd, both=False)
        owner_other_than(owner, rest)
        visitors.wait_served(rest)
        cluster.network.heal()


@pytest.mark.parametrize("way", ["both ways", *(pytest.param(w, marks=pytest.mark.slow) for w in ONE_WAY)])
def test_the_owner_is_cut_off_from_the_members(cluster, sale, way):
    owner, rest = sale.owner_and_rest()
    with sale.during(f"the owner cut off from the members, {way}") as visitors:
        for other in rest:
            if way != "it is not heard":
                cluster.network.cut(other.name, owner.name, both=False)
            if way != "it hears nothing":
                cluster.network.cut(owner.name, other.name, both=False)
        visitors.wait_more(1000)
        cluster.network.heal()


def test_the_owner_is_cut_off_from_everybody(cluster, sale):
    owner, rest = sale.owner_and_rest()
    with sale.during("the owner cut off from etcd and members") as visitors:
        cluster.network.part({owner.name})
        owner_other_than(owner, rest)
        visitors.wait_served(rest)
        cluster.network.heal()


def test_a_follower_is_cut_off_from_etcd(cluster, sale):
    owner, (follower, other) = sale.owner_and_rest()
    with sale.during("a follower cut off from etcd") as visitors:
        for etcd in ETCD:
            cluster.network.cut(follower.name, etcd)
        visitors.wait_served([owner, other], 200)
        cluster.network.heal()


def test_a_follower_is_cut_off_from_the_owner(cluster, sale):
    owner, (follower, other) = sale.owner_and_rest()
    with sale.during("a follower cut off from the owner") as visitors:
        cluster.network.cut(follower.name, owner.name)
        visitors.wait_served([owner, other], 200)
        cluster.network.heal()


def test_the_leader_of_etcd_is_cut_off_from_its_followers(cluster, sale):
    """It believes that it leads until it has heard of nobody for an election timeout. Gateways reach it all the time."""
    leader = f"e{cluster.etcd.leader()}"
    with sale.during("etcd's leader cut off from its followers, not from gateways") as visitors:
        for etcd in set(ETCD) - {leader}:
            cluster.network.cut(leader, etcd)
        visitors.wait_served()
        cluster.network.heal()


def test_the_owner_and_the_leader_of_etcd_are_apart_from_the_rest(cluster, sale):
    owner, rest = sale.owner_and_rest()
    with sale.during("the owner and etcd's leader apart from the rest") as visitors:
        cluster.network.part({owner.name, f"e{cluster.etcd.leader()}"})
        owner_other_than(owner, rest)
        visitors.wait_served(rest)
        cluster.network.heal()
