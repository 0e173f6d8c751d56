# SPDX-License-Identifier: Apache-2.0
"""Fixtures: real processes, ports that were free a moment ago, guests compiled once."""

from pathlib import Path

import pytest

from backend import Backend
from cluster import Cluster, etcd_program
from gateway import BIN, Server, free_port, have_programs
from guests import compiled_guests
from network import RemoteCluster, why_not
from turns import turn


def pytest_sessionstart(session):
    if not have_programs():
        pytest.exit(f"no sluice-server and egctl in {BIN}: run `make build`, or set SLUICE_BIN_DIR", 2)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """A turn lasts from the first fixture of a test to the last."""
    with turn(alone=item.get_closest_marker("alone") is not None):
        yield


@pytest.fixture
def server(tmp_path):
    """A running server with nothing in it. At the end it must stop in order."""
    instance = Server(tmp_path / "home").start()
    yield instance
    if instance.process is not None:
        instance.stop()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory):
    """As `server`, for the tests of one file; they take care not to meet."""
    instance = Server(tmp_path_factory.mktemp("shared") / "home").start()
    yield instance
    instance.stop()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def backend():
    instance = Backend()
    yield instance
    instance.close()


@pytest.fixture(scope="session")
def guests() -> Path:
    return compiled_guests()


@pytest.fixture
def new_cluster(tmp_path):
    """Makes clusters: new_cluster(etcd_members=1). They end with the test."""
    if etcd_program() is None:
        pytest.skip("no etcd: tools/install.sh test installs it")
    made = []

    def make(etcd_members: int = 1, *etcd_options: str, **more) -> Cluster:
        made.append(Cluster(tmp_path / f"cluster{len(made)}", etcd_members, *etcd_options, **more))
        return made[-1]

    yield make
    for cluster in made:
        cluster.close()


@pytest.fixture
def new_remote_cluster(tmp_path):
    """Makes clusters whose members are in network namespaces: new_remote_cluster()."""
    if etcd_program() is None:
        pytest.skip("no etcd: tools/install.sh test installs it")
    if reason := why_not():
        pytest.skip(reason)
    made = []

    def make(*etcd_options: str, **more) -> RemoteCluster:
        made.append(RemoteCluster(tmp_path / f"cluster{len(made)}", *etcd_options, **more))
        return made[-1]

    yield make
    for cluster in made:
        cluster.close()


@pytest.fixture
def measured(record_property):
    """Notes figures for the table at the end of the run: measured("a fault", Figures)."""
    return lambda what, figures: record_property("measured", f"{what}: {figures}")


def pytest_terminal_summary(terminalreporter):
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    lines = [text for report in reports for name, text in report.user_properties if name == "measured"]
    if lines:
        terminalreporter.section("measured")
        for line in sorted(set(lines)):
            terminalreporter.write_line(line)
