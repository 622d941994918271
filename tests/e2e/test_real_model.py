"""The writers with a real, small, bad language model: what it writes is read, run and counted."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from c2c_stream.code.literals import parse_arguments
from c2c_stream.records import Function
from c2c_stream.settings import ModelSettings
from c2c_stream.write.model.asking import Answer, ask_for
from c2c_stream.write.model.lines import inputs_in
from c2c_stream.write.model.prompt import Prompts
from c2c_stream.write.model.servers import Servers
from tests.e2e import llama
from tests.e2e.chain import c2c, rows_of
from tests.write.model.make import candidate

pytestmark = [pytest.mark.model, pytest.mark.timeout(1800)]

CODE = (
    "def f(n, by=2):\n    return n * by\n",
    "def f(words: list[str], sep: str):\n    return sep.join(w.title() for w in words)\n",
    "def f(record: dict[str, int], key: str):\n    return record.get(key, 0) + len(record)\n",
    "def f(*values, start=0):\n    return start + len(values)\n",
)
OUTPUTS = 12


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Return the URL of a server that is up."""
    with llama.serving() as url:
        yield url


def test_every_line_under_the_grammar_is_a_call_and_tokens_agree_with_the_servers(
    server: str,
) -> None:
    settings = ModelSettings(
        servers=server, endpoint="completions", temperature=1.5, max_tokens=160, request_s=600
    )
    functions = [candidate(CODE[n % len(CODE)]).function for n in range(OUTPUTS)]
    names = ("llamacpp:tokens_predicted_total", "llamacpp:prompt_tokens_total")
    before = [llama.metric(server, name) for name in names]
    answers = asyncio.run(asked(settings, functions))
    written, read = (llama.metric(server, n) - b for n, b in zip(names, before, strict=True))
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


def test_the_whole_chain_ends_in_verified_rows(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tmp_path / "code"
    code.mkdir()
    for number, text in enumerate(CODE):
        (code / f"m{number}.py").write_text(text.replace("def f", f"def f{number}"))
    monkeypatch.setenv("C2C_MODEL__ENDPOINT", "completions")
    monkeypatch.setenv("C2C_MODEL__SAMPLED_SHARE", "1")
    monkeypatch.setenv("C2C_MODEL__MAX_TOKENS", "160")
    out = tmp_path / "out"
    done = c2c("run", code, "--out", out, "--server", server, timeout_s=1500)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = rows_of(out)
    assert len(rows) == len(CODE)
    assert {row["writer"]["writer"] for row in rows} == {"hybrid"}
    assert all(row["writer"]["tokens_out"] > 0 for row in rows)
