#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes packaging/grafana/sluice.json, which Grafana imports, from packaging/grafana/dashboard.yaml.

A query of the source is as one types it: `rate(sluice_server_shed_total[1m])`. Here each figure gets the variables
of the dashboard that fit its labels, as docs/metrics.md lists them, and [1m] becomes the interval that Grafana chooses.

    tools/grafana_dashboard.py              writes the file if it differs
    tools/grafana_dashboard.py --check      says so, and fails
"""

import argparse
import json
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "packaging" / "grafana" / "dashboard.yaml"
TARGET = ROOT / "packaging" / "grafana" / "sluice.json"
FIGURES = ROOT / "docs" / "metrics.md"

WIDTH, HEIGHT = 24, 7  # of the grid, of a panel
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA = 39  # of Grafana 10.4
SELECTOR = re.compile(r"\b(up|(?:http_server|process|sluice)_[a-z_]+)(?:\{([^}]*)\})?")
ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \|[^|]*\|([^|]*)\|", re.M)

VARIABLES = (  # name, label, what it lists
    ("job", "Job", "label_values(sluice_build_info, job)"),
    ("instance", "Member", 'label_values(sluice_build_info{job=~"$job"}, instance)'),
    ("server", "HTTPServer", 'label_values(sluice_server_up{job=~"$job",instance=~"$instance"}, server)'),
    (
        "pipeline",
        "Pipeline",
        'label_values(sluice_filter_duration_seconds_count{job=~"$job",instance=~"$instance"}, pipeline)',
    ),
    (
        "filter",
        "Filter",
        "label_values(sluice_filter_duration_seconds_count"
        '{job=~"$job",instance=~"$instance",pipeline=~"$pipeline"}, filter)',
    ),
)


def labels() -> dict[str, set[str]]:
    """Of every figure of docs/metrics.md."""
    rows = ROW.findall(FIGURES.read_text().partition("<!-- metrics -->")[2])
    return {name: set(re.findall(r"`(\w+)`", cell)) for name, _, cell in rows}


def figure_of(name: str, known: dict[str, set[str]]) -> str | None:
    """http_server_request_duration_seconds_bucket -> the figure that has this series."""
    return next((base for base in (name, re.sub(r"_(bucket|count|sum)$", "", name)) if base in known), None)


def with_variables(query: str, known: dict[str, set[str]]) -> str:
    def selector(found: re.Match) -> str:
        name, given = found[1], found[2] or ""
        figure = figure_of(name, known)
        if figure is None and name != "up":
            raise SystemExit(f"{query}: docs/metrics.md has no {name}")
        own = known.get(figure, set())
        chosen = ["job", "instance", *(label for label in ("pipeline", "filter") if label in own)]
        if "server" in own and not name.startswith("sluice_backend_"):  # a backend's is its URL
            chosen.insert(2, "server")
        matchers = [matcher for matcher in given.split(",") if matcher and not matcher.startswith("job=")]
        return name + "{" + ",".join([*matchers, *(f'{label}=~"${label}"' for label in chosen)]) + "}"

    return SELECTOR.sub(selector, query).replace("[1m]", "[$__rate_interval]")


def targets(queries: list[dict], known: dict[str, set[str]], instant: bool) -> list[dict]:
    return [
        {
            "datasource": DATASOURCE,
            "refId": chr(ord("A") + number),
            "expr": with_variables(one["query"], known),
            "legendFormat": one["legend"],
            "instant": instant,
            "range": not instant,
        }
        for number, one in enumerate(queries)
    ]


def thresholds(source: dict) -> dict:
    """`bad`: red from there on. `good`: red below."""
    steps = [{"color": "green", "value": None}]
    if "bad" in source:
        steps.append({"color": "red", "value": source["bad"]})
    elif "good" in source:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": source["good"]}]
    return {"mode": "absolute", "steps": steps}


def line_look(source: dict) -> dict:
    judged = "bad" in source or "good" in source
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 30 if source.get("stack") else 5,
        "showPoints": "never",
        "stacking": {"mode": "normal" if source.get("stack") else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if judged else "off"},
    }


def panel(source: dict, number: int, place: dict, known: dict[str, set[str]]) -> dict:
    kind = source.get("kind", "timeseries")
    defaults = {"unit": source["unit"], "thresholds": thresholds(source), "min": source.get("min", 0)}
    if kind == "stat":
        options = {
            "colorMode": "background" if {"bad", "good"} & set(source) else "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "textMode": "value_and_name",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        }
    else:
        defaults["custom"] = line_look(source)
        options = {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if "max" in source:
        defaults["max"] = source["max"]
    return {
        "id": number,
        "type": kind,
        "title": source["title"],
        "description": source["text"],
        "datasource": DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": targets(source["queries"], known, kind == "stat"),
    }


def panels(rows: list[dict], known: dict[str, set[str]]) -> list[dict]:
    made: list[dict] = []
    top = 0
    for row in rows:
        place = {"h": 1, "w": WIDTH, "x": 0, "y": top}
        head = {"id": len(made) + 1, "type": "row", "title": row["title"], "gridPos": place}
        made.append({**head, "collapsed": False, "panels": []})
        left, top = 0, top + 1
        for source in row["panels"]:
            width = source.get("width", 8)
            if left + width > WIDTH:
                left, top = 0, top + HEIGHT
            place = {"h": HEIGHT, "w": width, "x": left, "y": top}
            made.append(panel(source, len(made) + 1, place, known))
            left += width
        top += HEIGHT
    return made


def variables() -> list[dict]:
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "hide": 0}
    source |= {"current": {}, "includeAll": False, "multi": False, "options": [], "refresh": 1, "regex": ""}
    every = {"selected": True, "text": ["All"], "value": ["$__all"]}
    return [
        source,
        *(
            {
                "name": name,
                "label": label,
                "type": "query",
                "datasource": DATASOURCE,
                "definition": query,
                "query": {"query": query, "refId": f"variable-{name}"},
                "includeAll": True,
                # All jobs are those of the list: other jobs have `up` and process_… as well.
                "allValue": None if name == "job" else ".*",
                "multi": True,
                "current": every,
                "options": [],
                "refresh": 2,
                "regex": "",
                "sort": 1,
                "hide": 0,
            }
            for name, label, query in VARIABLES
        ),
    ]


def annotations(source: list[dict], known: dict[str, set[str]]) -> list[dict]:
    return [
        {
            "name": one["title"],
            "datasource": DATASOURCE,
            "enable": True,
            "hide": False,
            "iconColor": "blue",
            "expr": with_variables(one["query"], known),
            "step": "10s",
            "titleFormat": one["title"],
            "textFormat": one["legend"],
        }
        for one in source
    ]


def dashboard() -> dict:
    source = yaml.safe_load(SOURCE.read_text())
    known = labels()
    return {
        "uid": source["uid"],
        "title": source["title"],
        "description": source["text"],
        "tags": source["tags"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m"]},
        "timezone": "browser",
        "fiscalYearStartMonth": 0,
        "weekStart": "",
        "links": [],
        "templating": {"list": variables()},
        "annotations": {"list": annotations(source["annotations"], known)},
        "panels": panels(source["rows"], known),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes packaging/grafana/sluice.json.")
    parser.add_argument("--check", action="store_true", help="say whether the file differs, and write nothing")
    arguments = parser.parse_args()
    after = json.dumps(dashboard(), indent=1) + "\n"
    if TARGET.exists() and TARGET.read_text() == after:
        return 0
    if not arguments.check:
        TARGET.write_text(after)
    print(f"{TARGET.relative_to(ROOT)} {'differs from its source' if arguments.check else 'is written'}")
    return 1 if arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
