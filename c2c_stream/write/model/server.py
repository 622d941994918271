"""One OpenAI-compatible server: what is posted to it, and what its answers mean for us."""

import asyncio
import email.utils
import re
import time
from dataclasses import dataclass
from typing import Final

import httpx2

from c2c_stream import metrics
from c2c_stream.errors import C2CError, Poison, Retry, SettingsError, Unavailable
from c2c_stream.settings import ModelSettings
from c2c_stream.write.model.asking import (
    Answer,
    Ask,
    Unreadable,
    answer_in,
    body_of,
    message_in,
    models_in,
)
from c2c_stream.write.model.flow import Flow

MAX_ANSWER_BYTES: Final = 2 * 1024 * 1024  # far above what max_tokens allows
LOOK_S: Final = 5.0  # a server that lives lists its models, or its metrics, in that time
LOOK_EVERY_S: Final = 1.0

_OK: Final = 200
_LOGIN: Final = frozenset({401, 403})
_PUSHED_BACK: Final = frozenset({408, 425, 429})
_AWAY: Final = frozenset({502, 503, 504})
_AT_FAULT: Final = frozenset({400, 413, 422})
_NOT_FOUND: Final = frozenset({404, 405, 501})
_SERVER_FAULT: Final = 500

# What servers say they are -> how they take a grammar.
_STRUCTURED: Final = {"vllm": "vllm", "llamacpp": "llama"}
# Requests that wait inside of a server, as vLLM and llama.cpp name them.
_WAITING: Final = re.compile(
    rb"^(?:vllm:num_requests_waiting|llamacpp:requests_deferred)(?:\{[^}]*\})? ([0-9.e+]+)",
    re.MULTILINE,
)


class PushedBack(Exception):  # like the tree of errors, it says what follows
    """The server has no room now. `until`: when it says to come back, by our clock."""

    def __init__(self, why: str, until: float | None) -> None:
        super().__init__(why)
        self.until = until


@dataclass(slots=True)
class Met:
    """What is known of a server that answered: its model, and how it wants to be asked."""

    model: str
    structured: str
    chat: bool


class Server:
    """One server, and the flow to it."""

    def __init__(self, url: str, key: str, settings: ModelSettings) -> None:
        self.url = url
        self.flow = Flow(settings.in_flight)
        self._settings = settings
        self._key = key
        self._met: Met | None = None
        self._tells = True
        self._looked_at = float("-inf")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # Deadlines are ours: each request has one for all of it. How many run is the flow's.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=settings.in_flight)
        self._client = httpx2.AsyncClient(headers=headers, timeout=None, limits=limits)

    async def close(self) -> None:
        """Let go of its connections."""
        await self._client.aclose()

    async def post(self, ask: Ask) -> Answer:
        """Return the answer to one request, of which the flow hears.

        Raises PushedBack, Unavailable, Retry, Poison, SettingsError.
        """
        self.flow.began()
        try:
            answer = await self._answer(ask)
        except PushedBack as error:
            self.flow.pushed_back(_now(), error.until)
            raise
        except Unavailable as error:
            self.flow.went_away(_now(), str(error))
            raise
        except BaseException:  # cancelled, too
            self.flow.broke_off()
            raise
        self.flow.answered(_now(), max(1, answer.tokens_out))
        return answer

    async def _answer(self, ask: Ask) -> Answer:
        met = self._met or await self.meet()
        await self._look()
        try:
            with metrics.MODEL_REQUEST_SECONDS.time():
                async with asyncio.timeout(self._settings.request_s):
                    status, data = await self._sent(ask, met)
        except (TimeoutError, httpx2.TransportError, _EndlessError) as error:
            raise await self._broken(error) from error
        try:
            if status == _OK:
                return answer_in(data, met.model)
            return await self._refused(ask, met, status, data)
        except Unreadable as error:
            raise Retry(f"{self.url}: {error}") from error

    async def _sent(self, ask: Ask, met: Met) -> tuple[int, bytes]:
        path = "/chat/completions" if met.chat else "/completions"
        body = body_of(ask, met.model, self._settings, chat=met.chat, structured=met.structured)
        async with self._client.stream("POST", self.url + path, json=body) as response:
            data = await _read(response)
        if response.status_code in _PUSHED_BACK | _AWAY:
            self._raise_busy(response, data)
        return response.status_code, data

    def _raise_busy(self, response: httpx2.Response, data: bytes) -> None:
        until = _after(response.headers.get("retry-after", ""))
        why = f"{self.url} answers {response.status_code}: {self._said(data)}"
        if response.status_code in _PUSHED_BACK or until is not None:
            raise PushedBack(why, until)
        raise Unavailable(f"{why}; it goes on when the server answers")

    async def _refused(self, ask: Ask, met: Met, status: int, data: bytes) -> Answer:
        """Raise what a status means, or ask once more in the form that the model takes."""
        said = self._said(data)
        if met.chat and self._settings.endpoint == "auto" and _lacks_chat(status, said):
            met.chat = False
            return await self._answer(ask)
        if status in _LOGIN:
            raise self._unknown_key(status)
        if status in _NOT_FOUND:
            self._met = None
            await self.meet()  # says which models there are, where ours is not among them
            raise SettingsError(f"model.servers: {self.url} answers {status}: {said}")
        if status in _AT_FAULT:
            raise Poison(f"{self.url} refuses the request ({status}): {said}")
        raise Retry(f"{self.url} answers {status}: {said}")

    async def meet(self) -> Met:
        """Find out what the server is. Raises Unavailable, SettingsError."""
        try:
            response, data = await self._got(f"{self.url}/models")
        except (TimeoutError, httpx2.TransportError, _EndlessError) as error:
            raise self._unreached(error) from error
        status = response.status_code
        if status in _LOGIN:
            raise self._unknown_key(status)
        if status >= _SERVER_FAULT or status in _PUSHED_BACK:
            self._raise_busy(response, data)
        self._met = self._known(status, data)
        return self._met

    def _known(self, status: int, data: bytes) -> Met:
        wanted, chosen = self._settings.name, self._settings.structured
        try:
            names, owner = models_in(data) if status == _OK else ([wanted], "")
        except Unreadable:
            names, owner = [wanted], ""
        if not wanted and len(set(names)) == 1 and names[0]:
            wanted = names[0]
        if wanted not in names or not wanted:
            listed = ", ".join(map(repr, names[:20])) if any(names) else "none that it lists"
            raise SettingsError(
                f"model.name: {self.url} has no model {wanted!r}; it has {listed}"
                if wanted
                else f"model.name is missing; {self.url} has {listed}"
            )
        structured = _STRUCTURED.get(owner, "none") if chosen == "auto" else chosen
        return Met(wanted, structured, self._settings.endpoint != "completions")

    async def _broken(self, error: Exception) -> C2CError:
        """Say whether a request that broke is to be charged: not where the server is gone."""
        if isinstance(error, _EndlessError):
            return Retry(f"{self.url}: an answer of more than {MAX_ANSWER_BYTES} bytes")
        try:
            await self._got(f"{self.url}/models")
        except (TimeoutError, httpx2.TransportError, _EndlessError):
            return self._unreached(error)
        if isinstance(error, TimeoutError):
            return Retry(f"{self.url}: no answer within {self._settings.request_s:g} s")
        return Retry(f"{self.url}: {type(error).__name__}: {error}")

    def _unreached(self, error: Exception) -> C2CError:
        text = str(error) or type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in text:
            return SettingsError(
                f"model.servers: {self.url}: {text}; name the certificates it is trusted by in"
                f" SSL_CERT_FILE"
            )
        return Unavailable(f"{self.url}: {text}; it goes on when the server answers")

    async def _look(self) -> None:
        """Read how many requests wait inside of the server, if it tells."""
        now = _now()
        if not self._tells or now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        try:
            response, data = await self._got(self.url.removesuffix("/v1") + "/metrics")
        except (TimeoutError, httpx2.TransportError, _EndlessError):
            return
        found = _WAITING.findall(data) if response.status_code == _OK else []
        self._tells = bool(found)
        if found:
            self.flow.queue(int(sum(map(float, found))))

    async def _got(self, url: str) -> tuple[httpx2.Response, bytes]:
        """Return an answer with its body, within LOOK_S."""
        async with asyncio.timeout(LOOK_S), self._client.stream("GET", url) as response:
            return response, await _read(response)

    def _unknown_key(self, status: int) -> SettingsError:
        # Nothing is told of what it said: some servers repeat the key.
        return SettingsError(
            f"model.servers: {self.url} answers {status}; mend model.api_key_file or"
            f" C2C_MODEL__API_KEY"
        )

    def _said(self, data: bytes) -> str:
        said = message_in(data)
        return said.replace(self._key, "***") if self._key else said


class _EndlessError(Exception):
    """A body goes on and on."""


async def _read(response: httpx2.Response) -> bytes:
    """Return a body; no more than a bound is ever held."""
    parts, size = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise _EndlessError
    return b"".join(parts)


def _lacks_chat(status: int, said: str) -> bool:
    return (status in _AT_FAULT and "template" in said.lower()) or (
        status in _NOT_FOUND and "model" not in said.lower()
    )


def _after(header: str) -> float | None:
    """Return the moment that a Retry-After names, in seconds or as a date, by our clock."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            date = email.utils.parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = date.timestamp() - time.time()  # noqa: TID251  # a date by the wall
    return _now() + min(max(seconds, 0.0), 3600.0) if seconds == seconds else None  # noqa: PLR0124  # nan


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # deadlines of requests are real time
