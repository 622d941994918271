"""Webhooks: who pushed, and to which followed repository. Pure: callers pass the time.

A delivery is only a reason to ask: which commits there are is told by the repository itself, so
the worst that a forged or repeated one could do is a question too many. Its body is judged before
it is parsed. Known signatures, by what hosts document:

- `X-Hub-Signature-256: sha256=HEX` (GitHub, Gitea, Forgejo), `X-Hub-Signature: sha256=HEX`
  (Bitbucket), `X-Gitea-Signature: HEX`: HMAC-SHA256 of the body;
- `webhook-signature: v1,BASE64 ...` (GitLab's signing token, Standard Webhooks): HMAC-SHA256 of
  `webhook-id.webhook-timestamp.body`; the only one that says when it was made;
- `X-Gitlab-Token: SECRET` (GitLab's secret token): no signature at all, the secret itself.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from c2c_stream.ingest.locate import shown

# How far a delivery's own time may be from ours, and how long one is known to be a repetition.
WINDOW_S: Final = 300.0
# Deliveries that are remembered; more than come in a window.
REMEMBERED: Final = 10_000
_PREFIX: Final = "sha256="
_HEX_HEADERS: Final = ("x-hub-signature-256", "x-gitea-signature", "x-hub-signature")
_KEY_PREFIX: Final = "whsec_"


class Refused(Exception):
    """A delivery that is not to be believed; its text says why, for who set the webhook up."""


class Malformed(Exception):
    """A delivery that is believed, and not understood."""


@dataclass(slots=True)
class Deliveries:
    """Judges deliveries under one secret, and knows which came lately. Owned by one thread."""

    secret: str
    _seen: OrderedDict[bytes, float] = field(default_factory=OrderedDict)

    def check(self, headers: Mapping[str, str], body: bytes, wall: float) -> bool:
        """Return whether it is new. Raises Refused.

        `headers` by lower-case names; `wall` in seconds since the epoch.
        """
        if not any(_genuine(self.secret, headers, body, wall)):
            raise Refused("its signature is not of this secret and body")
        while self._seen and (
            len(self._seen) >= REMEMBERED or next(iter(self._seen.values())) < wall - WINDOW_S
        ):
            self._seen.popitem(last=False)
        digest = hashlib.sha256(body).digest()
        if digest in self._seen:
            return False
        self._seen[digest] = wall
        return True


def repositories_in(body: bytes) -> frozenset[str]:
    """Return what the pushed repository is called, as `name_of` calls it. Raises Malformed."""
    try:
        payload = json.loads(_json_in(body))
    except (ValueError, RecursionError) as error:
        raise Malformed("its body is no JSON") from error
    if not isinstance(payload, dict):
        raise Malformed("its body is no JSON object")
    found = [payload.get("repository"), payload.get("project")]
    return frozenset(name_of(url) for url in _urls(found, depth=4))


def name_of(url: str) -> str:
    """Return host and path in lower case: the same for https, ssh and the page of a repository."""
    host, slash, path = shown(url).partition("/")
    return f"{host.partition(':')[0]}{slash}{path}".lower()


def _genuine(secret: str, headers: Mapping[str, str], body: bytes, wall: float) -> Iterator[bool]:
    """Yield of each way in which a delivery may prove itself whether it does. Raises Refused."""
    key = secret.encode()
    for name in _HEX_HEADERS:
        if told := headers.get(name):
            yield _same(told.removeprefix(_PREFIX), hmac.new(key, body, hashlib.sha256).hexdigest())
    if told := headers.get("x-gitlab-token"):
        yield _same(told, secret)
    if told := headers.get("webhook-signature"):
        stamp = headers.get("webhook-timestamp", "")
        if not (stamp.isascii() and stamp.isdigit()) or abs(int(stamp[:20]) - wall) > WINDOW_S:
            raise Refused(f"its webhook-timestamp is more than {WINDOW_S:.0f} s from our time")
        signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
        made = hmac.new(_signing_key(secret), signed, hashlib.sha256).digest()
        ours = f"v1,{base64.b64encode(made).decode()}"
        yield from (_same(one, ours) for one in told.split())


def _same(told: str, ours: str) -> bool:
    return hmac.compare_digest(told.encode("utf-8", "replace"), ours.encode())


def _signing_key(secret: str) -> bytes:
    """Return the key of Standard Webhooks: base64 behind its prefix, else the text itself."""
    if secret.startswith(_KEY_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_KEY_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def _json_in(body: bytes) -> bytes:
    """Return the JSON of a body, also of one that came as a form."""
    if not body.startswith(b"payload="):
        return body
    return parse_qs(body, max_num_fields=10).get(b"payload", [b""])[0]


def _urls(found: Iterable[Any], depth: int) -> Iterator[str]:
    for value in found:
        if isinstance(value, str) and (":" in value):
            yield value
        elif isinstance(value, dict) and depth:
            yield from _urls(value.values(), depth - 1)
