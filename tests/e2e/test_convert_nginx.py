# SPDX-License-Identifier: Apache-2.0
"""`egctl convert nginx`: a real nginx and what is made of its file answer alike."""

import base64
import re
import stat
import subprocess

import pytest
import yaml

from certificates import self_signed
from client import fetch
from gateway import BIN, free_port, http_server, wait_until
from nginx_peer import answers, convert, converted, echo_backend, running_nginx
from pages import blocks


@pytest.fixture
def echo():
    with echo_backend() as port:
        yield port


SECRET_SHA1 = "e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4"  # of "secret"
FILES = {
    "files/a.txt": "a file\n",
    "index.php": "the source\n",
    "app.php": "the source\n",
    "index.html": "the page\n",
    "spa/index.html": "the spa\n",
    "locked/index.html": "locked\n",
    "locked/x.html": "locked\n",
}

CONFIG = """
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
"""


@pytest.fixture
def folder(tmp_path, echo):
    (tmp_path / "upstreams").mkdir()
    (tmp_path / "upstreams" / "both.conf").write_text(
        f"upstream both {{ server 127.0.0.1:{echo} weight=2; server 127.0.0.1:{echo} down; }}\n"
    )
    for name, text in FILES.items():
        (tmp_path / "www" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "www" / name).write_text(text)
    (tmp_path / "users").write_text("ann:{SHA}" + base64.b64encode(bytes.fromhex(SECRET_SHA1)).decode() + "\n")
    # Workers of nginx may be another user.
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(path.stat().st_mode | stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0))
    return tmp_path


def shown(port: int, path: str, host: str, **fields: str) -> tuple:
    answer = fetch(port, path, Host=host, **fields)
    body = answer.text
    # Pages of errors and of redirects are those of the program.
    return answer.status, answer.headers.get("location"), body if answer.status == 200 else ""


REQUESTS = [
    (path, host)
    for host in ("first.example", "second.example", "www.second.example", "n42.example", "unknown.example")
    for path in ("/", "/exact", "/exact/more", "/any?x=1", "/app/", "/app/a/b?c=d", "/app/deep/x", "/firm/x.png", "/x.png",
                 "/app/y.png", "/case/x", "/CASE", "/moved/here?a=b", "/gone", "/files/a.txt", "/files/none", "/other/a.txt",
                 "/only", "/onlyish")  # fmt: skip
]


def test_both_answer_alike(server, folder, echo):
    with running_nginx(folder, CONFIG, echo) as nginx:
        port, warnings = converted(server, folder, CONFIG, echo)
        assert warnings == ""
        for path, host in REQUESTS:
            assert shown(port, path, host) == shown(nginx, path, host), (path, host)


# Each location keeps something closed, or runs it, by means that Sluice may not have.
CLOSED = """
  limit_req_zone $binary_remote_addr zone=slow:1m rate=1r/m;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/www;
    index index.html;
    location / {{ try_files $uri /app.php?$args; }}
    location ~ \\.php$ {{ fastcgi_pass 127.0.0.1:1; }}
    location /uwsgi/ {{ uwsgi_pass 127.0.0.1:1; }}
    location /grpc/ {{ grpc_pass 127.0.0.1:1; }}
    location /scgi/ {{ scgi_pass 127.0.0.1:1; }}
    location /files/status {{ stub_status; }}
    location /proxied/ {{
      proxy_pass http://127.0.0.1:{echo};
      location /proxied/admin/ {{ auth_basic x; auth_basic_user_file {folder}/users; proxy_pass http://127.0.0.1:{echo}; }}
      location /proxied/none/ {{ deny all; }}
      location ~ \\.key$ {{ deny all; }}
    }}
    location /asked/ {{ if ($http_x_key != "k") {{ return 403; }} proxy_pass http://127.0.0.1:{echo}; }}
    location /checked/ {{ auth_request /denies; proxy_pass http://127.0.0.1:{echo}; }}
    location = /denies {{ internal; return 403; }}
    location /hidden/ {{ internal; proxy_pass http://127.0.0.1:{echo}; }}
    location /methods/ {{ limit_except POST {{ deny all; }} proxy_pass http://127.0.0.1:{echo}; }}
    location /referred/ {{ valid_referers none server_names; if ($invalid_referer) {{ return 403; }} proxy_pass http://127.0.0.1:{echo}; }}
    location /any/ {{ satisfy any; deny all; proxy_pass http://127.0.0.1:{echo}; }}
    location ~ /\\.(?!well-known) {{ deny all; }}
    location ~ ^/locked/.+$ {{ auth_basic x; auth_basic_user_file {folder}/users; }}
    location ~ (?<kind>b)ack(?=/end) {{ deny all; }}
    location ^~ /firm/ {{ proxy_pass http://127.0.0.1:{echo}; }}
    location /firm/in/ {{ proxy_pass http://127.0.0.1:{echo}; }}
    location /limited/ {{ limit_req zone=slow; proxy_pass http://127.0.0.1:{echo}; }}
    location /told/ {{ proxy_set_header X-Auth $ssl_client_verify; proxy_pass http://127.0.0.1:{echo}; }}
    location /rewritten/ {{ rewrite ^/rewritten/(a.*)$ /hidden/$1 last; proxy_pass http://127.0.0.1:{echo}; }}
  }}
  server {{
    listen 127.0.0.1:{port};
    server_name asks.example;
    root {folder}/www;
    if ($http_x_key != "k") {{ return 403; }}
  }}
  server {{
    listen 127.0.0.1:{port};
    server_name denies.example;
    deny 127.0.0.1;
    root {folder}/www;
    location /in/ {{ proxy_pass http://127.0.0.1:{echo}; }}
  }}
  server {{
    listen 127.0.0.1:{port};
    server_name runs.example;
    root {folder}/www;
    index index.php;
    location ~ [.]php(/|$) {{ fastcgi_pass 127.0.0.1:1; }}
  }}
  server {{ listen unix:{folder}/only.sock; return 200 "local"; }}
"""
CLOSED_REQUESTS = [
    *(("x.example", path) for path in (
        "/", "/index.php", "/app.php", "/no/such", "/uwsgi/", "/grpc/", "/scgi/", "/files/status", "/proxied/admin/x",
        "/proxied/none/x", "/proxied/a.key", "/asked/", "/checked/", "/denies", "/hidden/x", "/methods/", "/referred/", "/any/",
        "/.git/config", "/proxied/.git", "/locked/", "/locked/index.html", "/locked/x.html", "/back/end", "/firm/in/x.php",
        "/limited/", "/limited/", "/rewritten/ab", "/%2egit", "/proxied//admin/x",
    )),
    *(("asks.example", path) for path in ("/", "/index.html", "/files/a.txt")),
    *(("denies.example", path) for path in ("/", "/in/", "/files/a.txt")),
    *(("runs.example", path) for path in ("/", "/index.php", "/index.php/x")),
]  # fmt: skip


def test_what_nginx_keeps_closed_stays_closed(server, folder, echo):
    with running_nginx(folder, CLOSED, echo) as nginx:
        port, warnings = converted(server, folder, CLOSED, echo)
        for host, path in CLOSED_REQUESTS:
            there, here = shown(nginx, path, host, Referer="http://evil.example/"), shown(port, path, host, Referer="http://evil.example/")
            assert here[0] != 200 or here == there, (host, path, there, here)
        # The rest of the server is not closed with it.
        for path in ("/files/a.txt", "/index.html", "/proxied/x", "/rewritten/b", "/firm/x.php"):
            assert shown(port, path, "x.example") == shown(nginx, path, "x.example"), path
        told = fetch(port, "/told/", Host="x.example", **{"X-Auth": "SUCCESS"})
        assert told.status == 200 and '"X-Auth": null' in told.text
    numbers = [int(line.split(":")[2]) for line in warnings.splitlines()]
    assert numbers == sorted(numbers), warnings


# With a counterpart in Sluice.
OPEN = """
  add_header X-Level http;
  server {{
    listen 127.0.0.1:{port};
    server_name one.example two.example ~^n[0-9]+\\.example$;
    gzip on;
    rewrite ^/old/(.*)$ /new/$1 permanent;
    rewrite ^/far http://far.example/here? redirect;
    location / {{ root {folder}/www; try_files $uri @app; }}
    location @app {{ proxy_set_header X-Real app; proxy_pass http://127.0.0.1:{echo}; }}
    location /spa/ {{ root {folder}/www; try_files $uri /spa/index.html; }}
    location /mine/ {{ allow 127.0.0.1; deny all; proxy_pass http://127.0.0.1:{echo}; }}
    location /others/ {{ deny 127.0.0.0/8; allow all; proxy_pass http://127.0.0.1:{echo}; }}
    location /secret/ {{
      auth_basic "the secret";
      auth_basic_user_file users;
      proxy_pass http://127.0.0.1:{echo};
      location /secret/open/ {{ auth_basic off; proxy_pass http://127.0.0.1:{echo}; }}
    }}
    location /headers/ {{
      add_header X-Level location;
      add_header X-Always yes always;
      expires 1h;
      proxy_hide_header X-Secret;
      proxy_connect_timeout 3; proxy_read_timeout 1m;
      proxy_pass http://127.0.0.1:{echo};
    }}
    location /gone/ {{ add_header X-Always yes always; expires 1h; return 410; }}
    location /there {{ return 302 /here$is_args$args; }}
    location /text {{ default_type text/css; return 200 "a {{}}"; }}
    location /moved/ {{ rewrite ^/moved/(.*)$ http://far.example/$1 permanent; return 404; }}
  }}
"""
OPEN_PATHS = ["/files/a.txt", "/nothing", "/", "/spa/x", "/spa/index.html", "/mine/", "/others/", "/secret/", "/secret/open/",
              "/headers/", "/gone/", "/there?a=b", "/text", "/old/a?b=c", "/far/x?y", "/moved/a", "/older"]  # fmt: skip


def test_what_has_a_counterpart_answers_alike(server, folder, echo):
    right = {"Authorization": "Basic " + base64.b64encode(b"ann:secret").decode()}
    wrong = {"Authorization": "Basic " + base64.b64encode(b"ann:wrong").decode()}

    def all_of(port: int, path: str, fields: dict) -> tuple:
        answer = fetch(port, path, Host="one.example", **fields)
        location = answer.headers.get("location", "").replace(f"http://one.example:{port}", "").replace("http://one.example", "")
        names = ("x-level", "x-always", "x-secret", "cache-control")
        kind = answer.headers.get("content-type") if path == "/text" else None
        text = answer.text if answer.status == 200 else ""
        return answer.status, location, {name: answer.headers.get(name) for name in names}, kind, text

    with running_nginx(folder, OPEN, echo) as nginx:
        port, warnings = converted(server, folder, OPEN, echo)
        assert warnings == ""
        for path in OPEN_PATHS:
            for fields in ({}, right, wrong):
                assert all_of(port, path, fields) == all_of(nginx, path, fields), (path, fields)
        wants = {"Accept-Encoding": "gzip"}
        assert fetch(port, "/spa/", Host="one.example", **wants).headers.get("content-encoding") == "gzip", "gzip on"
    rules = next(one for one in yaml.safe_load_all((folder / "made.yaml").read_text()) if one["kind"] == "HTTPServer")["rules"]
    assert len(rules) == 1, "the paths come once"


REAL = """
  set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For; real_ip_recursive on;
  server {{
    listen 127.0.0.1:{port};
    location / {{ allow 10.1.2.3; deny all; proxy_pass http://127.0.0.1:{echo}; }}
    location /php/ {{ fastcgi_pass 127.0.0.1:9000; }}
  }}
"""


def test_x_real_ip_opens_no_list_and_the_last_line_names_what_is_closed(server, folder, echo):
    with running_nginx(folder, REAL, echo) as nginx:
        port, warnings = converted(server, folder, REAL, echo)
        for fields in ({}, {"X_Real_IP": "10.1.2.3"}, {"X_Forwarded_For": "10.1.2.3"}):
            assert fetch(port, "/", **fields).status == fetch(nginx, "/", **fields).status, fields
    assert "location /php/ (Pipeline shop-php) answers 503" in warnings, warnings
    made = folder / "made.yaml"
    assert "location /php/\nkind: Pipeline\n" in made.read_text()
    done = convert(folder / f"nginx-{port}.conf", "--resource-prefix", "shop")
    assert done.stderr.endswith("Made 1 HTTPServer, 3 Pipelines, 1 of them closed: shop-php\n"), done.stderr


NEXT = """
  set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For; real_ip_recursive on;
  upstream two {{ server 127.0.0.1:{echo}; server 127.0.0.1:1; }}
  proxy_set_header X-Client $remote_addr;
  server {{
    listen 127.0.0.1:{port};
    add_header X-Level server;
    location / {{ proxy_pass http://127.0.0.1:{echo}; }}
    location /shut/ {{ deny all; proxy_pass http://127.0.0.1:{echo}; }}
    location /two {{ proxy_pass http://two; }}
    location /api/ {{ proxy_pass http://127.0.0.1:{echo}/inner/; }}
    location /own/ {{ proxy_pass http://127.0.0.1:{echo}; }}
    location = /own {{ return 204; }}
    location /v1/ {{ rewrite ^/v1/(.*)$ /v2/$1 break; proxy_pass http://127.0.0.1:{echo}; }}
  }}
"""


def test_the_next_server_is_tried_and_paths_are_changed_as_in_nginx(server, folder, echo):
    def all_of(port: int, path: str, **fields: str) -> tuple:
        answer = fetch(port, path, Host="x.example", **fields)
        location = answer.headers.get("location", "").replace(f"http://x.example:{port}", "")
        return answer.status, location, answer.headers.get("x-level"), answer.text if answer.status == 200 else ""

    with running_nginx(folder, NEXT, echo) as nginx:
        port, warnings = converted(server, folder, NEXT, echo)
        assert warnings.count("Warning") == 1 and "/v1 is not redirected to it" in warnings, warnings
        for path in ("/api", "/api?a=b", "/api/x", "/own", "/own/", "/shut?a", "/shut/", "/v1/a/b?c=d", "/v1/"):
            assert all_of(port, path) == all_of(nginx, path), path
        for _ in range(8):
            assert fetch(port, "/two").status == 200, "one of two servers does not listen"
        for fields in ({"X-Forwarded-For": "10.1.1.1"}, {"X-Forwarded-For": "10.1.1.1, 127.0.0.1"}, {}):
            assert all_of(port, "/v1/x", **fields) == all_of(nginx, "/v1/x", **fields), fields
    text = (folder / "made.yaml").read_text()
    of_objects = [re.sub(r"^(#.*\n)+", "", one) for one in text.split("---\n")]  # behind where it comes from
    assert all(one.startswith(("kind: Pipeline\nname: ", "kind: HTTPServer\nname: ")) for one in of_objects)


def test_the_page_of_an_error(server, folder, port):
    """docs/egctl.md: what `error_page 404 /404.html` takes."""
    (folder / "www" / "404.html").write_text('<h1>"gone"</h1>\n')
    (text,) = [one for one in blocks("egctl") if "tryFiles" in one]
    site = yaml.safe_load_all(text.replace("/srv/www", str(folder / "www")))
    server.apply(*site, http_server(port, {"pathPrefix": "/", "backend": "site"}))
    wait_until(lambda: answers(port), "the gateway answers")
    assert fetch(port, "/files/a.txt").text == "a file\n"
    answer = fetch(port, "/no/such")
    assert (answer.status, answer.text) == (404, '<h1>"gone"</h1>\n')
    assert answer.headers["content-type"] == "text/html"


def test_a_warning_has_its_place(tmp_path, server):
    file = tmp_path / "site.conf"
    port = free_port()
    file.write_text(
        f"server {{\n  listen {port};\n  error_page 404 /x;\n  location /admin {{\n    auth_jwt x;\n"
        "    proxy_pass http://127.0.0.1:1;\n  }\n  location /php { fastcgi_pass 127.0.0.1:9; }\n"
        "  location /lua { access_by_lua_block { if a['}'] then -- it's\n ngx.exit(403) end } proxy_pass http://127.0.0.1:1; }\n"
        "  location /part { include none.conf; proxy_pass http://127.0.0.1:1; }\n"
        "  location /sock { proxy_pass http://u; }\n}\nupstream u { server unix:/x; }\n"
    )
    done = convert(file, "--resource-prefix", "p")
    for line, what in ((3, "error_page"), (5, "auth_jwt"), (8, "fastcgi_pass"), (9, "access_by_lua_block"), (11, "include"), (12, "proxy_pass")):
        assert f"Warning: {file}:{line}: {what}: " in done.stderr, done.stderr
    server.egctl("apply", "-f", "-", input=done.stdout)
    wait_until(lambda: fetch(port, "/admin").status == 403, "what was protected is closed")
    assert [fetch(port, path).status for path in ("/php", "/lua", "/part", "/sock")] == [503, 403, 503, 503]


def test_a_gateway_takes_the_result(tmp_path):
    file, made = tmp_path / "site.conf", tmp_path / "made.yaml"
    file.write_text("server {\n listen 80;\n location /a { proxy_pass http://a:b:c; }\n location /b { return 200; }\n}\n")
    done = convert(file, "-o", str(made), "--resource-prefix", "p")
    assert f"Warning: {file}:3: location: " in done.stderr and "503" in done.stderr, done.stderr
    assert subprocess.run([BIN / "egctl", "validate", "-f", made], capture_output=True).returncode == 0
    # A server that a gateway refuses is for the user to mend.
    file.write_text("server {\n listen 443 ssl;\n ssl_certificate none.pem; ssl_certificate_key none.key;\n}\n")
    done = convert(file, "-o", str(made), "--resource-prefix", "p", check=False)
    assert done.returncode == 1 and f"{file}:1: server: " in done.stderr and made.exists(), done.stderr


def test_a_file_with_a_private_key_is_for_its_owner(tmp_path):
    pair = self_signed(tmp_path, "DNS:shop.example")
    file, made = tmp_path / "site.conf", tmp_path / "made.yaml"
    made.write_text("old")
    file.write_text(
        f"server {{ listen 443 ssl; ssl_certificate {pair.certificate}; ssl_certificate_key {pair.key}; return 200; }}"
    )
    done = convert(file, "-o", str(made), "--resource-prefix", "p")
    assert stat.S_IMODE(made.stat().st_mode) == 0o600 and "private keys" in done.stderr, done.stderr


def test_wrong_use(tmp_path):
    file = tmp_path / "x.conf"
    assert convert(file, "--resource-prefix", "p", check=False).returncode == 1, "no such file"
    for text, why in (
        ("server {", "x.conf:1: the block that begins here is not closed"),
        ("user x;", "there is no server in it"),
        ("include x.conf;", "too many files include one another"),
        ("server {\n listen 80\n server_name x;\n}", 'x.conf:2: "listen" has no ; before "server_name"'),
    ):
        file.write_text(text)
        done = convert(file, "--resource-prefix", "p", check=False)
        assert done.returncode == 1 and why in done.stderr and done.stdout == "", done
    assert convert(file, check=False).returncode == 2, "the prefix is required"
    assert convert(file, "--resource-prefix", "a b", check=False).returncode == 2
    assert subprocess.run([BIN / "egctl", "convert", "apache"], capture_output=True).returncode == 2
