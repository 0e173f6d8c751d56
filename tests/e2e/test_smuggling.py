# SPDX-License-Identifier: Apache-2.0
"""Request smuggling: whatever a client sends, the gateway, what stands behind it and the client agree on the
number of requests. Each row of the table goes through four chains:

    whole     client -> gateway -> counter                the body is taken in before it is passed on
    stream    client -> gateway -> counter                the body is passed on as it comes
    twice     client -> gateway -> gateway -> counter
    nginx     client -> gateway -> nginx -> counter
"""

import pytest

from client import Connection
from counting_backend import CountingBackend, Nginx
from gateway import free_port, http_server, pipeline, proxy, wait_until
from smuggling_rows import BOTH, ROWS, SMUGGLED, with_fields

CHAINS = ("whole", "stream", "twice", "nginx")
# Answered by nginx itself: it knows no methods in lower case.
REFUSED_BY_NGINX = {"method in lower case, RFC 9110 9.1"}


class Chain:
    """A way to a counter of its own, and how many requests it must have seen."""

    def __init__(self, port: int, hops: dict):
        self.port, self.hops = port, hops  # what a hop is called -> how many requests it has seen
        self.expected = dict.fromkeys(hops, 0)

    def expect(self, count: int, *but: str) -> None:
        for hop in self.hops:
            if hop not in but:
                self.expected[hop] += count

    def check(self) -> None:
        """A hop counts when it has answered, which may be a moment after the client has the answer."""
        for hop, count in self.hops.items():
            wait_until(lambda count=count, hop=hop: count() >= self.expected[hop], f"{hop} has counted")
        assert {hop: count() for hop, count in self.hops.items()} == self.expected


@pytest.fixture(scope="module")
def chains(shared_server, tmp_path_factory):
    counters = {name: CountingBackend() for name in CHAINS}
    nginx = Nginx(tmp_path_factory.mktemp("nginx") / "run", counters["nginx"])
    ports = {name: free_port() for name in (*CHAINS, "second")}
    urls = {name: counter.url for name, counter in counters.items()}
    urls["second"] = urls["twice"]
    urls["twice"] = f"http://127.0.0.1:{ports['second']}"
    urls["nginx"] = nginx.url
    shared_server.apply(
        *(pipeline(f"to-{name}", proxy(url)) for name, url in urls.items()),
        *(
            http_server(port, {"backend": f"to-{name}"}, name=name, clientMaxBodySize=-1 if name == "stream" else 0)
            for name, port in ports.items()
        ),
    )
    hops = {name: {"counter": lambda counter=counter: len(counter.seen)} for name, counter in counters.items()}
    hops["twice"]["second gateway"] = lambda: shared_server.status("second")["count"]
    hops["nginx"]["nginx"] = lambda: len(nginx.requests)
    made = {name: Chain(ports[name], hops[name]) for name in CHAINS}
    made["counters"] = counters
    made["nginx process"] = nginx
    yield made
    nginx.close()
    for counter in counters.values():
        counter.close()


def test_the_counter_sees_what_is_smuggled():
    """Whoever reads it by Content-Length sees one request here, and passes both on."""
    counter = CountingBackend()
    with Connection(int(counter.url.rsplit(":", 1)[1])) as connection:
        both = b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n" % (len(BOTH) + len(SMUGGLED))
        connection.send(with_fields(both, BOTH) + SMUGGLED)
        assert [connection.receive().status for _ in range(2)] == [200, 200]
    assert [target for _, target, _ in counter.seen] == ["/row", "/smuggled"]
    counter.close()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
@pytest.mark.parametrize("name", CHAINS)
def test_row(chains, name, row):
    chain = chains[name]
    own_refusal = name == "nginx" and row.what in REFUSED_BY_NGINX
    with Connection(chain.port) as connection:
        try:
            connection.send(row.data + SMUGGLED)
        except ConnectionError:
            pass  # refused while it was being sent
        methods = row.methods or ("GET",) * len(row.statuses)
        responses = [connection.receive(method) for method in methods]
        statuses = tuple(response.status for response in responses)
        if own_refusal:
            assert statuses[0] in (400, 405) and statuses[1:] == row.statuses[1:]
        else:
            assert statuses == row.statuses
        if row.closes:
            assert responses[-1].headers["connection"] == "close"
            assert connection.is_closed(), "what follows is not read"
    chain.expect(row.passed)
    if own_refusal:
        chain.expected["counter"] -= 1
    chain.check()


@pytest.mark.parametrize("name", CHAINS)
def test_nothing_came_late(chains, name):
    """After all rows: the counts still hold, and nobody has seen what is no request."""
    chains[name].check()
    seen = chains["counters"][name].seen
    assert [request for request in seen if request[0] == "GARBAGE"] == []
    accepted = [row for row in ROWS if not row.closes]
    assert sum(target == "/smuggled" for _, target, _ in seen) == len(accepted), "as often as it was sent as a request"


def test_the_second_gateway_had_nothing_to_refuse(shared_server):
    assert shared_server.status("second")["errCount"] == 0
