# SPDX-License-Identifier: Apache-2.0
"""The flash sale of the cookbook."""

from sluice import cluster, now, parse_date, rand, request, response


def init(params):
    global start_time, block_ratio, max_permission
    start_time = parse_date(params.get("startTime", "1970-01-01"))
    block_ratio = float(params.get("blockRatio", "0"))
    max_permission = int(params.get("maxPermission", "0"))


def run():
    if now() < start_time:
        response.set_body("not start yet.\n")
        return 1
    key = "id/" + request.get_header("Authorization")
    if cluster.get_string(key) == "true":
        return 0
    # Counting and putting are one transaction: never one too many.
    if cluster.count_key("id/") < max_permission and rand() > block_ratio:
        cluster.put_string(key, "true")
        return 0
    response.set_body("sold out.\n")
    return 2
