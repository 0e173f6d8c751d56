# SPDX-License-Identifier: Apache-2.0
"""What two HTTP/1.1 parsers could read differently, and what is merely unusual: the bytes, and the
statuses that a client must get. Sections are those of RFC 9112 unless another RFC is named."""

from dataclasses import dataclass

# Follows every row. If it is answered after a refusal, or a backend sees it then, it was smuggled.
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


@dataclass
class Row:
    what: str
    data: bytes
    statuses: tuple[int, ...]  # of the responses, SMUGGLED's included
    methods: tuple[str, ...] = ()  # of the requests, if a HEAD is among them

    @property
    def refused(self) -> bool:
        return self.statuses[-1] >= 400

    @property
    def closes(self) -> bool:
        """SMUGGLED must not be read any more."""
        return self.refused or len(self.statuses) == 1

    @property
    def passed(self) -> int:
        """Requests that a backend must see."""
        return sum(status < 400 for status in self.statuses)


def with_fields(fields: bytes, body: bytes = b"") -> bytes:
    return b"POST /row HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n" + body


def chunked(body: bytes) -> bytes:
    return with_fields(b"Transfer-Encoding: chunked\r\n", body)


def line(text: bytes, fields: bytes = b"Host: a\r\n") -> bytes:
    return text + b"\r\n" + fields + b"\r\n"


def target(text: bytes, method: bytes = b"GET") -> bytes:
    return line(method + b" " + text + b" HTTP/1.1")


CHUNK = b"3\r\nabc\r\n0\r\n\r\n"
# The chunked reading ends before SMUGGLED, the one by Content-Length behind it.
BOTH = b"0\r\n\r\n"
MANY = b"9" * 30


def refused(*rows: tuple[str, bytes], status: int = 400) -> list[Row]:
    return [Row(what, data, (status,)) for what, data in rows]


def accepted(*rows: tuple[str, bytes], statuses: tuple[int, ...] = (200, 200)) -> list[Row]:
    return [Row(what, data, statuses) for what, data in rows]


FRAMING = refused(
    ("CL and TE, 6.1", with_fields(b"Content-Length: 44\r\nTransfer-Encoding: chunked\r\n", BOTH)),
    ("TE and CL, 6.1", with_fields(b"Transfer-Encoding: chunked\r\nContent-Length: 44\r\n", BOTH)),
    ("CL 0 and TE, 6.1", with_fields(b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", CHUNK)),
    ("CL and TE identity, 6.1", with_fields(b"Content-Length: 3\r\nTransfer-Encoding: identity\r\n", b"abc")),
    ("CL and empty TE, 6.1", with_fields(b"Content-Length: 3\r\nTransfer-Encoding:\r\n", b"abc")),
    ("TE and CL in different case, 6.1", with_fields(b"tRANSFER-eNCODING: chunked\r\ncONTENT-lENGTH: 3\r\n", CHUNK)),
    ("two CL, different, 6.3", with_fields(b"Content-Length: 3\r\nContent-Length: 40\r\n", b"abc")),
    ("two CL, zero first, 6.3", with_fields(b"Content-Length: 0\r\nContent-Length: 40\r\n")),
    ("two CL, equal, 6.3", with_fields(b"Content-Length: 3\r\nContent-Length: 3\r\n", b"abc")),
    ("CL list, equal, RFC 9110 8.6", with_fields(b"Content-Length: 3, 3\r\n", b"abc")),
    ("CL list, different, RFC 9110 8.6", with_fields(b"Content-Length: 3, 40\r\n", b"abc")),
    ("CL with a comma, RFC 9110 8.6", with_fields(b"Content-Length: 3,\r\n", b"abc")),
    ("CL with plus, RFC 9110 8.6", with_fields(b"Content-Length: +3\r\n", b"abc")),
    ("CL with minus, RFC 9110 8.6", with_fields(b"Content-Length: -3\r\n", b"abc")),
    ("CL minus zero, RFC 9110 8.6", with_fields(b"Content-Length: -0\r\n")),
    ("CL empty, RFC 9110 8.6", with_fields(b"Content-Length:\r\n")),
    ("CL two numbers, RFC 9110 8.6", with_fields(b"Content-Length: 3 40\r\n", b"abc")),
    ("CL hexadecimal, RFC 9110 8.6", with_fields(b"Content-Length: 0x3\r\n", b"abc")),
    ("CL with letters behind, RFC 9110 8.6", with_fields(b"Content-Length: 3a\r\n", b"abc")),
    ("CL in quotes, RFC 9110 8.6", with_fields(b'Content-Length: "3"\r\n', b"abc")),
    ("CL fraction, RFC 9110 8.6", with_fields(b"Content-Length: 3.0\r\n", b"abc")),
    ("CL exponent, RFC 9110 8.6", with_fields(b"Content-Length: 3e0\r\n", b"abc")),
    ("CL with underscore, RFC 9110 8.6", with_fields(b"Content-Length: 1_0\r\n", b"abc")),
    ("CL with a form feed, RFC 9110 5.5", with_fields(b"Content-Length: \x0c3\r\n", b"abc")),
    ("CL with NUL, RFC 9110 5.5", with_fields(b"Content-Length: 3\x00\r\n", b"abc")),
    ("CL beyond 63 bits, RFC 9110 8.6", with_fields(b"Content-Length: 9223372036854775808\r\n")),
    ("CL that wraps to 3, RFC 9110 8.6", with_fields(b"Content-Length: 18446744073709551619\r\n", b"abc")),
    ("CL of thirty digits, RFC 9110 8.6", with_fields(b"Content-Length: " + MANY + b"\r\n")),
    ("CL folded, 5.2", with_fields(b"Content-Length:\r\n 3\r\n", b"abc")),
    ("CL with space before the colon, 5.1", with_fields(b"Content-Length : 3\r\n", b"abc")),
    ("CL with tab before the colon, 5.1", with_fields(b"Content-Length\t: 3\r\n", b"abc")),
    ("CL with space before the name, 5.2", with_fields(b"X: y\r\n Content-Length: 3\r\n", b"abc")),
    ("TE with space before the colon, 5.1", with_fields(b"Transfer-Encoding : chunked\r\n", CHUNK)),
    ("TE with space before the name, 5.2", with_fields(b"X: y\r\n Transfer-Encoding: chunked\r\n", CHUNK)),
    ("TE first and indented, 2.2", b"POST /row HTTP/1.1\r\n Transfer-Encoding: chunked\r\nHost: a\r\n\r\n" + CHUNK),
    ("TE folded, 5.2", with_fields(b"Transfer-Encoding:\r\n chunked\r\n", CHUNK)),
    ("TE folded by tab, 5.2", with_fields(b"Transfer-Encoding:\r\n\tchunked\r\n", CHUNK)),
    ("TE with vertical tab, RFC 9110 5.5", with_fields(b"Transfer-Encoding: \x0bchunked\r\n", CHUNK)),
    ("TE with NUL, RFC 9110 5.5", with_fields(b"Transfer-Encoding: chunked\x00\r\n", CHUNK)),
    ("TE with a CR behind, 2.2", with_fields(b"Transfer-Encoding: chunked\r\r\n", CHUNK)),
    ("TE ended by LF, 2.2", with_fields(b"Transfer-Encoding: chunked\n", CHUNK)),
    ("TE in quotes, 7", with_fields(b'Transfer-Encoding: "chunked"\r\n', CHUNK)),
    ("TE with a parameter, 7", with_fields(b"Transfer-Encoding: chunked;q=1\r\n", CHUNK)),
    ("TE with empty element, 6.1", with_fields(b"Transfer-Encoding: ,chunked\r\n", CHUNK)),
    ("TE with empty element behind, 6.1", with_fields(b"Transfer-Encoding: chunked,\r\n", CHUNK)),
    ("TE chunked twice, 6.1", with_fields(b"Transfer-Encoding: chunked, chunked\r\n", CHUNK)),
    ("two TE, 6.1", with_fields(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", CHUNK)),
    ("two TE, the other unknown, 6.1", with_fields(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", CHUNK)),
    ("TE chunked not last, 6.1", with_fields(b"Transfer-Encoding: chunked, identity\r\n", CHUNK)),
    ("TE of two words, 7", with_fields(b"Transfer-Encoding: chunked identity\r\n", CHUNK)),
    ("TE in HTTP/1.0, 6.1", b"POST /row HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNK),
    ("TE in HTTP/1.0 with CL, 6.1", line(b"POST /row HTTP/1.0", b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")),
)
# Which of 400 and 501 depends on how much of the value is understood.
UNKNOWN_CODINGS = refused(
    ("TE xchunked, 6.1", with_fields(b"Transfer-Encoding: xchunked\r\n", CHUNK)),
    ("TE in single quotes, 6.1", with_fields(b"Transfer-Encoding: 'chunked'\r\n", CHUNK)),
    ("TE identity, 6.1", with_fields(b"Transfer-Encoding: identity\r\n", CHUNK)),
    ("TE gzip before chunked, 6.1", with_fields(b"Transfer-Encoding: gzip, chunked\r\n", CHUNK)),
    ("two TE, unknown first, 6.1", with_fields(b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n", CHUNK)),
    status=501,
)

CHUNKS = refused(
    ("size empty, 7.1", chunked(b"\r\nabc\r\n0\r\n\r\n")),
    ("size no number, 7.1", chunked(b"g\r\nabc\r\n0\r\n\r\n")),
    ("size 0x3, 7.1", chunked(b"0x3\r\nabc\r\n0\r\n\r\n")),
    ("size with plus, 7.1", chunked(b"+3\r\nabc\r\n0\r\n\r\n")),
    ("size with minus, 7.1", chunked(b"-3\r\nabc\r\n0\r\n\r\n")),
    ("size minus zero, 7.1", chunked(b"-0\r\n\r\n")),
    ("space before the size, 7.1", chunked(b" 3\r\nabc\r\n0\r\n\r\n")),
    ("space after the size, 7.1", chunked(b"3 \r\nabc\r\n0\r\n\r\n")),
    ("tab after the size, 7.1", chunked(b"3\t\r\nabc\r\n0\r\n\r\n")),
    ("space before an extension, 7.1.1", chunked(b"3 ;a\r\nabc\r\n0\r\n\r\n")),
    ("size with underscore, 7.1", chunked(b"1_0\r\nabc\r\n0\r\n\r\n")),
    ("size with a comma, 7.1", chunked(b"3,3\r\nabc\r\n0\r\n\r\n")),
    ("size with NUL, 7.1", chunked(b"3\x00\r\nabc\r\n0\r\n\r\n")),
    ("size beyond 63 bits, 7.1", chunked(b"8000000000000000\r\nabc\r\n0\r\n\r\n")),
    ("size that wraps 64 bits, 7.1", chunked(b"10000000000000003\r\nabc\r\n0\r\n\r\n")),
    ("size of forty digits, 7.1", chunked(b"f" * 40 + b"\r\nabc\r\n0\r\n\r\n")),
    ("size line ended by LF, 7.1", chunked(b"3\nabc\r\n0\r\n\r\n")),
    ("size line ended by CR, 7.1", chunked(b"3\rabc\r\n0\r\n\r\n")),
    ("size line ended by CR CR LF, 7.1", chunked(b"3\r\r\nabc\r\n0\r\n\r\n")),
    ("data ended by LF, 7.1", chunked(b"3\r\nabc\n0\r\n\r\n")),
    ("data ended by nothing, 7.1", chunked(b"3\r\nabc0\r\n\r\n")),
    ("data ended by other bytes, 7.1", chunked(b"3\r\nabcXX0\r\n\r\n")),
    ("data longer than its size, 7.1", chunked(b"2\r\nabc\r\n0\r\n\r\n")),
    ("LF in an extension, 7.1.1", chunked(b"3;a\nabc\r\n0\r\n\r\n")),
    ("CR in an extension, 7.1.1", chunked(b"3;a\rb\r\nabc\r\n0\r\n\r\n")),
    ("NUL in an extension, 7.1.1", chunked(b"3;a\x00\r\nabc\r\n0\r\n\r\n")),
    ("extension without end, 7.1.1", chunked(b"3;" + b"x" * 3000 + b"\r\nabc\r\n0\r\n\r\n")),
    ("extensions of megabytes, 7.1.1", chunked((b"1;" + b"x" * 1000 + b"\r\na\r\n") * 100 + b"0\r\n\r\n")),
    ("end ended by LF, 7.1", chunked(b"3\r\nabc\r\n0\n\n")),
    ("last line ended by LF, 7.1", chunked(b"3\r\nabc\r\n0\r\n\n")),
    ("trailer without colon, 7.1.2", chunked(b"0\r\nGET /smuggled HTTP/1.1\r\n\r\n")),
    ("trailer folded, 5.2", chunked(b"0\r\nX: a\r\n b\r\n\r\n")),
    ("trailer with space before the colon, 5.1", chunked(b"0\r\nX : a\r\n\r\n")),
    ("trailer ended by LF, 2.2", chunked(b"0\r\nX: a\n\r\n")),
    ("trailer with NUL, RFC 9110 5.5", chunked(b"0\r\nX: a\x00\r\n\r\n")),
)
LARGE_TRAILERS = refused(
    ("trailers too large, 7.1.2", chunked(b"0\r\nX: " + b"x" * 70_000 + b"\r\n\r\n")),
    ("too many trailers, 7.1.2", chunked(b"0\r\n" + b"X: a\r\n" * 300 + b"\r\n")),
    status=400,
)

LINES = refused(
    ("bare LF after the request line, 2.2", b"GET /row HTTP/1.1\nHost: a\r\n\r\n"),
    ("bare LF everywhere, 2.2", b"GET /row HTTP/1.1\nHost: a\n\n"),
    ("bare LF after a field, 2.2", b"GET /row HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
    ("bare LF as the last line, 2.2", b"GET /row HTTP/1.1\r\nHost: a\r\n\n"),
    ("bare CR as a line end, 2.2", b"GET /row HTTP/1.1\rHost: a\r\r"),
    ("bare CR in a value, 2.2", with_fields(b"X: a\rTransfer-Encoding: chunked\r\n", CHUNK)),
    ("bare CR in a name, 2.2", with_fields(b"X\r: a\r\n")),
    ("bare CR in the request line, 2.2", target(b"/row\rX")),
    ("CR before the request, 2.2", b"\r" + target(b"/row")),
    ("LF before the request, 2.2", b"\n" + target(b"/row")),
    ("three empty lines, 2.2", b"\r\n\r\n\r\n" + target(b"/row")),
    ("space before the request, 3", b" " + target(b"/row")),
    ("obs-fold, 5.2", with_fields(b"X: a\r\n b\r\n")),
    ("obs-fold by tab, 5.2", with_fields(b"X: a\r\n\tb\r\n")),
    ("obs-fold that ends the head elsewhere, 5.2", with_fields(b"X: a\r\n \r\n")),
    ("first field indented, 2.2", b"GET /row HTTP/1.1\r\n Host: a\r\n\r\n"),
    ("NUL in a value, RFC 9110 5.5", with_fields(b"X: a\x00b\r\n")),
    ("escape in a value, RFC 9110 5.5", with_fields(b"X: \x1b[2J\r\n")),
    ("delete in a value, RFC 9110 5.5", with_fields(b"X: \x7f\r\n")),
    ("space in a name, RFC 9110 5.1", with_fields(b"X Y: a\r\n")),
    ("NUL in a name, RFC 9110 5.1", with_fields(b"X\x00: a\r\n")),
    ("letter above ASCII in a name, RFC 9110 5.1", with_fields(b"X\xc3\xa4: a\r\n")),
    ("at sign in a name, RFC 9110 5.1", with_fields(b"X@: a\r\n")),
    ("slash in a name, RFC 9110 5.1", with_fields(b"Content/Length: 3\r\n", b"abc")),
    ("name in quotes, RFC 9110 5.1", with_fields(b'"Content-Length": 3\r\n', b"abc")),
    ("empty name, RFC 9110 5.1", with_fields(b": a\r\n")),
    ("no colon, 5", with_fields(b"Content-Length 3\r\n", b"abc")),
    ("request line as a field, 5", with_fields(b"GET /smuggled HTTP/1.1\r\n")),
    ("Connection is no list of tokens, RFC 9110 7.6.1", with_fields(b"Connection: a b\r\n")),
)
LARGE_HEADS = refused(
    ("one huge field, RFC 6585 5", with_fields(b"X: " + b"x" * 70_000 + b"\r\n")),
    ("huge in many fields, RFC 6585 5", with_fields(b"".join(b"X%d: " % n + b"x" * 1000 + b"\r\n" for n in range(80)))),
    ("too many fields, RFC 6585 5", with_fields(b"X: a\r\n" * 300)),
    status=431,
)

HOSTS = refused(
    ("no Host, 3.2", line(b"GET /row HTTP/1.1", b"")),
    ("two Hosts, 3.2", line(b"GET /row HTTP/1.1", b"Host: a\r\nHost: b\r\n")),
    ("two equal Hosts, 3.2", line(b"GET /row HTTP/1.1", b"Host: a\r\nHost: a\r\n")),
    ("two Hosts in HTTP/1.0, 3.2", line(b"GET /row HTTP/1.0", b"Host: a\r\nHost: b\r\n")),
    ("empty Host, 3.2", line(b"GET /row HTTP/1.1", b"Host:\r\n")),
    ("Host list, 3.2", line(b"GET /row HTTP/1.1", b"Host: a, b\r\n")),
    ("Host with a space, 3.2", line(b"GET /row HTTP/1.1", b"Host: a b\r\n")),
    ("Host with a path, 3.2", line(b"GET /row HTTP/1.1", b"Host: a/b\r\n")),
    ("Host with userinfo, 3.2", line(b"GET /row HTTP/1.1", b"Host: b@a\r\n")),
    ("Host with a scheme, 3.2", line(b"GET /row HTTP/1.1", b"Host: http://a\r\n")),
    ("Host with a query, 3.2", line(b"GET /row HTTP/1.1", b"Host: a?b\r\n")),
    ("Host with two ports, 3.2", line(b"GET /row HTTP/1.1", b"Host: a:80:81\r\n")),
    ("Host with a port that is none, 3.2", line(b"GET /row HTTP/1.1", b"Host: a:b\r\n")),
    ("Host with a port beyond 65535, 3.2", line(b"GET /row HTTP/1.1", b"Host: a:65536\r\n")),
    ("Host with half a bracket, 3.2", line(b"GET /row HTTP/1.1", b"Host: [::1\r\n")),
    ("Host in quotes, 3.2", line(b"GET /row HTTP/1.1", b'Host: "a"\r\n')),
    ("Host with NUL, 3.2", line(b"GET /row HTTP/1.1", b"Host: a\x00b\r\n")),
    ("Host with space before the colon, 5.1", line(b"GET /row HTTP/1.1", b"Host : a\r\n")),
    ("absolute target without Host, 3.2", line(b"GET http://a/row HTTP/1.1", b"")),
    ("absolute target with a bad Host, 3.2", line(b"GET http://a/row HTTP/1.1", b"Host: b c\r\n")),
    ("absolute target with two Hosts, 3.2", line(b"GET http://a/row HTTP/1.1", b"Host: a\r\nHost: b\r\n")),
)

REQUEST_LINES = refused(
    ("no version, 3", line(b"GET /row")),
    ("HTTP/0.9, 2.3", b"GET /row\r\n"),
    ("no target, 3", line(b"GET HTTP/1.1")),
    ("empty target, 3", line(b"GET  HTTP/1.1")),
    ("two spaces before the target, 3", line(b"GET  /row HTTP/1.1")),
    ("two spaces before the version, 3", line(b"GET /row  HTTP/1.1")),
    ("tabs for spaces, 3", line(b"GET\t/row\tHTTP/1.1")),
    ("vertical tab for a space, 3", line(b"GET\x0b/row HTTP/1.1")),
    ("space behind, 3", line(b"GET /row HTTP/1.1 ")),
    ("more behind, 3", line(b"GET /row HTTP/1.1 HTTP/1.1")),
    ("space in the target, 3.2", target(b"/row x")),
    ("NUL in the target, 3.2", target(b"/row\x00")),
    ("control character in the target, 3.2", target(b"/row\x01")),
    ("fragment, 3.2", target(b"/row#x")),
    ("relative target, 3.2", target(b"row")),
    ("backslash target, 3.2", target(b"\\row")),
    ("authority target, 3.2.3", target(b"a:80")),
    ("asterisk with GET, 3.2.4", target(b"*")),
    ("other scheme, 3.2.2", target(b"ftp://a/row")),
    ("absolute without host, 3.2.2", target(b"http:///row")),
    ("absolute with userinfo, RFC 9110 4.2.4", target(b"http://b@a/row")),
    ("half an escape, RFC 3986 2.1", target(b"/row%2")),
    ("escape of no digits, RFC 3986 2.1", target(b"/row%zz")),
    ("escaped NUL, RFC 3986 7.3", target(b"/row%00")),
    ("method with a space, 3.1", target(b"/row", b"GE T")),
    ("method with a colon, 3.1", target(b"/row", b"GET:")),
    ("method of forty letters, 3.1", target(b"/row", b"G" * 40)),
    ("no method, 3", line(b"/row HTTP/1.1")),
    ("version in lower case, 2.3", line(b"GET /row http/1.1")),
    ("version of other letters, 2.3", line(b"GET /row XTTP/1.1")),
    ("version without minor, 2.3", line(b"GET /row HTTP/1")),
    ("version of two digits, 2.3", line(b"GET /row HTTP/1.10")),
    ("version with a leading zero, 2.3", line(b"GET /row HTTP/01.1")),
    ("TLS to a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ("noise", b"\x80\xff\xfe\x00"),
)
OTHER_STATUSES = (
    refused(
        ("HTTP/1.2, 2.3", line(b"GET /row HTTP/1.2")),
        ("HTTP/2.0 in text, 2.3", line(b"GET /row HTTP/2.0")),
        ("HTTP/9.9, 2.3", line(b"GET /row HTTP/9.9")),
        status=505,
    )
    + refused(
        ("CONNECT, RFC 9110 9.3.6", target(b"a:80", b"CONNECT")),
        ("CONNECT of a path, RFC 9110 9.3.6", target(b"/row", b"CONNECT")),
        status=501,
    )
    + refused(
        ("target too long, 3", target(b"/" + b"x" * 17_000)),
        ("request line without end, 3", b"GET /" + b"x" * 20_000),
        status=414,
    )
    + refused(
        ("unknown expectation, RFC 9110 10.1.1", with_fields(b"Expect: 200-ok\r\n")),
        ("two expectations, RFC 9110 10.1.1", with_fields(b"Expect: 100-continue, x\r\n")),
        status=417,
    )
)

UNUSUAL = accepted(
    ("no body", with_fields(b"")),
    ("CL 0", with_fields(b"Content-Length: 0\r\n")),
    ("CL with zeros before it", with_fields(b"Content-Length: 0003\r\n", b"abc")),
    ("CL with spaces around it, RFC 9110 5.5", with_fields(b"Content-Length: \t 3 \t\r\n", b"abc")),
    ("CL without space", with_fields(b"Content-Length:3\r\n", b"abc")),
    ("CL on GET with a request in the body", line(b"GET /row HTTP/1.1", b"Host: a\r\nContent-Length: 37\r\n") + SMUGGLED + b"\r\n"),
    ("CL named by Connection, RFC 9110 7.6.1", with_fields(b"Content-Length: 3\r\nConnection: Content-Length\r\n", b"abc")),
    ("TE named by Connection, RFC 9110 7.6.1", with_fields(b"Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding\r\n", CHUNK)),
    ("Host named by Connection, RFC 9110 7.6.1", with_fields(b"Connection: Host\r\n")),
    ("TE in other case, 7", with_fields(b"TRANSFER-ENCODING: ChUnKeD\r\n", CHUNK)),
    ("TE with spaces around, RFC 9110 5.5", with_fields(b"Transfer-Encoding: \t chunked \t\r\n", CHUNK)),
    ("a field that looks like CL", with_fields(b"Content_Length: 40\r\nX-Content-Length: 40\r\nContent-Lengt: 3\r\n")),
    ("a field that looks like TE", with_fields(b"Transfer_Encoding: chunked\r\nX-Transfer-Encoding: chunked\r\n")),
    ("one chunk", chunked(CHUNK)),
    ("no chunk but the last", chunked(b"0\r\n\r\n")),
    ("chunk sizes with zeros before them", chunked(b"0000003\r\nabc\r\n000\r\n\r\n")),
    ("chunk sizes in both cases", chunked(b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n")),
    ("chunk with extensions, 7.1.1", chunked(b'3;a;b=c;d="e;f"\r\nabc\r\n0;x\r\n\r\n')),
    ("chunk that holds a request", chunked(b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n")),
    ("chunk that looks like the last", chunked(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n")),
    ("trailers do not frame, 7.1.2", chunked(b"3\r\nabc\r\n0\r\nX: y\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\nHost: b\r\n\r\n")),
    ("an empty line before, 2.2", b"\r\n" + target(b"/row")),
    ("two empty lines before, 2.2", b"\r\n\r\n" + target(b"/row")),
    ("CRLF behind a body, 2.2", with_fields(b"Content-Length: 3\r\n", b"abc\r\n")),
    ("CRLF behind chunks, 2.2", chunked(CHUNK + b"\r\n")),
    ("bytes above ASCII in a value, RFC 9110 5.5", with_fields(b"X: \xc3\xa4\xff\r\n")),
    ("empty value, RFC 9110 5.5", with_fields(b"X:\r\n")),
    ("tab in a value, RFC 9110 5.5", with_fields(b"X: a\tb\r\n")),
    ("absolute target wins over Host, 3.2.2", line(b"GET http://b/row HTTP/1.1", b"Host: a\r\n")),
    ("absolute https target, 3.2.2", line(b"GET https://a/row HTTP/1.1")),
    ("absolute target without a path, 3.2.1", line(b"GET http://a HTTP/1.1")),
    ("two slashes, 3.2.1", target(b"//b/row")),
    ("dots, 3.2.1", target(b"/row/../row/./x")),
    ("encoded line break in the target", target(b"/row%0d%0aX:%20y")),
    ("query with a line of HTTP", target(b"/row?GET%20/%20HTTP/1.1")),
    ("own method, RFC 9110 9.1", target(b"/row", b"PURGE")),
    ("method in lower case, RFC 9110 9.1", target(b"/row", b"get")),
    ("Host with a port, 3.2", line(b"GET /row HTTP/1.1", b"Host: a:80\r\n")),
    ("Host in IPv6, 3.2", line(b"GET /row HTTP/1.1", b"Host: [::1]:80\r\n")),
    ("HTTP/1.0 kept alive, C.2.2", line(b"GET /row HTTP/1.0", b"Connection: keep-alive\r\n")),
    ("keep-alive said", line(b"GET /row HTTP/1.1", b"Host: a\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n")),
    ("Upgrade to h2c, RFC 9113 3.1", line(b"GET /row HTTP/1.1", b"Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n")),
    ("Upgrade to TLS, RFC 2817", line(b"OPTIONS /row HTTP/1.1", b"Host: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n")),
    ("Upgrade that Connection does not name, RFC 9110 7.8", line(b"GET /row HTTP/1.1", b"Host: a\r\nUpgrade: websocket\r\n")),
    ("TE trailers, RFC 9110 10.1.4", line(b"GET /row HTTP/1.1", b"Host: a\r\nTE: trailers\r\nConnection: TE\r\n")),
    ("Trailer, RFC 9110 6.6.2", with_fields(b"Transfer-Encoding: chunked\r\nTrailer: X\r\n", b"0\r\nX: y\r\n\r\n")),
    ("Proxy-Connection, 9.6", line(b"GET /row HTTP/1.1", b"Host: a\r\nProxy-Connection: keep-alive\r\n")),
    ("expectation without a body, RFC 9110 10.1.1", line(b"GET /row HTTP/1.1", b"Host: a\r\nExpect: 100-continue\r\n")),
    ("expectation and body at once, RFC 9110 10.1.1", with_fields(b"Expect: 100-continue\r\nContent-Length: 3\r\n", b"abc")),
)
CLOSING = accepted(
    ("close said, 9.6", line(b"GET /row HTTP/1.1", b"Host: a\r\nConnection: close\r\n")),
    ("close among others, 9.6", line(b"GET /row HTTP/1.1", b"Host: a\r\nConnection: x, Close\r\n")),
    ("close and keep-alive, 9.6", line(b"GET /row HTTP/1.1", b"Host: a\r\nConnection: keep-alive, close\r\n")),
    ("HTTP/1.0, 9.3", line(b"GET /row HTTP/1.0")),
    ("HTTP/1.0 without Host, 3.2", line(b"GET /row HTTP/1.0", b"")),
    ("HTTP/1.0 with a body", line(b"POST /row HTTP/1.0", b"Content-Length: 3\r\n") + b"abc"),
    statuses=(200,),
)
PIPELINED = [
    Row("ten in a row, 9.3.2", target(b"/row") * 10, (200,) * 11),
    Row("bodies in a row, 9.3.2", with_fields(b"Content-Length: 3\r\n", b"abc") + chunked(CHUNK) + target(b"/row"), (200,) * 4),
    Row("HEAD among others, RFC 9110 9.3.2", target(b"/row", b"HEAD") + target(b"/row"), (200,) * 3, ("HEAD", "GET", "GET")),
    Row("HEAD with a body, RFC 9110 9.3.2", line(b"HEAD /row HTTP/1.1", b"Host: a\r\nContent-Length: 3\r\n") + b"abc", (200,) * 2, ("HEAD", "GET")),
    Row("good, then bad, 9.3.2", target(b"/row") + line(b"GET /row HTTP/1.1", b""), (200, 400)),
    Row("good body, then bad chunk, 9.3.2", chunked(CHUNK) + chunked(b"x\r\n"), (200, 400)),
    Row("the rest of a body begins a method", with_fields(b"Content-Length: 2\r\n", b"abX"), (200, 200)),
    Row("the rest of a body begins no method", with_fields(b"Content-Length: 2\r\n", b"ab\x00"), (200, 400)),
    Row("close, then more, 9.6", line(b"GET /row HTTP/1.1", b"Host: a\r\nConnection: close\r\n") * 2, (200,)),
]

ROWS: list[Row] = [
    *FRAMING, *UNKNOWN_CODINGS, *CHUNKS, *LARGE_TRAILERS, *LINES, *LARGE_HEADS, *HOSTS, *REQUEST_LINES, *OTHER_STATUSES,
    *UNUSUAL, *CLOSING, *PIPELINED,
]  # fmt: skip
