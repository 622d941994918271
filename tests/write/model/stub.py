"""A real HTTP server that behaves as model servers do on good and on bad days."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.sockets import free_ports

REASONS = {200: "OK"}
MODEL = "tiny"


@dataclass
class Request:
    """One request as it came in, and where the answer goes."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    writer: asyncio.StreamWriter
    at: float

    async def answer(self, status: int, body: object, **headers: str) -> None:
        """Send a whole answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self.send(head(status, len(data), headers) + data)

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()


def head(status: int, length: int, headers: dict[str, str] | None = None) -> bytes:
    """Return the head of an answer."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'No')}", f"Content-Length: {length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


Behaviour = Callable[[Request], Awaitable[None]]


def completion(text: str, finish: str = "stop", tokens: tuple[int, int, int] = (40, 7, 30)) -> Any:
    """Return the body of a good answer."""
    count_in, out, cached = tokens
    return {
        "choices": [{"index": 0, "message": {"content": text}, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": count_in,
            "completion_tokens": out,
            "prompt_tokens_details": {"cached_tokens": cached},
        },
    }


def saying(text: str, finish: str = "stop") -> Behaviour:
    """Answer each request with a text."""

    async def behave(request: Request) -> None:
        await request.answer(200, completion(text, finish))

    return behave


def refusing(status: int, body: object = b"", **headers: str) -> Behaviour:
    """Answer each request with a status."""

    async def behave(request: Request) -> None:
        await request.answer(status, body, **headers)

    return behave


async def half(request: Request) -> None:
    """Send half of an answer and hang up."""
    data = json.dumps(completion("n=1\n")).encode()
    await request.send(head(200, len(data)) + data[: len(data) // 2])
    request.writer.close()


async def silence(_request: Request) -> None:
    """Take a request and say nothing until the other side hangs up."""
    await asyncio.sleep(600)


async def endless(request: Request) -> None:
    """Write without end."""
    await request.send(head(200, 1 << 40))
    while not request.writer.is_closing():
        await request.send(b"n=1\\n" * 4096)


@dataclass
class Stub:
    """The server: `behave` answers completions; all else is as a healthy server has it."""

    behave: Behaviour
    models: Any = field(
        default_factory=lambda: {"data": [{"id": MODEL, "owned_by": "vllm", "object": "model"}]}
    )
    key: str = ""
    waiting: Callable[[], int] | None = None
    requests: list[Request] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    hung_up: int = 0
    port: int = field(default_factory=lambda: free_ports(1)[0])
    loop: asyncio.AbstractEventLoop | None = None
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Return what `model.servers` takes."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def shut(self) -> None:
        """Refuse all from now on, and break off what is under way."""
        if self._server:
            self._server.close()
            for writer in list(self._open):
                writer.transport.abort()
            self._server = None

    def on_its_loop(self, what: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do something where it serves, if that is a thread of its own, and wait for it."""
        assert self.loop
        asyncio.run_coroutine_threadsafe(what(), self.loop).result()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while (request := await _read(reader, writer)) is not None:
                await self._until_hung_up(request, reader)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _until_hung_up(self, request: Request, reader: asyncio.StreamReader) -> None:
        """Answer, and stop doing so when the other side goes, as model servers do."""
        answering = asyncio.ensure_future(self._answer(request))
        gone = asyncio.ensure_future(_gone(reader))
        await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            self.hung_up += 1
            answering.cancel()
        gone.cancel()
        await asyncio.gather(answering, gone, return_exceptions=True)

    async def _answer(self, request: Request) -> None:
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            await request.answer(401, {"error": {"message": f"bad key: {self.key}"}})
        elif request.path == "/v1/models":
            await request.answer(200, self.models)
        elif request.path == "/metrics" and self.waiting:
            text = f'vllm:num_requests_waiting{{engine="0"}} {float(self.waiting())}\n'
            await request.answer(200, text.encode())
        elif request.method == "POST":
            await self._completion(request)
        else:
            await request.answer(404, b"")

    async def _completion(self, request: Request) -> None:
        self.requests.append(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self.behave(request)
        finally:
            self.in_flight -= 1


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition; who calls has a deadline."""
    while not condition():  # noqa: ASYNC110  # of another process or thread, at times
        await asyncio.sleep(0.01)


async def _gone(reader: asyncio.StreamReader) -> None:
    await until(reader.at_eof)  # nothing is sent before the answer: no pipelining


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    try:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.partition(": ") for line in lines if line)
        headers = {name.lower(): value for name, _, value in pairs}
        data = await reader.readexactly(int(headers.get("content-length", 0)))
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = first.split(" ")
    body = json.loads(data) if data else None
    return Request(method, path, headers, body, writer, time.monotonic())


@contextmanager
def in_thread(stub: Stub) -> Iterator[Stub]:
    """Serve on a loop of its own, for tests whose other side is a process."""
    loop = stub.loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    stub.on_its_loop(stub.open)
    try:
        yield stub
    finally:
        stub.on_its_loop(stub.shut)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
