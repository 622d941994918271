"""Serve /metrics, /livez and /readyz of one service."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from c2c_stream.engine.clock import Clock
from c2c_stream.engine.health import Health
from c2c_stream.errors import SettingsError

# A client that says nothing for this long holds a thread no longer.
SLOW_CLIENT_S = 10.0


class Serving:
    """A server, and the thread that it serves on: both die with the process."""

    def __init__(self, server: ThreadingHTTPServer, name: str) -> None:
        self._server = server
        self.port: int = server.server_address[1]
        self._thread = threading.Thread(target=server.serve_forever, name=name, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class HttpServer(Serving):
    """The pages of one service."""

    def __init__(self, host: str, port: int, health: Health, clock: Clock) -> None:
        try:
            server = ThreadingHTTPServer((host, port), _handler(health, clock))
        except OSError as error:
            raise SettingsError(
                f"http_host, http_port: cannot listen on {host}:{port}: {error.strerror};"
                f" choose another port, or 0 for a free one"
            ) from error
        super().__init__(server, "http")


def _handler(health: Health, clock: Clock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = SLOW_CLIENT_S

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    # Exemplars are in the newer of the two formats alone.
                    encode, kind = choose_encoder(self.headers.get("Accept", ""))
                    self._answer(200, encode(REGISTRY), kind)
                case "/livez":
                    self._judge(health.live(clock.now()))
                case "/readyz":
                    self._judge(health.not_ready)
                case _:
                    self._answer(404, b"try /metrics, /livez or /readyz\n")

        def _judge(self, trouble: str) -> None:
            self._answer(503 if trouble else 200, (trouble or "ok").encode() + b"\n")

        def _answer(self, status: int, body: bytes, kind: str = "text/plain") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: a scrape is no event."""

    return Handler
