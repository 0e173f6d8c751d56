# SPDX-License-Identifier: Apache-2.0
"""A strict reader of what `/metrics` sends: Prometheus' text format 0.0.4 and OpenMetrics 1.0."""

import re
from dataclasses import dataclass, field

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"^({NAME})(?:\{{(.*)\}})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|\+Inf|NaN)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[n"\\])*)"(,|$)')
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count"), "gauge": ("",)}


@dataclass
class Family:
    type: str
    help: str
    unit: str = ""
    samples: dict[tuple[str, tuple], float] = field(default_factory=dict)  # suffix and labels -> value


def labels_of(text: str) -> tuple:
    labels, at = [], 0
    while at < len(text):
        found = LABEL.match(text, at)
        assert found, text
        labels.append((found[1], found[2]))
        at = found.end()
    assert len(dict(labels)) == len(labels), f"a label twice: {text}"
    return tuple(sorted(labels))


def suffixes(kind: str, open_metrics: bool) -> tuple[str, ...]:
    if kind == "counter":
        return ("_total",) if open_metrics else ("",)
    return SUFFIXES[kind]


def check_histograms(name: str, family: Family) -> None:
    series: dict[tuple, list[tuple[float, float]]] = {}
    for (suffix, labels), value in family.samples.items():
        if suffix == "_bucket":
            bound = dict(labels)["le"]
            rest = tuple(pair for pair in labels if pair[0] != "le")
            series.setdefault(rest, []).append((float(bound.replace("+Inf", "inf")), value))
    for labels, buckets in series.items():
        assert buckets == sorted(buckets) and buckets[-1][0] == float("inf"), (name, labels, buckets)
        assert [count for _, count in buckets] == sorted(count for _, count in buckets), (name, labels)
        assert family.samples["_count", labels] == buckets[-1][1], (name, labels)
        assert ("_sum", labels) in family.samples, (name, labels)


def parse(text: str, open_metrics: bool = False) -> dict[str, Family]:
    """The families by name. Any breach of the format is an AssertionError."""
    lines = text.split("\n")
    assert lines.pop() == "", "the last line has no end"
    if open_metrics:
        assert lines.pop() == "# EOF"
    families: dict[str, Family] = {}
    name = ""
    for line in lines:
        if line.startswith("# HELP "):
            name, _, help_text = line[7:].partition(" ")
            assert name not in families and help_text, line
            families[name] = Family("", help_text)
        elif line.startswith("# TYPE "):
            its, families[name].type = line[7:].split(" ")
            assert its == name and not families[name].samples, line
        elif line.startswith("# UNIT "):
            its, families[name].unit = line[7:].split(" ")
            assert open_metrics and its == name and name.endswith("_" + families[name].unit), line
        else:
            read_sample(line, name, families[name], open_metrics)
    for name, family in families.items():
        assert family.samples, name
        if family.type == "histogram":
            check_histograms(name, family)
    return families


def read_sample(line: str, name: str, family: Family, open_metrics: bool) -> None:
    found = SAMPLE.match(line)
    assert found, line
    assert found[1].startswith(name), line
    suffix = found[1][len(name) :]
    assert suffix in suffixes(family.type, open_metrics), line
    key = suffix, labels_of(found[2] or "")
    assert key not in family.samples, f"twice: {line}"
    family.samples[key] = float(found[3].replace("+Inf", "inf"))


def series(families: dict[str, Family]) -> int:
    return sum(len(family.samples) for family in families.values())


def requests(families: dict[str, Family]) -> float:
    """Those that the HTTPServers have counted, which they do when the response has left."""
    name = "http_server_request_duration_seconds"
    return value(families, name, "_count") if name in families else 0


def value(families: dict[str, Family], name: str, suffix: str = "", **labels: str) -> float:
    """The sum of the samples that have these labels."""
    found = [
        sample
        for (its, given), sample in families[name].samples.items()
        if its == suffix and labels.items() <= dict(given).items()
    ]
    assert found, (name, labels, list(families[name].samples))
    return sum(found)
