# SPDX-License-Identifier: Apache-2.0
"""Sales on all members of a cluster at the same time: exactly the limit is let in, and on every member."""

import itertools
from pathlib import Path

from client import Load, request
from crowd import stored
from exact import BLOCK_RATIOS, LIMITS
from gateway import pipeline, sale_server, wasm
from shared_sale import crowds, expect_in_everywhere, open_sale, wait_running

MORE = 300  # people than places
# limit, block ratio, the same users at every member
SALES = list(itertools.product(LIMITS, BLOCK_RATIOS, (True, False)))


def check_sale(members, port: int, guests: Path, folder: Path, limit: int, block_ratio: float, same: bool) -> None:
    """On a cluster without data of `p`."""
    open_sale(members, port, guests, limit, block_ratio)
    people = limit + MORE if same else limit // 2 + MORE  # at each member
    # Half of the visits are blocked: who comes twelve times is lucky (exact.py).
    visits = 12 if block_ratio else 2
    asked = crowds(members, port, folder, apart=0 if same else people, cycle=people, requests=people * visits)
    let_in = [crowd.expect_answers_only().let_in for crowd in asked]
    everybody = set().union(*let_in)
    assert len(everybody) == limit, f"{len(everybody)} were let in at a limit of {limit}"
    for member in members:
        assert stored(member) == everybody
    expect_in_everywhere(members, port, folder / "again", everybody)


VIPS = 20


def _visit(name: str, limit: int):
    """Of ten visits one creates and does not count, four count and create, five count."""

    def make(n: int) -> bytes:
        if n % 10 == 0:
            return request(X_Mode="put", X_Key=f"id/vip{n // 10 % VIPS}", X_Value="true")
        if n % 10 < 5:
            return request(X_Mode="permit", X_Key=f"id/{name}{n}", X_Value=str(limit))
        return request(X_Mode="count", X_Key="id/")

    return make


def check_mixed(members, port: int, guests: Path, limit: int = 600) -> None:
    """Programs that create without counting and that count without creating are among those of the sale. First
    everybody of the former is in, and not all places are gone; then they are."""
    members[0].apply(sale_server(port), pipeline("p", wasm(guests / "probe.wasm", timeout="60s", concurrency=4)))
    wait_running(members)
    seen: list[int] = []
    told: set[str] = set()
    for phase, visits in (("a", 10 * VIPS), ("b", 4 * limit)):
        loads = [Load(port, _visit(phase + m.name, limit), 67, visits, host=m.host) for m in members]
        for load in loads:
            load.__enter__()
        for load in loads:
            assert load.join().errors == []
            assert set(load.statuses()) == {200}
            for (_, body), times in load.answers.items():
                if body.startswith(b"id/"):
                    key, _, count = body.decode().partition(" ")
                    assert times == 1 and key not in told
                    told.add(key)
                    seen.append(int(count))
                elif body not in (b"", b"no"):
                    assert 0 <= int(body) <= limit
        assert (phase == "b") == any((200, b"no") in load.answers for load in loads)
    assert len(set(seen)) == len(seen) and max(seen) == limit - 1, "each permit has seen another count"
    inside = {*told, *(f"id/vip{i}" for i in range(VIPS))}
    assert len(inside) == limit
    for member in members:
        assert set(member.data()) == inside
        assert member.ask(port, X_Mode="count", X_Key="id/").text == str(limit)
