"""`c2c follow --listen`: a push is followed at once, and nobody else can do anything."""

import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from c2c_stream.cli.listening import MAX_BODY_BYTES
from tests.e2e.chain import c2c
from tests.e2e.following import following, write_feed
from tests.e2e.test_follow import end_of
from tests.e2e.test_serve import await_value, samples
from tests.engine.service import eventually
from tests.ingest.support import Git, free_port, git_daemon

SECRET = "known to the host and to us"
# Far longer than any test: what moves is asked for because of a push.
INTERVAL_S = 80_000


@dataclass(frozen=True)
class Door:
    """A running `c2c follow --listen`."""

    git: Git
    url: str
    out: Path
    log: Path

    def said(self, event: str) -> list[dict[str, object]]:
        found = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in found if line["event"] == event]

    def push(self, body: bytes, secret: str = SECRET, **more: str) -> tuple[int, str]:
        """Send a delivery as GitHub would; return the status and the words of the answer."""
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return self.post("/push", body, {"X-Hub-Signature-256": f"sha256={signature}"} | more)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        [listening] = self.said("listening")
        connection = HTTPConnection("127.0.0.1", int(str(listening["port"])), timeout=30)
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode().strip()

    def about(self, url: str, number: int = 0) -> bytes:
        return json.dumps({"repository": {"clone_url": url}, "number": number}).encode()


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    git, log, out = Git(tmp_path / "shop"), tmp_path / "log", tmp_path / "out"
    git.commit({"a.py": "x = 1\n"})
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    monkeypatch.setenv("C2C_FOLLOW__SECRET_FILE", str(secret))
    with git_daemon(tmp_path, tmp_path / "daemon.log", free_port()) as url:
        feed = write_feed(tmp_path, f"{url}/shop", interval_s=INTERVAL_S)
        with following(feed, log, "--out", out, "--listen", "127.0.0.1:0"):
            eventually(lambda: end_of(out, "repos") == 1)
            yield Door(git, f"{url}/shop", out, log)


def test_a_push_is_followed_at_once_and_what_comes_again_is_not(door: Door) -> None:
    for number in range(3):
        door.git.commit({"a.py": f"x = {number}, 2\n"})
        assert door.push(door.about(door.url, number)) == (202, "the repository will be asked")
        eventually(lambda seen=number: end_of(door.out, "repos") == seen + 2)  # type: ignore[misc]
    again = door.push(door.about(door.url, 0))
    assert again == (200, "it has been here before")
    https = door.url.replace("git://", "https://") + ".git"
    assert door.push(door.about(https, 9))[0] == 202

    [started] = door.said("started")
    port = int(str(started["port"]))
    await_value(port, "c2c_pushes_total{follower,taken}", 4)
    assert samples(port)["c2c_pushes_total{follower,repeated}"] == 1
    assert [line["repository"] for line in door.said("pushed")] == [
        door.url.removeprefix("git://")
    ] * 4
    assert SECRET not in door.log.read_text()


def test_nobody_else_makes_it_ask(door: Door) -> None:
    body = door.about(door.url)
    assert door.push(body, secret="guessed, and wrong")[0] == 401
    assert door.post("/push", body, {})[0] == 401
    assert door.push(b"[1]")[0] == 400
    # Some hosts switch a webhook off that is answered with errors, also one of many repositories.
    elsewhere = door.push(door.about("https://elsewhere.example/shop"))
    assert elsewhere == (200, "the feed follows no such repository")
    assert door.post("/", body, {})[0] == 404
    assert door.push(b"", **{"Content-Length": "-1"})[0] == 411
    assert door.push(b"", **{"Content-Length": "9" * 9})[0] == 413
    assert door.push(b"", **{"Content-Length": "9" * 5000})[0] == 413
    # Who still sends would hear nothing, were the rest of it not read.
    assert door.push(bytes(MAX_BODY_BYTES * 3))[0] == 413
    assert door.post("/", bytes(MAX_BODY_BYTES * 3), {})[0] == 404
    assert not door.said("pushed")
    assert len(door.said("push refused")) == 2
    # After all of that it still works.
    assert door.push(body)[0] == 202


def test_who_says_nothing_takes_a_seat_and_no_more(door: Door) -> None:
    [listening] = door.said("listening")
    at = ("127.0.0.1", int(str(listening["port"])))
    silent = [socket.create_connection(at) for _ in range(20)]
    # Those without a seat are sent away at once.
    turned_away = sum(one.recv(1) == b"" for one in silent[8:])
    for one in silent:
        one.close()
    assert turned_away == 12

    def works() -> bool:
        try:
            return door.push(door.about(door.url))[0] in {200, 202}
        except OSError:  # a seat is freed when its sender's absence is seen
            return False

    eventually(works)


def test_who_says_less_than_announced_is_told_so(door: Door) -> None:
    [listening] = door.said("listening")
    with socket.create_connection(("127.0.0.1", int(str(listening["port"])))) as sender:
        sender.sendall(b"POST /push HTTP/1.1\r\nContent-Length: 9\r\n\r\n{}")
        sender.shutdown(socket.SHUT_WR)
        answer = sender.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.0 400 ")
    assert answer.endswith(b"shorter than its Content-Length\n")
    assert not door.said("push refused")


@pytest.mark.parametrize(
    ("options", "secret", "told"),
    [
        (("--listen", "nowhere"), SECRET, "write HOST:PORT"),
        (("--listen", "127.0.0.1:0"), "short", "at least 16 characters"),
        (("--listen", "127.0.0.1:0"), "", "follow.secret_file"),
        (("--listen", "127.0.0.1:0", "--once"), SECRET, "give one of them"),
        (("--listen", "192.0.2.1:80"), SECRET, "cannot listen on 192.0.2.1:80"),
    ],
)
def test_what_cannot_be_is_told_at_the_start(
    options: tuple[str, ...],
    secret: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if secret:
        monkeypatch.setenv("C2C_FOLLOW__SECRET", secret)
    feed = write_feed(tmp_path, "git://127.0.0.1:9/shop")
    done = c2c("follow", feed, "--out", tmp_path / "out", *options)
    assert done.returncode == 2
    assert told in done.stderr
