# SPDX-License-Identifier: Apache-2.0
"""A real cluster on this machine: etcd, with one member or three, and gateways that share it.

The etcd is $SLUICE_ETCD, else `etcd` of the PATH. Every process ends with its fixture, by its pid."""

import contextlib
import functools
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from client import Connection, Response
from gateway import DEADLINE, Server, free_port, wait_until

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_clusters = itertools.count(1)


def etcd_program() -> str | None:
    return os.environ.get("SLUICE_ETCD") or shutil.which("etcd")


def data_folder() -> Path | None:
    """A folder in memory, so a slow disk cannot delay a test; None if there is no room."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < 4 << 30:
        return None
    return Path(tempfile.mkdtemp(prefix="sluice-etcd-", dir=memory))


class Etcd:
    """`members` processes. `options` go to each. With `--cert-file=` among them, clients speak https to `localhost`;
    `credentials` are those of etcdctl."""

    def __init__(self, folder: Path, members: int = 1, *options: str, credentials: tuple[str, ...] = ()):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.client_ports = [free_port() for _ in range(members)]
        self.peer_ports = [free_port() for _ in range(members)]
        self.options, self.credentials = options, credentials
        self.secure = any(option.startswith("--cert-file=") for option in options)
        self.processes: list[subprocess.Popen | None] = [None] * members

    @functools.cached_property
    def data(self) -> Path:
        return data_folder() or self.folder

    def host(self, i: int) -> str:
        return "127.0.0.1"

    def place(self, i: int | None = None):
        """Where member i runs, or etcdctl."""
        return contextlib.nullcontext()

    @property
    def endpoints(self) -> list[str]:
        scheme = "https://" if self.secure else ""
        return [
            f"{scheme}{'localhost' if self.secure else self.host(i)}:{port}"
            for i, port in enumerate(self.client_ports)
        ]

    def start(self, *which: int) -> "Etcd":
        for i in which or range(len(self.processes)):
            assert self.processes[i] is None
            with open(self.folder / f"e{i}.log", "ab") as log, self.place(i):
                self.processes[i] = subprocess.Popen(
                    self._command(i), stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
        return self

    def _command(self, i: int) -> list[str]:
        scheme = "https" if self.secure else "http"
        client, peer = f"{scheme}://{self.host(i)}:{self.client_ports[i]}", self.peer(i)
        all_peers = ",".join(f"e{n}={self.peer(n)}" for n in range(len(self.peer_ports)))
        return [
            etcd_program(),
            f"--name=e{i}",
            f"--data-dir={self.data / f'e{i}'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster={all_peers}",
            "--initial-cluster-state=new",
            "--auto-compaction-mode=periodic",
            "--auto-compaction-retention=5m",
            "--logger=zap",
            *self.options,
        ]

    def peer(self, i: int) -> str:
        return f"http://{self.host(i)}:{self.peer_ports[i]}"

    def wait(self) -> "Etcd":
        wait_until(lambda: self.control("endpoint", "health", check=False).returncode == 0, "etcd is well")
        return self

    def control(self, *arguments: str, check: bool = True, user: str | None = None) -> subprocess.CompletedProcess:
        with self.place():
            done = subprocess.run(
                [
                    "etcdctl",
                    f"--endpoints={','.join(self.endpoints)}",
                    *([f"--user={user}"] if user else []),
                    *self.credentials,
                    *arguments,
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=DEADLINE,
                env={**os.environ, "ETCDCTL_API": "3"},
            )
        assert not check or done.returncode == 0, f"etcdctl {arguments}: {done.stdout}{done.stderr}"
        return done

    def put(self, key: str, value: str) -> subprocess.CompletedProcess:
        """A value of any size; may fail."""
        return subprocess.run(
            ["etcdctl", f"--endpoints={','.join(self.endpoints)}", *self.credentials, "put", key],
            input=value,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            env={**os.environ, "ETCDCTL_API": "3"},
        )

    def statuses(self) -> list[dict]:
        """Of the members that answer, by etcdctl, with `Endpoint`."""
        return json.loads(self.control("endpoint", "status", "-w", "json", check=False).stdout or "[]")

    def revision(self) -> int:
        return max(one["Status"]["header"]["revision"] for one in self.statuses())

    def leader(self) -> int:
        """The number of the member that leads; waits for one."""

        def find() -> int | None:
            for one in self.statuses():
                header = one["Status"]["header"]
                if one["Status"].get("leader", 0) == header["member_id"]:
                    return self.endpoints.index(one["Endpoint"]) + 1
            return None

        return wait_until(find, "etcd has a leader") - 1

    def keys(self, prefix: str) -> list[str]:
        return self.control("get", prefix, "--prefix", "--keys-only").stdout.split()

    def kill(self, *which: int) -> None:
        for i in which or range(len(self.processes)):
            process, self.processes[i] = self.processes[i], None
            if process is not None:
                process.kill()
                process.wait()

    def close(self) -> None:
        """Its logs stay. Its data do not: each member has 128 MiB, and pytest keeps the folders of three runs."""
        self.kill()
        for i in range(len(self.processes)):
            shutil.rmtree(self.data / f"e{i}", ignore_errors=True)
        if self.data != self.folder:
            shutil.rmtree(self.data, ignore_errors=True)


class Gateway(Server):
    """A member. `host` is its --bind-address: its HTTPServers listen there."""

    def __init__(self, home: Path, name: str, host: str, etcd: Etcd, *options: str):
        super().__init__(
            home,
            *("--name", name),
            *("--store", "etcd"),
            *("--etcd-endpoints", ",".join(etcd.endpoints)),
            *("--bind-address", host),
            *("--cluster-addr", f"{host}:{free_port()}"),
            *options,
        )
        self.name, self.host = name, host

    def place(self):
        """Where it runs, and who talks to it."""
        return contextlib.nullcontext()

    def ask(self, port: int, path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Response:
        with Connection(port, host=self.host) as connection:
            return connection.request(path, method, body, **headers)

    def members(self) -> dict[str, dict]:
        return {one["options"]["name"]: one for one in self.get_json("/apis/v2/status/members")}

    def owners(self) -> dict[str, str]:
        return {one["namespace"]: one["member"] for one in self.get_json("/apis/v2/store/owners")}

    def own_status(self, name: str) -> dict:
        """What this member says of its own copy of an object; {} if it has none."""
        every = self.get_json("/apis/v2/status/objects").items()
        return next((one for key, one in every if key.endswith(f"/{name}/{self.name}")), {})

    def data(self, pipeline: str = "p", filter: str = "wasm") -> dict[str, str]:
        return json.loads(self.egctl("wasm", "list-data", pipeline, filter, "-o", "json").stdout)

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


class Cluster:
    """An etcd and its gateways, which are made by member()."""

    NAMES = ("one", "two", "three")

    def __init__(self, folder: Path, etcd_members: int = 1, *etcd_options: str, **more):
        self.folder = folder
        self.number = next(_clusters)
        self.etcd = Etcd(folder / "etcd", etcd_members, *etcd_options, **more)
        self.gateways: dict[str, Gateway] = {}

    def member(self, name: str, *options: str, called: str | None = None, etcd=None) -> Gateway:
        """A gateway that does not run yet. `called`: its --name, if that is not `name`. `etcd`: what it takes for it."""
        host = f"127.{20 + _WORKER}.{self.number % 250 + 1}.{len(self.gateways) + 2}"
        gateway = Gateway(self.folder / name, called or name, host, etcd or self.etcd, *options)
        self.gateways[name] = gateway
        return gateway

    def start(self, *names: str, options: tuple[str, ...] = ()) -> list[Gateway]:
        """Starts etcd and gateways of these names (default: three)."""
        self.etcd.start().wait()
        return [self.member(name, *options).start() for name in names or self.NAMES]

    def close(self) -> None:
        """Gateways stop in order, the last first; etcd is killed. Reports the first that did not."""
        failure = None
        for gateway in reversed(self.gateways.values()):
            if gateway.process is None:
                continue
            try:
                gateway.go_on()
                gateway.stop()
            except (AssertionError, OSError) as fault:
                failure = failure or fault
                if gateway.process is not None:
                    gateway.kill()
        self.etcd.close()
        if failure:
            raise failure


def owner_of(gateways, ns: str = "p/wasm") -> Gateway:
    """Waits until a member that runs owns the namespace."""
    by_name = {gateway.name: gateway for gateway in gateways if gateway.process is not None}
    asked = next(iter(by_name.values()))
    return by_name[wait_until(lambda: (o := asked.owners().get(ns)) in by_name and o, f"{ns} has an owner")]
