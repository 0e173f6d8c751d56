# SPDX-License-Identifier: Apache-2.0
"""Certificates that end: the log, `egctl health` and `egctl describe member` name them in time. Those of the cluster
port and of etcd's client are renewed by SIGHUP, without a failed request."""

import shutil
import signal
import socket
import ssl

import pytest

from certificates import Authority, Pair
from cluster import owner_of
from gateway import DEADLINE, http_server, mock, pipeline, wait_until
from shared_sale import open_sale
from visitors import Visitors

DAY = 86400
DONE, REFUSED = "configuration read again", "configuration stays as it is"


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


def hup(server, expect: str = DONE) -> str:
    """What the log says of it."""

    def parts() -> list[str]:
        return server.log().split("log files opened anew")

    before = len(parts())
    for end in (1, 2):  # a second one is dealt with after all of the first
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(parts()) >= before + end, "the signal has come")
    said = parts()[before]
    assert expect in said, said
    return said


def test_certificates_of_servers(server, port, authority):
    def https(pair: Pair) -> dict:
        return http_server(port, {"backend": "p"}, https=True, certBase64=pair.cert64, keyBase64=pair.key64)

    def put(seconds: int) -> None:
        server.apply(pipeline("p", mock("hello")), https(authority.issue("shop.example", seconds=seconds)))

    put(40 * DAY)
    assert server.egctl("health").stdout == "OK\n"
    (one,) = server.get_json("/apis/v2/status/members")[0]["certificates"]
    assert one["source"] == "HTTPServer http-server certBase64" and one["state"] == "valid"
    assert "http-server certBase64" not in server.log()

    put(20 * DAY)
    soon = "HTTPServer http-server certBase64: the certificate of CN=shop.example expires at "
    wait_until(lambda: f"WARN\t{soon}" in server.log(), "the log warns")
    said = server.egctl("health").stdout
    assert said.startswith("OK\nCertificates that expire soon:\n" + soon)
    assert server.request("GET", "/apis/v2/healthz")[2] == "", "a probe need not act on it yet"
    assert "state: expires soon" in server.egctl("describe", "member").stdout

    put(1)
    over = "HTTPServer http-server certBase64: the certificate of CN=shop.example has expired: it ended at "
    wait_until(lambda: over in server.egctl("health").stdout, "health says so")
    wait_until(lambda: f"ERROR\t{over}" in server.log(), "the log says so")
    described = server.egctl("describe", "member").stdout
    assert "CN=shop.example" in described and "state: expired" in described
    rows = server.egctl("get", "member", "-o", "wide").stdout.splitlines()
    assert "CERTIFICATES" in rows[0] and "expired 20" in rows[1]

    put(40 * DAY)
    assert server.egctl("health").stdout == "OK\n"


class Rotated:
    """Two members with certificates from files that the test replaces."""

    def __init__(self, new_cluster, folder):
        self.folder = folder
        self.of_members, self.of_etcd = [Authority(folder / "members")], [Authority(folder / "etcd")]
        server = self.of_etcd[0].issue("localhost", "DNS:localhost,IP:127.0.0.1")
        self.trusted = folder / "trusted.pem"
        operator = self.of_etcd[0].issue("operator")
        self.put_etcd_authorities()
        self.cluster = new_cluster(
            1,
            *(f"--cert-file={server.certificate}", f"--key-file={server.key}"),
            *(f"--trusted-ca-file={self.trusted}", "--client-cert-auth"),
            credentials=(f"--cacert={self.of_etcd[0].certificate}", f"--cert={operator.certificate}",
                         f"--key={operator.key}"),
        )  # fmt: skip
        self.cluster.etcd.start().wait()
        self.members = []
        for name in ("one", "two"):
            member = self.cluster.member(name)
            member.options += ("--member-ttl", "30s")  # a slow machine ends no lease
            for kind in ("cluster", "etcd"):
                for what in ("cert", "key", "ca"):
                    member.options += (f"--{kind}-{what}-file", str(self.file(member, kind, what)))
            self.put(member, self.issue(member), self.of_members)
            self.put_etcd(member)
            self.members.append(member)
        for member in self.members:
            member.start()

    def file(self, member, kind: str, what: str):
        return self.folder / f"{member.name}-{kind}-{what}.pem"

    def issue(self, member, seconds: int = 300 * DAY) -> Pair:
        return self.of_members[-1].issue(member.name, f"IP:{member.host}", seconds=seconds)

    def put(self, member, pair: Pair, authorities) -> None:
        shutil.copy(pair.certificate, self.file(member, "cluster", "cert"))
        shutil.copy(pair.key, self.file(member, "cluster", "key"))
        self.file(member, "cluster", "ca").write_text("".join(one.certificate.read_text() for one in authorities))

    def put_etcd(self, member, **options) -> None:
        pair = self.of_etcd[-1].issue("sluice", **options)
        shutil.copy(pair.certificate, self.file(member, "etcd", "cert"))
        shutil.copy(pair.key, self.file(member, "etcd", "key"))
        shutil.copy(self.of_etcd[0].certificate, self.file(member, "etcd", "ca"))

    def put_etcd_authorities(self) -> None:
        self.trusted.write_text("".join(one.certificate.read_text() for one in self.of_etcd))

    def shown_by(self, member, own: Pair, authority: Authority) -> bytes | None:
        """The certificate that a new connection to the cluster port meets; None if the port refuses `own`."""
        host, port = member.options[member.options.index("--cluster-addr") + 1].rsplit(":", 1)
        context = ssl.create_default_context(cafile=str(authority.certificate))
        context.load_cert_chain(own.certificate, own.key)
        with socket.create_connection((host, int(port)), timeout=DEADLINE) as plain:
            with context.wrap_socket(plain, server_hostname=host) as secured:
                shown = secured.getpeercert(binary_form=True)
                try:  # TLS 1.3: the alert comes after the handshake
                    secured.sendall(b"GET / HTTP/1.1\r\nHost: member\r\n\r\n")
                    return shown if secured.recv(1) else None
                except (ssl.SSLError, ConnectionError):
                    return None


def der(pair: Pair) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pair.certificate.read_text())


@pytest.fixture
def two(new_cluster, tmp_path):
    return Rotated(new_cluster, tmp_path)


def test_a_cluster_gets_new_certificates_under_load(two, port, guests):
    """First certificates of the same authority, then of another one in three steps, as docs/cluster.md tells."""
    open_sale(two.members, port, guests, limit=100_000)
    visitors = Visitors(two.members, port, rate=40)
    visitors.wait_served()
    for member in two.members:
        pair = two.issue(member)
        two.put(member, pair, two.of_members)
        two.put_etcd(member)
        said = hup(member)
        assert "certificate files of the cluster port read again" in said and "for etcd read again" in said
        assert two.shown_by(member, pair, two.of_members[0]) == der(pair)
        visitors.wait_served()
    pairs = {member.name: two.issue(member) for member in two.members}
    two.of_members.append(Authority(two.folder / "members-2"))
    next_pairs = {member.name: two.issue(member) for member in two.members}
    for now, authorities in ((pairs, two.of_members), (next_pairs, two.of_members), (next_pairs, two.of_members[1:])):
        for member in two.members:
            two.put(member, now[member.name], authorities)
            hup(member)
            visitors.wait_served()
    visits = visitors.stop()
    assert {visit.status for visit in visits} == {200}, [visit for visit in visits if visit.status != 200][:5]
    for member in two.members:
        own = next_pairs[member.name]
        assert two.shown_by(member, own, two.of_members[1]) == der(own)
        assert two.shown_by(member, pairs[member.name], two.of_members[1]) is None, "the old authority counts no more"
        assert "has expired" not in member.egctl("health").stdout


def test_etcd_meets_the_new_certificate(two, port, guests):
    """etcd comes back and trusts another authority: who had not read the files again would be refused."""
    open_sale(two.members, port, guests, limit=100_000)
    two.of_etcd.append(Authority(two.folder / "etcd-2"))
    for member in two.members:
        two.put_etcd(member)
        hup(member)
    two.cluster.etcd.kill()
    two.trusted.write_text(two.of_etcd[1].certificate.read_text())
    two.cluster.etcd.start()
    visitors = Visitors(two.members, port, rate=20)
    visitors.wait_served()
    visitors.stop()
    for member in two.members:
        wait_until(lambda: member.egctl("health", check=False).returncode == 0, "it is well")


def test_certificates_that_end_while_members_run(two, port, guests):
    open_sale(two.members, port, guests, limit=100_000)
    visitors = Visitors(two.members, port, rate=20)
    visitors.wait_served()
    one = two.members[0]
    place = f"cluster-cert-file {two.file(one, 'cluster', 'cert')}: the certificate of CN=one"

    def take_short_ones(seconds: int) -> bool:
        two.put(one, two.issue(one, seconds=seconds), two.of_members)
        two.put_etcd(one, seconds=seconds)
        return DONE in hup(one, "configuration")

    # A machine that stands still may find them expired when it looks.
    assert any(take_short_ones(seconds) for seconds in (10, 20, 40, 80))
    wait_until(lambda: f"{place} has expired: it ended at " in one.egctl("health").stdout, "health says so")
    of_etcd = f"etcd-cert-file {two.file(one, 'etcd', 'cert')}: the certificate of CN=sluice has expired"
    wait_until(lambda: of_etcd in one.egctl("health").stdout, "health says so, too")
    wait_until(lambda: f"ERROR\t{place} has expired" in one.log(), "the log says so")
    assert f"WARN\t{place} expires at " in one.log()
    elsewhere = two.members[1]
    wait_until(lambda: "state: expired" in elsewhere.egctl("describe", "member", "one").stdout, "others know")
    visitors.wait_served()
    assert "configuration read again" in hup(one), "the same files are no news"
    two.put(one, two.issue(one), two.of_members)
    two.put_etcd(one)
    hup(one)
    assert one.egctl("health").stdout == "OK\n"
    visitors.wait_served()
    visits = visitors.stop()
    assert {visit.status for visit in visits} == {200}, [visit for visit in visits if visit.status != 200][:5]


def test_wrong_files_are_refused(two, port, guests):
    open_sale(two.members, port, guests, limit=100_000)
    visitors = Visitors(two.members, port, rate=20)
    visitors.wait_served()
    one = two.members[0]
    owner_of(two.members)
    good, stranger = two.issue(one), Authority(two.folder / "strangers").issue("one", f"IP:{one.host}")
    held = two.shown_by(one, good, two.of_members[0])
    which = [(kind, what) for kind in ("cluster", "etcd") for what in ("cert", "key", "ca")]
    whole = {(kind, what): two.file(one, kind, what).read_text() for kind, what in which}

    def refused(kind: str, what: str, text: str, *words: str) -> None:
        two.file(one, kind, what).write_text(text)
        said = hup(one, REFUSED)
        assert all(word in said for word in words), said
        two.file(one, kind, what).write_text(whole[kind, what])
        assert two.shown_by(one, good, two.of_members[0]) == held

    for (kind, what), text in whole.items():
        option = f"{kind}-{what}-file"
        refused(kind, what, "", option, "is empty")
        refused(kind, what, text[: len(text) // 2], f"{kind}-")
    other = good.key.read_text()
    refused("cluster", "key", other, "cluster-key-file", "the key does not belong to the certificate")
    refused("etcd", "key", other, "etcd-key-file", "the key does not belong to the certificate")
    refused("cluster", "cert", stranger.certificate.read_text(), "the other members would not accept")
    elsewhere = two.of_members[0].issue("one", "IP:127.99.99.99")
    refused("cluster", "cert", elsewhere.certificate.read_text(), f"it does not name {one.host}")
    hup(one)
    visitors.wait_served()
    visits = visitors.stop()
    assert {visit.status for visit in visits} == {200}, [visit for visit in visits if visit.status != 200][:5]
