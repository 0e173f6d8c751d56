# SPDX-License-Identifier: Apache-2.0
"""testssl.sh, the Debian package, finds nothing above LOW: at an HTTPServer, and at the admin API."""

import json
import shutil
import subprocess

import pytest
import yaml

from certificates import Authority
from gateway import Server, http_server, mock, pipeline
from test_admin_access import wait_for_port

TESTSSL = shutil.which("testssl")
MINUTES = 60
HARMLESS = {"OK", "INFO", "LOW", "WARN", "DEBUG"}

pytestmark = pytest.mark.skipif(TESTSSL is None, reason="testssl.sh is not installed: tools/install.sh test")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("testssl") / "ca")


@pytest.fixture(scope="module")
def own(authority):
    return authority.issue("localhost", "DNS:localhost,IP:127.0.0.1")


def findings(port: int, authority: Authority, folder) -> list[dict]:
    """All that testssl.sh says. It looks for a whole list of weaknesses, one connection after the other."""
    report = folder / "testssl.json"
    done = subprocess.run(
        [TESTSSL, "--quiet", "--color", "0", "--warnings", "batch", "--nodns", "min", "--add-ca", authority.certificate,
         "--ip", "127.0.0.1", "--jsonfile", report, f"localhost:{port}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=15 * MINUTES, check=False,
    )  # fmt: skip
    assert report.exists(), done.stdout + done.stderr
    found = json.loads(report.read_text())
    # A run that broke off would find nothing.
    ids = {each["id"] for each in found}
    assert {"TLS1_2", "TLS1_3", "heartbleed", "ROBOT", "cert_chain_of_trust"} <= ids, done.stdout
    return found


def check(found: list[dict]) -> None:
    bad = [each for each in found if each["severity"] not in HARMLESS]
    assert not bad, json.dumps(bad, indent=1)
    by_id = {each["id"]: each["finding"] for each in found}
    assert "not offered" in by_id["TLS1"] and "not offered" in by_id["TLS1_1"]
    assert "offered" in by_id["TLS1_3"] and "not" not in by_id["TLS1_3"]


def test_http_server(server, port, own, authority, tmp_path):
    server.apply(
        # Fields like these are the application's, here the mock's.
        pipeline("p", mock("hello", headers={"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff"})),
        http_server(port, {"backend": "p"}, https=True, certBase64=own.cert64, keyBase64=own.key64),
    )
    check(findings(port, authority, tmp_path))


def test_admin_api(tmp_path, own, authority):
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.yaml").write_text(yaml.safe_dump({"basic-auth": {"alice": "apple"}}))
    server = Server(home, "--config-file", str(home / "config.yaml"), "--tls", "--cert-file", str(own.certificate),
                    "--key-file", str(own.key))  # fmt: skip
    server.start(wait=False)
    try:
        wait_for_port(server)
        check(findings(server.api_port, authority, tmp_path))
    finally:
        server.stop()
