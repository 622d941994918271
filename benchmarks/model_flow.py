"""How the writer's flow meets a model server whose capacity is known, on good and on bad days.

    python -m benchmarks.model_flow [--slots N] [--request-s S] [--records N] [--outage-s S]

The server, a process of its own, works on N requests at once, S seconds each at the mean; more wait
inside of it, and it tells nobody. The writer is run by the engine over the local log. Printed are:
its rate once it has settled, against the best that the server can do; its requests a second against
a bare client that keeps as many in flight; and what an outage, and a storm of 429, in the middle of
a run cost: records lost, dead letters, the longest request, and what was asked more than once.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from c2c_stream.engine.async_worker import AsyncWorker
from c2c_stream.records import Candidate
from c2c_stream.settings import ModelSettings
from c2c_stream.write.model.asking import ask_for, body_of
from c2c_stream.write.model.prompt import Prompts
from c2c_stream.write.model.remembering import Remembering
from c2c_stream.write.model.servers import Servers
from c2c_stream.write.model.stage import Author, ModelWriter
from tests.engine.service import Run, serving
from tests.write.model.make import candidate
from tests.write.model.stub import Request, Stub, completion

PATIENCE_S = 600.0
RECORD_DEADLINE_S = 300.0
RETRY_AFTER_S = "1"


class Served:
    """The server's side: so many slots, an outage or a storm on demand."""

    def __init__(self, port: int, slots: int, request_s: float) -> None:
        self._slots = asyncio.Semaphore(slots)
        self._request_s = request_s
        self._random = random.Random(5)
        self._storm_until = 0.0
        self.longest = 0.0
        self.answered: list[float] = []
        self.stub = Stub(self._behave, port=port)

    async def _behave(self, request: Request) -> None:
        began = time.monotonic()
        try:
            if began < self._storm_until:
                await request.answer(429, b"too many", Retry_After=RETRY_AFTER_S)
                return
            tokens = self._random.randint(50, 150)
            async with self._slots:
                await asyncio.sleep(self._request_s * tokens / 100)
            await request.answer(200, completion("n=1\nn=2\nn=3\n", tokens=(600, tokens, 500)))
            self.answered.append(time.monotonic())
        finally:
            self.longest = max(self.longest, time.monotonic() - began)

    async def run(self) -> None:
        """Obey what comes in, a line a command."""
        await self.stub.open()
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            match line.split():
                case ["outage", seconds]:
                    await self.stub.shut()
                    await asyncio.sleep(float(seconds))
                    await self.stub.open()
                case ["storm", seconds]:
                    self._storm_until = time.monotonic() + float(seconds)
            told = {
                "answered": self.answered,
                "longest": self.longest,
                "requests": len(self.stub.requests),
                "different": len({json.dumps(r.body) for r in self.stub.requests}),
                "most": self.stub.most_in_flight,
            }
            print(json.dumps(told), flush=True)


class Server:
    """The server from outside."""

    def __init__(self, options: argparse.Namespace) -> None:
        command = [sys.executable, "-m", "benchmarks.model_flow", "--serve", "18099"]
        command += ["--slots", str(options.slots), "--request-s", str(options.request_s)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.url = "http://127.0.0.1:18099/v1"

    def tell(self, command: str) -> Any:
        """Give a command; return what the server has seen when it is done."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def server(options: argparse.Namespace) -> Iterator[Server]:
    """Run a server for the length of the block."""
    found = Server(options)
    try:
        found.tell("")
        yield found
    finally:
        found.stop()


def candidates(count: int) -> list[Candidate]:
    """Return functions whose prompts differ."""
    code = "def f(n):\n    return n + {}\n"
    return [candidate(code.format(n), f"{n:032x}") for n in range(count)]


def written(
    options: argparse.Namespace, server: Server, meanwhile: Callable[[Run], None], **more: Any
) -> Any:
    """Let the writer write for all records; return what the server saw."""
    settings = ModelSettings(servers=server.url, request_s=options.deadline_s, **more)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        run.log.create()
        run.feed(*candidates(options.records))
        model = Remembering(Servers(settings), settings, Path(folder) / "model")
        writer = ModelWriter(Author(model, settings))
        with serving(
            run, "writer", lambda _: AsyncWorker(writer, RECORD_DEADLINE_S), retry_base_s=0.5
        ):
            meanwhile(run)
            until(lambda: run.has_read("candidates"))
        lost = options.records - len({r.function.function_id for r in run.records("inputs")})
        dead = len(run.records("dead-letters"))
        told = server.tell("")
        print(
            f"    {lost} records lost, {dead} dead letters; {told['requests']} requests for"
            f" {told['different']} prompts; the longest took {told['longest']:.1f} s of"
            f" {options.deadline_s:g} allowed"
        )
        return told


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def rate_of(moments: list[float]) -> float:
    """Return the answers a second of the last half."""
    last = moments[len(moments) // 2 :]
    return (len(last) - 1) / (last[-1] - last[0])


async def bare(url: str, records: list[Candidate], in_flight: int) -> float:
    """Return the requests a second of a client that does nothing else."""
    settings, prompts = ModelSettings(), Prompts()
    async with httpx2.AsyncClient(timeout=None) as client:  # as the writer's
        waiting = iter(records)

        async def one() -> None:
            for record in waiting:
                ask = ask_for(record.function, prompts, settings, 1, ())
                body = body_of(ask, "tiny", settings, chat=True, structured="vllm")
                answer = await client.post(f"{url}/chat/completions", json=body)
                answer.json()

        began = time.monotonic()
        await asyncio.gather(*(one() for _ in range(in_flight)))
        return len(records) / (time.monotonic() - began)


def main() -> None:
    """Print the figures, or serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, default=12)
    parser.add_argument("--request-s", type=float, default=0.25)
    parser.add_argument("--records", type=int, default=3000)
    parser.add_argument("--outage-s", type=float, default=30.0)
    parser.add_argument("--deadline-s", type=float, default=60.0)
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(Served(options.serve, options.slots, options.request_s).run())
        return
    best = options.slots / options.request_s
    with server(options) as at:
        told = written(options, at, lambda _: None)
        rate = rate_of(told["answered"])
        print(
            f"settled at {rate:.1f} answers/s of {best:.1f}: {rate / best:.2f}; at most"
            f" {told['most']} in flight"
        )
    with server(options) as at:
        plain = asyncio.run(bare(at.url, candidates(options.records), options.slots))
    with server(options) as at:
        written(options, at, lambda _: None, in_flight=options.slots)
        own = rate_of(at.tell("")["answered"])
    print(
        f"{own:.1f} requests/s, a bare client with as many in flight {plain:.1f}: {own / plain:.2f}"
    )
    for what in (f"outage {options.outage_s}", f"storm {options.outage_s}"):
        with server(options) as at:

            def trouble(run: Run, what: str = what) -> None:
                until(lambda: run.end("inputs") > options.records // 4)
                at.tell(what)

            print(f"{what} s in the middle:")
            told = written(options, at, trouble)
            print(f"    the last half at {rate_of(told['answered']) / best:.2f} of the best")


if __name__ == "__main__":
    main()
