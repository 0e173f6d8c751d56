# SPDX-License-Identifier: Apache-2.0
"""The filter Validator: who gets through to the backend, and what it learns of them."""

import json
import os
import threading
import time
from pathlib import Path

import jwt
import pytest
import yaml

from certificates import self_signed, server_context
from client import Connection, Response, fetch
from covers import covers
from gateway import free_port, http_server, pipeline, proxy, wait_until
from identity_kit import LITERAL, SECRET, KeyPair, Signing, basic, key_set, raw_token, sha_line, sign, soon, token
from pages import BACKEND, blocks, example
from scripted import Answer, Scripted



@pytest.fixture
def backend():
    with Scripted() as scripted:
        yield scripted


class Gate:
    """A server with a Validator in front of a backend."""

    def __init__(self, server, backend: Scripted):
        self.server, self.backend, self.port = server, backend, free_port()
        self.name = f"gate-{self.port}"

    def put(self, server_fields: dict | None = None, **checks) -> "Gate":
        self.server.apply(
            http_server(self.port, {"backend": self.name}, name=f"server-{self.port}", **(server_fields or {})),
            pipeline(self.name, {"name": "check", "kind": "Validator", **checks}, proxy(self.backend.url)),
        )
        return self

    def ask(self, path: str = "/", method: str = "GET", body: bytes = b"", headers: dict | None = None) -> Response:
        with Connection(self.port) as connection:
            lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
            length = f"Content-Length: {len(body)}\r\n" if body else ""
            connection.send(f"{method} {path} HTTP/1.1\r\nHost: shop.test\r\n{lines}{length}\r\n".encode() + body)
            return connection.receive(method)

    def bearer(self, text: str) -> Response:
        return self.ask(headers={"Authorization": f"Bearer {text}"})

    def refuses(self, response: Response, status: int = 401) -> None:
        """The client gets the status and nothing else, and the backend nothing at all."""
        assert response.status == status, response
        assert response.body == b"" and response.headers["content-length"] == "0"

    def seen(self) -> dict:
        """The headers of the last request at the backend."""
        return self.backend.calls[-1].headers


@pytest.fixture
def gate(shared_server, backend):
    return Gate(shared_server, backend)


# --- the page


@covers("Validator", "jwt.claimsToHeaders", results="invalid")
def test_the_first_example_of_the_page(shared_server, backend):
    [shop] = example("filter-validator", {BACKEND: backend.url})
    port = free_port()
    shared_server.apply(shop, http_server(port, {"backend": shop["name"]}, name=f"server-{port}"))
    secret = bytes.fromhex(shop["filters"][0]["jwt"]["secret"])
    good = jwt.encode({"sub": "ann", "aud": "shop", "exp": soon()}, secret, "HS256")
    assert fetch(port, "/", authorization=f"Bearer {good}").status == 200
    assert backend.calls[-1].headers["x-user"] == "ann"
    assert fetch(port, "/", authorization="Bearer x.y.z").status == 401
    assert len(backend.calls) == 1
    shared_server.access_line("JWT validator: the token is malformed")
    assert "check(invalid," in shared_server.access_line("JWT validator: the token is malformed")


def test_every_example_of_the_page_is_accepted(shared_server):
    for number, text in enumerate(blocks("filter-validator")[1:]):
        document = yaml.safe_load(text)
        if "kind" not in document or document["kind"] == "Validator":
            document = pipeline(f"page-{number}", {"name": "check", "kind": "Validator", **document})
        shared_server.apply({**document, "name": f"page-{number}"})


# --- headers


@covers("Validator", "headers.*.{values,regexp}", results="invalid")
def test_headers(gate):
    gate.put(headers={"X-Id": {"values": ["ann", "bob"], "regexp": "^guest-[0-9]+$"}})
    assert gate.ask(headers={"X-Id": "ann"}).status == 200
    assert gate.ask(headers={"X-Id": "guest-7"}).status == 200
    calls = len(gate.backend.calls)
    gate.refuses(gate.ask(headers={"X-Id": "eve"}), 400)
    gate.refuses(gate.ask(), 400)
    gate.refuses(gate.ask(headers={"X-Id": "ann", "x-id": "eve"}), 400)
    assert len(gate.backend.calls) == calls


# --- tokens


def with_other_claims(one: str, other: str) -> str:
    header, _, signature = one.split(".")
    return f"{header}.{other.split('.')[1]}.{signature}"


TOKENS = [
    # name, token, accepted
    ("good", lambda: token(sub="ann", aud="shop", exp=soon()), True),
    ("no expiry", lambda: token(sub="ann", aud="shop"), True),
    ("one of several audiences", lambda: token(aud=["x", "shop"]), True),
    ("empty", lambda: "", False),
    ("no token at all", lambda: "nonsense", False),
    ("none", lambda: jwt.encode({"aud": "shop"}, None, "none"), False),
    ("none with a signature", lambda: raw_token('{"alg":"none"}', '{"aud":"shop"}'), False),
    ("nOnE", lambda: raw_token('{"alg":"nOnE"}', '{"aud":"shop"}'), False),
    ("another HMAC", lambda: token(SECRET, "HS512", aud="shop"), False),
    ("asymmetric", lambda: KeyPair("RSA").token(aud="shop"), False),
    ("expired", lambda: token(aud="shop", exp=int(time.time()) - 1), False),
    ("expiry as text", lambda: raw_token('{"alg":"HS256"}', '{"aud":"shop","exp":"9999999999"}'), False),
    ("not yet valid", lambda: token(aud="shop", nbf=soon()), False),
    ("issued in the future", lambda: token(aud="shop", iat=soon()), False),
    ("wrong audience", lambda: token(aud="bank"), False),
    ("no audience", lambda: token(sub="ann"), False),
    ("wrong key", lambda: token(b"another secret of thirty-two bytes or more", aud="shop"), False),
    ("truncated", lambda: token(aud="shop")[:-5], False),
    ("without signature", lambda: token(aud="shop").rsplit(".", 1)[0] + ".", False),
    ("two parts", lambda: token(aud="shop").rsplit(".", 1)[0], False),
    ("four parts", lambda: token(aud="shop") + ".x", False),
    ("changed claims", lambda: with_other_claims(token(aud="shop"), token(aud="shop", sub="eve")), False),
    ("audience twice", lambda: raw_token('{"alg":"HS256"}', '{"aud":"bank","aud":"shop"}'), False),
    ("algorithm twice", lambda: raw_token('{"alg":"none","alg":"HS256"}', '{"aud":"shop"}'), False),
    ("crit", lambda: raw_token('{"alg":"HS256","crit":["x"]}', '{"aud":"shop"}'), False),
    ("compressed", lambda: raw_token('{"alg":"HS256","zip":"DEF"}', '{"aud":"shop"}'), False),
    ("huge", lambda: token(aud="shop", fill="x" * 20_000), False),
    ("deep", lambda: raw_token('{"alg":"HS256"}', '{"aud":"shop","a":' + "[" * 1000 + "]" * 1000 + "}"), False),
]  # fmt: skip


@covers("Validator", "jwt.{algorithm,secret,audience}", results="invalid")
def test_table_of_tokens(gate):
    gate.put(jwt={"algorithm": "HS256", "secret": SECRET.hex(), "audience": ["shop"]})
    for name, make, accepted in TOKENS:
        before = len(gate.backend.calls)
        response = gate.bearer(make())
        assert response.status == (200 if accepted else 401), name
        assert len(gate.backend.calls) == before + accepted, name
        if not accepted:
            gate.refuses(response)
            assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("kind", ["RSA", "EC", "Ed25519"])
@covers("Validator", "jwt.{algorithm,publicKey}")
def test_public_keys(gate, kind):
    pair = KeyPair(kind)
    key = pair.pem if kind == "RSA" else pair.pem.encode().hex()
    gate.put(jwt={"algorithm": pair.algorithm, "publicKey": key})
    assert gate.bearer(pair.token(sub="ann")).status == 200
    gate.refuses(gate.bearer(KeyPair(kind).token(sub="ann")))
    # Everybody knows the public key: it is no secret of an HMAC.
    for algorithm in ("HS256", pair.algorithm):
        gate.refuses(gate.bearer(raw_token('{"alg":"%s"}' % algorithm, "{}", pair.pem.encode())))


@covers("Validator", "jwt.{cookieName,issuer,leeway,requiredClaims,claimsToHeaders}")
def test_cookie_issuer_leeway_and_claims(gate):
    fields = {"algorithm": "HS256", "secret": SECRET.hex(), "cookieName": "auth", "issuer": "https://id.test",
              "leeway": "30s", "requiredClaims": ["sub"],
              "claimsToHeaders": {"sub": "X-User", "roles": "X-Roles"}}  # fmt: skip
    gate.put(jwt=fields)
    late = int(time.time()) - 10
    good = token(iss="https://id.test", sub="ann", roles=["a", "b"], exp=late)
    forged = {"X-User": "eve", "X_User": "eve", "X-Roles": "admin"}
    assert gate.ask(headers={"Cookie": f"auth={good}", **forged}).status == 200
    assert gate.seen()["x-user"] == "ann" and gate.seen()["x-roles"] == "a b"
    assert "x_user" not in gate.seen()
    assert gate.bearer(token(iss="https://id.test", sub="ann")).status == 200
    assert "x-roles" not in gate.seen()
    gate.refuses(gate.bearer(token(iss="https://other.test", sub="ann")))
    gate.refuses(gate.bearer(token(iss="https://id.test")))
    gate.refuses(gate.bearer(token(iss="https://id.test", sub="ann", exp=late - 60)))
    gate.refuses(gate.bearer(token(iss="https://id.test", sub="a\r\nX-Admin: 1")))
    gate.refuses(gate.ask(headers={"Cookie": f"auth={good}; auth=x"}))
    gate.put(jwt={**fields, "leeway": "0s"})
    gate.refuses(gate.ask(headers={"Cookie": f"auth={good}"}))


def test_an_update_counts_for_tokens_that_have_passed(gate):
    """The token is remembered as good; another spec has not seen it."""
    gate.put(jwt={"algorithm": "HS256", "secret": SECRET.hex()})
    good = token(sub="ann")
    assert gate.bearer(good).status == 200
    gate.put(jwt={"algorithm": "HS256", "secret": SECRET.hex(), "audience": ["shop"]})
    gate.refuses(gate.bearer(good))
    gate.put(jwt={"algorithm": "HS256", "secret": (SECRET + b"!").hex()})
    gate.refuses(gate.bearer(good))


# --- keys of a URL


@covers("Validator", "jwt.jwks.url")
def test_keys_of_a_url_rotate(gate):
    old, new = KeyPair("RSA", "old"), KeyPair("EC", "new")
    with Scripted(lambda call: Answer(body=key_set(old))) as keys:
        gate.put(jwt={"jwks": {"url": f"{keys.url}/keys?v=1", "refresh": "1h"}})
        assert keys.targets == ["/keys?v=1"], "applied when the keys have been read"
        assert gate.bearer(old.token(sub="ann")).status == 200
        keys.answer = lambda call: Answer(body=key_set(old, new))
        # The unknown name of the key makes the gateway look at once.
        wait_until(lambda: gate.bearer(new.token(sub="ann")).status == 200, "the new key is known")
        assert gate.bearer(old.token(sub="ann")).status == 200
        asked = len(keys.calls)
        for number in range(20):
            gate.refuses(gate.bearer(KeyPair("EC", f"made-up-{number}").token(sub="eve")))
        assert len(keys.calls) <= asked + 1, "names that clients make up do not become questions"


@covers("Validator", "jwt.jwks.refresh")
def test_a_key_that_is_gone_takes_its_tokens_with_it(gate):
    old, new = KeyPair("EC", "old"), KeyPair("EC", "new")
    with Scripted(lambda call: Answer(body=key_set(old))) as keys:
        gate.put(jwt={"jwks": {"url": keys.url, "refresh": "1s"}})
        remembered = old.token(sub="ann")
        assert gate.bearer(remembered).status == 200
        keys.answer = lambda call: Answer(body=key_set(new))
        wait_until(lambda: gate.bearer(remembered).status == 401, "the key is gone")
        assert gate.bearer(new.token(sub="ann")).status == 200


@pytest.mark.parametrize(
    "outage",
    [
        lambda call: Answer(status=500),
        lambda call: Answer(body=b"<html>garbage</html>"),
        lambda call: Answer(body=b'{"keys":[]}'),
        lambda call: Answer(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        lambda call: None,
    ],
    ids=["500", "garbage", "empty", "redirect", "closes"],
)
def test_an_outage_of_the_keys_is_survived(gate, outage):
    pair = KeyPair("EC", "one")
    with Scripted(lambda call: Answer(body=key_set(pair))) as keys:
        gate.put(jwt={"jwks": {"url": keys.url, "refresh": "1s"}})
        keys.answer = outage
        asked = len(keys.calls)

        def has_error() -> bool:
            return '"error"' in json.dumps(gate.server.status(gate.name))

        def goes_on() -> bool:
            assert gate.bearer(pair.token(sub="ann", jti=str(time.time()))).status == 200
            return len(keys.calls) >= asked + 3 and has_error()

        wait_until(goes_on, "the keys were asked for three times")
        keys.answer = lambda call: Answer(body=key_set(pair))
        wait_until(lambda: not has_error(), "they are there again")


def test_no_keys_let_nobody_in(gate):
    """A warning, and closed until the keys are there."""
    pair = KeyPair("EC", "one")
    with Scripted(lambda call: Answer(status=503)) as keys:
        gate.put(jwt={"jwks": {"url": keys.url, "refresh": "1s"}})
        gate.refuses(gate.bearer(pair.token(sub="ann")))
        gate.server.access_line("JWT validator: no keys yet")
        keys.answer = lambda call: Answer(body=key_set(pair))
        wait_until(lambda: gate.bearer(pair.token(sub="ann")).status == 200, "the keys are there")


@covers("Validator", "jwt.jwks.algorithms")
def test_algorithms_bind_the_keys_of_a_url(gate):
    pair = KeyPair("RSA", "one")
    with Scripted(lambda call: Answer(body=key_set(pair))) as keys:
        gate.put(jwt={"jwks": {"url": keys.url, "algorithms": ["PS256"]}})
        gate.refuses(gate.bearer(pair.token(sub="ann")))
        assert gate.bearer(token(pair.private, "PS256", "one", sub="ann")).status == 200


@covers("Validator", "jwt.jwks.caFile")
def test_keys_of_an_https_url(gate, tmp_path):
    own, pair = self_signed(tmp_path, "IP:127.0.0.1"), KeyPair("EC", "one")
    with Scripted(lambda call: Answer(body=key_set(pair)), tls=server_context(own)) as keys:
        gate.put(jwt={"jwks": {"url": keys.url}})
        gate.refuses(gate.bearer(pair.token(sub="ann")))
        gate.put(jwt={"jwks": {"url": keys.url, "caFile": str(own.certificate)}})
        assert gate.bearer(pair.token(sub="ann")).status == 200


@covers("Validator", "jwt.jwks.timeout")
def test_keys_that_come_too_late(gate):
    """A second is too short for a service that never answers."""
    pair, go_on = KeyPair("EC", "one"), threading.Event()
    with Scripted(lambda call: Answer(body=key_set(pair), after=go_on)) as keys:
        gate.put(jwt={"jwks": {"url": keys.url, "timeout": "1s", "refresh": "1h"}})
        gate.refuses(gate.bearer(pair.token(sub="ann")))
        go_on.set()
        gate.put(jwt={"jwks": {"url": keys.url, "timeout": "1m", "refresh": "1h"}})
        assert gate.bearer(pair.token(sub="ann")).status == 200


# --- signatures


@covers("Validator", "signature.{accessKeys,ttl}", results="invalid")
def test_signatures(gate):
    gate.put(signature={"accessKeys": {"ann": "ann's secret"}, "ttl": "5m"})
    body = b"one please"
    good = sign("ann", "ann's secret", "POST", "shop.test", "/buy", body, "b=2&a=1")
    assert gate.ask("/buy?b=2&a=1", "POST", body, good).status == 200
    assert gate.backend.calls[-1].body == body
    for path, method, sent, headers in [
        ("/buy?b=2&a=1", "POST", b"two please", good),
        ("/buy?b=2&a=2", "POST", body, good),
        ("/sell?b=2&a=1", "POST", body, good),
        ("/buy?b=2&a=1", "PUT", body, good),
        ("/buy", "GET", b"", {}),
        ("/buy", "GET", b"", sign("ann", "guessed", "GET", "shop.test", "/buy")),
        ("/buy", "GET", b"", sign("eve", "ann's secret", "GET", "shop.test", "/buy")),
        ("/buy", "GET", b"", sign("ann", "ann's secret", "GET", "other.test", "/buy")),
        ("/buy", "GET", b"", sign("ann", "ann's secret", "GET", "shop.test", "/buy", when=time.time() - 400)),
        ("/buy", "GET", b"", sign("ann", "ann's secret", "GET", "shop.test", "/buy", when=time.time() + 400)),
    ]:
        before = len(gate.backend.calls)
        gate.refuses(gate.ask(path, method, sent, headers))
        assert len(gate.backend.calls) == before


@covers("Validator", "signature.{accessKeyId,accessKeySecret,excludeBody}")
def test_fields_of_signatures(gate):
    pair = {"accessKeyId": "bob", "accessKeySecret": "bob's secret"}
    old = time.time() - 86_400
    gate.put(signature=pair)
    assert gate.ask("/", headers=sign("bob", "bob's secret", "GET", "shop.test", "/", when=old)).status == 200
    gate.put(signature={**pair, "literal": {"algorithmValue": "MY-HMAC", "scopeSuffix": "mine"}})
    gate.refuses(gate.ask("/", headers=sign("bob", "bob's secret", "GET", "shop.test", "/", when=old)))
    gate.put(signature={**pair, "excludeBody": True})
    gate.refuses(gate.ask("/", headers=sign("bob", "bob's secret", "GET", "shop.test", "/")))
    unsigned = Signing("bob", "bob's secret").headers("POST", "shop.test", "/", body_hash="UNSIGNED-PAYLOAD")
    assert gate.ask("/", "POST", b"any body", unsigned).status == 200


@covers("Validator", "signature.literal.{%s}" % ",".join(name for name in LITERAL if name != "contentSha256"))
def test_texts_of_signatures(gate):
    pair = {"accessKeyId": "bob", "accessKeySecret": "bob's secret"}
    usual = Signing("bob", "bob's secret").url("shop.test", "/buy")
    gate.put(signature=pair)
    assert gate.ask(usual).status == 200
    for name in LITERAL:
        if name == "contentSha256":
            continue
        gate.put(signature={**pair, "literal": {name: "X-Mine"}})
        assert gate.ask(Signing("bob", "bob's secret", **{name: "X-Mine"}).url("shop.test", "/buy")).status == 200, name
        gate.refuses(gate.ask(usual))


def test_fields_of_signers_are_warned_of(gate):
    signature = {"accessKeys": {"a": "b"}, "ttl": "1m", "ignoredHeaders": ["X-A"], "headerHoisting": {"disallowed": ["X-B"]}}
    check = pipeline("warned", {"name": "check", "kind": "Validator", "signature": signature})
    errors = gate.server.egctl("apply", "-f", "-", input=yaml.safe_dump(check)).stderr
    assert "signature.ignoredHeaders" in errors and "signature.headerHoisting" in errors


def test_a_streamed_body_has_no_signature(gate):
    gate.put(signature={"accessKeys": {"ann": "s"}}, server_fields={"clientMaxBodySize": -1})
    good = sign("ann", "s", "POST", "shop.test", "/", b"body")
    gate.refuses(gate.ask("/", "POST", b"body", good))
    gate.server.access_line("signature validator: the body is a stream, and no signature covers it")


# --- access tokens


@covers("Validator", "oauth2.tokenIntrospect.{endPoint,clientId,clientSecret}")
def test_introspection(gate):
    def answer(call):
        assert call.headers["content-type"] == "application/x-www-form-urlencoded"
        if call.body == b"token=good%26active&client_id=gateway&client_secret=s%26s":
            return Answer(body=b'{"active":true,"sub":"ann","scope":"read write"}')
        return Answer(body=b'{"active":false}')

    with Scripted(answer) as service:
        ask = {"endPoint": f"{service.url}/ask", "clientId": "gateway", "clientSecret": "s&s"}
        gate.put(oauth2={"tokenIntrospect": ask})
        forged = {"X-Authenticated-Userid": "eve", "X_Authenticated_Scope": "all"}
        assert gate.ask(headers={"Authorization": "Bearer good&active", **forged}).status == 200
        assert gate.seen()["x-authenticated-userid"] == "ann"
        assert gate.seen()["x-authenticated-scope"] == "read write"
        assert "x_authenticated_scope" not in gate.seen()
        gate.refuses(gate.bearer("bad"))
        gate.refuses(gate.ask(headers=forged))
        calls = len(gate.backend.calls)
        for failure in (
            lambda call: Answer(status=500, body=b'{"active":true}'),
            lambda call: Answer(status=201, body=b'{"active":true}'),
            lambda call: Answer(body=b"active"),
            lambda call: Answer(body=b'{"active":"true"}'),
            lambda call: Answer(body=b'{"active":true,"x":"' + b"x" * 70_000 + b'"}'),
            lambda call: Answer(body=b'{"active":true,"exp":"1"}'),
            lambda call: Answer(body=b'{"active":true,"exp":"99999999999"}'),
            lambda call: Answer(body=b'{"active":true,"nbf":99999999999}'),
            lambda call: None,
        ):
            service.answer = failure
            gate.refuses(gate.bearer("good&active"))
        assert len(gate.backend.calls) == calls


@covers("Validator", "oauth2.tokenIntrospect.{basicAuth,cacheFor,timeout}")
def test_introspection_has_a_time_limit_and_a_memory(gate):
    never = threading.Event()
    with Scripted(lambda call: Answer(body=b'{"active":true}')) as service:
        ask = {"endPoint": service.url, "basicAuth": "Z2F0ZTp3YXk=", "cacheFor": "60s", "timeout": "2s"}
        gate.put(oauth2={"tokenIntrospect": ask})
        with Connection(gate.port) as connection:  # of one core
            for _ in range(8):
                assert connection.request(authorization="Bearer good").status == 200
        assert len(service.calls) == 1
        assert service.calls[0].headers["authorization"] == "Basic Z2F0ZTp3YXk="
        service.answer = lambda call: Answer(body=b'{"active":true}', after=never)
        gate.refuses(gate.bearer("another"))
        never.set()
        gate.server.access_line("oauth2 validator: the service does not answer in time")
        service.answer = lambda call: Answer(body=b'{"active":true}')
        gate.put(oauth2={"tokenIntrospect": {**ask, "cacheFor": "0s"}})
        before = len(service.calls)
        for _ in range(3):
            assert gate.bearer("good").status == 200
        assert len(service.calls) == before + 3


def test_no_answer_of_introspection_outlives_its_token(gate):
    end = time.time() + 2
    with Scripted(lambda call: Answer(body=b'{"active":true,"exp":%f}' % end)) as service:
        gate.put(oauth2={"tokenIntrospect": {"endPoint": service.url, "cacheFor": "60s"}})
        wait_until(lambda: gate.bearer("good").status == 401, "the token has expired", 40)
        assert time.time() >= end


@covers("Validator", "oauth2.jwt.{algorithm,secret,publicKey}")
def test_access_tokens_that_the_gateway_checks(gate):
    gate.put(oauth2={"jwt": {"algorithm": "HS256", "secret": SECRET.hex()}})
    assert gate.bearer(token(sub="ann", scope="read")).status == 200
    assert gate.seen()["x-authenticated-userid"] == "ann" and gate.seen()["x-authenticated-scope"] == "read"
    gate.refuses(gate.bearer(token(b"another secret of thirty-two bytes or more", sub="ann")))


    for kind in ("RSA", "EC"):
        pair = KeyPair(kind)
        gate.put(oauth2={"jwt": {"algorithm": pair.algorithm, "publicKey": pair.pem}})
        assert gate.bearer(pair.token(sub="bob")).status == 200
        assert gate.seen()["x-authenticated-userid"] == "bob"
        gate.refuses(gate.bearer(KeyPair(kind).token(sub="bob")))


@covers("Validator", "oauth2.tokenIntrospect.insecureTls")
def test_introspection_at_a_service_that_nobody_vouches_for(gate, tmp_path):
    own = self_signed(tmp_path, "IP:127.0.0.1")
    with Scripted(lambda call: Answer(body=b'{"active":true}'), tls=server_context(own)) as service:
        ask = {"endPoint": service.url, "clientId": "gateway", "clientSecret": "s"}
        gate.put(oauth2={"tokenIntrospect": ask})
        gate.refuses(gate.bearer("good"))
        assert service.calls == []
        gate.put(oauth2={"tokenIntrospect": {**ask, "insecureTls": True}})
        assert gate.bearer("good").status == 200


# --- passwords


@covers("Validator", "basicAuth.{mode,userFile,realm}")
def test_passwords_of_a_file(gate, tmp_path):
    users = tmp_path / "users"
    users.write_text(sha_line("ann", "open:sesame"))
    gate.put(basicAuth={"mode": "FILE", "userFile": str(users), "realm": "the shop"})
    forged = {"X-AUTH-USER": "eve", "X_AUTH_USER": "eve"}
    assert gate.ask(headers={"Authorization": basic("ann", "open:sesame"), **forged}).status == 200
    assert gate.seen()["x-auth-user"] == "ann" and "x_auth_user" not in gate.seen()
    for headers in ({}, {"Authorization": basic("ann", "open")}, {"Authorization": basic("eve", "open:sesame")},
                    {"Authorization": "Basic !"}, {"Authorization": "Bearer x"}):  # fmt: skip
        response = gate.ask(headers=headers)
        gate.refuses(response)
        assert response.headers["www-authenticate"] == 'Basic realm="the shop", charset="UTF-8"'
    replaced = Path(f"{users}.new")
    replaced.write_text(sha_line("bob", "swordfish"))
    replaced.rename(users)
    wait_until(lambda: gate.ask(headers={"Authorization": basic("bob", "swordfish")}).status == 200, "bob is known")
    gate.refuses(gate.ask(headers={"Authorization": basic("ann", "open:sesame")}))


def test_a_file_that_is_written_in_place_with_the_time_it_had(gate, tmp_path):
    """Hashes of one kind have one size, and a copy may keep the time."""
    users = tmp_path / "users"

    def write(password: str) -> None:
        users.write_text(sha_line("ann", password))
        os.utime(users, (1, 1))

    def status(password: str) -> int:
        return gate.ask(headers={"Authorization": basic("ann", password)}).status

    write("first")
    gate.put(basicAuth={"mode": "FILE", "userFile": str(users)})
    assert status("first") == 200
    write("other")
    wait_until(lambda: status("other") == 200, "the new password is known")
    assert status("first") == 401


def test_users_whose_hashes_cost_too_much_are_named(gate, tmp_path):
    users = tmp_path / "users"
    bcrypt = "$2y$%d$" + "a" * 53
    users.write_text(f"{sha_line('ann', 'x')}bob:{bcrypt % 15}\neve:$6$rounds=1000001$salt$x\nkim:{bcrypt % 14}\n")
    check = {"name": "check", "kind": "Validator", "basicAuth": {"mode": "FILE", "userFile": str(users)}}
    done = gate.server.egctl("apply", "-f", "-", input=yaml.safe_dump(pipeline(gate.name, check)))
    assert "line 2, user bob, is a bcrypt hash of a cost above 14" in done.stderr
    assert "user eve, is a hash of more than 1,000,000 rounds" in done.stderr
    assert "user kim" not in done.stderr and "a" * 53 not in done.stderr


def test_a_file_that_is_not_there_lets_nobody_in(gate, tmp_path):
    users = tmp_path / "users"
    port, name = gate.port, gate.name
    check = {"name": "check", "kind": "Validator", "basicAuth": {"mode": "FILE", "userFile": str(users)}}
    done = gate.server.egctl("apply", "-f", "-", input=yaml.safe_dump(pipeline(name, check, proxy(gate.backend.url))))
    assert "nobody passes" in done.stderr
    gate.server.apply(http_server(port, {"backend": name}, name=f"server-{port}"))
    gate.refuses(gate.ask(headers={"Authorization": basic("ann", "x")}))
    users.write_text(sha_line("ann", "x"))
    wait_until(lambda: gate.ask(headers={"Authorization": basic("ann", "x")}).status == 200, "the file is read")


# --- secrets


def test_secrets_are_not_shown(gate):
    gate.put(
        jwt={"algorithm": "HS256", "secret": SECRET.hex()},
        signature={"accessKeys": {"ann": "topsecret"}},
        oauth2={"tokenIntrospect": {"endPoint": "http://127.0.0.1:1/", "clientId": "x", "clientSecret": "topsecret"}},
    )
    shown = gate.server.request("GET", f"/apis/v2/objects/{gate.name}")[2]
    assert "topsecret" not in shown and SECRET.hex() not in shown
    assert shown.count("<redacted>") >= 3
