"""Clients of a registry that a test has made, closed at its end."""

from typing import Any

from c2c_stream.codec import Codec
from c2c_stream.registry.client import RegistryClient
from c2c_stream.registry.subjects import Subjects
from c2c_stream.settings import RegistrySettings


class Clients:
    """Makes clients."""

    def __init__(self) -> None:
        self._made: list[RegistryClient] = []

    def __call__(self, url: str, **settings: Any) -> RegistryClient:
        """Return a client under settings of [registry]."""
        client = RegistryClient(url, RegistrySettings(**settings))
        self._made.append(client)
        return client

    def codec(self, url: str, *, register: bool = True) -> Codec:
        """Return a codec as services make it."""
        return Codec(registry=Subjects(self(url), register=register))

    def close(self) -> None:
        """Close them."""
        for client in self._made:
            client.close()
