# SPDX-License-Identifier: Apache-2.0
"""Certificates for tests, made by openssl when they are asked for."""

import base64
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


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
