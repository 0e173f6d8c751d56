# SPDX-License-Identifier: Apache-2.0
"""How egctl prints, how it ends, and what a shell completes."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from client import fetch
from gateway import BIN, DEADLINE, documents, http_server, mock, pipeline, proxy, sanitizer_environment, wait_until


def two_pipelines(server, port=None):
    rules = [http_server(port, {"pathPrefix": "/", "backend": "p"})] if port else []
    server.apply(*rules, pipeline("p", mock("x")), pipeline("q", mock("y", name="first"), mock("z", name="second")))


def cut(table: str) -> list[list[str]]:
    return [re.split(r"  +", line) for line in table.splitlines()]


# --- -o --------------------------------------------------------------------------------------


def test_tables_can_be_cut(server, port):
    two_pipelines(server, port)
    for command in (("get", "all"), ("get", "all", "-o", "wide"), ("get", "member"), ("get", "member", "-o", "wide"),
                    ("apis",), ("api-resources",)):  # fmt: skip
        rows = cut(server.egctl(*command).stdout)
        assert len(rows) > 1 and all(len(row) == len(rows[0]) for row in rows), (command, rows)
        assert all(cell for row in rows for cell in row), rows
        assert cut(server.egctl(*command, "--no-headers").stdout)[0][0] == rows[1][0], command
    assert server.egctl("get", "all", "--no-headers").stdout.count("\n") == 3


def test_wide_shows_figures(server, port):
    two_pipelines(server, port)
    for path in ("/a", "/b"):
        assert fetch(port, path).status == 200
    server.counted(2)
    header, *rows = cut(server.egctl("get", "all", "-o", "wide").stdout)
    cells = {row[0]: dict(zip(header, row)) for row in rows}
    assert cells["http-server"]["REQUESTS"] == "2" and cells["http-server"]["P99"].endswith("ms"), cells
    assert cells["http-server"]["4XX"] == cells["http-server"]["5XX"] == "0", cells
    assert cells["http-server"]["SUMMARY"] == f"port {port}, 1 rule"
    assert cells["q"]["SUMMARY"] == "first > second" and cells["q"]["REQUESTS"] == "-", cells


def test_who_is_sold_out_has_no_server_errors(server, port):
    """4xx and 5xx are two figures: 403 for everybody is what a sale that is sold out looks like."""
    server.apply(
        http_server(port, {"path": "/a", "backend": "p"}, {"path": "/b", "backend": "q"}),
        pipeline("p", mock("sold out", code=403)),
        pipeline("q", mock("broken", code=500)),
    )
    described = server.egctl("describe", "httpserver", "http-server").stdout
    assert "0 requests, 4xx 0, 5xx 0" in described and "p50 -, p99 -, max -" in described, described
    for path in ("/a", "/a", "/b"):
        fetch(port, path)
    server.counted(3)
    header, row = cut(server.egctl("get", "httpserver", "-o", "wide").stdout)
    cells = dict(zip(header, row))
    assert (cells["REQUESTS"], cells["4XX"], cells["5XX"]) == ("3", "2", "1"), cells
    described = server.egctl("describe", "httpserver", "http-server").stdout
    assert "3 requests, 4xx 2, 5xx 1" in described and "on average of a minute" in described, described
    assert server.status("http-server")["errCount"] == 3, "as Easegress counts"


def test_names_and_paths(server):
    two_pipelines(server)
    assert server.egctl("get", "all", "-o", "name").stdout == "pipeline/p\npipeline/q\n"
    assert server.egctl("get", "pipeline", "q", "-o", "name").stdout == "pipeline/q\n"
    assert server.egctl("get", "member", "-o", "name").stdout == "eg-default-name\n"
    applied = server.egctl("apply", "-f", "-", "-o", "name", input=documents(pipeline("r", mock("x"))))
    assert applied.stdout == "pipeline/r\n"
    server.egctl("delete", "pipeline", "r")

    def path(expression: str, *command: str) -> str:
        return server.egctl(*(command or ("get", "all")), "-o", f"jsonpath={expression}").stdout

    assert path("{[*].name}") == "p q" == path("{.items[*].name}")
    assert path("{.filters[1].name}", "get", "pipeline", "q") == "second"
    assert path('{range [?(@.name=="q")].filters[*]}{.name}{"\\n"}{end}') == "first\nsecond\n"
    assert path("{[*].options.name}", "get", "member") == "eg-default-name"
    assert path("{.nothing}", "get", "pipeline", "p") == ""
    assert path("{.allStatus[0].status.state}", "describe", "pipeline", "p") == "running"
    assert path("{.healthy}", "health") == "true"


@pytest.mark.parametrize(
    ("form", "why"), [("jsonpath={.a", "'}' is missing"), ("jsonpath={..a}", "'..' is not supported"), ("jsonpath=.state", "no path in braces: -o jsonpath='{.state}'"), ("xml", '"xml" is no format')]
)
def test_wrong_formats(server, form, why):
    done = server.egctl("get", "all", "-o", form, check=False)
    assert done.returncode == 2 and why in done.stderr and done.stdout == "", done


# --- get -w ----------------------------------------------------------------------------------


class Watch:
    def __init__(self, server, *arguments: str):
        # Files, not pipes: what egctl prints is read while it runs.
        self.out = server.home / "watch.out"
        self.err = server.home / "watch.err"
        self.process = subprocess.Popen(
            [BIN / "egctl", "--server", server.api, "get", *arguments],
            stdout=self.out.open("w"),
            stderr=self.err.open("w"),
            env={**os.environ, "HOME": str(server.home), **sanitizer_environment()},
        )

    def rows(self) -> list[list[str]]:
        return cut(self.out.read_text())

    def expect(self, name: str, state: str) -> None:
        wait_until(lambda: any(row[0] == name and row[-1] == state for row in self.rows()), f"{name} is {state}")

    def end(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)
        assert self.process.wait(timeout=DEADLINE) == 0, self.err.read_text()


def test_watch_prints_the_rows_that_change(server):
    two_pipelines(server)
    watch = Watch(server, "pipeline", "-w")
    watch.expect("q", "running")
    assert len(watch.rows()) == 3
    server.apply(pipeline("r", mock("x")))
    watch.expect("r", "running")
    server.egctl("delete", "pipeline", "p")
    watch.expect("p", "deleted")
    assert [row[0] for row in watch.rows()] == ["NAME", "p", "q", "r", "p"], "no other row"
    watch.end()
    assert watch.err.read_text() == ""


def test_watch_of_names_and_of_members(server):
    two_pipelines(server)
    watch = Watch(server, "pipeline", "q", "-w")
    watch.expect("q", "running")
    server.egctl("delete", "pipeline", "p")
    server.egctl("delete", "pipeline", "q")
    watch.expect("q", "deleted")
    assert [row[0] for row in watch.rows()] == ["NAME", "q", "q"]
    watch.end(signal.SIGTERM)
    watch = Watch(server, "member", "--watch", "--no-headers")
    wait_until(lambda: watch.rows()[0][0] == "eg-default-name" if watch.rows() else False, "the member is shown")
    watch.end()


@contextlib.contextmanager
def calls_of(server):
    """Stands before the admin API, and notes the paths: (address, paths)."""
    paths = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            status, _, text = server.request("GET", self.path)
            body = text.encode()
            self.send_response(status)
            self.send_header("X-Config-Version", "1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    between = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=between.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{between.server_port}", paths
    finally:
        between.shutdown()
        between.server_close()


def test_only_the_named_object_is_asked_for(server):
    two_pipelines(server)
    with calls_of(server) as (address, paths):
        for words in (("get", "pipeline", "q"), ("get", "pipeline", "q", "-o", "yaml"), ("describe", "pipeline", "q")):
            told = server.egctl("--server", address, *words).stdout
            assert "q" in told and "first" in told or words == ("get", "pipeline", "q"), told
        assert "/apis/v2/objects/q" in paths and not {"/apis/v2/objects", "/apis/v2/status/objects"} & set(paths), paths
        assert "p" in server.egctl("--server", address, "get", "pipeline").stdout
        assert "/apis/v2/objects" in paths
    for words, code in ((("get", "pipeline", "nobody"), 4), (("get", "hs", "q"), 4), (("get", "pipeline", "q", "nobody"), 4)):
        done = server.egctl(*words, check=False)
        assert done.returncode == code and done.stdout == "" and "no such " in done.stderr, done.stderr


def test_watch_survives_a_restart_of_the_server(server):
    two_pipelines(server)
    watch = Watch(server, "pipeline", "-w")
    watch.expect("q", "running")
    server.stop()
    wait_until(lambda: "trying again" in watch.err.read_text(), "egctl notices")
    time.sleep(2.5)  # two more looks, which say nothing more
    server.start()
    server.apply(pipeline("r", mock("x")))
    watch.expect("r", "running")
    assert watch.err.read_text().count("\n") == 1, watch.err.read_text()
    watch.end()


def test_wrong_watches(server):
    done = server.egctl("get", "all", "-w", "-o", "json", check=False)
    assert done.returncode == 2 and "--watch prints tables" in done.stderr
    done = server.egctl("get", "pipeline", "nobody", "-w", check=False)
    assert done.returncode == 4 and "no such Pipeline nobody" in done.stderr
    done = subprocess.run([BIN / "egctl", "--server", "127.0.0.1:1", "get", "all", "-w"], capture_output=True, text=True)
    assert done.returncode == 3 and "cannot reach" in done.stderr


# --- describe --------------------------------------------------------------------------------


def test_describe_has_status_and_warnings_first(server, port):
    served = http_server(port, {"pathPrefix": "/", "backend": "absent"}, {"path": "/{x}", "backend": "absent"})
    server.apply(served)
    assert fetch(port, "/").status == 503
    told = server.egctl("describe", "httpserver", "http-server").stdout
    places = [told.index(text) for text in ("Name: http-server", "Warnings:", "Status of ", "state: running", "traffic: ", "Spec:")]
    assert places == sorted(places), told
    assert "1 requests, 4xx 0, 5xx 1" in told, told
    assert "keepAliveTimeout" not in told and f"port: {port}" in told and "pathPrefix: /" in told
    verbose = server.egctl("describe", "httpserver", "http-server", "-v").stdout
    assert "keepAliveTimeout: 1m" in verbose and "rewriteTarget" in verbose and "shed: 0" in verbose
    assert "rewriteTarget" not in told and "shed" not in told


def test_describe_leaves_out_the_defaults_of_filters(server, backend):
    server.apply(pipeline("p", proxy(backend.url)), pipeline("q", mock("x")))
    told = server.egctl("describe", "pipeline").stdout
    assert "Name: p" in told and "Name: q" in told, "without a name: all of the kind"
    assert backend.url in told and "maxIdleConns" not in told and "healthy: true" in told, told
    assert "maxIdleConns: 10240" in server.egctl("describe", "pipeline", "p", "-v").stdout
    spec = yaml.safe_load(told.split("---")[0].split("Spec:")[1])
    server.apply({"kind": "Pipeline", "name": "p", **spec})
    assert server.egctl("describe", "pipeline", "nobody", check=False).returncode == 4
    assert server.egctl("describe", check=False).returncode == 2


def test_describe_leaves_out_the_defaults_of_a_global_filter(server, port, backend):
    adaptor = {"name": "a", "kind": "ResponseAdaptor", "header": {"set": {"X-A": "a"}}}
    part = {"filters": [adaptor], "resilience": [{"name": "b", "kind": "CircuitBreaker", "slidingWindowSize": 7}]}
    server.apply({"kind": "GlobalFilter", "name": "g", "beforePipeline": part, "afterPipeline": {"filters": [adaptor]}})
    spec = yaml.safe_load(server.egctl("describe", "globalfilter", "g").stdout.split("Spec:")[1])
    assert spec["beforePipeline"]["filters"] == [adaptor] and spec["afterPipeline"]["filters"] == [adaptor], spec
    assert spec["beforePipeline"]["resilience"] == part["resilience"]


def test_nothing_measured_has_no_time(server, port):
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "absent"}))
    assert "p50 -, p99 -, max -" in server.egctl("describe", "httpserver").stdout
    assert "0.00ms" not in server.egctl("get", "all", "-o", "wide").stdout
    assert fetch(port, "/").status == 503
    server.counted(1)
    assert re.search(r"max \d[.\d]*ms", server.egctl("describe", "httpserver").stdout)


def test_describe_leaves_out_defaults_in_lists_and_raw_figures(server, backend, port):
    """Lists are required, and their members have defaults: so have policies."""
    breaker = {"name": "b", "kind": "CircuitBreaker", "slidingWindowSize": 7}
    limiter = {"name": "limit", "kind": "RateLimiter", "policies": [{"name": "one", "limitForPeriod": 9}], "urls": [{"url": {"prefix": "/"}, "policyRef": "one"}]}
    served = {**pipeline("p", limiter, proxy(backend.url)), "resilience": [breaker]}
    server.apply(served, http_server(port, {"pathPrefix": "/", "backend": "p"}))
    assert fetch(port, "/").status == 200
    told = server.egctl("describe", "pipeline", "p").stdout
    spec = yaml.safe_load(told.split("Spec:")[1])
    assert spec["resilience"] == [breaker] and spec["filters"][0] == limiter, told
    assert spec["filters"][1]["pools"] == [{"servers": [{"url": backend.url}]}], told
    told = server.egctl("describe", "pipeline", "p").stdout
    assert re.search(r"traffic: .?1 requests, 4xx 0, 5xx 0, \S+/s on average of a minute, p50 \d[.\d]*ms, ", told), told
    assert not re.search(r"^ *(m1|mean|p99|errCount):", told, re.MULTILINE), told
    assert re.search(r"^ *respSize: .?\d[.\d]* (B|KiB)", told, re.MULTILINE), told
    server.counted(1)
    told = server.egctl("describe", "httpserver", "http-server").stdout
    status = yaml.safe_load(told.split(":\n", 1)[1].split("\nSpec:")[0])
    assert "traffic" in status and not {"count", "m1", "p99", "mean"} & set(status), told
    assert not re.search(r"\d\.\d{3}|\de-", told), told
    assert {"count", "m1", "p99"} <= set(yaml.safe_load(server.egctl("describe", "hs", "-v").stdout.split(":\n", 1)[1].split("\nSpec:")[0]))


def test_the_state_of_an_object_can_be_awaited(server):
    """The loop of docs/egctl.md."""
    server.apply(pipeline("p", mock("x")))
    done = server.egctl("describe", "pipeline", "p", "-o", "jsonpath={.allStatus[*].status.state}")
    assert done.stdout == "running"


# --- exit codes ------------------------------------------------------------------------------


def test_exit_codes(server, tmp_path):
    two_pipelines(server)
    bad = {"kind": "Pipeline", "name": "bad", "filters": [{"kind": "Nothing", "name": "n"}]}
    for code, command, text in (
        (0, ("get", "all"), None),
        (1, ("apply", "-f", "-"), documents(bad)),
        (1, ("apply", "-f", str(tmp_path / "none.yaml")), None),
        (2, ("get", "all", "--nothing"), None),
        (2, ("nothing",), None),
        (2, ("get", "nosuchkind"), None),
        (2, ("delete", "pipeline"), None),
        (2, ("--server", "x:99999", "get", "all"), None),
        (3, ("--server", "127.0.0.1:1", "get", "all"), None),
        (4, ("get", "pipeline", "nobody"), None),
        (4, ("delete", "pipeline", "nobody"), None),
        (4, ("wasm", "list-data", "p", "nobody"), None),
        (4, ("config", "current-context"), None),
        (5, ("create", "-f", "-"), documents(pipeline("p", mock("x")))),
    ):
        done = server.egctl(*command, input=text, check=False)
        assert done.returncode == code, (command, done)
        assert (done.stderr == "") == (code == 0), done
    assert server.objects() == ["p", "q"]


def test_what_fails_on_a_single_gateway_is_code_6(server, port):
    served = http_server(port, {"pathPrefix": "/", "backend": "p"})
    with socket.create_server(("127.0.0.1", port)):
        done = server.egctl("apply", "-f", "-", input=documents(pipeline("p", mock("x")), served), check=False)
        assert done.returncode == 6 and "HTTPServer http-server: " in done.stderr, done
        assert "Pipeline p: " not in done.stderr
        assert server.status("http-server")["state"] == "failed"
        done = server.egctl("apply", "-f", "-", "--wait=false", input=documents(served), check=False)
        assert done.returncode == 0, done
    wait_until(lambda: server.status("http-server")["state"] == "running", "the port is free")
    assert server.egctl("apply", "-f", "-", input=documents(served)).returncode == 0


# --- completion ------------------------------------------------------------------------------


def completed(server, line: str) -> list[str]:
    script = f'source <(egctl completion bash); COMP_LINE="egctl {line}"; COMP_POINT=${{#COMP_LINE}}; _egctl; printf "%s\\n" "${{COMPREPLY[@]}}"'
    env = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(server.home), **sanitizer_environment()}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=DEADLINE, env=env)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout.split()


def test_names_are_completed(server):
    two_pipelines(server)
    server.apply(pipeline("other", mock("x")))
    at = f"--server {server.api} "
    assert completed(server, at + "get pipeline ") == ["other", "p", "q"]
    assert completed(server, at + "get pl o") == ["other"]
    assert completed(server, at + "desc pipeline p ") == ["other", "q"], "each once"
    assert completed(server, at + "delete member ") == ["eg-default-name"]
    assert completed(server, at + "purge member ") == ["eg-default-name"]
    assert completed(server, at + "object get o") == ["other"]
    assert completed(server, at + "wasm list-data o") == ["other"]
    assert completed(server, at + "wasm watch o") == ["other"] and completed(server, at + "top --on") == ["--once"]
    assert completed(server, at + "wasm list-data other ")[0].startswith("-"), "it has no WasmHost"
    assert completed(server, at + "get pipeline p -o j") == ["json", "jsonpath="]
    assert "--no-headers" in completed(server, at + "get --no")
    assert completed(server, at + "compl") == ["completion"], "the command of the scripts is hidden"
    assert completed(server, at + "explain Cors") == [] and completed(server, at + "explain CORS") == ["CORSAdaptor"]
    assert completed(server, at + "schema obj") == ["object"] and "Retry" in completed(server, at + "schema ")
    assert completed(server, at + "get customdata ")[0].startswith("-"), "there is no kind"
    server.apply(pipeline("pipeline", mock("x")))
    assert "pipeline" in completed(server, at + "get pipeline "), "an object with the name of its kind"
    assert completed(server, at + "get --help") == ["--help"]
    assert completed(server, at + "completion ") == ["bash", "zsh", "fish"]
    assert "all" in completed(server, "--server 127.0.0.1:1 get "), "no server answers"


def test_scripts_of_shells(server):
    for shell, text in (("bash", "complete -o default -F"), ("zsh", "bashcompinit"), ("fish", "complete -c egctl")):
        assert text in server.egctl("completion", shell).stdout
    assert "__complete" not in server.egctl("help").stdout
    assert server.egctl("completion", "tcsh", check=False).returncode == 2
