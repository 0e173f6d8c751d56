# SPDX-License-Identifier: Apache-2.0
"""A test that shows what a field of a filter changes, or how a result comes about, says so:

    @covers("RateLimiter", "policies.limitForPeriod urls.keyBy.{header,cookie}", results="rateLimited")

`test_filter_coverage.py` compares the marks with what the server says of its filters.
"""

import re
from collections.abc import Iterator

import pytest

_BRACES = re.compile(r"(.*)\{([^{}]*)\}(.*)")  # the innermost


def _expanded(word: str) -> Iterator[str]:
    """a.{b,c.{d,e}} -> a.b, a.c.d, a.c.e"""
    braces = _BRACES.fullmatch(word)
    if braces is None:
        yield word
        return
    for choice in braces[2].split(","):
        yield from _expanded(braces[1] + choice + braces[3])


def covers(kind: str, fields: str = "", results: str = "") -> pytest.MarkDecorator:
    """`fields`: paths without list indexes, separated by blanks; `*` stands for a key that the user chooses."""
    return pytest.mark.covers(
        kind,
        fields=frozenset(path for word in fields.split() for path in _expanded(word)),
        results=frozenset(results.split()),
    )


def leaves(schema: dict, prefix: str = "") -> Iterator[str]:
    """The paths of all fields of a JSON schema that have no fields of their own."""
    while "items" in schema:
        schema = schema["items"]
    below = [(name, field) for name, field in schema.get("properties", {}).items()]
    if isinstance(schema.get("additionalProperties"), dict) and "properties" in schema["additionalProperties"]:
        below.append(("*", schema["additionalProperties"]))
    if not below and prefix:
        yield prefix
    for name, field in below:
        yield from leaves(field, f"{prefix}.{name}" if prefix else name)
