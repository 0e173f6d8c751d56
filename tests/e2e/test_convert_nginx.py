# SPDX-License-Identifier: Apache-2.0
"""`egctl convert nginx`: a real nginx and what is made of its file answer alike."""

import json
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import yaml

from client import fetch
from gateway import BIN, DEADLINE, free_port, wait_until

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        shown = ("X-Client", "X-Real", "X-Gone", "X-Forwarded-For")
        said = {"path": self.path, "host": self.headers["Host"], **{name: self.headers[name] for name in shown}}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def echo():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


CONFIG = """
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder};
  include upstreams/*.conf;
  proxy_set_header X-Client $remote_addr;
  server {{
    listen 127.0.0.1:{port} default_server;
    server_name first.example;
    location = /exact {{ proxy_pass http://both; }}
    location / {{ proxy_pass http://both; }}
    location /app/ {{
      proxy_pass http://127.0.0.1:{echo}/inner/;
      proxy_set_header Host $host;
      proxy_set_header X-Real "$remote_addr of $scheme";
      proxy_set_header X-Gone "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
    location /app/deep/ {{ proxy_pass http://127.0.0.1:{echo}; proxy_set_header Host named.example; }}
    location ^~ /firm/ {{ return 200 "firm"; }}
    location ~ \\.png$ {{ return 200 "picture"; }}
    location ~* ^/CASE {{ return 200 "case"; }}
    location /moved {{ return 301 http://new.example$request_uri; }}
    location /gone {{ return 410; }}
    location /files/ {{ root {folder}/www; }}
    location /other/ {{ alias {folder}/www/files/; }}
  }}
  server {{
    listen 127.0.0.1:{port};
    server_name .second.example;
    root {folder}/nothing;
    location /only {{ return 200 "second"; }}
  }}
  server {{
    listen 127.0.0.1:{port};
    server_name ~^n[0-9]+\\.example$;
    return 200 "number";
  }}
}}
"""


@pytest.fixture
def config(tmp_path, echo):
    """Writes the file for a port, and returns its path."""
    (tmp_path / "upstreams").mkdir()
    (tmp_path / "upstreams" / "both.conf").write_text(
        f"upstream both {{ server 127.0.0.1:{echo} weight=2; server 127.0.0.1:{echo} down; }}\n"
    )
    (tmp_path / "www" / "files").mkdir(parents=True)
    (tmp_path / "www" / "files" / "a.txt").write_text("a file\n")

    def write(port: int):
        file = tmp_path / f"nginx-{port}.conf"
        file.write_text(CONFIG.format(folder=tmp_path, port=port, echo=echo))
        return file

    return write


def convert(file, *more: str, check: bool = True) -> subprocess.CompletedProcess:
    done = subprocess.run(
        [BIN / "egctl", "convert", "nginx", "-f", str(file), *more], capture_output=True, text=True, timeout=DEADLINE
    )
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture
def nginx(config):
    if not shutil.which(NGINX):
        pytest.skip("no nginx")
    port = free_port()
    process = subprocess.Popen([NGINX, "-c", str(config(port))], stderr=subprocess.DEVNULL)

    def answers() -> bool:
        assert process.poll() is None, "nginx has ended"
        try:
            return fetch(port, "/gone").status == 410
        except OSError:
            return False

    wait_until(answers, "nginx answers")
    yield port
    process.terminate()
    process.wait(timeout=DEADLINE)


REQUESTS = [
    (path, host)
    for host in ("first.example", "second.example", "www.second.example", "n42.example", "unknown.example")
    for path in ("/", "/exact", "/exact/more", "/any?x=1", "/app/", "/app/a/b?c=d", "/app/deep/x", "/firm/x.png", "/x.png",
                 "/app/y.png", "/case/x", "/CASE", "/moved/here?a=b", "/gone", "/files/a.txt", "/files/none", "/other/a.txt",
                 "/only", "/onlyish")  # fmt: skip
]


def test_both_answer_alike(server, nginx, config, tmp_path):
    port = free_port()
    made = tmp_path / "made.yaml"
    done = convert(config(port), "-o", str(made), "--resource-prefix", "shop")
    assert done.stdout == "" and all(": access_log: " in line or "_temp_path: " in line for line in done.stderr.splitlines())
    server.egctl("apply", "-f", str(made))
    names = [document["name"] for document in yaml.safe_load_all(made.read_text())]
    assert "shop" in names and all(name == "shop" or name.startswith("shop-") for name in names), names
    wait_until(lambda: fetch(port, "/gone", Host="first.example").status == 410, "the gateway answers")

    def shown(which: int, path: str, host: str) -> tuple:
        answer = fetch(which, path, Host=host)
        body = answer.text
        # Pages of errors and of redirects are those of the program.
        return answer.status, answer.headers.get("Location"), body if answer.status == 200 else ""

    for path, host in REQUESTS:
        assert shown(port, path, host) == shown(nginx, path, host), (path, host)


def test_what_is_not_converted_is_named_with_its_place(tmp_path, server):
    file = tmp_path / "site.conf"
    port = free_port()
    file.write_text(
        f"server {{\n  listen {port};\n  expires 1d;\n  location /admin {{\n    auth_basic x;\n"
        "    proxy_pass http://127.0.0.1:1;\n  }\n  location /php { fastcgi_pass 127.0.0.1:9; }\n}\n"
    )
    done = convert(file, "--resource-prefix", "p")
    for line in (f"Warning: {file}:3: expires: is not converted", f"Warning: {file}:5: auth_basic: ", f"Warning: {file}:8: location: "):
        assert line in done.stderr, done.stderr
    server.egctl("apply", "-f", "-", input=done.stdout)
    wait_until(lambda: fetch(port, "/admin").status == 403, "what was protected is closed")
    assert fetch(port, "/php").status == 503


def test_wrong_use(tmp_path):
    file = tmp_path / "x.conf"
    assert convert(file, "--resource-prefix", "p", check=False).returncode == 1, "no such file"
    for text, why in (
        ("server {", "x.conf:1: the block that begins here is not closed"),
        ("user x;", "there is no server in it"),
        ("include none.conf;", "x.conf:1: "),
        ("include x.conf;", "too many files include one another"),
    ):
        file.write_text(text)
        done = convert(file, "--resource-prefix", "p", check=False)
        assert done.returncode == 1 and why in done.stderr and done.stdout == "", done
    assert convert(file, check=False).returncode == 2, "the prefix is required"
    assert convert(file, "--resource-prefix", "a b", check=False).returncode == 2
    assert subprocess.run([BIN / "egctl", "convert", "apache"], capture_output=True).returncode == 2
