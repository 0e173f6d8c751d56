# SPDX-License-Identifier: Apache-2.0
"""A real sluice-server in a folder of its own, and egctl to talk to it."""

import ctypes
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("SLUICE_BIN_DIR", ROOT / "build" / "bin")).resolve()

# A bound on waiting, not a measure of speed: long enough for a sanitizer build on a busy machine.
DEADLINE = 60.0

SANITIZER_REPORT = re.compile(
    r"ERROR: AddressSanitizer|ERROR: LeakSanitizer|WARNING: ThreadSanitizer|runtime error:|panicked at"
)


# With a sanitizer a process takes memory that is not the server's.
SANITIZED = BIN.parent.name in ("build-asan", "build-tsan")
FEW_GUESTS = BIN.parent.name == "build-tsan"  # its address space holds no two thousand memories


def wait_until(condition, what: str, deadline: float = DEADLINE):
    """Returns the first truthy answer of `condition`."""
    end = time.monotonic() + deadline
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline:.0f} s in vain until {what}")
        time.sleep(0.01)


_ports_given: set[int] = set()
# Workers of pytest-xdist choose from ports of their own: until a server listens, its port looks free.
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def free_port() -> int:
    """None of those that the kernel gives to clients: a connection of anybody's could take it before the server does."""
    ends = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(min(20_000, ends - 5_000), ends)
        if port in _ports_given or port % _WORKERS != _WORKER:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
        _ports_given.add(port)
        return port


def sanitizer_environment() -> dict[str, str]:
    return {
        "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "TSAN_OPTIONS": "ignore_noninstrumented_modules=1",
    }


class Orphan:
    """A process whose parent has left it to us, or will: what Popen is for children."""

    PR_SET_CHILD_SUBREAPER = 36

    @classmethod
    def expect_some(cls) -> None:
        ctypes.CDLL(None).prctl(cls.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def __init__(self, pid: int):
        self.pid, self.returncode = pid, None

    def poll(self) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                return None  # not ours as long as its parent lives
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float = 60.0) -> int:
        end = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.01)
        return self.returncode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Server:
    def __init__(self, home: Path, *options: str):
        self.home = home
        self.options = options
        self.api_port = free_port()
        self.program = BIN / "sluice-server"
        self.bind = "127.0.0.1"  # where the admin API listens
        self.process: subprocess.Popen | None = None
        self.wrapper: list[str] = []  # a command that starts the server, its command line behind
        home.mkdir(parents=True, exist_ok=True)
        self._shell_path = home / "bin"
        self._shell_path.mkdir(exist_ok=True)
        # What the cookbook types says nothing of a server: this egctl knows ours.
        shim = self._shell_path / "egctl"
        shim.write_text(f'#!/bin/sh\nexec "{BIN}/egctl" --server {self.api} "$@"\n')
        shim.chmod(0o755)

    @property
    def api(self) -> str:
        return f"127.0.0.1:{self.api_port}"

    # --- the process --------------------------------------------------------------------------

    def start(self, wait: bool = True, command: list[str] | None = None) -> "Server":
        """`command`: the whole command line, in place of what these tests give every server."""
        assert self.process is None
        self._stderr = open(self.home / "stderr.log", "ab")
        self.process = subprocess.Popen(
            [
                *self.wrapper,
                self.program,
                *(command or self._command()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._stderr,
            stderr=self._stderr,
            cwd=self.home,
            env={**os.environ, **sanitizer_environment()},
        )
        if wait:
            wait_until(self._is_up, "the admin API answers")
        return self

    def _command(self) -> list:
        return [
            *("--home-dir", self.home),
            *("--log-dir", "log"),
            *("--api-addr", f"{self.bind}:{self.api_port}"),
            *self.options,
        ]

    def _is_up(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"sluice-server ended with {self.process.returncode}:\n{self.log()}")
        try:
            # 503: up, and not well; what is wrong is what some tests are about.
            return self.request("GET", "/apis/v2/healthz")[0] in (200, 503)
        except OSError:
            return False

    def stop(self, expect: int = 0) -> None:
        """SIGTERM; the end must be orderly and the log free of sanitizer reports."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        self.wait_end(expect)

    def wait_end(self, expect: int | None = 0) -> None:
        try:
            code = self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"sluice-server does not end:\n{self.log()}") from None
        self.process = None
        self._stderr.close()
        text = self.log()
        assert not SANITIZER_REPORT.search(text), text
        assert expect is None or code == expect, f"exit code {code}:\n{text}"

    def hand_over(self) -> "subprocess.Popen | Orphan":
        """SIGUSR2, until the new process serves, which is ours from then on. Returns the old one."""
        Orphan.expect_some()  # the new process outlives its parent
        old, said = self.process, re.compile(r"hand-over: process (\d+) serves")
        before = len(said.findall(self.log()))
        old.send_signal(signal.SIGUSR2)
        found = wait_until(lambda: said.findall(self.log())[before:], "a new process serves")
        self.process = Orphan(int(found[0]))
        return old

    def hot_restart(self) -> None:
        """hand_over(), until the old process has left."""
        assert self.hand_over().wait(DEADLINE) == 0, self.log()

    def kill(self) -> None:
        """kill -9: what is not on disk now is lost."""
        self.process.kill()
        self.process.wait()
        self.process = None
        self._stderr.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    def log(self) -> str:
        """The process log: files of log/ but for the access log, and standard error."""
        files = [self.home / "stderr.log", *sorted((self.home / "log").glob("*"))]
        return "\n".join(
            file.read_text(errors="replace") for file in files if file.is_file() and "access" not in file.name
        )

    def access_log(self) -> list[str]:
        lines = []
        for file in sorted((self.home / "log").glob("*access*")):
            lines += file.read_text(errors="replace").splitlines()
        return lines

    def access_line(self, text: str) -> str:
        """The access log is written in batches: waits for the line that holds `text`."""

        def line() -> str | None:
            found = next((line for line in self.access_log() if text in line), None)
            if found is None and self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"sluice-server has ended with {self.process.returncode}:\n{self.log()}")
            return found

        return wait_until(line, f"the access log holds {text!r}")

    # --- egctl and the API --------------------------------------------------------------------

    def egctl(self, *arguments: str, input: str | None = None, check: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [BIN / "egctl", "--server", self.api, *arguments],
            input=input if input is not None else "",
            capture_output=True,
            text=True,
            timeout=DEADLINE * 2,
            env={**os.environ, "HOME": str(self.home), **sanitizer_environment()},
        )
        assert not SANITIZER_REPORT.search(done.stderr), done.stderr
        if check:
            assert done.returncode == 0, f"egctl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done

    def shell(self, command: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
        """What a user types, with `egctl` on the PATH. bash: the echo of other shells makes a line of \\n."""
        return subprocess.run(
            ["bash", "-c", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE * 2,
            cwd=cwd or self.home,
            env={
                **os.environ,
                **sanitizer_environment(),
                "HOME": str(self.home),
                "PATH": f"{self._shell_path}:{os.environ['PATH']}",
            },
        )

    def apply(self, *objects: dict) -> None:
        self.egctl("apply", "-f", "-", input=documents(*objects))

    def delete(self, *names: str) -> None:
        for name in names:
            self.egctl("object", "delete", name)

    def request(self, method: str, path: str, body: str | None = None, headers: dict | None = None):
        """(status, headers, body) of the admin API."""
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=DEADLINE)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    def get_json(self, path: str):
        status, _, body = self.request("GET", path)
        assert status == 200, f"GET {path}: {status} {body}"
        return json.loads(body)

    def objects(self) -> list[str]:
        return sorted(spec["name"] for spec in self.get_json("/apis/v2/objects"))

    def config_version(self) -> int:
        return int(self.request("GET", "/apis/v2/objects")[1]["X-Config-Version"])

    def status(self, name: str) -> dict:
        """The status of one object, of whichever member answers."""
        answer = self.get_json(f"/apis/v2/status/objects/{name}")
        if "health" not in answer and len(answer) == 1:
            answer = next(iter(answer.values()))
        return answer.get("status", answer)

    def counted(self, requests: int, name: str = "http-server") -> dict:
        """The status of an HTTPServer that has counted so many requests. A request is counted when its response has
        left, which the client may have read by then."""

        def its_status() -> dict | None:
            found = self.status(name)
            return found if found["count"] >= requests else None

        return wait_until(its_status, f"{name} has counted {requests} requests")


def exit_code_of(error: str) -> int:
    """The exit code of an egctl that prints `error`: the status of the server's answer decides."""
    codes = {"401": 3, "403": 3, "404": 4, "409": 5}
    status = re.search(r"\b([45]\d\d): ", error)
    return codes.get(status.group(1), 1) if status else 1


def documents(*objects: dict) -> str:
    return yaml.safe_dump_all(objects, sort_keys=False)


def http_server(port: int, *paths: dict, name: str = "http-server", **fields) -> dict:
    spec = {"kind": "HTTPServer", "name": name, "port": port, **fields}
    if paths:
        spec["rules"] = [{"paths": list(paths)}]
    return spec


def sale_server(port: int) -> dict:
    """For crowds: answers everybody. With the default, a slow machine sheds some of them."""
    return http_server(port, {"backend": "p"}, overload={"target": "1h"})


def pipeline(name: str, *filters: dict, flow: list[dict] | None = None) -> dict:
    spec = {"kind": "Pipeline", "name": name}
    if flow is not None:
        spec["flow"] = flow
    return {**spec, "filters": list(filters)}


def mock(body: str, name: str = "mock", code: int = 200, **rule) -> dict:
    return {"name": name, "kind": "Mock", "rules": [{"code": code, "body": body, **rule}]}


def wasm(code: Path | str, name: str = "wasm", timeout: str = "5s", concurrency: int = 2, **fields) -> dict:
    return {
        "name": name,
        "kind": "WasmHost",
        "maxConcurrency": concurrency,
        "code": str(code),
        "timeout": timeout,
        **fields,
    }


def proxy(*urls: str, name: str = "proxy", **pool) -> dict:
    return {"name": name, "kind": "Proxy", "pools": [{"servers": [{"url": url} for url in urls], **pool}]}


def put_sale(server, port, guests, limit: int, **more) -> None:
    """The last step of the cookbook: lets in `limit` users, who get "buy"."""
    server.apply(
        http_server(port, {"backend": "p"}),
        pipeline(
            "p",
            wasm(
                guests / "step6.wasm",
                parameters={"startTime": "2021-08-08T00:00:00", "blockRatio": "0", "maxPermission": str(limit)},
                **more,
            ),
            mock("buy\n"),
        ),
    )


def have_programs() -> bool:
    return all(shutil.which(str(BIN / program)) for program in ("sluice-server", "egctl"))
