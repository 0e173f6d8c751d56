# SPDX-License-Identifier: Apache-2.0
"""A sale on the members of a cluster: opened, watched while something happens to it, and counted in the end."""

import time
from contextlib import contextmanager
from pathlib import Path

from cluster import owner_of
from crowd import Crowd, Sale, stored
from gateway import pipeline, sale_server, wait_until, wasm
from visitors import Counting, Figures, Visit, Visitors, expect_counted, expect_in_order, told

LIMIT = 2000
ROUNDS_MAX = 20


def wait_running(members) -> None:
    for member in members:
        wait_until(lambda: member.own_status("p").get("state") == "running", "it runs the pipeline")
    owner_of(members)


def open_sale(members, port: int, guests: Path, limit: int = LIMIT, block_ratio: float = 0) -> None:
    members[0].apply(sale_server(port))
    Sale(members[0], guests / "step6.wasm", limit, block_ratio, vms=4)
    wait_running(members)


def crowds(members, port: int, folder: Path, apart: int = 0, first: int = 0, **options) -> list[Crowd]:
    """A crowd at each member at the same time, on 200 connections in all. The same users everywhere, or numbers that
    are `apart`."""
    started = []
    for i, member in enumerate(members):
        connections = (200 + i) // len(members)
        with member.place():
            crowd = Crowd(port, folder / member.name, connections, host=member.host, first=first + i * apart, **options)
        started.append(crowd)
    return [crowd.join() for crowd in started]


def expect_in_everywhere(members, port: int, folder: Path, users: set[int]) -> None:
    for crowd in crowds(members, port, folder, users=users):
        crowd.expect_answers_only()
        assert crowd.let_in == users, "whoever is in is in on every member"


def patient_crowds(members, port: int, folder: Path, **options) -> tuple[set[int], list[Crowd], int]:
    """crowds() that come again as long as anybody gets 503: who is let in, the last crowds, and how many 503."""
    let_in: set[int] = set()
    refused = 0
    for round in range(ROUNDS_MAX):
        last = crowds(members, port, folder / str(round), **options)
        let_in |= set().union(*(crowd.let_in for crowd in last))
        others = [crowd.report["others"] for crowd in last]
        if not any(others):
            break
        assert all(set(one) <= {"503 "} for one in others), others
        refused += sum(sum(one.values()) for one in others)
    for crowd in last:
        crowd.expect_answers_only()
    return let_in, last, refused


def expect_sold(members, port, folder, visits: list[Visit], limit: int, lost: frozenset[int] = frozenset()) -> int:
    """Sells what is left. Then exactly the limit is in, everybody who was told is in, and all members say the same.
    `lost`: users who may have been forgotten. Returns how often somebody had to come again after a 503."""
    expect_in_order([visit for visit in visits if visit.user not in lost])
    rest = {"first": 1_000_000, "cycle": limit + 100, "requests": limit + 100}
    more, _, refused = patient_crowds(members, port, folder / "rest", **rest)
    let_in = more | told(visits) - lost
    inside = stored(members[0])
    assert let_in <= inside, f"told and lost: {len(let_in - inside)}, {sorted(let_in - inside)[:5]}"
    assert len(inside) == limit
    for member in members[1:]:
        assert stored(member) == inside, f"{member.name} and {members[0].name} agree"
    unsure = {visit.user for visit in visits if visit.status != 200} | lost
    if refused == 0:
        assert inside - let_in <= unsure, "nobody is in who was told nothing but no"
    _, again, more_refused = patient_crowds(members, port, folder / "again", users=inside)
    for crowd in again:
        assert crowd.let_in == inside, "whoever is in is in on every member"
    return refused + more_refused


class Watched:
    """A sale with visitors. The block makes a fault and ends it; then all must be as if there had been none."""

    visitors_kind = Visitors

    def __init__(self, members, port: int, guests: Path, folder: Path, measured, limit: int = LIMIT):
        self.members, self.port, self.folder, self.limit = list(members), port, folder, limit
        self.measured = measured
        self.lost: frozenset[int] = frozenset()
        self.open(guests)

    def open(self, guests: Path) -> None:
        open_sale(self.members, self.port, guests, self.limit)

    def owner_and_rest(self):
        owner = owner_of(self.members)
        return owner, [member for member in self.members if member is not owner]

    @contextmanager
    def during(self, fault: str, rate: float = 50):
        """`fault`: what the table of measured times calls it."""
        visitors = self.visitors_kind(self.members, self.port, rate)
        visitors.wait_served()
        since = time.monotonic()
        yield visitors
        living = [member for member in self.members if member.process is not None]
        visitors.wait_served(living)
        visits = visitors.stop()
        figures = Figures.of(visits, since)
        refused = self.judge(living, visits)
        self.measured(fault, f"{figures}; later {refused} x 503")

    def judge(self, living, visits: list[Visit]) -> int:
        return expect_sold(living, self.port, self.folder, visits, self.limit, self.lost)


class WatchedCount(Watched):
    """A counter instead of a sale: an effect that happens twice shows."""

    visitors_kind = Counting

    def open(self, guests: Path) -> None:
        self.members[0].apply(
            sale_server(self.port), pipeline("p", wasm(guests / "probe.wasm", timeout="60s", concurrency=4))
        )
        wait_running(self.members)

    def judge(self, living, visits: list[Visit]) -> int:
        counts = {int(member.data()["n"]) for member in living}
        assert len(counts) == 1, f"the members agree: {counts}"
        expect_counted(visits, counts.pop())
        return 0
