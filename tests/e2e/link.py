# SPDX-License-Identifier: Apache-2.0
"""A network that is slow and loses packets: joins TUN devices, each of another network namespace.

    link.py --delay 0.1 --jitter 0.05 --loss 0.01 --seed 1 ADDRESS=DESCRIPTOR ...

A packet takes delay ± jitter seconds to its address. Packets of one pair of addresses keep their order. Not every
kernel has netem, so this is a process. It ends by a signal."""

import argparse
import heapq
import itertools
import os
import random
import select
import socket
import time

LONGEST = 65536


class Link:
    def __init__(self, devices: dict[bytes, int], delay: float, jitter: float, loss: float, seed: int):
        """`devices`: descriptors by address."""
        self.devices, self.delay, self.jitter, self.loss = devices, delay, jitter, loss
        self.random = random.Random(seed)
        self.on_the_way: list[tuple[float, int, int, bytes]] = []  # when due, number, device, packet
        self.last_due: dict[bytes, float] = {}
        self.numbers = itertools.count()

    def take(self, device: int) -> None:
        packet = os.read(device, LONGEST)
        pair, target = packet[12:20], self.devices.get(packet[16:20])
        if packet[0] >> 4 != 4 or target is None or self.random.random() < self.loss:
            return
        due = time.monotonic() + self.delay + self.random.uniform(-self.jitter, self.jitter)
        due = self.last_due[pair] = max(due, self.last_due.get(pair, 0))
        heapq.heappush(self.on_the_way, (due, next(self.numbers), target, packet))

    def deliver(self) -> float | None:
        """Milliseconds until the next packet is due."""
        while self.on_the_way:
            left = self.on_the_way[0][0] - time.monotonic()
            if left > 0:
                return left * 1000
            _, _, target, packet = heapq.heappop(self.on_the_way)
            os.write(target, packet)
        return None

    def run(self) -> None:
        poll = select.poll()
        for device in self.devices.values():
            poll.register(device, select.POLLIN)
        while True:
            for device, _ in poll.poll(self.deliver()):
                self.take(device)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.1)
    parser.add_argument("--jitter", type=float, default=0.05)
    parser.add_argument("--loss", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("devices", nargs="+")
    arguments = parser.parse_args()
    pairs = (one.split("=") for one in arguments.devices)
    devices = {socket.inet_aton(address): int(descriptor) for address, descriptor in pairs}
    Link(devices, arguments.delay, arguments.jitter, arguments.loss, arguments.seed).run()


if __name__ == "__main__":
    main()
