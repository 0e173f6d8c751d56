# SPDX-License-Identifier: Apache-2.0
"""The shared data. Each run is one transaction."""

from wit_world.imports import cluster as _host

from ._text import decode, encode


def get_binary(key) -> bytes:
    """Empty if there is none."""
    return _host.get_binary(encode(key))


def put_binary(key, value) -> None:
    _host.put_binary(encode(key), encode(value))


def get_string(key) -> str:
    """Empty if there is none."""
    return decode(_host.get_string(encode(key)))


def put_string(key, value) -> None:
    _host.put_string(encode(key), encode(value))


def get_integer(key) -> int:
    """0 if there is none."""
    return _host.get_integer(encode(key))


def put_integer(key, value: int) -> None:
    _host.put_integer(encode(key), value)


def add_integer(key, delta: int) -> int:
    """Returns the sum."""
    return _host.add_integer(encode(key), delta)


def get_float(key) -> float:
    """0 if there is none."""
    return _host.get_float(encode(key))


def put_float(key, value: float) -> None:
    _host.put_float(encode(key), value)


def add_float(key, delta: float) -> float:
    """Returns the sum."""
    return _host.add_float(encode(key), delta)


def delete(key) -> None:
    """Removes the key, if it is there."""
    _host.delete(encode(key))


def count_key(prefix) -> int:
    """The number of keys that begin with the prefix."""
    return _host.count_key(encode(prefix))
