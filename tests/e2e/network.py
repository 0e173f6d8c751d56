# SPDX-License-Identifier: Apache-2.0
"""Machines in network namespaces, joined by a bridge that can be cut or by a slow line, and a cluster on them.

A namespace has no name. It ends with the processes in it and with this one, so nothing is left behind."""

import contextlib
import ctypes
import fcntl
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from certificates import Authority
from cluster import Cluster, Etcd, Gateway
from gateway import DEADLINE, wait_until

_CLONE_NEWNET = 0x40000000
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_libc = ctypes.CDLL(None, use_errno=True)


def _call(function, *arguments) -> None:
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _here() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Space:
    """A network namespace. What a thread starts and opens inside of it stays there."""

    def __init__(self, address: str = ""):
        self.address = address
        before = _here()
        try:
            _call(_libc.unshare, _CLONE_NEWNET)
            self.descriptor = _here()
            _call(_libc.setns, before, _CLONE_NEWNET)
        finally:
            os.close(before)
        self.run("ip", "link", "set", "lo", "up")

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """This thread."""
        before = _here()
        try:
            _call(_libc.setns, self.descriptor, _CLONE_NEWNET)
            yield
        finally:
            _call(_libc.setns, before, _CLONE_NEWNET)
            os.close(before)

    def run(self, *command: str, input: str = "") -> None:
        with self.inside():
            done = subprocess.run(command, input=input, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"

    def path(self) -> str:
        """As iproute2 takes it."""
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    def close(self) -> None:
        os.close(self.descriptor)


class Network:
    """Machines by name. On a bridge they can be cut from each other; `slow` makes a line of link.py instead."""

    def __init__(self, *names: str, slow: dict[str, float] | None = None):
        self.spaces = {name: Space(f"10.231.0.{i}") for i, name in enumerate(names, 10)}
        self.cuts: dict[str, set[str]] = {name: set() for name in names}  # whom it does not hear
        self._line: subprocess.Popen | None = None
        self._hub = Space()
        if slow is None:
            self._join_by_bridge()
        else:
            self._join_by_line(slow)

    def _join_by_bridge(self) -> None:
        self._hub.run("ip", "link", "add", "bridge", "type", "bridge")
        self._hub.run("ip", "link", "set", "bridge", "up")
        for name, space in self.spaces.items():
            port = f"to-{name}"
            self._hub.run(*f"ip link add {port} type veth peer name net netns {space.path()}".split())
            self._hub.run(*f"ip link set {port} master bridge up".split())
            self._address(space)

    def _address(self, space: Space) -> None:
        space.run(*f"ip address add {space.address}/24 dev net".split())
        space.run(*"ip link set net up".split())

    def _join_by_line(self, slow: dict[str, float]) -> None:
        devices = {}
        for space in self.spaces.values():
            with space.inside():
                device = os.open("/dev/net/tun", os.O_RDWR)
                fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", b"net", _IFF_TUN | _IFF_NO_PI))
            self._address(space)
            space.run(*"ip link set net txqueuelen 10000".split())  # only the line loses packets
            devices[space.address] = device
        command = [sys.executable, Path(__file__).with_name("link.py")]
        command += [f"--{name}={value}" for name, value in slow.items()]
        command += [f"{address}={device}" for address, device in devices.items()]
        self._line = subprocess.Popen(command, pass_fds=devices.values())
        for device in devices.values():
            os.close(device)

    def cut(self, sender: str, receiver: str, both: bool = True) -> None:
        """What `sender` sends does not arrive at `receiver`; and the other way round."""
        self.cuts[receiver].add(sender)
        self._apply(receiver)
        if both:
            self.cut(receiver, sender, both=False)

    def part(self, some: set[str]) -> None:
        """Between these and all others nothing arrives."""
        for one in some:
            for other in self.spaces.keys() - some:
                self.cut(one, other)

    def heal(self) -> None:
        for name, unheard in self.cuts.items():
            if unheard:
                unheard.clear()
                self._apply(name)

    def _apply(self, name: str) -> None:
        lost = " ".join(f"ip saddr {self.spaces[sender].address} drop;" for sender in sorted(self.cuts[name]))
        rules = f"table inet cuts {{ chain heard {{ type filter hook input priority 0; {lost} }}; }}"
        self.spaces[name].run("nft", "-f", "-", input=f"table inet cuts\ndelete table inet cuts\n{rules}\n")

    def close(self) -> None:
        if self._line is not None:
            self._line.kill()
            self._line.wait()
        for space in (*self.spaces.values(), self._hub):
            space.close()


def why_not() -> str:
    """Empty if this process may make networks."""
    try:
        network = Network("a", "b")
        network.cut("a", "b")
        network.close()
    except (OSError, AssertionError) as fault:
        return f"no network namespaces (they need root, iproute2 and nftables): {fault}"
    return ""


class RemoteEtcd(Etcd):
    """Member i is on the machine `e<i>`, etcdctl at the `desk`."""

    network: Network

    def host(self, i: int) -> str:
        return self.network.spaces[f"e{i}"].address

    def place(self, i: int | None = None):
        return self.network.spaces["desk" if i is None else f"e{i}"].inside()


class RemoteGateway(Gateway):
    """On a machine of its name. Its clients are there, too."""

    space: Space

    def place(self):
        return self.space.inside()

    def start(self, *arguments, **more) -> "RemoteGateway":
        with self.place():
            return super().start(*arguments, **more)

    def request(self, *arguments, **more):
        with self.place():
            return super().request(*arguments, **more)

    def egctl(self, *arguments, **more):
        with self.place():
            return super().egctl(*arguments, **more)

    def ask(self, *arguments, **more):
        with self.place():
            return super().ask(*arguments, **more)


class RemoteCluster(Cluster):
    """Three etcd, three gateways with mutual TLS among them: a machine each."""

    def __init__(self, folder: Path, *etcd_options: str, slow: dict[str, float] | None = None):
        super().__init__(folder)
        self.network = Network("desk", "e0", "e1", "e2", *self.NAMES, slow=slow)
        self.etcd = RemoteEtcd(folder / "etcd", 3, *etcd_options)
        self.etcd.network = self.network
        self.authority = Authority(folder / "ca")

    def member(self, name: str, *options: str, **_) -> RemoteGateway:
        space = self.network.spaces[name]
        own = self.authority.issue(name, f"IP:{space.address}")
        files = {"cert": own.certificate, "key": own.key, "ca": self.authority.certificate}
        tls = [word for kind, file in files.items() for word in (f"--cluster-{kind}-file", str(file))]
        gateway = self.gateways[name] = RemoteGateway(self.folder / name, name, space.address, self.etcd, *tls, *options)
        gateway.space = space
        return gateway

    def start_together(self) -> list[RemoteGateway]:
        """As start(): on a slow line the members need their time at the same time."""
        self.etcd.start().wait()
        members = [self.member(name).start(wait=False) for name in self.NAMES]
        for member in members:
            wait_until(member._is_up, f"{member.name} is up", 3 * DEADLINE)
        return members

    def close(self) -> None:
        try:
            self.network.heal()
            super().close()
        finally:
            self.network.close()
