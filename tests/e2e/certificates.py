# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests, made by openssl when they are asked for."""

import base64
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


def openssl(*arguments) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@dataclass
class Pair:
    certificate: Path
    key: Path

    @property
    def cert64(self) -> str:
        return base64.b64encode(self.certificate.read_bytes()).decode()

    @property
    def key64(self) -> str:
        return base64.b64encode(self.key.read_bytes()).decode()


def self_signed(folder: Path, *names: str) -> Pair:
    """A new certificate for the names: "DNS:shop.example", "IP:127.0.0.1"."""
    stem = f"{len(list(folder.iterdir()))}"
    pair = Pair(folder / f"{stem}.crt", folder / f"{stem}.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN=test {stem}", "-addext", f"subjectAltName={','.join(names)}",
         "-keyout", pair.key, "-out", pair.certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return pair


def server_context(own: Pair, clients: Pair | None = None) -> ssl.SSLContext:
    """`clients`: whose certificate a client must show."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    if clients is not None:
        context.load_verify_locations(clients.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class Authority:
    def __init__(self, folder: Path, name: str = "authority"):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 300,
                "-subj", f"/CN={name}", "-keyout", self.pair.key, "-out", self.pair.certificate)  # fmt: skip

    @property
    def certificate(self) -> Path:
        return self.pair.certificate

    def issue(self, name: str, alternatives: str = "", *key: str, seconds: int = 300 * 86400) -> Pair:
        """`key`: what openssl's -newkey and its options take, P-256 by default. `seconds`: until it ends."""
        stem = f"{name}-{len(list(self.folder.iterdir()))}"
        pair = Pair(self.folder / f"{stem}.crt", self.folder / f"{stem}.key")
        request, extensions = self.folder / f"{stem}.csr", self.folder / f"{stem}.ext"
        kind = key or ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        openssl("req", "-newkey", *kind, "-nodes", "-subj", f"/CN={name}", "-keyout", pair.key, "-out", request)
        extensions.write_text(
            f"subjectAltName={alternatives or 'DNS:' + name}\n"
            "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
            "crlDistributionPoints=URI:http://127.0.0.1/none.crl\n"
        )
        ca = self.folder / "ca.conf"
        ca.write_text(
            f"[ca]\ndefault_ca=a\n[a]\ndatabase={self.folder}/index.txt\nnew_certs_dir={self.folder}\n"
            "rand_serial=yes\ndefault_md=sha256\nunique_subject=no\npolicy=p\n[p]\ncommonName=supplied\n"
        )
        (self.folder / "index.txt").touch()
        end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))
        openssl("ca", "-batch", "-notext", "-config", ca, "-cert", self.pair.certificate, "-keyfile", self.pair.key,
                "-in", request, "-extfile", extensions, "-enddate", end, "-out", pair.certificate)  # fmt: skip
        return pair
