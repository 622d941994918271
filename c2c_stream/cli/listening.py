"""Take webhooks over HTTP, so that a push is followed at once and not at the next turn."""

import socket
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import structlog

from c2c_stream import metrics
from c2c_stream.broker.known import FOLLOWER
from c2c_stream.engine.clock import Clock
from c2c_stream.engine.http import Serving
from c2c_stream.errors import SettingsError
from c2c_stream.ingest.locate import shown
from c2c_stream.ingest.pushes import Deliveries, Malformed, Refused, name_of, repositories_in
from c2c_stream.secret import secret_of
from c2c_stream.settings import FollowSettings

PATH: Final = "/push"
MIB: Final = 1024 * 1024
# GitHub sends up to 25 MiB; a push so large is found at the next turn.
MAX_BODY_BYTES: Final = 8 * MIB
# Read and thrown away, since who still sends hears no answer.
MAX_SKIPPED_BYTES: Final = 32 * MIB
SKIPPED_AT_ONCE: Final = 64 * 1024
# Connections at once: with the size, the most memory and threads that strangers can take.
AT_ONCE: Final = 8
# Who has not said all after so long is cut off.
WHOLE_S: Final = 20.0
# Shorter ones can be guessed by who has seen one signature.
MIN_SECRET: Final = 16
MAX_PORT: Final = 65_535
# What socketserver calls a connection.
_Request = socket.socket | tuple[bytes, socket.socket]


def secret_from(settings: FollowSettings) -> str:
    """Return the webhooks' secret. Raises SettingsError where there is none worth the name."""
    found = secret_of("follow.secret", settings.secret, settings.secret_file)
    if len(found) < MIN_SECRET:
        raise SettingsError(
            f"--listen needs a secret of at least {MIN_SECRET} characters, the one that the"
            f" webhooks have: put it into the file that follow.secret_file names"
            f" (C2C_FOLLOW__SECRET_FILE), or into C2C_FOLLOW__SECRET"
        )
    return found


def address_from(listen: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT. Raises SettingsError."""
    host, colon, port = listen.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit()) or int(port) > MAX_PORT:
        raise SettingsError(f"--listen {listen}: write HOST:PORT, such as 127.0.0.1:9080")
    return host.strip("[]"), int(port)


class Listener(Serving):
    """Wakes the follower of a repository that was pushed to."""

    def __init__(
        self,
        address: tuple[str, int],
        secret: str,
        urls: Iterable[str],
        wake: Callable[[str], None],
        *,
        clock: Clock,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self._deliveries = Deliveries(secret)
        self._urls: dict[str, list[str]] = {}
        for url in urls:
            self._urls.setdefault(name_of(url), []).append(url)
        self._wake = wake
        self._clock = clock
        self._log = log
        self._lock = threading.Lock()
        try:
            server = _Server(address, _handler(self))
        except OSError as error:
            raise SettingsError(
                f"--listen: cannot listen on {address[0]}:{address[1]}:"
                f" {error.strerror or error}; choose another address or port"
            ) from error
        super().__init__(server, "push")

    def take(self, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        """Return the status and the words that answer a delivery; wake who is to ask."""
        status, outcome, said = self._judge(headers, body)
        metrics.PUSHES.labels(FOLLOWER, outcome).inc()
        return status, said

    def refuse(self, status: int, why: str) -> tuple[int, str]:
        """Return the answer to what is not read to its end."""
        metrics.PUSHES.labels(FOLLOWER, "refused").inc()
        return status, why

    def _judge(self, headers: dict[str, str], body: bytes) -> tuple[int, str, str]:
        try:
            with self._lock:
                new = self._deliveries.check(headers, body, self._clock.wall())
            names = repositories_in(body)
        except Refused as refused:
            self._log.warning("push refused", reason=str(refused))
            return 401, "refused", str(refused)
        except Malformed as malformed:
            self._log.warning("push not understood", reason=str(malformed))
            return 400, "malformed", str(malformed)
        urls = [url for name in sorted(names) for url in self._urls.get(name, ())]
        if not urls:  # no error: GitLab switches off a webhook of a group that meets four in a row
            return 200, "unfollowed", "the feed follows no such repository"
        if not new:
            return 200, "repeated", "it has been here before"
        for url in urls:
            self._log.info("pushed", repository=shown(url))
            self._wake(url)
        return 202, "taken", "the repository will be asked"


class _Server(ThreadingHTTPServer):
    """Serves few at once, and none for long."""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._seats = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(address, handler)

    def process_request(self, request: _Request, client_address: object) -> None:
        """Take a connection if there is a seat."""
        if self._seats.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: _Request, client_address: object) -> None:
        """Serve it, and cut it off in time."""
        end = threading.Timer(WHOLE_S, _cut, (request,))
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._seats.release()

    def handle_error(self, request: _Request, client_address: object) -> None:
        """Say nothing of a sender that went away."""


def _cut(request: _Request) -> None:
    if isinstance(request, socket.socket):
        with suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)


def _length_of(told: str) -> int:
    """Return a Content-Length, at most what no delivery has; -1 for what is none."""
    if not (told.isascii() and told.isdigit()):
        return -1
    return int(told) if len(told) < len(str(sys.maxsize)) else sys.maxsize


def _handler(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, said = self._taken()
            body = said.encode() + b"\n"
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _taken(self) -> tuple[int, str]:
            length = _length_of(self.headers.get("Content-Length", ""))
            if self.path.partition("?")[0] != PATH:
                self._skip(length)
                return listener.refuse(404, f"webhooks go to {PATH}")
            if length < 0:
                return listener.refuse(411, "say its Content-Length")
            if length > MAX_BODY_BYTES:
                self._skip(length)
                return listener.refuse(413, f"at most {MAX_BODY_BYTES} bytes are read")
            body = self.rfile.read(length)
            if len(body) < length:
                return listener.refuse(400, "its body is shorter than its Content-Length")
            headers = {name.lower(): value for name, value in self.headers.items()}
            return listener.take(headers, body)

        def _skip(self, length: int) -> None:
            left = length if length <= MAX_SKIPPED_BYTES else 0
            while left > 0 and (got := self.rfile.read(min(left, SKIPPED_AT_ONCE))):
                left -= len(got)

        def log_message(self, *_: object) -> None:
            """Say nothing: what matters of a delivery is said by who judges it."""

    return Handler
