# SPDX-License-Identifier: Apache-2.0
"""Shared data of many keys: a member that takes it over, or reads it all, costs no visitor his answer."""

import pytest

from client import request
from cluster import Cluster, owner_of
from gateway import Orphan, free_port, http_server, pipeline, wait_until, wasm
from shared_sale import wait_running
from visitors import Figures, Visitors

KEYS = 100_000
READ = {"X-Mode": "get", "X-Key": "id/user0000001"}
COUNT = {"X-Mode": "add", "X-Key": "n"}


class Mixed(Visitors):
    """Every second one is counted; the others read one of the many keys."""

    header = b"X-Mode"
    again = 0  # so the numbers of the visitors are different

    @staticmethod
    def make(user: int) -> bytes:
        return request(**(COUNT if user % 2 else READ))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("large"))
    try:
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="module")
def large(cluster, guests, tmp_path_factory):
    """Three members with many keys, and the port of their users."""
    members, port = cluster.start(), free_port()
    members[0].apply(
        http_server(port, {"backend": "p"}, overload={"target": "1h"}),
        pipeline("p", wasm(guests / "probe.wasm", concurrency=4)),
    )
    wait_running(members)
    data = tmp_path_factory.mktemp("data") / "data.yaml"
    data.write_text("".join(f"id/user{i:07}: '1'\n" for i in range(KEYS)))
    members[1].egctl("wasm", "apply-data", "p", "wasm", "-f", str(data))
    return members, port


def counted(member, port: int) -> int:
    return int(member.ask(port, **{"X-Mode": "get", "X-Key": "n"}).text)


def handed_over(member) -> int:
    return member.own_status("p")["filters"]["wasm"]["handedOver"]


def reads_itself(member, port: int) -> bool:
    """It has the data and does not ask the owner to run what only reads."""
    before = handed_over(member)
    answers = [member.ask(port, **READ) for _ in range(4)]
    return all(a.status == 200 and a.text == "1" for a in answers) and handed_over(member) == before


@pytest.mark.parametrize("which", ["follower", "owner"])
def test_a_hot_restart_costs_nobody_an_answer(large, which, measured):
    Orphan.expect_some()
    members, port = large
    for member in members:
        wait_until(lambda: owner_of(members) is member or reads_itself(member, port), "it has the data")
    members[0].ask(port, **COUNT)
    before = counted(members[0], port)
    owner = owner_of(members)
    victim = owner if which == "owner" else next(m for m in members if m is not owner)
    visitors = Mixed(members, port)
    visitors.wait_served()
    began = max(visit.end for visit in list(visitors.visits))
    victim.hot_restart()
    visitors.wait_served()
    visits = visitors.stop()
    measured(f"{KEYS} keys, hot restart of the {which}", Figures.of(visits, began))
    assert {visit.status for visit in visits} == {200}
    assert counted(members[0], port) == before + sum(visit.user % 2 for visit in visits)
    wait_until(lambda: owner_of(members) is victim or reads_itself(victim, port), "it has the data again")
    count = victim.get_json("/apis/v2/wasm/data/p/wasm/count")["count"]
    assert count == KEYS + 1
