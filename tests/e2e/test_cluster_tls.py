# SPDX-License-Identifier: Apache-2.0
"""Certificates everywhere: etcd asks its clients for one, and members ask each other, while an owner dies."""

from certificates import Authority
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
