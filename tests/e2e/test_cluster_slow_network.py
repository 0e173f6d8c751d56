# SPDX-License-Identifier: Apache-2.0
"""A sale while every packet between the machines takes 100 ± 50 ms and one of a hundred is lost, and one at sites far
apart."""

import pytest

from client import Connection
from cluster import owner_of
from gateway import wait_until
from shared_sale import Watched, WatchedCount
from test_cluster_limit import FULL, becomes_sealed, enter, open_sale, status

pytestmark = pytest.mark.slow  # the start alone takes half a minute
LIMIT = 20
VISITS = 30
# docs/cluster.md: an election timeout of at least ten round trips.
PATIENT = ("--heartbeat-interval=300", "--election-timeout=3000")


@pytest.mark.parametrize("kind", [Watched, WatchedCount])
def test_the_network_is_slow_and_loses_packets(new_remote_cluster, port, guests, tmp_path, measured, kind):
    cluster = new_remote_cluster(*PATIENT, slow={"delay": 0.1, "jitter": 0.05, "loss": 0.01, "seed": 1})
    sale = kind(cluster.start_together(), port, guests, tmp_path, measured, limit=600)
    with sale.during("100 ± 50 ms, 1 % loss"):
        pass


def test_the_owner_dies_on_a_slow_network(new_remote_cluster, port, guests, tmp_path, measured):
    cluster = new_remote_cluster(*PATIENT, slow={"delay": 0.1, "jitter": 0.05, "loss": 0.01, "seed": 2})
    sale = Watched(cluster.start_together(), port, guests, tmp_path, measured)
    owner, rest = sale.owner_and_rest()
    with sale.during("100 ± 50 ms, 1 % loss, and the owner killed") as visitors:
        owner.kill()
        visitors.wait_served(rest)


def test_a_sealed_sale_is_answered_from_memory_at_a_far_site(new_remote_cluster, port, guests):
    """A connection to the owner takes 160 ms, and an answer 80 ms: more than a question waits before it goes to etcd."""
    members = new_remote_cluster(*PATIENT, slow={"delay": 0.04, "jitter": 0, "loss": 0, "seed": 1}).start_together()
    open_sale(members, port, guests, limit=LIMIT)
    with members[0].place(), Connection(port, host=members[0].host) as connection:
        for i in range(LIMIT):
            assert connection.request("/", **enter(f"u{i}")).status == 200
    becomes_sealed(members)
    owner = owner_of(members)
    far = next(member for member in members if member is not owner)
    with far.place(), Connection(port, host=far.host) as connection:

        def from_memory() -> bool:
            """Without a word, each of these visits needs a question of its own."""
            asked = -status(far)["questions"]
            for i in range(VISITS):
                said = connection.request("/", **enter(f"late{i}"))
                assert (said.status, said.text) == FULL
            asked += status(far)["questions"]
            print(f"{asked} questions in {VISITS} visits")
            return asked < VISITS / 2

        wait_until(from_memory, "a word of the owner has come")
