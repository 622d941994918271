"""Who pushed, and where: signatures as hosts make them, bodies as hosts and others send them."""

import base64
import hashlib
import hmac
import json
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.ingest.pushes import (
    REMEMBERED,
    WINDOW_S,
    Deliveries,
    Malformed,
    Refused,
    name_of,
    repositories_in,
)

SECRET = "a secret of more than sixteen"
BODY = b'{"repository": {}}'
NOW = 1_800_000_000.0
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "x-hub-signature-256",
            "x-hub-signature",
            "x-gitea-signature",
            "x-gitlab-token",
            "webhook-signature",
            "webhook-timestamp",
            "webhook-id",
        ]
    ),
    st.text(max_size=40) | st.just(str(int(NOW))),
)


def hexed(body: bytes = BODY, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard(body: bytes, key: bytes, at: float = NOW, name: str = "m1") -> dict[str, str]:
    """Return the headers of Standard Webhooks."""
    stamp = str(int(at))
    made = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(b'of an older key').decode()} v1,"
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": signature + base64.b64encode(made).decode(),
    }


def test_the_example_that_github_documents() -> None:
    told = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    deliveries = Deliveries("It's a Secret to Everybody")

    assert deliveries.check({"x-hub-signature-256": told}, b"Hello, World!", NOW)
    with pytest.raises(Refused):
        deliveries.check({"x-hub-signature-256": told}, b"Hello, World?", NOW)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-hub-signature-256": f"sha256={hexed()}"},
        {"x-hub-signature": f"sha256={hexed()}"},
        {"x-gitea-signature": hexed()},
        {"x-gitlab-token": SECRET},
        standard(BODY, SECRET.encode()),
    ],
)
def test_what_each_host_sends_is_believed_and_nothing_near_it(headers: dict[str, str]) -> None:
    assert Deliveries(SECRET).check(headers, BODY, NOW)
    with pytest.raises(Refused):
        Deliveries(SECRET + "r").check(headers, BODY, NOW)
    if "x-gitlab-token" not in headers:
        with pytest.raises(Refused):
            Deliveries(SECRET).check(headers, BODY + b" ", NOW)
    for name in headers.keys() - {"webhook-id", "webhook-timestamp"}:
        with pytest.raises(Refused):
            Deliveries(SECRET).check(headers | {name: headers[name][:-1]}, BODY, NOW)


def test_a_signing_key_in_base64_is_decoded() -> None:
    key = bytes(range(32))
    secret = f"whsec_{base64.b64encode(key).decode()}"

    assert Deliveries(secret).check(standard(BODY, key), BODY, NOW)
    assert Deliveries("whsec_no base64").check(standard(BODY, b"whsec_no base64"), BODY, NOW)


@pytest.mark.parametrize("age", [WINDOW_S + 2, -WINDOW_S - 2])
def test_a_signature_with_a_time_that_is_not_ours_is_refused(age: float) -> None:
    headers = standard(BODY, SECRET.encode(), NOW - age)

    with pytest.raises(Refused, match="webhook-timestamp"):
        Deliveries(SECRET).check(headers, BODY, NOW)
    assert Deliveries(SECRET).check(headers, BODY, NOW - age)


def test_a_repetition_is_known_for_a_window_and_no_longer() -> None:
    deliveries, headers = Deliveries(SECRET), {"x-gitea-signature": hexed()}

    assert deliveries.check(headers, BODY, NOW)
    assert not deliveries.check(headers, BODY, NOW + WINDOW_S)
    assert deliveries.check(headers, BODY, NOW + WINDOW_S + 1)


def test_what_is_remembered_is_bounded() -> None:
    deliveries, headers = Deliveries(SECRET), {"x-gitlab-token": SECRET}
    for number in range(REMEMBERED + 10):
        assert deliveries.check(headers, str(number).encode(), NOW)

    assert not deliveries.check(headers, str(REMEMBERED + 9).encode(), NOW)
    assert deliveries.check(headers, b"0", NOW)


@given(headers=HEADERS, body=st.binary(max_size=60))
def test_what_strangers_send_is_refused(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(Refused):
        Deliveries(SECRET).check(headers, body, NOW)


@pytest.mark.parametrize(
    "payload",
    [
        {"repository": {"clone_url": "https://host.example/Team/Shop.git"}},
        {"repository": {"ssh_url": "git@host.example:team/shop.git"}},
        {"repository": {"links": {"html": {"href": "https://host.example/team/shop"}}}},
        {"project": {"git_ssh_url": "ssh://git@host.example:2222/team/shop.git"}},
    ],
)
def test_the_repository_is_found_where_hosts_tell_it(payload: dict[str, object]) -> None:
    wanted = name_of("https://host.example/team/shop")

    assert wanted in repositories_in(json.dumps(payload).encode())
    assert wanted in repositories_in(urlencode({"payload": json.dumps(payload)}).encode())


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"payload=", b"payload=1", b"\xff", b"[" * 100_000, b"a=b&" * 50]
)
def test_a_body_that_is_no_delivery_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(Malformed):
        repositories_in(body)


@given(body=st.binary() | st.recursive(st.text(), st.lists).map(lambda x: json.dumps(x).encode()))
def test_any_body_is_read_or_malformed(body: bytes) -> None:
    with suppress(Malformed):
        assert isinstance(repositories_in(body), frozenset)


def test_deep_payloads_are_read_to_a_depth() -> None:
    deep = '{"a":' * 500 + '"https://host.example/a"' + "}" * 500
    assert repositories_in(f'{{"repository": {deep}}}'.encode()) == frozenset()
