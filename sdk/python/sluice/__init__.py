# SPDX-License-Identifier: Apache-2.0
"""Programs of the WasmHost filter in Python. See README.md in the folder above."""

from datetime import UTC, datetime

from wit_world.imports import host as _host

from . import cluster, cookie, log, parameter, request, response
from ._text import encode

__all__ = [
    "add_tag",
    "cluster",
    "cookie",
    "log",
    "now",
    "parameter",
    "params",
    "parse_date",
    "rand",
    "request",
    "response",
]

params: dict[str, str] = {}
"""The parameters of the filter, since `init`."""


def add_tag(text) -> None:
    """Adds a tag to the access log."""
    _host.add_tag(encode(text))


def now() -> int:
    """Milliseconds since 1970."""
    return _host.now()


def rand() -> float:
    """At least 0 and below 1."""
    return _host.rand()


def parse_date(text: str, zone: str = "") -> int:
    """Milliseconds since 1970 of an ISO 8601 date, or of a time that ends with the name of a zone, as in
    2026-11-27 20:00 Europe/Berlin. `zone` is the name of the zone of a text that has none; "" is UTC."""
    if zone or "/" in text:
        return _host.parse_date(encode(text), encode(zone))
    date = datetime.fromisoformat(text)
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return round(date.timestamp() * 1000)
