# SPDX-License-Identifier: Apache-2.0
"""The parameters of the filter, by name and type. Call these functions in `init`.

A value that is none of the type, a missing one and, once there is one call, a parameter that nobody asks for are
refused with their name when the filter is applied. `otherwise` is the value of one that is not given."""

from wit_world.imports import host as _host

from ._text import decode, encode


def text(name: str, otherwise: str | None = None) -> str:
    return _ask(name, "text", otherwise)


def integer(name: str, otherwise: int | None = None) -> int:
    return int(_ask(name, "integer", otherwise))


def number(name: str, otherwise: float | None = None) -> float:
    return float(_ask(name, "number", otherwise))


def boolean(name: str, otherwise: bool | None = None) -> bool:
    given = None if otherwise is None else str(otherwise).lower()
    return _ask(name, "boolean", given) == "true"


def duration(name: str, otherwise: str | None = None) -> int:
    """Milliseconds, of a text such as 1m30s."""
    return int(_ask(name, "duration", otherwise))


def time(name: str, otherwise: str | None = None) -> int:
    """Milliseconds since 1970, of a text such as 2026-11-27 20:00 Europe/Berlin."""
    return int(_ask(name, "time", otherwise))


def _ask(name: str, kind: str, otherwise) -> str:
    if otherwise is None:
        return decode(_host.parameter(encode(name), encode(kind)))
    return decode(_host.parameter_or(encode(name), encode(kind), encode(str(otherwise))))
