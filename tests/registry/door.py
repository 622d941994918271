"""A door in front of a registry: it can be shut, ask for a login, and speak TLS."""

import base64
import ssl
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.sockets import free_ports

HOP = {"connection", "transfer-encoding", "content-length", "content-encoding"}


class Door:
    """Passes requests on to `url` while it is open. Its own address stays the same."""

    def __init__(self, url: str, login: str = "", certificate: Path | None = None) -> None:
        self._to = url
        self._login = login
        self._certificate = certificate
        [self._port] = free_ports(1)
        self._server: ThreadingHTTPServer | None = None
        self.passed: list[str] = []

    @property
    def url(self) -> str:
        scheme = "https" if self._certificate else "http"
        return f"{scheme}://127.0.0.1:{self._port}{urlsplit(self._to).path}"

    def open(self) -> None:
        """Let requests pass."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def shut(self) -> None:
        """Refuse all from now on, as a registry does that is down."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        door = self

        class Handler(BaseHTTPRequestHandler):
            def _pass(self) -> None:
                wanted = "Basic " + base64.b64encode(door._login.encode()).decode()
                if door._login and self.headers.get("Authorization") != wanted:
                    self._answer(401, {}, b'{"error_code": 401, "message": "who are you?"}')
                    return
                door.passed.append(f"{self.command} {self.path}")
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
                request = urllib.request.Request(  # ours
                    "http://" + urlsplit(door._to).netloc + self.path,
                    body,
                    {"Content-Type": self.headers.get("Content-Type", "application/json")},
                    method=self.command,
                )
                try:
                    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # ours
                        self._answer(answer.status, dict(answer.headers), answer.read())
                except urllib.error.HTTPError as error:
                    with error:
                        self._answer(error.code, dict(error.headers), error.read())

            do_GET = do_POST = do_PUT = _pass  # noqa: N815  # as the library calls them

            def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
