# SPDX-License-Identifier: Apache-2.0
"""Proofs of identity, made by other hands than the gateway's: tokens, sets of keys, signatures, password files."""

import base64
import hashlib
import hmac
import json
import time
from datetime import datetime, timezone
from urllib.parse import quote, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SECRET = b"a secret of more than thirty-two bytes"


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw_token(header: str, payload: str, secret: bytes = SECRET) -> str:
    """A token of any texts, signed with HS256."""
    text = f"{b64url(header.encode())}.{b64url(payload.encode())}"
    return f"{text}.{b64url(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def token(key=SECRET, algorithm: str = "HS256", kid: str | None = None, **claims) -> str:
    return jwt.encode(claims, key, algorithm, headers={"kid": kid} if kid else None)


def soon() -> int:
    return int(time.time()) + 600


class KeyPair:
    """`kind`: "RSA", "EC" or "Ed25519"."""

    def __init__(self, kind: str, kid: str = ""):
        self.kid = kid
        if kind == "RSA":
            self.private, self.algorithm = rsa.generate_private_key(65537, 2048), "RS256"
        elif kind == "EC":
            self.private, self.algorithm = ec.generate_private_key(ec.SECP256R1()), "ES256"
        else:
            self.private, self.algorithm = ed25519.Ed25519PrivateKey.generate(), "EdDSA"

    @property
    def pem(self) -> str:
        public = self.private.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def jwk(self) -> dict:
        public = self.private.public_key()
        if self.algorithm == "RS256":
            numbers = public.public_numbers()
            n = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
            key = {"kty": "RSA", "n": b64url(n), "e": b64url(numbers.e.to_bytes(3, "big"))}
        elif self.algorithm == "ES256":
            numbers = public.public_numbers()
            x, y = (b64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
            key = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        else:
            key = {"kty": "OKP", "crv": "Ed25519", "x": b64url(public.public_bytes(Encoding.Raw, PublicFormat.Raw))}
        return key | {"use": "sig", "kid": self.kid}

    def token(self, **claims) -> str:
        return token(self.private, self.algorithm, self.kid or None, **claims)


def key_set(*pairs: KeyPair) -> bytes:
    return json.dumps({"keys": [pair.jwk for pair in pairs]}).encode()


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def sha_line(name: str, password: str) -> str:
    """A line of an htpasswd file; the hash that is quick to make."""
    return f"{name}:{{SHA}}{base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()}\n"


# The texts of a signature, by the fields that change them.
LITERAL = {
    "scopeSuffix": "request",
    "algorithmName": "X-Algorithm",
    "algorithmValue": "HMAC-SHA256",
    "signedHeaders": "X-SignedHeaders",
    "signature": "X-Signature",
    "date": "X-Date",
    "expires": "X-Expires",
    "credential": "X-Credential",
    "contentSha256": "X-Content-Sha256",
    "signingKeyPrefix": "",
}
_OF_THE_QUERY = ("algorithmName", "signedHeaders", "signature", "date", "expires", "credential")


class Signing:
    """What two parties agree on, and the secret of one of them; after Amazon's description."""

    def __init__(self, key_id: str, secret: str, scopes=("eu", "shop"), when: float | str | None = None, **literal: str):
        self.key_id, self.secret, self.literal = key_id, secret, LITERAL | literal
        stamp = datetime.fromtimestamp(when if isinstance(when, float) else time.time(), timezone.utc)
        self.time = when if isinstance(when, str) else stamp.strftime("%Y%m%dT%H%M%SZ")
        self.scope = [self.time[:8], *scopes, self.literal["scopeSuffix"]]

    @property
    def credential(self) -> str:
        return f"{self.key_id}/{'/'.join(self.scope)}"

    def signature(self, method: str, path: str, pairs: list[tuple[str, str]], fields: dict, body_hash: str) -> str:
        canonical = "\n".join(
            [
                method,
                quote(path, safe="/-._~"),
                "&".join(f"{quote(name, safe='-._~')}={quote(value, safe='-._~')}" for name, value in sorted(pairs)),
                *(f"{name}:{value}" for name, value in sorted(fields.items())),
                "",
                ";".join(sorted(fields)),
                body_hash,
            ]
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join([self.literal["algorithmValue"], self.time, "/".join(self.scope), digest])
        key = (self.literal["signingKeyPrefix"] + self.secret).encode()
        for part in self.scope:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    def headers(self, method: str, host: str, path: str, body: bytes = b"", query: str = "", body_hash: str = "",
                **covered: str) -> dict:  # fmt: skip
        """Those of a signed request. `covered`: headers beside host and date, by their names in lower case."""
        date = self.literal["date"]
        fields = {"host": host, **covered, date.lower(): self.time}
        pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
        pairs = [pair for pair in pairs if pair[0] not in [self.literal[name] for name in _OF_THE_QUERY]]
        signature = self.signature(method, path, pairs, fields, body_hash or hashlib.sha256(body).hexdigest())
        proof = f"Credential={self.credential}, SignedHeaders={';'.join(sorted(fields))}, Signature={signature}"
        return {date: self.time, "Authorization": f"{self.literal['algorithmValue']} {proof}"}

    def url(self, host: str, path: str, expires: int = 600) -> str:
        """A signed URL, for GET."""
        pairs = [
            (self.literal["algorithmName"], self.literal["algorithmValue"]),
            (self.literal["credential"], self.credential),
            (self.literal["date"], self.time),
            (self.literal["expires"], str(expires)),
            (self.literal["signedHeaders"], "host"),
        ]
        signature = self.signature("GET", path, pairs, {"host": host}, hashlib.sha256().hexdigest())
        return f"{path}?{urlencode([*pairs, (self.literal['signature'], signature)])}"


def sign(key_id: str, secret: str, method: str, host: str, path: str, body: bytes = b"", query: str = "",
         when: float | None = None) -> dict:  # fmt: skip
    """The headers of a request signed with the gateway's literals."""
    return Signing(key_id, secret, when=when).headers(method, host, path, body, query)
