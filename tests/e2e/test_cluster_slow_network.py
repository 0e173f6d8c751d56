# SPDX-License-Identifier: Apache-2.0
"""A sale while every packet between the machines takes 100 ± 50 ms and one of a hundred is lost."""

import pytest

from shared_sale import Watched, WatchedCount

pytestmark = pytest.mark.slow  # the start alone takes half a minute
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
