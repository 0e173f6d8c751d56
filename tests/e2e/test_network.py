# SPDX-License-Identifier: Apache-2.0
"""The networks of network.py: what is cut is cut in that direction, and the slow line is slow and loses packets."""

import socket
import time

import pytest

from network import Network, why_not

PORT = 7


@pytest.fixture
def new_network():
    if reason := why_not():
        pytest.skip(reason)
    made = []

    def make(**more) -> Network:
        made.append(Network("a", "b", **more))
        return made[-1]

    yield make
    for network in made:
        network.close()


def bound(network: Network, name: str) -> socket.socket:
    """Of UDP. Waits no longer than a packet needs, by far."""
    with network.spaces[name].inside():
        own = socket.socket(type=socket.SOCK_DGRAM)
    own.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
    own.bind((network.spaces[name].address, PORT))
    own.settimeout(2)
    return own


def arrives(network: Network, sender: str, receiver: str) -> bool:
    with bound(network, sender) as a, bound(network, receiver) as b:
        a.sendto(b"x", b.getsockname())
        try:
            return b.recv(10) == b"x"
        except TimeoutError:
            return False


def test_a_cut_has_a_direction(new_network):
    network = new_network()
    assert arrives(network, "a", "b") and arrives(network, "b", "a")
    network.cut("a", "b", both=False)
    assert not arrives(network, "a", "b") and arrives(network, "b", "a")
    network.cut("a", "b")
    assert not arrives(network, "b", "a")
    network.heal()
    assert arrives(network, "a", "b") and arrives(network, "b", "a")


def test_a_slow_line(new_network):
    network = new_network(slow={"delay": 0.1, "jitter": 0.05, "loss": 0.01, "seed": 1})
    arrived, soonest = [], float("inf")
    with bound(network, "a") as a, bound(network, "b") as b:
        for number in range(1000):
            a.sendto(f"{number} {time.monotonic()}".encode(), b.getsockname())
        try:
            while True:
                word, sent = b.recv(100).split()
                arrived.append(int(word))
                soonest = min(soonest, time.monotonic() - float(sent))
        except TimeoutError:
            pass
    assert arrived == sorted(arrived), "the order is kept"
    assert soonest >= 0.05
    assert 0 < 1000 - len(arrived) < 50, "some get lost"
