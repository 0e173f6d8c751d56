# SPDX-License-Identifier: Apache-2.0
"""One sale, watched from outside: exactly the limit is let in, whatever happens meanwhile."""

import itertools
from pathlib import Path
from typing import NamedTuple

from crowd import Crowd, Sale, Turmoil, ask, expect_let_in_again, stored
from gateway import Server, sale_server

LIMITS = (1, 100, 10_000)
BLOCK_RATIOS = (0, 0.5)
SALES = list(itertools.product(LIMITS, BLOCK_RATIOS))
VMS_MAX = 10


class Outcome(NamedTuple):
    crowd: Crowd
    changes: int  # of program and spec, meanwhile


def check_sale(
    server: Server, port: int, code: Path, folder: Path, limit: int, block_ratio: float, vms: int
) -> Outcome:
    """On a server without data of `p`."""
    server.apply(sale_server(port))
    sale = Sale(server, code, limit, block_ratio, vms)
    # More people than places. At a ratio of 0.5 they come twelve times, for a run that meets another draws again: even if
    # only 0.4 of the visits were lucky, one in 450 would be left out, where 300 more come than are let in.
    people = limit + 300
    visits = 12 if block_ratio else 2
    with Turmoil(sale) as turmoil:
        crowd = ask(port, folder, connections=200, cycle=people, requests=people * visits).expect_answers_only()
        assert len(crowd.let_in) == limit, f"{len(crowd.let_in)} were let in at a limit of {limit}"
        assert stored(server) == crowd.let_in
        expect_let_in_again(port, folder, crowd.let_in)
        late = ask(port, folder, connections=50, first=people, requests=200).expect_answers_only()
        assert late.let_in == set(), "sold out"
    assert stored(server) == crowd.let_in
    return Outcome(crowd, turmoil.changes)
