# SPDX-License-Identifier: Apache-2.0
"""The model of scale_simulation.py: events, processes that share processors, and a cluster of them.

Times are in µs."""

import collections
import heapq
import itertools
import random

GATHERING = 500.0  # behind a group
GROUP_MAX = 3600
SECONDS = 1e6


class Clock:
    def __init__(self):
        self.now, self.events, self.numbers = 0.0, [], itertools.count()

    def at(self, when: float, work) -> None:
        heapq.heappush(self.events, (when, next(self.numbers), work))

    def after(self, time: float, work) -> None:
        self.at(self.now + time, work)

    def run(self, until: float) -> None:
        while self.events and self.events[0][0] <= until:
            self.now, _, work = heapq.heappop(self.events)
            work()
        self.now = until


class Processors:
    """So many processors for the processes that share them. First come, first served."""

    def __init__(self, count: int):
        self.free, self.waiting = count, collections.deque()

    def request(self, process) -> None:
        self.waiting.append(process)
        self.grant()

    def release(self) -> None:
        self.free += 1
        self.grant()

    def grant(self) -> None:
        while self.free and self.waiting:
            self.free -= 1
            self.waiting.popleft().work()


class Process:
    SLICE = 3000.0  # µs: then others that wait have their turn

    def __init__(self, clock: Clock, processors: Processors, wake: float):
        self.clock, self.processors, self.wake = clock, processors, wake
        self.jobs, self.busy, self.used, self.slice_end = collections.deque(), False, 0.0, 0.0

    def run(self, cost: float, then=None) -> None:
        self.jobs.append((cost, then))
        if not self.busy:
            self.busy = True
            self.jobs.appendleft((self.wake, None))
            self.processors.request(self)

    def work(self) -> None:
        self.slice_end = self.clock.now + self.SLICE
        self.next()

    def next(self) -> None:
        if not self.jobs:
            self.busy = False
            self.processors.release()
        elif self.clock.now >= self.slice_end:
            self.processors.request(self)
            self.processors.release()
        else:
            cost, then = self.jobs.popleft()
            self.used += cost
            self.clock.after(cost, lambda: self.done(then))

    def done(self, then) -> None:
        if then:
            then()
        self.next()


class Model:
    """Member 0 owns. Of what happens to all followers alike, all of etcd's cost and traffic counts, and `followed`
    members are modelled one by one."""

    def __init__(self, members: int, costs: dict, network: float, shared: int = 0, streams: int = 1):
        self.clock, self.costs, self.members, self.network = Clock(), costs, members, network
        pool = Processors(shared) if shared else None
        self.gateways = [self.process(pool) for _ in range(members)]
        self.stores = [self.process(pool) for _ in range(members)]  # the thread that talks to etcd
        self.etcd = self.process(pool)
        self.streams = [self.process(pool) for _ in range(streams)]
        self.loads = [self.process(pool) for _ in range(members if shared else 0)]
        self.pending, self.flying, self.resting = [], False, False
        self.version = 0
        self.seen = [0] * members
        self.asking = [False] * members
        self.readers: list[list] = [[] for _ in range(members)]
        self.latencies: list[float] = []
        self.lags: list[float] = []
        self.groups = self.permits = self.questions = 0
        self.watch_bytes = 0.0

    def process(self, pool) -> Process:
        return Process(self.clock, pool or Processors(1), self.costs["wake"])

    def send(self, then) -> None:
        self.clock.after(self.network, then) if self.network else then()

    # --- A request that writes

    def ask_for_a_place(self, member: int, then) -> None:
        begin = self.clock.now

        def answered() -> None:
            self.latencies.append(self.clock.now - begin)
            then()

        if member == 0:
            half = self.costs["own"] / 2
            self.gateways[0].run(half, lambda: self.append(lambda: self.gateways[0].run(half, answered)))
            return
        half = self.costs["hand"] / 2
        back = lambda: self.send(lambda: self.gateways[member].run(half, answered))  # noqa: E731
        handed = self.costs["handed"] / 2
        on_owner = lambda: self.gateways[0].run(  # noqa: E731
            handed, lambda: self.append(lambda: self.gateways[0].run(handed, back))
        )
        self.gateways[member].run(half, lambda: self.send(on_owner))

    def append(self, then) -> None:
        self.pending.append(then)
        self.write()

    def write(self) -> None:
        if self.flying or self.resting or not self.pending:
            return
        group, self.pending = self.pending[:GROUP_MAX], self.pending[GROUP_MAX:]
        self.flying = True
        costs, count = self.costs, len(group)
        self.groups += 1
        self.permits += count
        cost = costs["etcd"] + costs["etcd_permit"] * count
        # With several etcd, most of them have it on disk.
        durable = lambda: self.clock.after(costs["sync"] + 2 * self.network, lambda: self.committed(group))  # noqa: E731
        to_etcd = lambda: self.send(lambda: self.etcd.run(cost, durable))  # noqa: E731
        self.stores[0].run(costs["journal"] / 2 + costs["journal_permit"] * count, to_etcd)

    def committed(self, group: list) -> None:
        self.version += 1
        version, at, count = self.version, self.clock.now, len(group)
        self.watch_bytes += self.costs["bytes_group"] + self.costs["bytes_permit"] * count
        to_member = self.costs["watch"] + self.costs["watch_permit"] * count
        follow = self.costs["follow"] + self.costs["follow_permit"] * count
        for member in range(1, self.members):
            self.streams[member % len(self.streams)].run(
                to_member,
                lambda m=member: self.send(lambda: self.stores[m].run(follow, lambda: self.follow(m, version, at))),
            )
        self.send(lambda: self.stores[0].run(self.costs["journal"] / 2, lambda: self.answer(group)))

    def answer(self, group: list) -> None:
        self.flying, self.resting = False, True
        for then in group:
            then()
        self.clock.after(GATHERING, self.rested)

    def rested(self) -> None:
        self.resting = False
        self.write()

    def follow(self, member: int, version: int, at: float) -> None:
        self.seen[member] = version
        self.lags.append(self.clock.now - at)

    # --- A request that reads

    def look(self, member: int) -> None:
        begin = self.clock.now
        told = lambda: self.latencies.append(self.clock.now - begin)  # noqa: E731
        if member == 0:
            self.gateways[0].run(self.costs["read"], told)
            return
        self.gateways[member].run(self.costs["read"], lambda: self.join(member, told))

    def join(self, member: int, told) -> None:
        self.readers[member].append(told)
        if not self.asking[member]:
            self.ask(member)

    def ask(self, member: int) -> None:
        self.asking[member] = True
        self.questions += 1
        those, self.readers[member] = self.readers[member], []

        def back() -> None:
            for told in those:
                told()
            self.asking[member] = False
            if self.readers[member]:
                self.ask(member)

        half = self.costs["ask"] / 2
        answer = lambda: self.gateways[0].run(  # noqa: E731
            self.costs["answer"], lambda: self.send(lambda: self.gateways[member].run(half, back))
        )
        self.gateways[member].run(half, lambda: self.send(answer))

    # --- Loads

    def crowd(self, connections: int) -> None:
        """Each asks again once it has an answer."""

        def go(member: int) -> None:
            self.loads[member].run(self.costs["load"] / 2, lambda: self.ask_for_a_place(member, lambda: again(member)))

        def again(member: int) -> None:
            self.loads[member].run(self.costs["load"] / 2, lambda: go(member))

        for number in range(connections):
            go(number % self.members)

    def arrivals(self, rate: float, work, seed: int = 1) -> None:
        """`rate` a second over all members, at Poisson times."""
        source = random.Random(seed)

        def next_one() -> None:
            work(source.randrange(self.members))
            self.clock.after(source.expovariate(rate / SECONDS), next_one)

        next_one()

    def run(self, seconds: float) -> "Model":
        warm = seconds / 4
        self.clock.run(warm * SECONDS)
        self.latencies.clear()
        self.lags.clear()
        self.groups = self.permits = self.questions = 0
        self.watch_bytes = 0.0
        processes = [*self.gateways, *self.stores, self.etcd, *self.streams, *self.loads]
        for process in processes:
            process.used = 0.0
        self.clock.run((warm + seconds) * SECONDS)
        self.seconds = seconds
        return self

    def part(self, processes: list[Process]) -> float:
        """Of a processor."""
        return sum(process.used for process in processes) / (self.seconds * SECONDS)
