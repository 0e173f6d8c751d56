# SPDX-License-Identifier: Apache-2.0
from ._text import decode, encode


def parse(lines: bytes) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for line in decode(lines).split("\r\n"):
        name, found, value = line.partition(":")
        if found:
            headers.setdefault(name.strip(" \t"), []).append(value.strip(" \t"))
    return headers


def lines(headers) -> bytes:
    """A line break in a value becomes a blank, so that it is no header of its own."""
    out = []
    for name, values in headers.items():
        if any(c in name for c in "\r\n:"):
            raise ValueError(f"no name of a header: {name}")
        for value in [values] if isinstance(values, str) else values:
            out.append(f"{name}: {value}".replace("\r", " ").replace("\n", " ") + "\r\n")
    return encode("".join(out))
