"""Ports for servers that tests start, and whether they are up."""

import socket
import urllib.request


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for found in sockets:
        found.bind(("127.0.0.1", 0))
    ports: list[int] = [found.getsockname()[1] for found in sockets]
    for found in sockets:
        found.close()
    return ports


def answers(port: int) -> bool:
    """Tell whether a server on loopback says that it is well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
