# SPDX-License-Identifier: Apache-2.0
"""A sale whose server is killed at random moments, and what must be true after each."""

import random
import time
from pathlib import Path

from crowd import Crowd, Sale, Turmoil, expect_let_in_again, stored
from gateway import Server, sale_server


class CrashingSale:
    """Distinct users until the limit; then all is deleted and the sale begins again."""

    def __init__(self, server: Server, port: int, code: Path, folder: Path, limit: int = 3000):
        self.server, self.port, self.folder, self.limit = server, port, folder, limit
        self.sale = Sale(server, code, limit)
        self.random = random.Random()
        self.told: set[int] = set()  # yes
        self.first = 0  # the next user who has never come
        self.yes_told = self.no_told = self.sold_out = self.restart_seconds = 0
        server.apply(sale_server(port))

    def crash(self, turmoil: bool) -> None:
        """Load, kill -9 at a random moment, restart, and everything is as it was told."""
        if turmoil:
            with Turmoil(self.sale, may_fail=True):
                crowd = self._kill_under_load()
        else:
            crowd = self._kill_under_load()
        begin = time.monotonic()
        self.server.start()
        self.restart_seconds += time.monotonic() - begin
        self._check(crowd)

    def _kill_under_load(self) -> Crowd:
        crowd = Crowd(self.port, self.folder, connections=100, first=self.first)
        # Any moment will do, before the first answer and after the last permit, too.
        time.sleep(self.random.uniform(0, 0.4))
        self.server.kill()
        return crowd.join()

    def _check(self, crowd: Crowd) -> None:
        self.told |= crowd.let_in
        self.first = 1 + max([self.first, *crowd.let_in])
        self.yes_told += crowd.report["yes"]
        self.no_told += crowd.report["no"]
        assert crowd.report["others"] == {}, crowd.report
        users = stored(self.server)
        assert self.told <= users, f"told yes and forgotten: {sorted(self.told - users)[:10]}"
        assert len(users) <= self.limit
        if crowd.report["no"] > 0:
            assert len(users) == self.limit, "somebody was told that all are sold"
        expect_let_in_again(self.port, self.folder, users)
        self.first = 1 + max([self.first, *users])
        if len(users) == self.limit:
            self._begin_again()

    def _begin_again(self) -> None:
        self.sold_out += 1
        self.server.egctl("wasm", "delete-data", "p", "wasm")
        self.told = set()
