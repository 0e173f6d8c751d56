# SPDX-License-Identifier: Apache-2.0
"""Users who come to several members at a fixed pace whatever happens, and what each is told and when."""

import asyncio
import collections
import itertools
import json
import random
import re
import threading
import time
from typing import NamedTuple

from client import request
from crowd import NO, YES
from gateway import DEADLINE, wait_until

UNANSWERED = 0
PATIENCE = 25.0  # more than the gateway's own limits


class Visit(NamedTuple):
    member: str
    user: int
    begin: float  # monotonic
    end: float
    status: int
    text: str
    retry_after: bool

    @property
    def served(self) -> bool:
        """Let in, or counted."""
        return self.status == 200 and self.text != NO


class Visitors:
    """At each member, from where it is, `rate` visits a second on so many connections. A connection that breaks is a
    visit without an answer."""

    again = 0.4  # so many visits are of users who were somewhere before
    header = b"Authorization"  # each request has it

    def __init__(self, members, port: int, rate: float = 50, connections: int = 16, seed: int = 1):
        self.members, self.port, self.rate, self.connections = list(members), port, rate, connections
        self.visits: list[Visit] = []
        self._new = itertools.count(1)
        self._highest = 1
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._at, args=(member, random.Random(seed * 10 + i)), daemon=True)
            for i, member in enumerate(self.members)
        ]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def make(user: int) -> bytes:
        return request(Authorization=f"u{user}")

    def _at(self, member, dice: random.Random) -> None:
        async def everybody() -> None:
            await asyncio.gather(*(self._connection(member, dice) for _ in range(self.connections)))

        with member.place():
            asyncio.run(everybody())

    def _user(self, dice: random.Random) -> int:
        if dice.random() < self.again:
            return dice.randint(1, self._highest)
        self._highest = next(self._new)
        return self._highest

    async def _connection(self, member, dice: random.Random) -> None:
        reader = writer = None
        pause = self.connections / self.rate
        await asyncio.sleep(dice.random() * pause)
        while not self._stopping:
            user, begin = self._user(dice), time.monotonic()
            try:
                async with asyncio.timeout(PATIENCE):
                    if writer is None:
                        reader, writer = await asyncio.open_connection(member.host, self.port)
                    writer.write(self.make(user))
                    *answer, closes = await self._answer(reader)
            except (OSError, EOFError, TimeoutError):
                answer, closes = (UNANSWERED, "", False), True
            self.visits.append(Visit(member.name, user, begin, time.monotonic(), *answer))
            if closes and writer is not None:
                writer.close()
                writer = None
            await asyncio.sleep(pause * (0.5 + dice.random()))
        if writer is not None:
            writer.close()

    @staticmethod
    async def _answer(reader) -> tuple[int, str, bool, bool]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = re.search(r"\r\ncontent-length: *(\d+)", head)
        body = await (reader.readexactly(int(length[1])) if length else reader.read())
        closes = length is None or "\r\nconnection: close" in head
        return int(head.split(" ", 2)[1]), body.decode(), "\r\nretry-after:" in head, closes

    def wait_served(self, members=None, count: int = 20) -> None:
        """Until so many visits that begin now have been served at each."""
        now = time.monotonic()
        for member in members or self.members:

            def served(name: str = member.name) -> int:
                return sum(v.begin > now and v.member == name and v.served for v in list(self.visits))

            wait_until(lambda: served() >= count, f"{member.name} serves")

    def wait_more(self, count: int = 200) -> None:
        """Until so many more visits have ended, however."""
        goal = len(self.visits) + count
        wait_until(lambda: len(self.visits) >= goal, f"{count} more visits ended")

    def wait_for(self, seconds: float) -> None:
        """Visitors come all the time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.wait_more(10)

    def wait_refused(self) -> None:
        """Until a visit that begins now gets 503."""
        now = time.monotonic()
        wait_until(lambda: any(v.begin > now and v.status == 503 for v in list(self.visits)), "a visit gets 503")

    def stop(self) -> list[Visit]:
        self._stopping = True
        for thread in self._threads:
            thread.join(DEADLINE * 2)
            assert not thread.is_alive(), "a visit does not end"
        return self.visits


class Counting(Visitors):
    """Each visit counts one up, in a program that neither counts keys nor asks whether there is room."""

    again = 0.0
    header = b"X-Key"

    @staticmethod
    def make(user: int) -> bytes:
        return request(X_Mode="add", X_Key="n")


def told(visits: list[Visit]) -> set[int]:
    return {visit.user for visit in visits if visit.served}


def expect_answers(visits: list[Visit]) -> None:
    statuses = collections.Counter(visit.status for visit in visits)
    assert set(statuses) <= {200, 503, UNANSWERED}, statuses
    assert all(visit.retry_after for visit in visits if visit.status == 503), "a 503 says when to come again"


def expect_in_order(visits: list[Visit]) -> None:
    """Real time: nobody gets a no after a yes, and nobody new a yes after anybody's no."""
    expect_answers(visits)
    assert all(visit.text in (YES, NO) for visit in visits if visit.status == 200)
    first_yes: dict[int, float] = {}
    first_visit: dict[int, float] = {}
    for visit in visits:
        first_visit[visit.user] = min(visit.begin, first_visit.get(visit.user, visit.begin))
        if visit.served:
            first_yes[visit.user] = min(visit.end, first_yes.get(visit.user, visit.end))
    refused = [visit for visit in visits if visit.text == NO]
    again = [visit for visit in refused if visit.begin > first_yes.get(visit.user, visit.begin)]
    assert not again, f"{len(again)} are told no after their yes: {again[:3]}"
    sold_out = min((visit.end for visit in refused), default=float("inf"))
    late = [user for user in first_yes if first_visit[user] > sold_out]
    assert not late, f"{len(late)} are let in who came after it was sold out: {late[:5]}"


def expect_counted(visits: list[Visit], count: int) -> None:
    """Each number is told once, later visits get higher ones, and whoever was told has been counted once."""
    expect_answers(visits)
    served = sorted((visit for visit in visits if visit.served), key=lambda visit: visit.begin)
    numbers = [int(visit.text) for visit in served]
    assert len(set(numbers)) == len(numbers), "no number is told twice"
    unsure = len(visits) - len(served)
    assert len(numbers) <= count <= len(numbers) + unsure, f"{count} counted, {len(numbers)} told, {unsure} not"
    ended, highest = sorted(served, key=lambda visit: visit.end), 0
    waiting = iter(ended)
    earlier = next(waiting, None)
    for visit in served:
        while earlier is not None and earlier.end < visit.begin:
            highest, earlier = max(highest, int(earlier.text)), next(waiting, None)
        assert int(visit.text) > highest, f"{visit} began after {highest} had been told"


def without_permits(visits: list[Visit], since: float, until: float = float("inf")) -> float:
    """The longest time that ends between the two in which nobody new is told yes."""
    first: dict[int, float] = {}
    for visit in visits:
        if visit.served:
            first[visit.user] = min(visit.end, first.get(visit.user, visit.end))
    moments = sorted(first.values())
    pairs = itertools.pairwise(moments)
    return max((later - earlier for earlier, later in pairs if since < later < until), default=0.0)


class Figures(NamedTuple):
    """What a fault costs; nothing of it is asserted."""

    without: float
    unavailable: int  # 503
    unanswered: int
    visits: int
    longest: float  # until a 200

    @classmethod
    def of(cls, visits: list[Visit], since: float) -> "Figures":
        counts = collections.Counter(visit.status for visit in visits)
        longest = max((visit.end - visit.begin for visit in visits if visit.status == 200), default=0.0)
        return cls(without_permits(visits, since), counts[503], counts[UNANSWERED], len(visits), longest)

    def __str__(self) -> str:
        return (
            f"{self.without:.2f} s without new permits, longest wait {self.longest:.2f} s, of {self.visits} visits "
            f"{self.unavailable} x 503, {self.unanswered} without an answer"
        )


def owners(member) -> dict[str, str]:
    """As Gateway.owners(), and {} while etcd cannot say."""
    status, _, body = member.request("GET", "/apis/v2/store/owners")
    return {one["namespace"]: one["member"] for one in json.loads(body)} if status == 200 else {}


def owner_other_than(gateway, witnesses, ns: str = "p/wasm"):
    """Waits until another one of the witnesses owns the namespace, as the first sees it."""
    by_name = {witness.name: witness for witness in witnesses if witness is not gateway}
    what = f"another member than {gateway.name} owns {ns}"
    return by_name[wait_until(lambda: (o := owners(witnesses[0]).get(ns)) in by_name and o, what)]
