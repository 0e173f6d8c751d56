#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a sale over many gateways does, as a discrete-event model: owner, members, etcd, with the costs of cluster.py.

A process is an event loop: it gets a processor, pays for the wake-up, works off what has come, and gives the
processor back. In the validation, all processes and the load share two processors, as in cluster.py. On paper, each
gateway has a processor for requests and one for its store, each of --etcd-members has --etcd-cores, of which one
writes and the others send watches to the gateways of that member of etcd. A message takes --network-ms.

  validation   permits a second, group size and latency of 1, 3 and 9 members, beside what cluster.py has measured
  rush         --permits requests a second over all gateways, of which each gets a place
  sold out     --visits requests a second over all gateways; each batch asks the owner one question
  standing     what members cost that nobody asks: leases, checks, watches (by arithmetic)

    bench/scale_simulation.py [--measured build/cluster.json] [--gateways 3 30 300 1000] [--permits 20000]
                              [--visits 100000] [--etcd-members 3] [--etcd-cores 4] [--network-ms 0.2]
                              [-o text|json|markdown]
"""

import argparse
import json
from pathlib import Path

from scale_model import SECONDS, Model

# µs of CPU, unless it says otherwise. With "=": from a row of cluster.py on two cores that everything shared, with
# other work beside. With "~": chosen by hand, so that sums agree with such rows. `wake` was raised from 30 and
# `follow_permit` from 3.5 after a comparison with the measured members, so that comparison does not prove them.
COSTS = {
    "wake": 40.0,  # ~ of a process that slept
    "own": 17.0,  # = a permit at the member that owns: the request, the guest, the response
    "hand": 25.0,  # ~ a request that a member hands over: half before, half when the answer is there
    "handed": 20.0,  # ~ the same on the owner
    "journal": 150.0,  # ~ a group on the owner
    "journal_permit": 6.0,  # ~
    "etcd": 350.0,  # ~ a transaction
    "etcd_permit": 12.0,  # ~
    "watch": 40.0,  # ~ a transaction for each member that follows
    "watch_permit": 0.6,  # ~
    "follow": 90.0,  # ~ a transaction on a member that follows
    "follow_permit": 4.5,  # ~
    "read": 13.0,  # = a request that reads, on a member
    "ask": 12.0,  # ~ a question on the member
    "answer": 12.0,  # ~ and on the owner
    "load": 9.5,  # = a request in the load
    "sync": 250.0,  # = not CPU: the disk of etcd
    "bytes_permit": 78.0,  # = of a watch, for each member
    "bytes_group": 330.0,  # ~
    "member_etcd": 2700.0,  # = a second: of etcd, for each member more that nobody asks
}
CONNECTIONS = 192


def percentile(sample: list[float], part: float) -> float:
    if not sample:
        return float("nan")
    ordered = sorted(sample)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] / 1000


def validate(costs: dict, measured: list[dict], seconds: float) -> list[dict]:
    rows = []
    for members in (1, 3, 9):
        model = Model(members, costs, network=0, shared=2)
        model.crowd(CONNECTIONS)
        model.run(seconds)
        row = {
            "members": members,
            "per_second": round(len(model.latencies) / seconds),
            "group": round(model.permits / model.groups, 1),
            "p50_ms": round(percentile(model.latencies, 0.5), 2),
            "cpu_us": {
                name: round(model.part(its) * seconds * SECONDS / max(1, model.permits), 1)
                for name, its in (
                    ("owner", [model.gateways[0], model.stores[0]]),
                    ("others", [*model.gateways[1:], *model.stores[1:]]),
                    ("etcd", [model.etcd, *model.streams]),
                    ("load", model.loads),
                )
            },
        }
        real = next((r for r in measured if r["members"] == members and r["case"] == "permits"), None)
        if real:
            row |= {
                "measured_per_second": real["per_second"],
                "measured_group": round(1 / real["etcd_per_request"]["proposals"], 1),
                "measured_p50_ms": real["p50_ms"],
                "deviation_percent": round((row["per_second"] / real["per_second"] - 1) * 100),
            }
        rows.append(row)
    return rows


def on_paper(members: int, costs: dict, arguments) -> Model:
    streams = arguments.etcd_members * max(1, arguments.etcd_cores - 1)
    return Model(members, costs, arguments.network_ms * 1000, streams=streams)


def rush(members: int, costs: dict, arguments) -> dict:
    model = on_paper(members, costs, arguments)
    model.arrivals(arguments.permits, lambda member: model.ask_for_a_place(member, lambda: None))
    model.run(arguments.seconds)
    return {
        "members": members,
        "permits_per_second": round(len(model.latencies) / arguments.seconds),
        "p50_ms": round(percentile(model.latencies, 0.5), 1),
        "p99_ms": round(percentile(model.latencies, 0.99), 1),
        "group": round(model.permits / max(1, model.groups)),
        "owner_worker": round(model.part([model.gateways[0]]), 2),
        "owner_store": round(model.part([model.stores[0]]), 2),
        "other_member": round(model.part([model.gateways[-1], model.stores[-1]]), 3) if members > 1 else 0,
        "etcd_writes": round(model.part([model.etcd]), 2),
        "etcd_watches": round(model.part(model.streams), 2),
        "watch_lag_p99_ms": round(percentile(model.lags, 0.99), 1) if members > 1 else 0,
        "watch_mbyte_member": round(model.watch_bytes / arguments.seconds / 1e6, 2),
        "watch_mbyte_etcd": round(model.watch_bytes / arguments.seconds / 1e6 * (members - 1), 1),
    }


def sold_out(members: int, costs: dict, arguments) -> dict:
    model = on_paper(members, costs, arguments)
    model.arrivals(arguments.visits, model.look)
    model.run(arguments.seconds / 2)
    return {
        "members": members,
        "answers_per_second": round(len(model.latencies) / (arguments.seconds / 2)),
        "questions_per_second": round(model.questions / (arguments.seconds / 2)),
        "owner_worker": round(model.part([model.gateways[0]]), 2),
        "p50_ms": round(percentile(model.latencies, 0.5), 2),
        "p99_ms": round(percentile(model.latencies, 0.99), 2),
        "sealed_questions_per_second": 2 * (members - 1),
        "sealed_owner_worker": round(2 * (members - 1) * (costs["answer"] + costs["wake"]) / SECONDS, 3),
    }


def standing(members: int, costs: dict, workers: int = 4) -> dict:
    return {
        "members": members,
        "calls_per_second": 2 * members,  # a keep-alive, a check
        "watches_a_namespace": 2 * members,  # of the owner, of the data
        "connections_to_owner": (members - 1) * workers,
        "etcd_cores": round(members * costs["member_etcd"] / SECONDS, 2),
    }


def costs_of(rows: list[dict], base: dict) -> dict:
    """From the rows of cluster.py. What they do not tell is as in COSTS."""
    found = {(row["members"], row["case"]): row for row in rows}
    costs = dict(base)

    def group(row: dict) -> float:
        return 1 / row["etcd_per_request"]["proposals"]

    def line(small: tuple, large: tuple, base_name: str, each_name: str) -> None:
        """Both are (size of the group, cost of the group)."""
        if large[0] < 2 * small[0]:
            return
        each = (large[1] - small[1]) / (large[0] - small[0])
        if each > 0 and small[1] > each * small[0]:
            costs[each_name], costs[base_name] = round(each, 2), round(small[1] - each * small[0], 1)

    one, paced = found.get((1, "permits")), found.get((1, "paced"))
    if one and paced:
        point = lambda row: (group(row), row["cpu_us"]["etcd"] * group(row))  # noqa: E731
        line(point(paced), point(one), "etcd", "etcd_permit")
        costs["own"] = round(one["cpu_us"]["owner"] - costs["journal_permit"] - costs["journal"] / group(one), 1)
        costs["load"] = one["cpu_us"]["load"]
        costs["sync"] = one["sync_ms"] * 1000
    owner, other = found.get((3, "permits, owner")), found.get((3, "permits, other"))
    if owner and other:
        size = group(owner)
        follow = owner["cpu_us"]["others"] / 2
        costs["follow_permit"] = round(max(1.0, follow - costs["follow"] / size), 2)
        of_etcd = owner["cpu_us"]["etcd"] - costs["etcd_permit"] - costs["etcd"] / size
        costs["watch_permit"] = round(max(0.1, of_etcd / 2 - costs["watch"] / size), 2)
        size = group(other)
        in_group = costs["journal_permit"] + costs["journal"] / size
        costs["handed"] = round(other["cpu_us"]["owner"] - in_group, 1)
        costs["hand"] = round(other["cpu_us"]["others"] - 2 * (costs["follow_permit"] + costs["follow"] / size), 1)
    alone, idle = found.get((1, "idle")), found.get((9, "idle"))
    if alone and idle:  # rows are for each member; etcd costs something without any
        costs["member_etcd"] = round((9 * idle["cpu_us"]["etcd"] - alone["cpu_us"]["etcd"]) / 8, 1)
    return costs


def table(rows: list[dict], markdown: bool) -> str:
    names = list(rows[0])
    def text_of(value) -> str:
        return f"{value:,}" if isinstance(value, int) else str(value)

    cells = [[text_of(row.get(name, "")) for name in names] for row in rows]
    if markdown:
        lines = [names, ["---"] * len(names), *cells]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    widths = [max(len(name), *(len(line[i]) for line in cells)) for i, name in enumerate(names)]
    return "\n".join("  ".join(text.rjust(width) for text, width in zip(line, widths)) for line in [names, *cells])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measured", type=Path, help="JSON of cluster.py: the costs, and what to validate with")
    parser.add_argument("--gateways", type=int, nargs="+", default=[3, 30, 300, 1000])
    parser.add_argument("--permits", type=float, default=20_000, help="a second, over all gateways")
    parser.add_argument("--visits", type=float, default=100_000, help="a second, over all gateways")
    parser.add_argument("--etcd-members", type=int, default=3)
    parser.add_argument("--etcd-cores", type=int, default=4, help="of each")
    parser.add_argument("--network-ms", type=float, default=0.2, help="one way")
    parser.add_argument("--seconds", type=float, default=1.0, help="of the model")
    parser.add_argument("-o", "--output", choices=["text", "json", "markdown"], default="text")
    arguments = parser.parse_args()
    rows = json.loads(arguments.measured.read_text())["rows"] if arguments.measured else []
    costs = costs_of(rows, COSTS)
    result = {
        "validation": validate(costs, rows, arguments.seconds),
        "rush": [rush(count, costs, arguments) for count in arguments.gateways],
        "sold out": [sold_out(count, costs, arguments) for count in arguments.gateways],
        "standing": [standing(count, costs) for count in arguments.gateways],
    }
    if arguments.output == "json":
        print(json.dumps({"costs": costs, **result}, indent=2))
        return
    print("costs, µs:", ", ".join(f"{name} {value:g}" for name, value in costs.items()))
    for name, its in result.items():
        print(f"\n{name}\n{table(its, arguments.output == 'markdown')}")


if __name__ == "__main__":
    main()
