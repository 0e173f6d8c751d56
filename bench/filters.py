#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CPU per request of filters, each beside what nginx or HAProxy has for the same.

  headers       a proxy that sets two headers, removes one, and sets one of the response: nginx, HAProxy
  template      the same, one of the headers made by a template
  redirect      301 to a URL made by a regular expression: nginx rewrite, HAProxy http-request redirect
  rate limit    a limit for each address that nobody reaches, then 200: nginx limit_req, HAProxy stick table
  JWT HS256     200 for a good token: HAProxy jwt_verify
  JWT RS256     the same
  file 1 KB     a static file: nginx with sendfile
  file 1 MB     the same

As bench/run.py: all contenders run at the same time and idle but for the one being measured, rounds go
through all of them in turn, CPU is utime + stime of all threads of the server. The load is wrk -t1 -c64,
keep-alive, the same bytes for each; before the first round, one answer of each contender is compared. nginx
listens with reuseport, as the others do by themselves: else one of its workers may get all connections.

    bench/filters.py [--only NAME...] [--rounds 5] [--seconds 2] [--json FILE]
"""

import argparse
import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from proxy import ProxyArena
from run import ROOT, Contender, free_port, measure_in_turns, wait_for_port, write_result

TARGET = 1.1  # Sluice / the cheaper of its counterparts
SECRET = b"the-secret-of-the-shop--32-bytes"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(algorithm: str, sign) -> str:
    claims = {"sub": "ann", "aud": "shop", "exp": int(time.time()) + 86_400}
    parts = [base64url(json.dumps(part).encode()) for part in ({"alg": algorithm, "typ": "JWT"}, claims)]
    return ".".join([*parts, base64url(sign(".".join(parts).encode()))])


class Case:
    """One kind of request, and who answers it."""

    def __init__(self, name: str, path: str = "/", headers: dict[str, str] | None = None):
        self.name, self.path, self.headers = name, path, headers or {}
        self.contenders: list[FilterContender] = []


class FilterContender(Contender):
    def __init__(self, name: str, case: Case, port: int, process: subprocess.Popen):
        super().__init__(f"{case.name}: {name}", port, process)
        self.case = case

    def wrk(self) -> list:
        headers = [word for name, value in self.case.headers.items() for word in ("-H", f"{name}: {value}")]
        return [*headers, f"http://127.0.0.1:{self.port}{self.case.path}"]

    def answer(self) -> tuple:
        """What must be the same of all contenders."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", self.case.path, headers=self.case.headers)
        response = connection.getresponse()
        body = response.read()
        seen = {} if response.status >= 300 else {"body": hashlib.sha256(body).hexdigest()}
        location = re.sub(r"^http://[^/]*", "", response.getheader("Location") or "")
        return response.status, location, response.getheader("X-Shop"), seen


class FilterArena(ProxyArena):
    def __init__(self, folder: Path):
        super().__init__(folder)
        self.files = folder / "www"
        self.files.mkdir()
        (self.files / "small").write_bytes(os.urandom(1024))
        (self.files / "large").write_bytes(os.urandom(1 << 20))
        self.key = folder / "key.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)
        self.public = folder / "public.pem"
        subprocess.run(["openssl", "rsa", "-in", self.key, "-pubout", "-out", self.public], check=True, capture_output=True)
        self.cases = {case.name: case for case in self.all_cases()}

    def all_cases(self) -> list[Case]:
        hs256 = token("HS256", lambda text: hmac.digest(SECRET, text, "sha256"))
        rs256 = token("RS256", self.sign_rs256)
        return [
            Case("headers", headers={"X-Internal": "1"}),
            Case("template", headers={"X-Internal": "1"}),
            Case("redirect", "/users/42?tab=orders"),
            Case("rate limit"),
            Case("JWT HS256", headers={"Authorization": f"Bearer {hs256}"}),
            Case("JWT RS256", headers={"Authorization": f"Bearer {rs256}"}),
            Case("file 1 KB", "/small"),
            Case("file 1 MB", "/large"),
        ]

    def sign_rs256(self, text: bytes) -> bytes:
        command = ["openssl", "dgst", "-sha256", "-sign", self.key]
        return subprocess.run(command, input=text, capture_output=True, check=True).stdout

    def join(self, name: str, case: Case, port: int, process: subprocess.Popen) -> None:
        wait_for_port(port, process)
        case.contenders.append(FilterContender(name, case, port, process))

    def serve_by_nginx(self, cases: list[Case], backend: int) -> None:
        bodies = {
            "headers": 'proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";'
            ' proxy_set_header X-Version 2; proxy_set_header X-Client $remote_addr; proxy_set_header X-Internal "";'
            " proxy_hide_header X-Shop; add_header X-Shop gateway;",
            "redirect": "rewrite ^/users/([0-9]+) /display?user=$1? permanent;",
            "rate limit": 'limit_req zone=clients burst=1000000 nodelay; try_files /none @ok;',
            "file 1 KB": f"root {self.files}; sendfile on; tcp_nopush on;",
            "file 1 MB": f"root {self.files}; sendfile on; tcp_nopush on;",
        }
        bodies["template"] = bodies["headers"]
        mine = [case for case in cases if case.name in bodies]
        ports = [free_port() for _ in mine]
        servers = "\n".join(
            f"  server {{ listen {port} reuseport; location / {{ {bodies[case.name]} }}"
            ' location @ok { default_type text/plain; return 200 "ok\\n"; } }'
            for case, port in zip(mine, ports)
        )
        process = self.start_nginx(
            "front",
            f"""  limit_req_zone $binary_remote_addr zone=clients:10m rate=1000000r/s;
  upstream backend {{ server 127.0.0.1:{backend}; keepalive 256; keepalive_requests 1000000000; }}
{servers}""",
        )
        for case, port in zip(mine, ports):
            self.join("nginx", case, port, process)

    def serve_by_haproxy(self, cases: list[Case], backend: int) -> None:
        bearer = "http_auth_bearer,jwt_verify"
        ok = '  http-request return status 200 content-type text/plain string "ok\\n"\n'
        bodies = {
            "headers": "  http-request set-header X-Version 2\n  http-request set-header X-Client %[src]\n"
            "  http-request del-header X-Internal\n  http-response set-header X-Shop gateway\n  default_backend back\n",
            "redirect": """  http-request redirect code 301 location '%[url,regsub("^/users/([0-9]+).*","/display?user=\\1")]'"""
            " if { url_reg ^/users/[0-9]+ }\n",
            "rate limit": "  stick-table type ip size 100k expire 1m store http_req_rate(1s)\n  http-request track-sc0 src\n"
            "  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 10000000 }\n" + ok,
            "JWT HS256": f"  http-request deny deny_status 401 unless {{ {bearer}(\"HS256\",\"{SECRET.decode()}\") -m int 1 }}\n" + ok,
            "JWT RS256": f"  http-request deny deny_status 401 unless {{ {bearer}(\"RS256\",\"{self.public}\") -m int 1 }}\n" + ok,
        }
        bodies["template"] = bodies["headers"]
        mine = [case for case in cases if case.name in bodies]
        if not mine:
            return
        ports = [free_port() for _ in mine]
        fronts = "\n".join(
            f"frontend front{number}\n  bind 127.0.0.1:{port}\n{bodies[case.name]}"
            for number, (case, port) in enumerate(zip(mine, ports))
        )
        process = self.start_haproxy(fronts, backend)
        for case, port in zip(mine, ports):
            self.join("HAProxy", case, port, process)

    def filters_of(self, case: Case, backend: int) -> str:
        ok = '- {name: ok, kind: Mock, rules: [{code: 200, headers: {Content-Type: text/plain}, body: "ok\\n"}]}'
        validator = "- {name: check, kind: Validator, jwt: {algorithm: %s, %s}}\n" + ok
        public = base64.b16encode(self.public.read_bytes()).decode().lower()
        proxy = f"- {{name: proxy, kind: Proxy, pools: [{{servers: [{{url: 'http://127.0.0.1:{backend}'}}]}}]}}\n"
        proxy += "- {name: response, kind: ResponseAdaptor, header: {set: {X-Shop: gateway}}}"
        adaptor = "- {name: request, kind: RequestAdaptor, header: {del: [X-Internal], set: {X-Version: '2'}}%s}\n" + proxy
        return {
            "headers": adaptor % "",
            "template": adaptor % ", template: \"header: {set: {X-Client: '{{ .req.RealIP }}'}}\"",
            "redirect": "- {name: moved, kind: Redirector, match: '^/users/([0-9]+).*', replacement: '/display?user=$1'}",
            "rate limit": "- {name: limit, kind: RateLimiter, policies: [{name: one, limitForPeriod: 10000000, "
            "limitRefreshPeriod: 1s, timeoutDuration: 0s}], urls: [{url: {prefix: /}, policyRef: one, keyBy: {address: true}}]}\n" + ok,
            "JWT HS256": validator % ("HS256", f"secret: {SECRET.hex()}"),
            "JWT RS256": validator % ("RS256", f"publicKey: {public}"),
            "file 1 KB": f"- {{name: files, kind: FileServer, root: {self.files}}}",
            "file 1 MB": f"- {{name: files, kind: FileServer, root: {self.files}}}",
        }[case.name]

    def serve_by_sluice(self, cases: list[Case], backend: int) -> None:
        home = self.folder / self.label
        home.mkdir()
        api = free_port()
        process = self.start(
            self.bin / "sluice-server", "--home-dir", home, "--api-addr", f"127.0.0.1:{api}", "--disable-access-log"
        )
        wait_for_port(api, process)
        ports = [free_port() for _ in cases]
        objects = []
        for number, (case, port) in enumerate(zip(cases, ports)):
            filters = self.filters_of(case, backend)
            more = ", setHeaders: {X-Client: $remote_addr}" if case.name == "headers" else ""
            objects.append(f"kind: HTTPServer\nname: s{number}\nport: {port}\nrules: [{{paths: [{{backend: p{number}{more}}}]}}]\n")
            objects.append(f"kind: Pipeline\nname: p{number}\nfilters:\n{filters}\n")
        self.egctl(api, ["apply", "-f", "-"], "---\n".join(objects))
        for case, port in zip(cases, ports):
            self.join(self.label, case, port, process)


def compare_answers(case: Case) -> None:
    answers = {contender.name: contender.answer() for contender in case.contenders}
    if len(set(map(repr, answers.values()))) != 1:
        sys.exit(f"the answers differ: {answers}")


def report(cases: list[Case]) -> list[dict]:
    rows = []
    print(f"\n{'':12}{'CPU µs/request':>16}" + f"{'nginx':>10}{'HAProxy':>10}{'ratio':>8}")
    for case in cases:
        medians = {contender.name.rpartition(": ")[2]: contender.median for contender in case.contenders}
        own = medians.pop("Sluice")
        ratio = own / min(medians.values())
        rows.append({"case": case.name, "cpu_us": round(own, 2), "peers": {k: round(v, 2) for k, v in medians.items()},
                     "ratio": round(ratio, 3), "met": ratio <= TARGET})
        peers = "".join(f"{medians[peer]:10.2f}" if peer in medians else f"{'':10}" for peer in ("nginx", "HAProxy"))
        print(f"{case.name:12}{own:16.2f}{peers}{ratio:8.2f}  {'met' if ratio <= TARGET else 'MISSED'}")
    print(f"\ntarget: at most {TARGET} times the cheaper peer")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", help="cases to measure")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "filters.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        os.chmod(name, 0o755)  # nginx's workers may run as another user
        arena = FilterArena(Path(name))
        try:
            cases = [case for case in arena.cases.values() if not arguments.only or case.name in arguments.only]
            backend = arena.start_backend(1024)
            arena.serve_by_nginx(cases, backend)
            arena.serve_by_haproxy(cases, backend)
            arena.serve_by_sluice(cases, backend)
            for case in cases:
                compare_answers(case)
            measure_in_turns([c for case in cases for c in case.contenders], arguments.rounds, arguments.seconds)
            rows = report(cases)
        finally:
            arena.stop()
    result = {"rows": rows, "target": TARGET, "rounds": arguments.rounds, "seconds": arguments.seconds}
    write_result(arguments.json, result)


if __name__ == "__main__":
    main()
