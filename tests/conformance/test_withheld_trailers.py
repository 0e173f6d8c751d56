# SPDX-License-Identifier: Apache-2.0
"""Fields that a filter sets or removes do not come in as trailers: a backend that merges trailers into the head
would take the client's field for the gateway's, and a client the backend's."""

import json
from dataclasses import dataclass, field

import pytest

from gateway import free_port, http_server, pipeline, proxy
from identity_kit import SECRET, basic, sha_line, soon, token
from scripted import Answer, Scripted
from trailers_kit import SUM, Http1, by_h1, by_h2, limit, origin  # noqa: F401 (fixtures)

BEARER = ("Authorization", f"Bearer {token(sub='ann', scope='buy', exp=soon())}")
KEY = {"algorithm": "HS256", "secret": SECRET.hex()}
CERTIFICATE = {"certIndex": 0, "target": "subject", "field": "CommonName", "headerKey": "X-Cert"}
LOOKUP = {"headerKey": "X-Id", "etcdPrefix": "clients", "headerSetters": [{"etcdKey": "rank", "headerKey": "X-Rank"}]}
SIGN = {"apiProvider": "aws4", "accessKeyId": "ID", "accessKeySecret": "secret", "excludeBody": True}
LIMIT = {
    "policies": [{"name": "p", "limitForPeriod": 1_000_000, "limitRefreshPeriod": "1h", "timeoutDuration": "0s"}],
    **{"defaultPolicyRef": "p", "urls": [{"url": {"prefix": "/"}}], "fields": "all"},
}
LIMIT_EACH = {**LIMIT, "urls": [{"url": {"prefix": "/"}, "keyBy": {"header": "X-Api-Key"}}]}


def script(*lines: str) -> dict:
    text = "export function run() {\n" + "\n".join(lines) + "\nreturn 0;\n}\n"
    return {"code": "builtin:javascript", "script": text, "maxConcurrency": 2, "timeout": "5s"}


@dataclass
class Case:
    kind: str
    spec: dict
    withheld: tuple[str, ...]
    fields: tuple[tuple[str, str], ...] = ()  # of the request
    reply: dict = field(default_factory=dict)  # of the service that a RemoteFilter asks

    def filter(self, service: Scripted, tmp_path) -> dict:
        service.answer = lambda call: Answer(body=json.dumps(self.reply).encode())
        spec = dict(self.spec)
        if self.kind == "RemoteFilter":
            spec["url"] = service.url
        if "basicAuth" in spec:
            users = tmp_path / "users"
            users.write_text(sha_line("ann", "pw"))
            spec["basicAuth"] = {"mode": "FILE", "userFile": str(users)}
        return {"name": "f", "kind": self.kind, **spec}


REQUESTS = {
    "password": Case("Validator", {"basicAuth": {}}, ("X-AUTH-USER",), (("Authorization", basic("ann", "pw")),)),
    "claims": Case("Validator", {"jwt": {**KEY, "claimsToHeaders": {"sub": "X-User"}}}, ("X-User",), (BEARER,)),
    "oauth2": Case("Validator", {"oauth2": {"jwt": KEY}}, ("X-Authenticated-Userid", "X-Authenticated-Scope"), (BEARER,)),
    "checked": Case("Validator", {"headers": {"X-Role": {"values": ["guest"]}}}, ("X-Role",), (("X-Role", "guest"),)),
    "adapted": Case(
        "RequestAdaptor",
        {"header": {"del": ["X-Internal"], "set": {"X-Gate": "yes"}, "add": {"X-Seen": "gateway"}}},
        ("X-Internal", "X-Gate", "X-Seen"),
    ),
    "template": Case(
        "RequestAdaptor",
        {"template": "header:\n  set: {X-Gate: '{{ .req.Method }}'}\n  del: [X-Internal]\n"},
        ("X-Internal", "X-Gate"),
    ),
    "signed": Case("RequestAdaptor", {"sign": SIGN}, ("X-Amz-Date", "X-Amz-Content-Sha256")),
    "certificate": Case("CertExtractor", CERTIFICATE, ("X-Cert",)),
    "looked-up": Case("HeaderLookup", LOOKUP, ("X-Rank", "X-Id"), (("X-Id", "ann"),)),
    "limited": Case("RateLimiter", LIMIT_EACH, ("X-Api-Key",), (("X-Api-Key", "ann"),)),
    "remote": Case(
        "RemoteFilter", {}, ("X-New", "X-Old"), (("X-Old", "1"),), {"request": {"header": {"X-New": ["1"]}}}
    ),
    "guest": Case(
        "WasmHost",
        script("request.setHeader('X-Set', '1');", "request.addHeader('X-Add', '1');", "request.delHeader('X-Del');"),
        ("X-Set", "X-Add", "X-Del"),
    ),
    "guest-all": Case(
        "WasmHost", script("request.setAllHeader({'X-New': ['1']});"), ("X-New", "X-Old"), (("X-Old", "1"),)
    ),
}
RESPONSES = {
    "adapted": Case(
        "ResponseAdaptor",
        {"header": {"del": ["X-Powered-By"], "set": {"X-Gate": "yes"}, "add": {"X-Seen": "gateway"}}},
        ("X-Powered-By", "X-Gate", "X-Seen"),
    ),
    "limit": Case("RateLimiter", LIMIT, ("RateLimit", "RateLimit-Policy")),
}
# These change a response that is there.
LATER_RESPONSES = {
    "remote": Case("RemoteFilter", {}, ("X-New", "X-Old"), (), {"response": {"header": {"X-New": ["1"]}}}),
    "guest": Case(
        "WasmHost",
        script("response.setHeader('X-Set', '1');", "response.addHeader('X-Add', '1');", "response.delHeader('X-Del');"),
        ("X-Set", "X-Add", "X-Del"),
    ),
    "guest-all": Case("WasmHost", script("response.setAllHeader({'X-New': ['1']});"), ("X-New", "X-Old")),
}


@pytest.fixture(scope="module")
def service():
    with Scripted() as scripted:
        yield scripted


@pytest.fixture
def door(gateway, origin, limit):
    """Puts filters in force; gives the port."""
    port = free_port()

    def put(*filters: dict) -> int:
        gateway.apply(pipeline("withheld", *filters))
        gateway.apply(http_server(port, {"backend": "withheld"}, name="withheld-server", clientMaxBodySize=limit))
        return port

    yield put
    gateway.delete("withheld-server", "withheld")


def to_backend(origin, limit) -> dict:
    return proxy(origin.url, **origin.pool, serverMaxBodySize=limit)


def forged(case: Case) -> list[tuple[str, str]]:
    """The names in two spellings, between two fields that pass."""
    names = [spelled for name in case.withheld for spelled in (name.lower(), name.lower().replace("-", "_"))]
    return [SUM, *((name, "forged") for name in names), ("grpc-status", "0")]


PASSES = dict([SUM, ("grpc-status", "0")])


@pytest.mark.parametrize("client", ["h1", "h2"])
@pytest.mark.parametrize("case", REQUESTS.values(), ids=REQUESTS.keys())
def test_of_requests(door, origin, limit, service, tmp_path, case, client):
    port = door(case.filter(service, tmp_path), to_backend(origin, limit))
    trailers = forged(case)
    if client == "h1":
        text = "".join(f"{name}: {value}\r\n" for name, value in trailers)
        assert by_h1(port, *(": ".join(pair) for pair in case.fields), body=b"abc", trailers=text).status == 200
        (origin.peer.calls if isinstance(origin, Http1) else origin.peer.requests).pop()  # the one after it
    else:
        fields = [(name.lower(), value) for name, value in case.fields]
        assert by_h2(port, *fields, body=b"abc", trailers=trailers).status == 200
    body, passed, _ = origin.got()
    assert (body, {name.lower(): value for name, value in passed.items()}) == (b"abc", PASSES)


@pytest.mark.parametrize("what", ["pool", "permil", "servers", "mirror"])
def test_of_headers_that_choose(door, origin, limit, what):
    """The backend does not see another value in a trailer, or under another spelling of the name."""
    condition = {"headers": {"X-Tier": {"exact": "gold"}}}
    permil = {"policy": "headerHash", "headerHashKey": "X-Tier", "permil": 1000}
    pool = {"servers": [{"url": origin.url}], **origin.pool, "serverMaxBodySize": limit}
    pools = {
        "pool": [{**pool, "filter": condition}],
        "permil": [{**pool, "filter": permil}],
        "servers": [],
        "mirror": [],
    }[what]
    main = {**pool, "loadBalance": {"policy": "headerHash", "headerHashKey": "X-Tier"}} if what == "servers" else pool
    spec = {"name": "proxy", "kind": "Proxy", "pools": [*pools, main]}
    if what == "mirror":
        spec["mirrorPool"] = {"servers": [{"url": f"http://127.0.0.1:{free_port()}"}], "filter": condition}
    port = door(spec)
    trailers = [SUM, ("x-tier", "forged"), ("x_tier", "forged"), ("grpc-status", "0")]
    assert by_h2(port, ("x-tier", "gold"), ("x_tier", "forged"), body=b"abc", trailers=trailers).status == 200
    body, passed, _ = origin.got()
    assert (body, {name.lower(): value for name, value in passed.items()}) == (b"abc", PASSES)
    if isinstance(origin, Http1):
        fields = origin.peer.calls[-1].headers
        assert (fields["x-tier"], "x_tier" in fields) == ("gold", False)


@pytest.mark.parametrize("client", ["h1", "h2"])
@pytest.mark.parametrize(
    "case, later",
    [(case, False) for case in RESPONSES.values()] + [(case, True) for case in LATER_RESPONSES.values()],
    ids=[*RESPONSES, *(f"later-{name}" for name in LATER_RESPONSES)],
)
def test_of_responses(door, origin, limit, service, tmp_path, case, later, client):
    origin.headers["X-Old" if isinstance(origin, Http1) else "x-old"] = "1"
    origin.trailers = dict(forged(case))
    filters = [case.filter(service, tmp_path), to_backend(origin, limit)]
    port = door(*(reversed(filters) if later else filters))
    if client == "h1":
        answer = by_h1(port, "TE: trailers", "Connection: TE")
    else:
        answer = by_h2(port, ("te", "trailers"))
    assert (answer.status, answer.body, dict(answer.trailers)) == (200, b"abc", PASSES)
