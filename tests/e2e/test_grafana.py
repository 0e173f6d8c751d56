# SPDX-License-Identifier: Apache-2.0
"""packaging/grafana and docs/observe.md: a Prometheus scrapes real gateways, and every query of the dashboard, of the
alerts and of the page is asked there."""

import itertools
import json
import math
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from backend import Backend
from certificates import self_signed
from client import fetch
from gateway import ROOT, free_port, http_server, mock, pipeline, proxy, wait_until, wasm
from pages import example
from prometheus import (
    Prometheus,
    chosen,
    dashboard,
    have_prometheus,
    page_queries,
    panel_queries,
    rules,
    running,
    watching,
)

sys.path.insert(0, str(ROOT / "tools"))

import grafana_dashboard  # noqa: E402

pytestmark = pytest.mark.skipif(not have_prometheus(), reason="no Prometheus: tools/install.sh test installs it")

PAGE = (ROOT / "docs" / "observe.md").read_text()
OF_PROMETHEUS = {"up"}  # series that it makes by itself
FUNCTIONS = {
    *("and", "bool", "by", "changes", "clamp_max", "count", "histogram_quantile", "increase", "max", "max_over_time"),
    *("min", "on", "or", "rate", "sum", "sum_over_time", "time", "unless"),
}
EACH_PANEL = pytest.mark.parametrize(("name", "target"), panel_queries().items(), ids=panel_queries().keys())


def test_the_dashboard_is_that_of_its_source():
    done = subprocess.run([ROOT / "tools" / "grafana_dashboard.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr + "run tools/grafana_dashboard.py"


def test_the_dashboard_has_what_grafana_needs():
    board = dashboard()
    assert board["schemaVersion"] >= 36, "Grafana 10"
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["description"] and panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        for one in (panel, *panel["targets"]):
            assert one["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
    names = {variable["name"] for variable in board["templating"]["list"]}
    assert names == {"datasource", "job", "instance", "server", "pipeline", "filter"}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(board)))
    assert used - {"__rate_interval", "__all"} == names


def all_queries() -> dict[str, str]:
    of_panels = {name: target["expr"] for name, target in panel_queries().items()}
    of_page = {f"page: {' '.join(query.split())}": query for query in page_queries()}
    return of_panels | {rule["alert"]: rule["expr"] for rule in rules()} | of_page


@pytest.mark.parametrize(("name", "query"), all_queries().items(), ids=all_queries().keys())
def test_every_figure_and_label_is_one_of_the_page(name, query):
    known = grafana_dashboard.labels()
    assert len(known) > 50
    every_label = set().union(*known.values(), {"job", "instance", "le", "quantile"})
    groups = re.findall(r"\b(?:by|on) \(([^)]*)\)", query)
    for label in re.findall(r"\w+", " ".join(groups)):
        assert label in every_label, label
    bare = re.sub(r"\b(by|on) \([^)]*\)|\[[^]]*\]|\boffset \d+[smh]\b", " ", query)
    for figure, matchers in re.findall(r"([a-z_]+)\{([^}]*)\}", bare):
        own = known.get(grafana_dashboard.figure_of(figure, known), set())
        for label in re.findall(r"(\w+)(?:=~|!~|!=|=)", matchers):
            assert label in own | {"job", "instance", "quantile"}, (figure, label)
    for word in re.findall(r"[a-z_]+", re.sub(r"\{[^}]*\}", " ", bare)):
        assert word in FUNCTIONS | OF_PROMETHEUS or grafana_dashboard.figure_of(word, known), word


def sections() -> dict[str, str]:
    """Of the page, by their anchors."""
    parts = re.split(r"^## (.*)\n", PAGE, flags=re.MULTILINE)[1:]
    anchors = [re.sub(r"[^a-z -]", "", title.lower()).replace(" ", "-") for title in parts[::2]]
    return dict(zip(anchors, parts[1::2], strict=True))


def test_the_page_has_ten_questions_and_every_alert():
    rows = re.findall(r"^\| \[(.*\?)\]\(#(.*)\) \| (.*) \| (.*)\|$", PAGE, re.MULTILINE)
    assert len(rows) == 10
    titles = {panel["title"] for panel in dashboard()["panels"]}
    for _, anchor, panels, _ in rows:
        for panel in panels.split(", "):
            assert panel in titles and f"**{panel}**" in sections()[anchor], panel
    assert {title for title in re.findall(r"\*\*(.*?)\*\*", "".join(sections().values()))} <= titles
    listed = {name: anchor for _, anchor, _, alerts in rows for name in re.findall(r"`(\w+)`", alerts)}
    assert listed == {rule["alert"]: rule["annotations"]["page"].partition("#")[2] for rule in rules()}
    for rule in rules():
        assert rule["annotations"]["page"].startswith("docs/observe.md#")
        assert rule["annotations"]["summary"] and rule["annotations"]["action"]
        assert rule["labels"]["severity"] in ("page", "warning")


def test_the_page_asks_what_the_dashboard_asks():
    source = yaml.safe_load(grafana_dashboard.SOURCE.read_text())
    asked = {query["query"] for row in source["rows"] for panel in row["panels"] for query in panel["queries"]}
    answers = {query["query"] for panel in source["rows"][0]["panels"] for query in panel["queries"]}
    on_page = {" ".join(query.split()) for query in page_queries()}
    assert on_page <= asked
    assert on_page == answers, "the first row answers the questions"


# --- a gateway to which everything happens ----------------------------------------------------

SPENT = {"kind": "CircuitBreaker", "name": "fuse", "minimumNumberOfCalls": 5, "slidingWindowSize": 10}
AGAIN = {"kind": "Retry", "name": "again", "waitDuration": "1ms"}
DEAD = "http://127.0.0.1:1"
TRACING = {"serviceName": "shop", "exporter": {"otlp": {"endpoint": DEAD}}}


def policies(spec: dict) -> dict:
    return {**spec, "resilience": [SPENT, AGAIN]}


class World:
    """The names of docs/observe.md, with a sale, backends of which one ends, and programs that misbehave."""

    def __init__(self, server, guests, folder):
        self.server, self.backend = server, Backend()
        self.port, limited, overloaded, traced, secure = (free_port() for _ in range(5))
        pair = self_signed(folder, "DNS:shop.example")
        probe = guests / "probe.wasm"
        check = {"interval": "1s", "timeout": "1s"}
        server.apply(
            http_server(
                self.port,
                {"path": "/sale", "backend": "flash-sale-pipeline"},
                {"path": "/shop", "backend": "shop-pipeline"},
                {"path": "/dead", "backend": "dead-pipeline"},
                {"path": "/unjudged", "backend": "unjudged-pipeline"},
                {"path": "/few", "backend": "few-pipeline"},
            ),
            http_server(limited, {"backend": "mock-pipeline"}, name="limited", clientLimits={"requestsPerSecond": 1}),
            http_server(overloaded, {"backend": "mock-pipeline"}, name="overloaded", overload={"target": "0ms"}),
            http_server(traced, {"backend": "mock-pipeline"}, name="traced", tracing=TRACING),
            http_server(
                secure,
                {"backend": "mock-pipeline"},
                name="secure",
                https=True,
                certBase64=pair.cert64,
                keyBase64=pair.key64,
            ),
            pipeline("mock-pipeline", mock("page")),
            pipeline(
                "flash-sale-pipeline",
                wasm(probe, timeout="300ms", limit={"prefix": "id/", "max": 1_000_000}),
                mock("buy\n"),
            ),
            pipeline("few-pipeline", wasm(probe, timeout="300ms", concurrency=1, maxWaiting=1), mock("buy\n")),
            policies(pipeline("shop-pipeline", proxy(self.backend.url, healthCheck=check, retryPolicy="again"))),
            policies(pipeline("dead-pipeline", proxy(DEAD, circuitBreakerPolicy="fuse"))),
            pipeline("plugin-pipeline", example("filter-proxy-wasm")[0]["filters"][0], mock("page")),
            pipeline("unjudged-pipeline", proxy(DEAD, outlierDetection={"consecutiveFailures": 0})),
        )
        self.users = itertools.count()
        self.crowd = ThreadPoolExecutor(16)
        self.steady = (
            lambda: self.run("permit", X_Key=f"id/{next(self.users)}", X_Value="1000000"),
            lambda: self.run("trap"),
            lambda: fetch(self.port, "/shop"),
            lambda: fetch(self.port, "/dead"),
            lambda: fetch(self.port, "/unjudged"),
            lambda: fetch(self.port, "/nowhere"),
            lambda: fetch(limited),
            lambda: fetch(overloaded),
            lambda: fetch(traced),
        )

    def run(self, mode: str, path: str = "/sale", **headers: str) -> None:
        fetch(self.port, path, X_Mode=mode, **headers)

    def change(self) -> None:
        self.server.apply(pipeline("mock-pipeline", mock(f"page {next(self.users)}")))

    def rush(self) -> None:
        list(self.crowd.map(lambda _: self.run("loop", "/few"), range(16)))

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_) -> None:
        self.crowd.shutdown()
        self.backend.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory, guests):
    folder, certificates = (tmp_path_factory.mktemp(name) for name in ("grafana", "certificates"))
    with running(folder / "home") as server, World(server, guests, certificates) as made, watching(folder, server) as (
        prometheus,
        traffic,
    ):
        made.prometheus = prometheus
        traffic.repeat(*made.steady)
        traffic.repeat(made.rush)
        traffic.repeat(lambda: made.run("loop"))
        prometheus.wait_evaluated()
        yield made


def numbers(prometheus: Prometheus, query: str) -> list[dict[str, str]]:
    """The labels of the series that have a value."""
    return [labels for labels, value in prometheus.query(query) if not math.isnan(value)]


@EACH_PANEL
def test_every_panel_has_series(world, name, target):
    if name.startswith("annotation"):
        world.change()  # it shows the last seconds only
    found = wait_until(lambda: numbers(world.prometheus, chosen(target["expr"])), f"{name} has series")
    for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
        assert all(label in labels for labels in found), label


@EACH_PANEL
def test_the_variables_choose(world, name, target):
    query = target["expr"]
    assert world.prometheus.query(chosen(query, job="none")) == []
    assert world.prometheus.query(chosen(query, instance="none")) == []
    for label in ("pipeline", "filter", "server"):
        if f'{label}=~"${label}"' in query:
            assert world.prometheus.query(chosen(query, **{label: "none"})) == [], label


@pytest.mark.parametrize("query", page_queries(), ids=lambda query: " ".join(query.split()))
def test_every_query_of_the_page_has_an_answer(world, query):
    wait_until(lambda: numbers(world.prometheus, query), f"{query} has an answer")


def test_every_line_of_egctl_on_the_page_works(world):
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    lines = sorted({line for block in blocks for line in block.splitlines()})
    assert len(lines) > 5 and all(line.startswith("egctl ") for line in lines)
    for line in lines:
        done = world.server.shell(line)
        assert done.returncode == 0 and done.stdout, f"{line}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_series_of_a_rule_is_there(world, rule):
    """A label or a value that is misspelt would never fire."""
    selectors = re.findall(r"\b(?:up|(?:http_server|process|sluice)_[a-z_]+)(?:\{[^}]*\})?", rule["expr"])
    assert selectors
    for selector in selectors:
        wait_until(lambda selector=selector: world.prometheus.query(selector), f"{selector} is there")


def test_the_alerts_of_what_goes_wrong_fire(world):
    world.prometheus.wait_firing(
        *("SluiceErrors", "SluiceOverloaded", "SluiceGuestsTimeOut", "SluiceGuestsTrap", "SluiceGuestsExhausted"),
        *("SluiceBackendFails", "SluiceBreakerOpen"),
    )
    told = [one["labels"] for one in world.prometheus.firing()]
    of_errors = {labels["server"] for labels in told if labels["alertname"] == "SluiceErrors"}
    assert of_errors == {"http-server"}, "shed requests have an alert of their own"


def test_a_backend_that_ends(world):
    """The last test of this world."""

    def of_shop() -> set[str]:
        told = [one["labels"] for one in world.prometheus.firing()]
        return {labels["alertname"] for labels in told if labels.get("pipeline") == "shop-pipeline"}

    assert not of_shop() & {"SluiceBackendDown", "SluicePoolDown"}
    world.backend.close()
    wait_until(lambda: {"SluiceBackendDown", "SluicePoolDown"} <= of_shop(), "the alerts of the backend fire")
    for one in world.prometheus.firing():
        text = " ".join(one["annotations"].values())
        assert "<" not in text and "{{" not in text, text
        if one["labels"]["alertname"] == "SluiceBackendDown":
            assert one["labels"]["server"] in text and world.server.api in text
