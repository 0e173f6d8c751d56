# SPDX-License-Identifier: Apache-2.0
"""A real nginx, and what `egctl convert nginx` makes of its file, side by side."""

import json
import shutil
import subprocess
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from client import fetch
from gateway import BIN, DEADLINE, free_port, wait_until

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
SHOWN = ("X-Client", "X-Real", "X-Gone", "X-Forwarded-For", "X-Auth")

# Around the contents of `http`. Errors and temporary files stay in the folder.
FRAME = """
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  scgi_temp_path {folder}; uwsgi_temp_path {folder};
%s
}}
"""


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        said = {"path": self.path, "host": self.headers["Host"], **{name: self.headers[name] for name in SHOWN}}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Secret", "inside")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextmanager
def echo_backend():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def write_config(folder: Path, inside: str, port: int, echo: int) -> Path:
    """`inside`: of http, with {port}, {echo} and {folder}, and other braces doubled."""
    file = folder / f"nginx-{port}.conf"
    file.write_text((FRAME % inside).format(folder=folder, port=port, echo=echo))
    return file


def answers(port: int) -> bool:
    try:
        return fetch(port, "/").status > 0
    except OSError:
        return False


@contextmanager
def running_nginx(folder: Path, inside: str, echo: int):
    if not Path(NGINX).exists():
        pytest.skip("no nginx")
    port = free_port()
    process = subprocess.Popen([NGINX, "-c", str(write_config(folder, inside, port, echo))], stderr=subprocess.PIPE, text=True)

    def is_up() -> bool:
        assert process.poll() is None, process.stderr.read()
        return answers(port)

    try:
        wait_until(is_up, "nginx answers")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=DEADLINE)


def convert(file, *more: str, check: bool = True) -> subprocess.CompletedProcess:
    done = subprocess.run(
        [BIN / "egctl", "convert", "nginx", "-f", str(file), *more], capture_output=True, text=True, timeout=DEADLINE
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def converted(server, folder: Path, inside: str, echo: int) -> tuple[int, str]:
    """Applies what the configuration becomes. Returns its port, and the warnings."""
    port = free_port()
    made = folder / "made.yaml"
    done = convert(write_config(folder, inside, port, echo), "-o", str(made), "--resource-prefix", "shop")
    server.egctl("apply", "-f", str(made))
    names = [document["name"] for document in yaml.safe_load_all(made.read_text())]
    assert "shop" in names and all(name == "shop" or name.startswith("shop-") for name in names), names
    wait_until(lambda: answers(port), "the gateway answers")
    *warnings, counted = done.stderr.splitlines(keepends=True)
    assert counted.startswith(f"{made}: 1 HTTPServer, {len(names) - 1} Pipeline"), counted
    return port, "".join(warnings)
