# SPDX-License-Identifier: Apache-2.0
"""The files that configure a server: `sluice-server --print-config -f FILE`.

A row of facts.toml has a form, and of a cluster the number of its members and which of them the file is for. Sluice has
no etcd inside, so a member's file means the etcd at the addresses for clients of all members, its own first.
"""

import subprocess

import pytest
import yaml

from facts import FACTS
from gateway import BIN

ROWS = FACTS["server_file"]
ACCEPTED_MIN = 17  # the figure that the project promises


def test_the_facts_are_whole():
    assert len(ROWS) == 17 and sum(row["outcome"] == "accepted" for row in ROWS) >= ACCEPTED_MIN


def peer(number: int) -> str:
    return f"http://127.0.0.1:{7000 + 10 * number}"


def client(number: int) -> str:
    """A peer's port is one above that for clients."""
    return f"http://127.0.0.1:{6999 + 10 * number}"


def cluster_of(form: str, own: int, members: int) -> dict:
    urls = {"listen-peer-urls": [peer(own)], "listen-client-urls": [client(own)],
            "advertise-client-urls": [client(own)], "initial-advertise-peer-urls": [peer(own)]}  # fmt: skip
    numbers = range(1, members + 1)
    if form == "primary":
        return {"cluster": {**urls, "initial-cluster": [{f"member-{n}": peer(n)} for n in numbers]}}
    if form == "primary, flat":
        return {**{f"cluster-{name}": value for name, value in urls.items()}, "cluster-join-urls": [peer(n) for n in numbers]}
    if form == "secondary":
        return {"cluster": {"primary-listen-peer-urls": [peer(n) for n in numbers]}}
    if form == "of one, old":
        return {"cluster-client-url": client(1), "cluster-peer-url": peer(1), "cluster-join-urls": None}
    assert form == "without a cluster"
    return {}


def written(row: dict) -> dict:
    own = row.get("member", 1)
    return {
        "name": f"member-{own}",
        "cluster-name": "shops",
        "cluster-role": "secondary" if row["form"] == "secondary" else "primary",
        **({} if row.get("api") == "default" else {"api-addr": row.get("api", "localhost:6900")}),
        **{"data-dir": "./d", "wal-dir": "", "cpu-profile-file": None, "memory-profile-file": None, "log-dir": "./l"},
        "debug": False,
        **({"member-dir": "./m"} if row.get("member_dir") else {}),
        **cluster_of(row["form"], own, row.get("members", 1)),
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['number']}")
def test_a_server_file(tmp_path, row):
    file = tmp_path / "server.yaml"
    file.write_text(yaml.safe_dump(written(row), sort_keys=False))
    done = subprocess.run([BIN / "sluice-server", "--print-config", "-f", file], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode == 0) == (row["outcome"] == "accepted"), done.stderr
    config = yaml.safe_load(done.stdout)
    assert config["name"] == f"member-{row.get('member', 1)}"
    assert ("member-dir has no effect" in done.stderr) == row.get("member_dir", False)
    if "etcd" in row:
        endpoints = [client(number) for number in row["etcd"]]
        assert f"store: etcd with etcd-endpoints: [{', '.join(endpoints)}]" in done.stderr
        assert config["store"] == "etcd" and config["etcd-endpoints"] == endpoints
    else:
        assert "store: etcd" not in done.stderr and config["store"] != "etcd"
