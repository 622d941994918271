"""All servers of a model: each request goes to the one with the most room, within a deadline."""

import asyncio
import time
from contextlib import suppress

from c2c_stream import metrics
from c2c_stream.errors import C2CError, Unavailable
from c2c_stream.settings import ModelSettings
from c2c_stream.write.model.asking import Answer, Ask
from c2c_stream.write.model.key import key_from, urls_from
from c2c_stream.write.model.server import PushedBack, Server


class Servers:
    """The model behind some servers."""

    route = "openai"

    def __init__(self, settings: ModelSettings) -> None:
        """Raise SettingsError for a key or a URL that is none."""
        self._settings = settings
        key = key_from(settings)
        self._servers = [Server(url, key, settings) for url in urls_from(settings.servers)]
        self._changed = asyncio.Condition()

    async def start(self) -> None:
        """Nothing to build: servers are met when they are asked for the first time."""

    async def stop(self) -> None:
        """Let go of the servers."""
        for server in self._servers:
            await server.close()

    async def meet(self) -> dict[str, str]:
        """Return the model of each server, by its URL. Raises Unavailable, SettingsError."""
        return {server.url: (await server.meet()).model for server in self._servers}

    def limit(self) -> int:
        """Return how many requests to have in flight."""
        return max(
            1, sum(server.flow.limit for server in self._servers if not server.flow.why_away)
        )

    async def ask(self, ask: Ask) -> Answer:
        """Return the answer to one request. Raises Unavailable, Retry, Poison, SettingsError."""
        deadline = _now() + self._settings.request_s
        while True:
            server = await self._free(deadline)
            try:
                return await self._counted(server, ask)
            except PushedBack as error:
                if _now() >= deadline:
                    raise Unavailable(f"{error}; it goes on when the server has room") from error
            except Unavailable:
                if all(one.flow.why_away for one in self._servers):
                    raise

    async def _counted(self, server: Server, ask: Ask) -> Answer:
        outcome = "broken_off"
        metrics.MODEL_IN_FLIGHT.inc()
        try:
            answer = await server.post(ask)
            outcome = "answered"
        except PushedBack:
            outcome = "pushed_back"
            raise
        except C2CError as error:
            outcome = type(error).__name__
            raise
        finally:
            metrics.MODEL_IN_FLIGHT.dec()
            metrics.MODEL_LIMIT.set(self.limit())
            metrics.MODEL_REQUESTS.labels(outcome).inc()
            async with self._changed:
                self._changed.notify_all()
        return answer

    async def _free(self, deadline: float) -> Server:
        """Return the server with the most room; wait for one. Raises Unavailable."""
        while True:
            now = _now()
            server = max(self._servers, key=lambda one: one.flow.free(now))
            if server.flow.free(now):
                return server
            if all(one.flow.why_away for one in self._servers):
                return self._probed()
            if now >= deadline:
                raise Unavailable(
                    f"{server.url} has no room for {self._settings.request_s:g} s; it goes on when"
                    f" it has"
                )
            opens = [one.flow.opens_at for one in self._servers if one.flow.opens_at > now]
            wait = min([deadline, *opens]) - now
            with suppress(TimeoutError):
                async with asyncio.timeout(wait), self._changed:
                    await self._changed.wait()

    def _probed(self) -> Server:
        """Return the server to see again first, unless somebody is at it. Raises Unavailable."""
        server = min(self._servers, key=lambda one: one.flow.opens_at)
        if server.flow.in_flight:
            raise Unavailable(server.flow.why_away)
        return server


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # deadlines of requests are real time
