# SPDX-License-Identifier: Apache-2.0
"""Text is bytes on its way to the gateway. A byte that is no UTF-8 becomes a lone surrogate and comes back as
it was, so two different names are two different texts."""


def decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def encode(text) -> bytes:
    if isinstance(text, str):
        return text.encode("utf-8", "surrogateescape")
    if isinstance(text, (bytes, bytearray, memoryview)):
        return bytes(text)
    raise TypeError(f"text or bytes, not {type(text).__name__}")
