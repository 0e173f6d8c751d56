# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: who may administrate, the admin API's certificate and the log level follow the configuration file."""

import signal
import ssl
import subprocess

import pytest
import yaml

from certificates import Authority
from client import Connection
from gateway import BIN, DEADLINE, Orphan, Server, http_server, mock, pipeline, wait_until

DONE = "configuration read again"
REFUSED = "configuration stays as it is"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("reload") / "ca")


@pytest.fixture
def site(tmp_path):
    """A server with a configuration file; write() replaces the file, hup() has it read."""
    site = Site(tmp_path)
    yield site
    if site.server.process is not None:
        site.server.stop()


class Site:
    def __init__(self, folder):
        self.file = folder / "sluice.yaml"
        self.server = Server(folder / "home", "--config-file", str(self.file))

    def start(self, **config) -> Server:
        self.write(**config)
        self.server.start(wait=False)
        wait_until(lambda: "admin API on" in self.server.log(), "the server has started")
        return self.server

    def write(self, **config) -> None:
        self.file.write_text(yaml.safe_dump({name.replace("_", "-"): value for name, value in config.items()}))

    def hup(self, expect: str = DONE, **config) -> str:
        """What the log says of it."""
        if config:
            self.write(**config)
        count = len(self.parts())
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(self.parts()) > count, "the signal has come")
        # A second one is dealt with after all of the first.
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(self.parts()) > count + 1, "that is over")
        said = self.parts()[count]
        assert expect in said, said
        return said

    def parts(self) -> list[str]:
        """The log, cut at each SIGHUP."""
        return self.server.log().split("log files opened anew")

    def status(self, *credentials: str, method: str = "GET", scheme: str = "http") -> int:
        """Of /objects, as curl sees it; 0 if there is no answer."""
        done = subprocess.run(
            ["curl", "-sS", "-k", "-X", method, "-o", "/dev/null", "-w", "%{http_code}", *credentials,
             f"{scheme}://{self.server.api}/apis/v2/objects"], capture_output=True, text=True, timeout=DEADLINE,
        )  # fmt: skip
        return int(done.stdout or 0)


def test_users_tokens_and_roles(site):
    site.start(basic_auth={"alice": "apple"}, api_tokens={"ci": "cherry"})
    token = ("-H", "Authorization: Bearer cherry")
    assert site.status() == 401 and site.status("-u", "alice:apple") == 200 and site.status(*token) == 200
    said = site.hup(basic_auth={"alice": "avocado", "bob": "banana"}, api_readers=["bob"])
    assert "changed: api-readers, api-tokens, basic-auth" in said
    assert site.status("-u", "alice:apple") == 401, "the old password"
    assert site.status("-u", "alice:avocado") == 200
    assert site.status("-u", "bob:banana") == 200
    assert site.status("-u", "bob:banana", method="DELETE") == 403
    assert site.status(*token) in (401, 429), "its name is gone"
    env = {"EGCTL_USER": "bob", "EGCTL_PASSWORD": "banana", "HOME": str(site.server.home), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([BIN / "egctl", "--server", site.server.api, "get", "all"], env=env, timeout=DEADLINE)
    assert done.returncode == 0
    for secret in ("apple", "avocado", "banana", "cherry"):
        assert secret not in site.server.log()


def test_the_options_that_are_shown_are_those_in_force(site):
    server = site.start(basic_auth={"alice": "apple"})
    site.hup(basic_auth={"alice": "apple", "bob": "banana"}, debug=True, workers=7)
    shown = subprocess.run(["curl", "-sS", "-u", "alice:apple", f"http://{server.api}/apis/v2/status/members"],
                           capture_output=True, text=True, timeout=DEADLINE).stdout  # fmt: skip
    options = yaml.safe_load(shown)[0]["options"]
    assert options["debug"] is True and options["workers"] == 0
    assert set(options["basic-auth"]) == {"alice", "bob"} and "banana" not in shown


@pytest.mark.parametrize(
    "text, path",
    [
        ("basic-auth: [hidden-apple]", "basic-auth"),
        ("basic-auth: {alice: ''}", "basic-auth.alice"),
        ("api-tokens: {ci: 'sha256:hidden-apple'}", "api-tokens.ci"),
        ("api-readers: [nobody]", "api-readers"),
        ("debug: perhaps", "debug"),
        ("drain-timeout: -1s", "drain-timeout"),
        ("retire_timeout: 1s", "retire_timeout"),
        ("tls: true", "cert-file"),
        ("tls: true\ncert-file: /nowhere\nkey-file: /nowhere", "--cert-file /nowhere"),
        ("basic-auth: {alice: hidden-apple", "sluice.yaml"),
        (None, "sluice.yaml"),
    ],
)
def test_what_is_wrong_changes_nothing(site, text, path):
    site.start(basic_auth={"alice": "apple"})
    if text is None:
        site.file.unlink()
    else:
        site.file.write_text(text)
    said = site.hup(expect=REFUSED)
    assert path in next(line for line in said.splitlines() if "configuration" in line), said
    assert "hidden-apple" not in said and DONE not in said
    assert site.status("-u", "alice:apple") == 200 and site.status() == 401


def test_fields_that_wait_for_a_restart(site):
    site.start(basic_auth={"alice": "apple"}, workers=1)
    changed = {"basic_auth": {"alice": "avocado"}, "workers": 2, "durability": "process", "name": "other"}
    said = site.hup(**changed)
    assert "configuration: not in force before a restart: durability, name, workers\n" in said, said
    assert site.status("-u", "alice:avocado") == 200, "the rest is"
    site.server.stop()
    site.server.start(wait=False)
    wait_until(lambda: "2 workers" in site.server.log(), "now they are")
    assert "not in force" not in site.hup()


def test_the_log_level(site):
    site.start(debug=False)
    assert "debug" in site.hup(debug=True)
    assert site.status() == 200
    wait_until(lambda: "admin API: GET /apis/v2/objects 200" in site.server.log(), "calls are logged")
    assert "changed: nothing" in site.hup()
    site.hup(debug=False)
    before = site.server.log().count("admin API: GET")
    assert site.status() == 200
    said = site.hup()
    assert before == site.server.log().count("admin API: GET"), said


def test_tls_comes_goes_and_asks_for_certificates(site, authority):
    """Nobody is judged by credentials that the handshake did not know."""
    own = authority.issue("localhost", "DNS:localhost,IP:127.0.0.1")
    caller = authority.issue("carol")
    files = {"tls": True, "cert_file": str(own.certificate), "key_file": str(own.key)}
    site.start()
    assert "changed: cert-file, key-file, tls" in site.hup(**files)
    assert site.status(scheme="https") == 200 and site.status(scheme="http") == 400
    with Connection(site.server.api_port, tls=trust(authority), server_name="localhost") as early:
        site.hup(**files, client_ca_file=str(authority.certificate), api_readers=["carol"])
        assert early.request("/apis/v2/objects", Host="localhost").status == 200, "began before"
    assert site.status(scheme="https") == 0, "no certificate"
    shown = ("--cert", str(caller.certificate), "--key", str(caller.key))
    assert site.status(*shown, scheme="https") == 200
    assert site.status(*shown, scheme="https", method="DELETE") == 403
    site.hup(debug=False)
    assert site.status() == 200


def trust(authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.certificate))


def test_traffic_does_not_notice(site, port):
    server = site.start()
    server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}))
    with Connection(port) as connection:
        for number in range(5):
            site.hup(basic_auth={"alice": f"apple{number}"})
            assert connection.request().text == "hello"


def test_how_long_the_old_process_stays(site, port):
    Orphan.expect_some()
    server = site.start()
    server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}, keepAliveTimeout="1h"))
    assert "changed: drain-timeout, retire-timeout" in site.hup(retire_timeout="300ms", drain_timeout="5s")
    with Connection(port) as idle:
        assert idle.request().text == "hello"
        assert server.hand_over().wait(DEADLINE) == 0
        assert idle.is_closed()


def test_a_hot_restart_reads_it_too(site):
    Orphan.expect_some()
    site.start(basic_auth={"alice": "apple"})
    site.hup(basic_auth={"alice": "avocado"})
    site.write(basic_auth={"alice": "apricot"}, workers=1)
    site.server.hot_restart()
    wait_until(lambda: "1 workers" in site.server.log(), "the new process has started")
    assert site.status("-u", "alice:apricot") == 200 and site.status("-u", "alice:avocado") == 401
    assert "changed: nothing" in site.hup()
