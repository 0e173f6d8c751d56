# SPDX-License-Identifier: Apache-2.0
"""The admin API before strangers: TLS, who may call, and what they get to see."""

import os
import re
import signal
import socket
import ssl
import subprocess
import time

import pytest
import yaml

from certificates import Authority
from gateway import BIN, DEADLINE, Server, documents, http_server, mock, pipeline, wait_until


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("admin") / "ca")


@pytest.fixture(scope="module")
def own(authority):
    return authority.issue("localhost", "DNS:localhost,IP:127.0.0.1")


def wait_for_port(server: Server) -> None:
    def answers():
        assert server.process.poll() is None, server.log()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", server.api_port)) == 0

    wait_until(answers, "the admin API listens")


@pytest.fixture
def start(tmp_path, own):
    servers = []

    def start_one(config: dict | None = None, *options: str, tls: bool = True) -> Server:
        home = tmp_path / f"home{len(servers)}"
        home.mkdir()
        if config is not None:
            (home / "config.yaml").write_text(yaml.safe_dump(config))
            options = ("--config-file", str(home / "config.yaml"), *options)
        if tls:
            options = ("--tls", "--cert-file", str(own.certificate), "--key-file", str(own.key), *options)
        server = Server(home)
        server.options = options
        servers.append(server)
        server.start(wait=False)
        wait_for_port(server)
        return server

    yield start_one
    for server in servers:
        if server.process is not None:
            server.stop()


def egctl(server: Server, *arguments: str, input: str = "", env: dict | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [BIN / "egctl", *arguments],
        input=input,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env={**os.environ, "HOME": str(server.home), **(env or {})},
    )


def https(server: Server, authority) -> list[str]:
    return ["--server", f"https://{server.api}", "--ca-file", str(authority.certificate)]


BOB = {"basic-auth": {"alice": "apple", "bob": "banana"}, "api-tokens": {"ci": "cherry"}, "api-readers": ["bob"]}
ALICE_ENV = {"EGCTL_USER": "alice", "EGCTL_PASSWORD": "apple"}


def refusal(tmp_path, *options: str) -> str:
    done = subprocess.run(
        [BIN / "sluice-server", "--home-dir", tmp_path, *options], capture_output=True, text=True, timeout=DEADLINE
    )
    assert done.returncode == 1
    return done.stderr


@pytest.mark.parametrize("address", ["0.0.0.0:2381", "[::]:2381"])
def test_other_addresses_demand_tls_and_credentials(tmp_path, own, address):
    files = ("--cert-file", own.certificate, "--key-file", own.key)
    text = refusal(tmp_path, "--api-addr", address)
    assert "--tls" in text and "basic-auth" in text and "--client-ca-file" in text
    text = refusal(tmp_path, "--api-addr", address, "--tls", *files)
    assert "--client-ca-file" in text and "--cert-file" not in text
    (tmp_path / "c.yaml").write_text("api-tokens: {ci: cherry}\n")
    text = refusal(tmp_path, "--api-addr", address, "--config-file", tmp_path / "c.yaml")
    assert "--tls" in text and "cherry" not in text


def test_faults_of_the_options(tmp_path, own, authority):
    assert "cert-file" in refusal(tmp_path, "--tls")
    assert "/nowhere" in refusal(tmp_path, "--tls", "--cert-file", "/nowhere", "--key-file", own.key)
    other = authority.issue("other")
    assert "does not belong" in refusal(tmp_path, "--tls", "--cert-file", own.certificate, "--key-file", other.key)
    assert "tls: is off" in refusal(tmp_path, "--cert-file", own.certificate)


def test_any_address_with_both(tmp_path, own, authority):
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(BOB))
    server = Server(tmp_path / "home", "--config-file", str(config), "--tls", "--cert-file", str(own.certificate),
                    "--key-file", str(own.key))  # fmt: skip
    server.bind = "0.0.0.0"
    server.start(wait=False)
    try:
        wait_for_port(server)
        done = egctl(server, *https(server, authority), "get", "all", env=ALICE_ENV)
        assert done.returncode == 0, done.stderr
    finally:
        server.stop()


def test_egctl_as_a_user_types_it(start, authority):
    server = start(BOB)
    server_flags = https(server, authority)
    objects = documents(pipeline("p", mock("hello")))
    assert egctl(server, *server_flags, "apply", "-f", "-", input=objects, env=ALICE_ENV).returncode == 0
    assert "p" in egctl(server, *server_flags, "get", "pl", env={"EGCTL_TOKEN": "cherry"}).stdout
    reader = {"EGCTL_USER": "bob", "EGCTL_PASSWORD": "banana"}
    assert "p" in egctl(server, *server_flags, "get", "pl", env=reader).stdout
    done = egctl(server, *server_flags, "delete", "pipeline", "p", env=reader)
    assert done.returncode == 3 and "403" in done.stderr and "may read only" in done.stderr
    done = egctl(server, *server_flags, "get", "all")
    assert done.returncode == 3 and "401" in done.stderr and "EGCTL_TOKEN" in done.stderr


def test_errors_say_what_to_do(start, authority):
    server = start(BOB)
    done = egctl(server, "--server", server.api, "get", "all")
    assert done.returncode == 1 and "speaks TLS: use https://" in done.stderr
    assert egctl(server, "--server", server.api, "--force-tls", "--ca-file", str(authority.certificate), "get", "all",
                 env=ALICE_ENV).returncode == 0  # fmt: skip
    done = egctl(server, "--server", f"https://{server.api}", "get", "all", env=ALICE_ENV)
    assert done.returncode == 3 and "not trusted" in done.stderr and "--ca-file" in done.stderr
    assert egctl(server, "--server", f"https://{server.api}", "--insecure-skip-verify", "get", "all",
                 env=ALICE_ENV).returncode == 0  # fmt: skip
    plain = start(None, tls=False)
    done = egctl(plain, "--server", f"https://{plain.api}", "get", "all")
    assert done.returncode == 3 and "no TLS" in done.stderr and "http://" in done.stderr
    done = egctl(plain, "--server", "http://gateway.example:1", "get", "all", env=ALICE_ENV)
    assert done.returncode == 1 and "unencrypted" in done.stderr


def test_the_settings_file(start, authority):
    server = start(BOB)
    (server.home / ".egctlrc").write_text(
        yaml.safe_dump(
            {
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": f"https://{server.api}",
                              "certificate-authority-data": authority.pair.cert64}}],
                "users": [{"name": "u", "user": {"username": "alice", "password": "apple"}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "x",
            }
        )
    )  # fmt: skip
    assert egctl(server, "get", "all").returncode == 0
    shown = egctl(server, "config", "view").stdout
    assert "apple" not in shown and authority.pair.cert64 not in shown and "alice" in shown


def test_mutual_tls_refuses_strangers(start, authority, tmp_path):
    server = start({"api-readers": ["viewer"]}, "--client-ca-file", str(authority.certificate))
    admin, viewer = authority.issue("ops"), authority.issue("viewer")
    stranger = Authority(tmp_path / "elsewhere").issue("ops")

    def call(pair, *arguments):
        show = ["--cert-file", str(pair.certificate), "--key-file", str(pair.key)] if pair else []
        return egctl(server, *https(server, authority), *show, *arguments, input=documents(pipeline("p", mock("x"))))

    assert call(admin, "apply", "-f", "-").returncode == 0
    assert call(viewer, "get", "all").returncode == 0
    assert "403" in call(viewer, "apply", "-f", "-").stderr
    for pair in (None, stranger):
        done = call(pair, "get", "all")
        assert done.returncode == 3 and "--cert-file" in done.stderr


def test_versions_below_1_2_are_refused(start):
    server = start(BOB)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", server.api_port)) as plain:
            assert context.wrap_socket(plain).version()
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", server.api_port)) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain)


def curl(server, authority, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["curl", "-sS", "-m", "60", "--cacert", authority.certificate, *arguments,
         f"https://{server.api}/apis/v2/objects"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_guessers_are_slowed_and_logged_without_the_guess(start, authority):
    server = start(BOB)
    statuses = [
        curl(server, authority, "-u", f"alice:open-sesame{i}", "-o", "/dev/null", "-w", "%{http_code}").stdout for i in range(8)
    ]
    assert statuses[:5] == ["401"] * 5 and "429" in statuses
    log = server.log()
    assert "wrong password of user alice" in log and "open-sesame" not in log


def test_certificates_are_read_again_on_sighup(start, authority, own, tmp_path):
    files = [tmp_path / "live.crt", tmp_path / "live.key"]
    files[0].write_bytes(own.certificate.read_bytes())
    files[1].write_bytes(own.key.read_bytes())
    server = start(BOB, "--tls", "--cert-file", str(files[0]), "--key-file", str(files[1]), tls=False)

    def subject() -> str:
        text = ssl.get_server_certificate(("127.0.0.1", server.api_port))
        return subprocess.run(["openssl", "x509", "-noout", "-subject"], input=text, capture_output=True, text=True).stdout

    assert "localhost" in subject()
    files[0].write_text("broken")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "configuration stays as it is" in server.log(), "the fault is in the log")
    assert "localhost" in subject()
    newer = authority.issue("newer.example", "DNS:newer.example,IP:127.0.0.1")
    files[0].write_bytes(newer.certificate.read_bytes())
    files[1].write_bytes(newer.key.read_bytes())
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "newer.example" in subject(), "the new certificate is shown")
    assert egctl(server, *https(server, authority), "get", "all", env=ALICE_ENV).returncode == 0


def test_a_stalled_handshake_holds_up_nobody(start, authority):
    server = start(BOB)
    stalled = [socket.create_connection(("127.0.0.1", server.api_port)) for _ in range(8)]
    assert egctl(server, *https(server, authority), "get", "all", env=ALICE_ENV).returncode == 0
    for connection in stalled:
        connection.close()


def test_hashed_passwords(start, authority):
    done = subprocess.run([BIN / "sluice-server", "--hash-password"], input="apple\n", capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("$scrypt$") and "apple" not in done.stdout
    server = start({"basic-auth": {"alice": done.stdout.strip()}})
    for _ in range(2):
        assert egctl(server, *https(server, authority), "get", "all", env=ALICE_ENV).returncode == 0
    wrong = {"EGCTL_USER": "alice", "EGCTL_PASSWORD": done.stdout.strip()}
    assert "401" in egctl(server, *https(server, authority), "get", "all", env=wrong).stderr


def test_the_options_are_shown_without_secrets(start, authority):
    server = start(BOB)
    shown = curl(server, authority, "-u", "alice:apple").stdout
    members = subprocess.run(
        ["curl", "-sS", "--cacert", authority.certificate, "-u", "alice:apple",
         f"https://{server.api}/apis/v2/status/members"], capture_output=True, text=True, check=True).stdout  # fmt: skip
    printed = subprocess.run([BIN / "sluice-server", "-c", "--config-file", server.home / "config.yaml"],
                             capture_output=True, text=True, check=True).stdout  # fmt: skip
    for text in (shown, members, printed):
        assert "banana" not in text and "cherry" not in text
    assert "alice" in members and "<redacted>" in printed


def test_secrets_of_objects(start, authority, port):
    server = start(BOB)
    pair = authority.issue("shop.example")
    spec = http_server(port, https=True, certBase64=pair.cert64, keyBase64=pair.key64)
    flags = https(server, authority)
    assert egctl(server, *flags, "apply", "-f", "-", input=documents(spec), env=ALICE_ENV).returncode == 0
    reader = {"EGCTL_USER": "bob", "EGCTL_PASSWORD": "banana"}
    for env in (reader, ALICE_ENV):
        text = egctl(server, *flags, "get", "hs", "-o", "yaml", env=env).stdout
        assert pair.key64 not in text and "<redacted>" in text and pair.cert64 in text
    assert "403" in egctl(server, *flags, "get", "hs", "--secrets", "-o", "yaml", env=reader).stderr
    assert pair.key64 in egctl(server, *flags, "get", "hs", "--secrets", "-o", "yaml", env=ALICE_ENV).stdout
    # What was shown goes back, with a change: the key stays.
    text = egctl(server, *flags, "get", "hs", "-o", "yaml", env=ALICE_ENV).stdout
    changed = re.sub("maxConnections: .*", "maxConnections: 77", text)
    done = egctl(server, *flags, "apply", "-f", "-", input=changed, env=ALICE_ENV)
    assert done.returncode == 0, done.stderr
    kept = yaml.safe_load(egctl(server, *flags, "get", "hs", "--secrets", "-o", "yaml", env=ALICE_ENV).stdout)
    assert kept["keyBase64"] == pair.key64 and kept["maxConnections"] == 77
    done = egctl(server, *flags, "apply", "-f", "-", input=changed.replace("http-server", "another"), env=ALICE_ENV)
    assert done.returncode == 1 and "keyBase64" in done.stderr and "none stored" in done.stderr


def test_a_client_may_pause(server):
    """A listing that is looked at page by page: what is slow to read is not cut off."""
    server.apply(pipeline("p", mock("x" * 200_000)), *(pipeline(f"p{i}", mock("x" * 200_000)) for i in range(60)))
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", server.api_port))
        slow.sendall(b"GET /apis/v2/objects HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(31)  # the pause is what is tested: an idle limit for reads, 30 s, is none for writes
        received = 0
        while piece := slow.recv(1 << 16):
            received += len(piece)
    assert received > 12_000_000


def test_secrets_of_filters(server, authority, port):
    """The key that Proxy shows to its backends, and the password of its health check."""
    pair = authority.issue("gateway")
    server.apply(
        pipeline(
            "p",
            {
                "name": "proxy",
                "kind": "Proxy",
                "pools": [
                    {
                        "servers": [{"url": "https://127.0.0.1:1"}],
                        "healthCheck": {"interval": "60s", "username": "u", "password": "secret-word"},
                    }
                ],
                "mtls": {"certBase64": pair.cert64, "keyBase64": pair.key64, "rootCertBase64": authority.pair.cert64},
            },
        )
    )
    shown = server.egctl("get", "pipeline", "p", "-o", "yaml").stdout
    assert pair.key64 not in shown and "secret-word" not in shown and shown.count("<redacted>") == 2
    server.egctl("apply", "-f", "-", input=re.sub(r"interval: \S+", "interval: 61s", shown))
    kept = server.egctl("get", "pipeline", "p", "-o", "yaml", "--secrets").stdout
    assert pair.key64 in kept and "secret-word" in kept
    assert pair.key64 not in server.log() and "secret-word" not in server.log()
