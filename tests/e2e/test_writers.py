"""A model behind a real HTTP server: rows of the whole chain, and what a killed writer costs."""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from c2c_stream.broker.local import LocalLog
from c2c_stream.broker.protocol import Produced
from c2c_stream.codec import Codec
from c2c_stream.topics import key_of, topic_of
from tests.e2e.chain import c2c, rows_of
from tests.e2e.test_serve import samples, serving
from tests.processes import unmeasured
from tests.write.model.make import candidate
from tests.write.model.stub import Request, Stub, completion, in_thread, saying

PATIENCE_S = 120
RECORDS = 60
LINES = "n=1\nn=2\nn=-4\nn=0\nn='a'\nn=7.5\n"


@pytest.fixture
def functions(tmp_path: Path) -> Path:
    """Return a folder of functions."""
    text = "def scaled_{n}(n):\n    return n * 2 + {n}\n\n\n"
    file = tmp_path / "code" / "scaled.py"
    file.parent.mkdir()
    file.write_text("".join(text.format(n=n) for n in range(12)))
    return file.parent


def test_a_model_alone_ends_in_verified_rows_that_say_how(functions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with in_thread(Stub(saying(LINES))) as stub:
        done = c2c("run", functions, "--out", out, "--writer", "openai", "--server", stub.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"writer: openai (the model at {stub.url})" in done.stdout
    rows = rows_of(out)
    assert len(rows) == 12 == len(stub.requests)
    writers = {(row["writer"]["writer"], row["writer"]["model"]) for row in rows}
    assert writers == {("openai", "tiny")}
    assert sum(row["writer"]["tokens_out"] for row in rows) == 7 * len(rows)


def fed(out: Path) -> None:
    """Put candidates on the log of a run."""
    log, codec = LocalLog(out / ".c2c", "main"), Codec()
    log.create()
    records = [candidate(function_id=f"{n:032x}") for n in range(RECORDS)]
    produced = [Produced(topic_of(r).name, key_of(r).encode(), codec.encode(r)) for r in records]
    log.commit("cli", produced, {}, {}, keep=True)
    log.close()


def test_a_writer_that_is_killed_asks_nothing_again_that_was_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    fed(out)
    answered: set[str] = set()

    async def behave(request: Request) -> None:
        await asyncio.sleep(0.02)
        await request.answer(200, completion(LINES))
        answered.add(json.dumps(request.body))

    with in_thread(Stub(behave)) as stub:
        monkeypatch.setenv("C2C_WRITE__WRITER", "openai")
        monkeypatch.setenv("C2C_MODEL__SERVERS", stub.url)
        # Nothing is committed before the kill: all that was answered must be remembered.
        killed_when(lambda: len(answered) >= RECORDS // 2, out, C2C_ENGINE__FLUSH_AGE_S="60")
        on_the_wire = stub.most_in_flight
        with serving("writer", out) as port:
            await_that(lambda: samples(port).get("c2c_items_total{out,writer}") == RECORDS)
            shown = samples(port)
    remembered = shown["c2c_model_requests_total{remembered}"]
    assert shown["c2c_model_tokens_total{out}"] == 7 * (RECORDS - remembered)
    assert shown["c2c_model_requests_total{Poison}"] == 0
    assert shown["c2c_written_functions_total{,openai}"] == RECORDS
    asked = Counter(json.dumps(request.body) for request in stub.requests)
    assert len(asked) == RECORDS
    assert remembered >= RECORDS // 2 - on_the_wire
    assert sum(asked.values()) - RECORDS <= on_the_wire


def killed_when(condition: Callable[[], bool], out: Path, **environment: str) -> None:
    """Run a writer until a condition holds, and kill it then."""
    command = [sys.executable, "-m", "c2c_stream.cli", "serve", "writer", "--out", str(out)]
    with subprocess.Popen(
        command, stderr=subprocess.DEVNULL, env=unmeasured(**environment)
    ) as process:
        try:
            await_that(condition)
        finally:
            process.kill()


def await_that(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)
