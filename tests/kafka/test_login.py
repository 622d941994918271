"""Who one is, to a real Kafka: each way to log in, and what is said when it does not work."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from c2c_stream.broker.kafka import KafkaBroker
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_layout import partitions
from c2c_stream.broker.kafka_run import KafkaRun
from c2c_stream.broker.rights import Right
from c2c_stream.errors import Fatal, Unavailable
from c2c_stream.settings import KafkaSettings
from tests.e2e.chain import STDLIB, c2c
from tests.engine.service import eventually
from tests.kafka.secured import PASSWORD, Secured
from tests.processes import start

USER_SECRET = "us3r-s3cret"
CLIENT_SECRET = "cl1ent-s3cret"


@pytest.fixture(scope="module")
def node(secured_kafka: Secured) -> Secured:
    """Return the node with a user who may look at one run."""
    secured_kafka.add_user("user", USER_SECRET)
    for name in ("user", "plain", "oauth-user"):
        secured_kafka.grant(name, [Right("topic", "login.", "Describe", prefixed=True)])
    made = Cluster(secured_kafka.address, "login", secured_kafka.settings("admin", PASSWORD))
    with closing(KafkaRun(made)) as run:
        run.create()
    return secured_kafka


def sees(address: str, settings: KafkaSettings) -> bool:
    """Say whether a user gets to the brokers and sees the run."""
    cluster = Cluster(address, "login", settings)
    admin = cluster.admin(lambda _: None)
    return partitions(cluster, admin, ["files"]) == {"files": 4}


@pytest.mark.parametrize(
    ("mechanism", "user", "password"),
    [
        ("SCRAM-SHA-256", "user", USER_SECRET),
        ("SCRAM-SHA-512", "user", USER_SECRET),
        ("PLAIN", "plain", "pla1n-s3cret"),
    ],
)
def test_a_password_lets_one_in(node: Secured, mechanism: str, user: str, password: str) -> None:
    assert sees(node.address, node.settings(user, password, sasl_mechanism=mechanism))


class Tokens(BaseHTTPRequestHandler):
    """A token endpoint: whoever knows the client's secret is oauth-user."""

    def do_POST(self) -> None:
        given = self.headers["Authorization"] or ""
        known = base64.b64encode(f"c2c:{CLIENT_SECRET}".encode()).decode()
        wanted = self.rfile.read(int(self.headers["Content-Length"]))
        if given != f"Basic {known}" or b"scope=streams" not in wanted:
            self._answer(401, {"error": "invalid_client"})
            return
        now = int(time.time())
        parts = ({"alg": "none"}, {"sub": "oauth-user", "iat": now, "exp": now + 600})
        text = ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
            for part in parts
        )
        self._answer(200, {"access_token": f"{text}.", "token_type": "bearer", "expires_in": 600})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def token_endpoint() -> Iterator[str]:
    """Serve tokens for the length of the block; give the URL."""
    with HTTPServer(("127.0.0.1", 0), Tokens) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/token"
        finally:
            server.shutdown()
            thread.join()


def oauth(endpoint: str, secret_file: Path) -> KafkaSettings:
    return KafkaSettings(
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="OAUTHBEARER",
        oauth_endpoint=endpoint,
        oauth_client_id="c2c",
        oauth_client_secret_file=secret_file,
        oauth_scope="streams",
    )


def test_a_token_lets_one_in(node: Secured, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(CLIENT_SECRET, encoding="utf-8")
    with token_endpoint() as endpoint:
        assert sees(node.oauth_address, oauth(endpoint, tmp_path / "secret"))


def told_by(address: str, settings: KafkaSettings) -> str:
    """Return why a service does not start."""
    with (
        closing(KafkaBroker(Cluster(address, "login", settings), "collector")) as broker,
        pytest.raises(Fatal) as caught,
    ):
        eventually(lambda: polled(broker))
    return str(caught.value)


def polled(broker: KafkaBroker) -> bool:
    """Poll as the engine does."""
    try:
        broker.poll(0, 0.05)
    except Unavailable:
        return False
    return bool(broker.assigned())


def test_a_wrong_password_is_one_sentence(node: Secured) -> None:
    told = told_by(node.address, node.settings("user", "wr0ng-s3cret"))
    assert told.startswith(f"{node.address}: ")
    assert "invalid credentials with SASL mechanism SCRAM-SHA-512" in told
    assert told.endswith("mend the credentials or the certificates and start again")
    assert "wr0ng-s3cret" not in told


def test_brokers_that_are_not_to_be_trusted_are_one_sentence(node: Secured) -> None:
    told = told_by(node.address, node.settings("user", USER_SECRET, ca_file=None))
    assert "certificate verify failed" in told
    assert told.endswith("mend the credentials or the certificates and start again")


def test_a_token_that_is_refused_is_one_sentence(node: Secured, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("wr0ng-s3cret", encoding="utf-8")
    with token_endpoint() as endpoint:
        told = told_by(node.oauth_address, oauth(endpoint, tmp_path / "secret"))
    assert "mend the credentials" in told
    assert "wr0ng-s3cret" not in told


@pytest.mark.parametrize("command", [("serve", "collector"), ("status",), ("topics", "verify")])
def test_a_command_with_a_wrong_password_ends_with_one_sentence(
    node: Secured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: tuple[str, ...]
) -> None:
    as_user(node, monkeypatch, tmp_path, "wr0ng-s3cret")
    done = c2c(*command, "--broker", f"kafka://{node.address}", "--run", "login")
    said = [line for line in done.stderr.splitlines() if line.startswith("c2c: ")]
    assert done.returncode == 8, done.stderr
    assert "invalid credentials" in said[-1]
    assert "wr0ng-s3cret" not in done.stdout + done.stderr


def as_user(
    node: Secured, monkeypatch: pytest.MonkeyPatch, folder: Path, password: str, name: str = "user"
) -> None:
    """Set the environment of a user whose password is in a file."""
    (folder / "password").write_text(password, encoding="utf-8")
    monkeypatch.setenv("C2C_KAFKA__SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("C2C_KAFKA__USERNAME", name)
    monkeypatch.setenv("C2C_KAFKA__PASSWORD_FILE", str(folder / "password"))
    monkeypatch.setenv("C2C_KAFKA__CA_FILE", str(node.ca_file))


def test_a_run_with_a_secret_leaves_it_nowhere(
    node: Secured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    as_user(node, monkeypatch, tmp_path, PASSWORD, "admin")
    out = tmp_path / "out"
    seen: set[str] = set()
    where = ("--out", out, "--broker", f"kafka://{node.address}")
    process = start("c2c_stream.cli", "run", STDLIB / "bisect.py", *where)
    while process.poll() is None:
        seen |= told_by_the_kernel(process.pid)
    printed, _ = process.communicate()
    assert process.returncode == 4, printed  # no function of it becomes a row
    assert sum("c2c_stream.cli.serve" in one for one in seen) >= 7
    files = [path.read_bytes() for path in out.rglob("*") if path.is_file()]
    assert len(files) > 8
    everything = "\n".join(seen).encode() + printed.encode() + b"".join(files)
    assert PASSWORD.encode() not in everything


def told_by_the_kernel(parent: int) -> set[str]:
    """Return the command lines and environments of a process and its children."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status = (entry / "status").read_text(encoding="utf-8")
            if entry.name == str(parent) or f"PPid:\t{parent}\n" in status:
                found.add((entry / "cmdline").read_text(encoding="utf-8"))
                found.add((entry / "environ").read_text(encoding="utf-8"))
        except OSError:
            continue
    return found
