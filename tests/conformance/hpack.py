# SPDX-License-Identifier: Apache-2.0
"""HPACK (RFC 7541): encoders for each representation, so that a test says which one it sends; and a decoder."""

STATIC = [
    ("", ""), (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
    (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
    (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
    ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
    ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""),
    ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""), ("if-modified-since", ""),
    ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""),
    ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""),
    ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
    ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""),
    ("www-authenticate", ""),
]  # fmt: skip

# The code is canonical (appendix B): the lengths say it all. Letter a is 5 bits, z is 30; the last symbol is EOS.
LENGTHS = [
    ord(letter) - ord("a") + 5
    for letter in "isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhfibcccccccccccccccccccccc"
    "dcdioijbkabababbbaccbbbabcbaabccccckgjixprpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrsvvporsru"
    "vvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwvz"
]
EOS = 256


def _codes() -> dict[int, tuple[int, int]]:
    codes, code, previous = {}, 0, 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(LENGTHS)):
        code <<= length - previous
        codes[symbol] = (code, length)
        code, previous = code + 1, length
    return codes


CODES = _codes()
SYMBOLS = {(code, length): symbol for symbol, (code, length) in CODES.items()}


def huffman(text: bytes) -> bytes:
    bits = "".join(f"{CODES[byte][0]:0{CODES[byte][1]}b}" for byte in text)
    bits += "1" * (-len(bits) % 8)
    return int(bits or "0", 2).to_bytes(len(bits) // 8, "big")


def unhuffman(data: bytes) -> bytes:
    out, code, length = bytearray(), 0, 0
    for bit in "".join(f"{byte:08b}" for byte in data):
        code, length = code << 1 | int(bit), length + 1
        symbol = SYMBOLS.get((code, length))
        if symbol is not None:
            out.append(symbol)
            code = length = 0
    assert length < 8 and code == (1 << length) - 1, "padding of a Huffman string"
    return bytes(out)


def integer(value: int, prefix_bits: int, first: int = 0) -> bytes:
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([first | value])
    out, value = bytearray([first | limit]), value - limit
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + bytes([value]))


def string(text: str | bytes, coded: bool = False) -> bytes:
    data = text.encode("latin-1") if isinstance(text, str) else text
    if coded:
        data = huffman(data)
    return integer(len(data), 7, 0x80 if coded else 0) + data


def indexed(index: int) -> bytes:
    """6.1"""
    return integer(index, 7, 0x80)


def literal(name: str | int, value: str | bytes, coded: bool = False, first: int = 0x00, bits: int = 4) -> bytes:
    """6.2.2: without indexing. `name` may be an index."""
    if isinstance(name, int):
        return integer(name, bits, first) + string(value, coded)
    return bytes([first]) + string(name, coded) + string(value, coded)


def incremental(name: str | int, value: str, coded: bool = False) -> bytes:
    """6.2.1"""
    return literal(name, value, coded, 0x40, 6)


def never_indexed(name: str | int, value: str, coded: bool = False) -> bytes:
    """6.2.3"""
    return literal(name, value, coded, 0x10, 4)


def table_size(size: int) -> bytes:
    """6.3"""
    return integer(size, 5, 0x20)


def block(*fields: tuple[str, str]) -> bytes:
    return b"".join(literal(name, value) for name, value in fields)


class Decoder:
    def __init__(self, size_max: int = 4096):
        self.table: list[tuple[str, str]] = []
        self.size_max = self.size = size_max

    def decode(self, data: bytes) -> list[tuple[str, str]]:
        fields, at = [], 0
        while at < len(data):
            byte = data[at]
            if byte & 0x80:
                index, at = self._integer(data, at, 7)
                fields.append(self._entry(index))
            elif byte & 0xE0 == 0x20:
                assert not fields, "a table size update after a field (section 4.2)"
                self.size, at = self._integer(data, at, 5)
                assert self.size <= self.size_max, "a larger table than was offered"
                self._evict()
            else:
                bits = 6 if byte & 0x40 else 4
                index, at = self._integer(data, at, bits)
                if index:
                    name = self._entry(index)[0]
                else:
                    name, at = self._string(data, at)
                value, at = self._string(data, at)
                fields.append((name, value))
                if bits == 6:
                    self.table.insert(0, (name, value))
                    self._evict()
        return fields

    def _entry(self, index: int) -> tuple[str, str]:
        assert index > 0
        return STATIC[index] if index < len(STATIC) else self.table[index - len(STATIC)]

    def _evict(self) -> None:
        while sum(len(name) + len(value) + 32 for name, value in self.table) > self.size:
            self.table.pop()

    @staticmethod
    def _integer(data: bytes, at: int, bits: int) -> tuple[int, int]:
        limit = (1 << bits) - 1
        value, at = data[at] & limit, at + 1
        if value < limit:
            return value, at
        shift = 0
        while True:
            byte, at = data[at], at + 1
            value, shift = value + ((byte & 0x7F) << shift), shift + 7
            if not byte & 0x80:
                return value, at

    def _string(self, data: bytes, at: int) -> tuple[str, int]:
        coded = data[at] & 0x80
        length, at = self._integer(data, at, 7)
        text = data[at : at + length]
        return (unhuffman(text) if coded else text).decode("latin-1"), at + length
