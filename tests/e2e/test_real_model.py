"""The writers with a real, small, bad language model: what it writes is read, run and counted."""

import asyncio
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from c2c_stream.code.literals import parse_arguments
from c2c_stream.records import Function
from c2c_stream.settings import ModelSettings
from c2c_stream.write.model.asking import Answer, ask_for
from c2c_stream.write.model.lines import inputs_in
from c2c_stream.write.model.prompt import Prompts
from c2c_stream.write.model.servers import Servers
from tests.e2e import llama, vllm
from tests.e2e.chain import c2c, rows_of
from tests.write.model.make import candidate

pytestmark = pytest.mark.timeout(3600)

CODE = (
    "def f(n, by=2):\n    return n * by\n",
    "def f(words: list[str], sep: str):\n    return sep.join(w.title() for w in words)\n",
    "def f(record: dict[str, int], key: str):\n    return record.get(key, 0) + len(record)\n",
    "def f(*values, start=0):\n    return start + len(values)\n",
)
OUTPUTS = 12


# The server's own counters: tokens written, tokens read, and how many of these it had in its cache.
COUNTERS = {
    "llama": ("llamacpp:tokens_predicted_total", "llamacpp:prompt_tokens_total", ""),
    "vllm": (
        "vllm:generation_tokens_total",
        "vllm:prompt_tokens_total",
        "vllm:prompt_tokens_cached_total",
    ),
}


@dataclass(frozen=True)
class Serving:
    """A server that is up."""

    url: str
    kind: str

    def counts(self) -> list[float]:
        """Return the tokens that it has written, and those that it read and had not kept."""
        page = self.url.removesuffix("/v1") + "/metrics"
        with urllib.request.urlopen(page, timeout=60) as answer:  # noqa: S310  # ours
            lines = answer.read().decode().splitlines()
        written, read, cached = (
            sum(
                float(line.split()[-1])
                for line in lines
                if name and line.split("{")[0].split()[0] == name
            )
            for name in COUNTERS[self.kind]
        )
        return [written, read - cached]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("llama", marks=pytest.mark.model),
        pytest.param("vllm", marks=pytest.mark.vllm),
    ],
)
def server(request: pytest.FixtureRequest) -> Iterator[Serving]:
    """Return a server that is up."""
    kind = str(request.param)
    with {"llama": llama, "vllm": vllm}[kind].serving() as url:
        yield Serving(url, kind)


def test_every_line_under_the_grammar_is_a_call_and_tokens_agree_with_the_servers(
    server: Serving,
) -> None:
    settings = ModelSettings(
        servers=server.url, endpoint="completions", temperature=1.5, max_tokens=160, request_s=1800
    )
    functions = [candidate(CODE[n % len(CODE)]).function for n in range(OUTPUTS)]
    before = server.counts()
    answers = asyncio.run(asked(settings, functions))
    written, read = (now - then for now, then in zip(server.counts(), before, strict=True))
    lines = 0
    for function, answer in zip(functions, answers, strict=True):
        for line in answer.text.split("\n")[:-1]:
            lines += 1
            assert inputs_in(line, function, 1).inputs, line
            assert parse_arguments(line)[1].keys() <= {p.name for p in function.parameters}, line
    assert lines >= 2 * OUTPUTS
    assert sum(answer.tokens_out for answer in answers) == written
    assert sum(answer.tokens_in - answer.tokens_cached for answer in answers) == read


async def asked(settings: ModelSettings, functions: list[Function]) -> list[Answer]:
    servers, prompts = Servers(settings), Prompts()
    asks = [ask_for(f, prompts, settings, n, ()) for n, f in enumerate(functions)]
    try:
        return list(await asyncio.gather(*map(servers.ask, asks)))
    finally:
        await servers.stop()


def test_the_whole_chain_ends_in_verified_rows(server: Serving, code: Path, tmp_path: Path) -> None:
    assert_rows(
        tmp_path / "out",
        c2c("run", code, "--out", tmp_path / "out", "--server", server.url, timeout_s=3000),
    )


@pytest.mark.vllm
def test_the_whole_chain_runs_with_the_engine_inside_of_the_writer(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm.require()
    for name, value in vllm.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("C2C_MODEL__NAME", str(vllm.MODEL))
    monkeypatch.setenv("C2C_MODEL__IN_FLIGHT", "16")
    out = tmp_path / "out"
    assert_rows(out, c2c("run", code, "--out", out, python=vllm.PYTHON, timeout_s=3000))


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of functions, about each of which the model is asked."""
    folder = tmp_path / "code"
    folder.mkdir()
    for number, text in enumerate(CODE):
        (folder / f"m{number}.py").write_text(text.replace("def f", f"def f{number}"))
    monkeypatch.setenv("C2C_MODEL__ENDPOINT", "completions")
    monkeypatch.setenv("C2C_MODEL__SAMPLED_SHARE", "1")
    monkeypatch.setenv("C2C_MODEL__MAX_TOKENS", "160")
    monkeypatch.setenv("C2C_MODEL__REQUEST_S", "1800")
    return folder


def assert_rows(out: Path, done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    rows = rows_of(out)
    assert len(rows) == len(CODE)
    assert {row["writer"]["writer"] for row in rows} == {"hybrid"}
    assert all(row["writer"]["tokens_out"] > 0 for row in rows)
