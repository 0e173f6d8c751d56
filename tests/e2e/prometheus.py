# SPDX-License-Identifier: Apache-2.0
"""Debian's Prometheus, which scrapes gateways with the configuration of docs/observe.md."""

import contextlib
import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

from gateway import DEADLINE, ROOT, Server, free_port, wait_until
from pages import blocks

GRAFANA = ROOT / "packaging" / "grafana"
RULES = GRAFANA / "alerts.yaml"
_PLACE_OF_RULES = "/etc/prometheus/sluice/alerts.yaml"
_TARGETS = '["127.0.0.1:2381"]'


def have_prometheus() -> bool:
    return bool(shutil.which("prometheus") and shutil.which("promtool"))


def configuration(*servers: Server) -> str:
    text = blocks("observe")[0]
    targets = json.dumps([server.api for server in servers])
    places = {_PLACE_OF_RULES: str(RULES), _TARGETS: targets, "interval: 5s": "interval: 1s"}
    for old, new in places.items():
        assert old in text, f"observe: no {old}"
        text = text.replace(old, new)
    return text


class Prometheus:
    """Ends by its pid, in close()."""

    def __init__(self, folder: Path, *servers: Server):
        folder.mkdir(parents=True)
        (folder / "prometheus.yaml").write_text(configuration(*servers))
        self.port = free_port()
        self._log = open(folder / "log", "ab")
        self.process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yaml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            cwd=folder,
            env={**os.environ, "GOMAXPROCS": "1"},
        )
        self._log_path = folder / "log"
        try:
            wait_until(self._is_ready, "Prometheus is ready")
        except BaseException:
            self.close()
            raise

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self._log_path.read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=DEADLINE) as answer:
                return answer.status == 200
        except OSError:
            return False

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(DEADLINE)
        self._log.close()

    def get(self, path: str, **parameters: str) -> dict:
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
                return json.loads(answer.read())["data"]
        except urllib.error.HTTPError as fault:
            raise AssertionError(f"{parameters}: {fault.read().decode()}") from None

    def query(self, text: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series."""
        return [(one["metric"], float(one["value"][1])) for one in self.get("query", query=text)["result"]]

    def firing(self) -> list[dict]:
        return [one for one in self.get("alerts")["alerts"] if one["state"] == "firing"]

    def names_firing(self) -> set[str]:
        return {one["labels"]["alertname"] for one in self.firing()}

    def wait_firing(self, *names: str) -> None:
        for name in names:
            wait_until(lambda name=name: name in self.names_firing(), f"{name} fires")

    def wait_evaluated(self) -> None:
        """Until every rule has been evaluated on figures that were scraped after this call."""
        now = time.time()

        def scraped() -> float | None:
            times = [when for _, when in self.query("timestamp(sluice_build_info)")]
            return min(times) if times and min(times) > now else None

        at = wait_until(scraped, "the members are scraped")
        wait_until(lambda: all(when > at for when in self._evaluations()), "the rules are evaluated")

    def _evaluations(self) -> list[float]:
        groups = self.get("rules")["groups"]
        assert groups
        return [datetime.datetime.fromisoformat(group["lastEvaluation"]).timestamp() for group in groups]


class Traffic:
    """Requests that come all the time."""

    def __init__(self):
        self.faults: list[Exception] = []
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def repeat(self, *actions) -> None:
        def work() -> None:
            try:
                while not self._stopping.wait(0.1):
                    for action in actions:
                        action()
            except Exception as fault:  # noqa: BLE001
                self.faults.append(fault)

        self._threads.append(threading.Thread(target=work, daemon=True))
        self._threads[-1].start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()


@contextlib.contextmanager
def running(home: Path, *options: str):
    """A gateway that ends with the test, however that ends."""
    server = Server(home, *options).start()
    try:
        yield server
    except BaseException:
        if server.process is not None:
            server.kill()
        raise
    if server.process is not None:
        server.stop()


@contextlib.contextmanager
def watching(folder, *servers: Server):
    prometheus = Prometheus(folder / "prometheus", *servers)
    traffic = Traffic()
    try:
        yield prometheus, traffic
    finally:
        traffic.stop()
        prometheus.close()
    assert not traffic.faults, traffic.faults


# --- what the folder holds --------------------------------------------------------------------


def rules() -> list[dict]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def dashboard() -> dict:
    return json.loads((GRAFANA / "sluice.json").read_text())


def panel_queries() -> dict[str, dict]:
    """The targets of the dashboard by panel and letter, and its annotations."""
    board = dashboard()
    found = {
        f"{panel['title']} {target['refId']}": target
        for panel in board["panels"]
        for target in panel.get("targets", [])
    }
    return found | {f"annotation {one['name']}": {**one, "legendFormat": ""} for one in board["annotations"]["list"]}


def page_queries() -> list[str]:
    text = (ROOT / "docs" / "observe.md").read_text()
    return re.findall(r"^```promql\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def chosen(query: str, **variables: str) -> str:
    """As Grafana sends it."""
    every = dict.fromkeys(("instance", "server", "pipeline", "filter"), ".*")
    values = {"__rate_interval": "20s", "job": "sluice", **every}
    return re.sub(r"\$(\w+)", lambda found: (values | variables)[found[1]], query)
