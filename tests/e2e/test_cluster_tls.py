# SPDX-License-Identifier: Apache-2.0
"""Certificates everywhere: etcd asks its clients for one, and members ask each other, while an owner dies."""

import signal

from certificates import Authority
from gateway import wait_until
from shared_sale import Watched


def words(kind: str, certificate, key, authority) -> list[str]:
    files = {"cert": certificate, "key": key, "ca": authority.certificate}
    return [word for name, file in files.items() for word in (f"--{kind}-{name}-file", str(file))]


def test_a_sale_with_certificates_and_a_dead_owner(new_cluster, port, guests, tmp_path, measured):
    of_etcd, of_members = Authority(tmp_path / "etcd-ca"), Authority(tmp_path / "members-ca")
    server, client = of_etcd.issue("localhost", "DNS:localhost,IP:127.0.0.1"), of_etcd.issue("sluice")
    cluster = new_cluster(
        3,
        *(f"--cert-file={server.certificate}", f"--key-file={server.key}"),
        *(f"--trusted-ca-file={of_etcd.certificate}", "--client-cert-auth"),
        credentials=(f"--cacert={of_etcd.certificate}", f"--cert={client.certificate}", f"--key={client.key}"),
    )
    cluster.etcd.start().wait()
    members = []
    for name in cluster.NAMES:
        gateway = cluster.member(name, *words("etcd", client.certificate, client.key, of_etcd))
        own = of_members.issue(name, f"IP:{gateway.host}")
        gateway.options += tuple(words("cluster", own.certificate, own.key, of_members))
        members.append(gateway.start())
    sale = Watched(members, port, guests, tmp_path, measured)
    owner, rest = sale.owner_and_rest()
    with sale.during("the owner killed, TLS to etcd and among members") as visitors:
        owner.kill()
        visitors.wait_served(rest)


NOT_ADMITTED = "WARN\tetcd does not admit what the files etcd-*-file hold now"


def test_a_certificate_that_etcd_does_not_admit_is_told_at_once(new_cluster, tmp_path):
    """It is used all the same: etcd may be about to change. The right one comes without a word."""
    of_etcd, of_others = Authority(tmp_path / "etcd-ca"), Authority(tmp_path / "others-ca")
    server, first = of_etcd.issue("localhost", "DNS:localhost,IP:127.0.0.1"), of_etcd.issue("sluice")
    cluster = new_cluster(
        1,
        *(f"--cert-file={server.certificate}", f"--key-file={server.key}"),
        *(f"--trusted-ca-file={of_etcd.certificate}", "--client-cert-auth"),
        credentials=(f"--cacert={of_etcd.certificate}", f"--cert={first.certificate}", f"--key={first.key}"),
    )
    cluster.etcd.start().wait()
    certificate, key = tmp_path / "client.crt", tmp_path / "client.key"

    def use(pair) -> None:
        certificate.write_bytes(pair.certificate.read_bytes())
        key.write_bytes(pair.key.read_bytes())

    use(first)
    member = cluster.member("one", *words("etcd", certificate, key, of_etcd)).start()
    use(of_others.issue("sluice-2"))
    member.process.send_signal(signal.SIGHUP)
    wait_until(lambda: NOT_ADMITTED in member.log(), "the log says so")
    use(of_etcd.issue("sluice-3"))
    member.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "sluice-3" in member.egctl("describe", "member", "one").stdout, "the member tells of it")
    assert member.log().count(NOT_ADMITTED) == 1


def test_a_password_that_etcd_does_not_admit_is_told_at_once(new_cluster, tmp_path):
    cluster = new_cluster(1)
    etcd = cluster.etcd.start().wait()
    for command in ("user add root:root", "user grant-role root root", "role add app",
                    "role grant-permission app --prefix=true readwrite sluice/", "user add app:old",
                    "user grant-role app app", "auth enable"):  # fmt: skip
        etcd.control(*command.split())
    password = tmp_path / "password"
    password.write_text("old\n")
    member = cluster.member("one", "--etcd-user", "app", "--etcd-password-file", str(password)).start()
    password.write_text("guessed\n")
    member.process.send_signal(signal.SIGHUP)
    wait_until(lambda: NOT_ADMITTED in member.log(), "the log says so")
    wait_until(lambda: "configuration read again" in member.log(), "it is used all the same")
    assert "guessed" not in member.log()
    for command in ("user delete app", "user add app:new", "user grant-role app app"):
        etcd.control(*command.split(), user="root:root")
    password.write_text("new\n")
    member.process.send_signal(signal.SIGHUP)
    wait_until(lambda: member.log().count("configuration read again") == 2, "it is used")
    assert member.log().count(NOT_ADMITTED) == 1
