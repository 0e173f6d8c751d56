#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What idle keep-alive connections cost the server process: resident memory for each, kernel memory apart.

    bench/idle.py [--connections 50000] [--tls]
"""

import argparse
import base64
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))

from gateway import Server, free_port, http_server, mock, pipeline  # noqa: E402
from idle import IdleCrowd, resident_bytes  # noqa: E402


def key_pair(folder: Path) -> dict:
    """The fields of an HTTPServer with a new self-signed certificate."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    encoded = [base64.b64encode(file.read_bytes()).decode() for file in (certificate, key)]
    return {"certBase64": encoded[0], "keyBase64": encoded[1]}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--connections", type=int, default=50_000)
    options.add_argument("--tls", action="store_true", help="over TLS 1.3")
    options.add_argument("--limit", type=int, default=10 * 1024, help="bytes for each; more is a failure (0: none)")
    options.add_argument("--rest", type=float, default=30, help="seconds of silence before it is measured")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "home").start()
        port = free_port()
        tls = {}
        context = None
        if given.tls:
            tls = {"https": True, **key_pair(Path(folder))}
            context = ssl._create_unverified_context()
        fields = {"maxConnections": given.connections + 100, "keepAliveTimeout": "1h"}
        server.apply(http_server(port, {"backend": "p"}, **fields, **tls), pipeline("p", mock("ok")))
        with IdleCrowd(port, 200, context) as warm_up:
            warm_up.ask_all()
        before = resident_bytes(server.pid)
        with IdleCrowd(port, given.connections, context) as crowd:
            crowd.ask_all()
            time.sleep(given.rest)
            each = (resident_bytes(server.pid) - before) / given.connections
            print(f"{given.connections} idle connections: {each:.0f} bytes each")
            crowd.ask_all()
            time.sleep(given.rest)
            again = (resident_bytes(server.pid) - before) / given.connections
            print(f"after one more request on each: {again:.0f} bytes each")
        server.stop()
    return int(given.limit > 0 and max(each, again) > given.limit)


if __name__ == "__main__":
    sys.exit(main())
