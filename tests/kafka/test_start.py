"""Services whose brokers are away when they start."""

import json
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.engine.service import eventually
from tests.kafka.runs import fresh_run
from tests.sockets import free_ports


class Service:
    """`c2c serve collector` as a process: its lines, and whether it is ready."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "c2c_stream.cli", "serve", "collector", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.lines: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.append(json.loads(line) if line.startswith("{") else {"said": line})

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of one event."""
        return [line for line in self.lines if line.get("event") == event]

    def ready(self) -> int:
        """Return the status of /readyz."""
        url = f"http://127.0.0.1:{self.told('started')[0]['port']}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0  # it is gone

    def end(self) -> int:
        """Stop it; return its exit code once all that it said is read."""
        self.process.terminate()
        code = self.process.wait(60)
        self._thread.join()
        return code


@contextmanager
def ending(service: Service) -> Iterator[None]:
    """Leave no process behind, whatever becomes of the test."""
    try:
        yield
    finally:
        service.process.kill()
        service.end()
        assert service.process.stderr
        service.process.stderr.close()


def pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes until one of them is closed."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)


def forward(listener: socket.socket, address: str, opened: list[socket.socket]) -> None:
    """Lead whoever connects to the brokers, until the listener is closed."""
    host, _, number = address.rpartition(":")
    with suppress(OSError):
        while True:
            near, _ = listener.accept()
            far = socket.create_connection((host, int(number)))
            opened += (near, far)
            for ends in ((near, far), (far, near)):
                threading.Thread(target=pump, args=ends, daemon=True).start()


@contextmanager
def forwarding(port: int, address: str) -> Iterator[None]:
    """Let a port lead to the brokers for the length of the block."""
    opened = [socket.create_server(("127.0.0.1", port))]
    thread = threading.Thread(target=forward, args=(opened[0], address, opened))
    thread.start()
    try:
        yield
    finally:
        for one in opened:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        thread.join()
        for one in opened:
            one.close()


def test_a_service_waits_for_brokers_that_are_away_and_is_not_ready(kafka: str) -> None:
    cluster = fresh_run(kafka)
    [port] = free_ports(1)
    where = ("--broker", f"kafka://127.0.0.1:{port}", "--run", cluster.run)
    service = Service(*where, "-X", "reconnect.backoff.max.ms=200")
    with ending(service):
        eventually(lambda: service.told("started"))
        assert service.ready() == 503
        eventually(lambda: service.told("waiting"))
        assert f"127.0.0.1:{port}" in service.told("waiting")[0]["reason"]
        assert service.ready() == 503
        with forwarding(port, kafka):
            eventually(lambda: service.process.poll() is not None or service.ready() == 200)
            assert service.end() == 0, service.lines


def test_a_service_gives_up_where_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("C2C_KAFKA__GIVE_UP_S", "1")
    [port] = free_ports(1)
    service = Service("--broker", f"kafka://127.0.0.1:{port}")
    with ending(service):
        assert service.process.wait(120) == 8, service.lines
        service.end()
    assert "kafka.give_up_s" in service.told("failed")[0]["reason"]
