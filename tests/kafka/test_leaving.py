"""A service that is told to leave in the middle of its work, on a real Kafka: as a rollout does."""

import signal
import subprocess
import sys
import urllib.request
from asyncio import sleep
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest
import yaml

from c2c_stream.topics import key_of
from tests.engine.service import eventually
from tests.kafka.runs import Outside, fresh_run
from tests.processes import ROOT, unmeasured
from tests.sockets import free_ports
from tests.write.model.make import candidate
from tests.write.model.stub import Request, Stub, completion, in_thread

RECORDS = 60
# So many requests are under way when it is told to leave, each for so long.
AT_ONCE = 8
ANSWER_S = 1.0
POD = ROOT / "k8s" / "base" / "pod.yaml"


async def slowly(request: Request) -> None:
    """Answer as a model under load does."""
    await sleep(ANSWER_S)
    await request.answer(200, completion("n=1\nn=2\nn=3\n"))


def grace_s() -> float:
    """Return what the manifests give a pod from SIGTERM on."""
    pod = yaml.safe_load(POD.read_bytes())["spec"]["template"]["spec"]
    return float(pod["terminationGracePeriodSeconds"])


@pytest.fixture
def run(kafka: str) -> Outside:
    return Outside(fresh_run(kafka, partitions=2))


@contextmanager
def writer(
    run: Outside, out: Path, port: int, model: Stub, instance: str = "writer-0"
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the real writer as a process."""
    command = [sys.executable, "-m", "c2c_stream.cli", "serve", "writer", "--writer", "openai"]
    where = ["--broker", f"kafka://{run.cluster.servers}", "--run", run.cluster.run]
    told = {
        "C2C_MODEL__SERVERS": model.url,
        "C2C_MODEL__IN_FLIGHT": str(AT_ONCE),
        "C2C_KAFKA__INSTANCE": instance,
        "C2C_OUT": str(out),
    }
    process = subprocess.Popen(
        [*command, *where, "--http-port", str(port)], env=unmeasured(**told), cwd=ROOT
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def readiness(port: int) -> int | None:
    """Return what the probe of readiness gets; None where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None


def test_it_says_that_it_is_not_ready_finishes_and_is_gone_in_time(
    run: Outside, tmp_path: Path
) -> None:
    run.feed(*(candidate(function_id=f"{n:032x}") for n in range(RECORDS)))
    (port,) = free_ports(1)
    with in_thread(Stub(slowly)) as model:
        with writer(run, tmp_path / "out", port, model) as process:
            eventually(lambda: model.in_flight and run.books("writer", "candidates").read)
            assert readiness(port) == 200
            process.send_signal(signal.SIGTERM)
            answers = list(iter(lambda: readiness(port), None))
            assert process.wait(grace_s()) == 0
        first = answers.index(503)
        assert set(answers[first:]) == {503}, "once it is not ready it stays so"
        assert model.hung_up == 0, "what was asked was waited for"
        left = run.books("writer", "candidates").read
        assert left < RECORDS, "it was told in the middle of its work"
        with writer(run, tmp_path / "out", port, model):
            eventually(lambda: run.has_read("writer", "candidates"))
    came = Counter(key_of(record) for record in run.records("inputs"))
    assert came == Counter(f"{n:032x}" for n in range(RECORDS))
    assert run.books("writer", "candidates").balanced()
    assert len(model.requests) == RECORDS, "no function was asked for twice"
