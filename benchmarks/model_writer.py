"""What a model behind a server writes, by way of asking: verified cases and what they cost.

    python -m benchmarks.model_writer FILE.jsonl --server URL [--functions N] [--endpoint E]
    python -m benchmarks.model_writer FILE.jsonl --server URL --decode N [--temperature 1.5]

With --in-process MODEL in place of --server URL, vLLM's engine runs in this process.
FILE is as in benchmarks/search_writer.py. Each way writes for the same functions; the executor runs
each input twice. Printed are the share of functions with three verified cases, and the tokens that
the model wrote for each verified case (a case that the search found alone costs none).

`block` asks as the reference does: ten calls of `dict(...)` in a block of code, no grammar.
With --decode, N outputs are drawn under the grammar, and it is counted how many of their whole
lines are calls with the right names.
"""

import argparse
import asyncio
import copy
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.search_writer import ENOUGH, PLACE, read
from c2c_stream import metrics
from c2c_stream.collect.stage import Collector
from c2c_stream.engine.stage import AsyncStage, Outcome
from c2c_stream.execute.stage import Executor
from c2c_stream.records import Candidate, Cases, File, Function, Inputs, Origin
from c2c_stream.settings import (
    CollectSettings,
    ExecuteSettings,
    ModelSettings,
    SandboxSettings,
    WriteSettings,
)
from c2c_stream.write.hybrid import HybridWriter
from c2c_stream.write.model.asking import Answer, Ask, Model, ask_for
from c2c_stream.write.model.in_process import InProcess
from c2c_stream.write.model.lines import inputs_in
from c2c_stream.write.model.prompt import Prompts
from c2c_stream.write.model.remembering import Remembering
from c2c_stream.write.model.servers import Servers
from c2c_stream.write.model.stage import Author, ModelWriter
from c2c_stream.write.stage import Writer, seed_of

ALWAYS = 1000
TOLD_EVERY = 10
BLOCK = """\
Write ten different inputs for a function. Give each as the keyword arguments of one call.

Function:
def power(base, exponent=2):
    return base**exponent

Inputs:
```python
inputs = [
dict(base=3),
dict(base=-2, exponent=3),
dict(base=0, exponent=0),
]
```

%%
Function:
$code

Inputs:
```python
inputs = [
"""


@dataclass(frozen=True, slots=True)
class Score:
    """What one way came to on one function."""

    working: int
    tokens: int


class Lent:
    """The model of this run under other settings: started and stopped by the run alone."""

    def __init__(self, model: Model, settings: ModelSettings) -> None:
        self.route = model.route
        self._model: Model = Servers(settings)
        if isinstance(model, InProcess):
            self._model = engine = copy.copy(model)
            engine._settings = settings  # noqa: SLF001  # one engine, asked in several ways

    async def start(self) -> None:
        """Nothing to build."""

    async def stop(self) -> None:
        """Let go of the servers."""
        if isinstance(self._model, Servers):
            await self._model.stop()

    def limit(self) -> int:
        """Return how many requests to have in flight."""
        return self._model.limit()

    async def ask(self, ask: Ask) -> Answer:
        """See Model."""
        return await self._model.ask(ask)


def ways(model: Model, settings: ModelSettings, folder: Path) -> dict[str, AsyncStage[Candidate]]:
    """Return the writers to compare, by name."""
    prompt = folder / "block.txt"
    prompt.write_text(BLOCK)
    always = {"when_inputs_below": ALWAYS}
    plain = {"structured": "none"}
    alone: dict[str, dict[str, Any]] = {
        "block": plain | {"prompt_file": prompt},
        "plain": plain,
        "grammar": {},
    }
    return {
        **{
            name: ModelWriter(_author(model, settings, more, folder / name))
            for name, more in alone.items()
        },
        "grammar + mutation, repair": _hybrid(model, settings, always, folder / "always"),
        "hybrid": _hybrid(model, settings, {"sampled_share": 0.0}, folder / "hybrid"),
    }


def _author(model: Model, settings: ModelSettings, more: Mapping[str, Any], folder: Path) -> Author:
    chosen = settings.model_copy(update=dict(more))
    return Author(Remembering(Lent(model, chosen), chosen, folder), chosen)


def _hybrid(
    model: Model, settings: ModelSettings, more: Mapping[str, Any], folder: Path
) -> HybridWriter:
    search = Writer(WriteSettings(jobs=1), SandboxSettings())
    chosen = settings.model_copy(update=dict(more))
    return HybridWriter(search, _author(model, settings, more, folder), chosen)


def collected(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return those that the collector takes, with the parameters that it reads."""
    collector, found = Collector(CollectSettings()), []
    try:
        for one in candidates:
            code = one.function.code.encode()
            [outcome] = collector.process([File(origin=Origin(path="row.py"), content=code)])
            if isinstance(outcome, Outcome):
                functions = [f for f in outcome.outputs if isinstance(f, Function)]
                named = [f for f in functions if f.entry_point == one.function.entry_point]
                found += [Candidate(f) for f in named]
    finally:
        collector.stop()
    return found


async def scores_of(
    stage: AsyncStage[Candidate],
    executor: Executor,
    candidates: Sequence[Candidate],
    in_flight: int,
) -> list[Score]:
    """Let one writer write for all functions; return what came of each."""
    await stage.start()
    try:
        room = asyncio.Semaphore(in_flight)

        async def one(candidate: Candidate) -> Score:
            async with room:
                outcome = await stage.process(candidate, PLACE)
            if not outcome.outputs:
                return Score(0, 0)
            [inputs] = outcome.outputs
            assert isinstance(inputs, Inputs)
            executed = await executor.process(inputs, PLACE)
            cases = [c for kept in executed.outputs if isinstance(kept, Cases) for c in kept.cases]
            return Score(sum(c.verdict == "value" for c in cases), inputs.writing.tokens_out)

        return await asyncio.gather(*map(one, candidates))
    finally:
        await stage.stop()


async def compare(model: Model, settings: ModelSettings, candidates: Sequence[Candidate]) -> None:
    """Print a line for each way."""
    executor = Executor(ExecuteSettings(), SandboxSettings(), 1)
    await executor.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name, stage in ways(model, settings, Path(folder)).items():
                began, spent = time.perf_counter(), tokens_out()
                scores = await scores_of(stage, executor, candidates, settings.in_flight)
                enough = sum(s.working >= ENOUGH for s in scores) / len(scores)
                cases, tokens = sum(s.working for s in scores), tokens_out() - spent
                print(
                    f"{name:28}{enough:7.1%} with {ENOUGH} cases,{cases:6} cases,"
                    f"{tokens:8.0f} tokens,{tokens / max(cases, 1):8.1f} a case,"
                    f"{time.perf_counter() - began:7.1f} s",
                    flush=True,
                )
    finally:
        await executor.stop()


def tokens_out() -> float:
    """Return how many tokens this process has paid for."""
    return sum(
        sample.value
        for family in metrics.MODEL_TOKENS.collect()
        for sample in family.samples
        if sample.name.endswith("_total") and sample.labels["kind"] == "out"
    )


@dataclass(slots=True)
class Drawn:
    """What was drawn under the grammar so far."""

    outputs: int = 0
    lines: int = 0
    calls: int = 0
    cut: int = 0
    tokens: int = 0

    def __str__(self) -> str:
        return (
            f"{self.outputs} outputs: {self.calls} of {self.lines} whole lines are calls with the"
            f" right names; {self.cut} outputs were cut at the most tokens;"
            f" {self.tokens / max(self.lines, 1):.1f} tokens a line"
        )


async def decode(
    model: Model, settings: ModelSettings, candidates: Sequence[Candidate], count: int
) -> None:
    """Draw outputs under the grammar; print how many of their lines are what they must be."""
    prompts, drawn, began = Prompts(), Drawn(), time.perf_counter()
    room = asyncio.Semaphore(settings.in_flight)

    async def one(number: int) -> None:
        function = candidates[number % len(candidates)].function
        seed = seed_of(f"{function.function_id}{number}")
        async with room:
            answer = await model.ask(ask_for(function, prompts, settings, seed, ()))
        whole = answer.text.split("\n")[:-1]
        for line in whole:
            if inputs_in(line, function, 1).inputs:
                drawn.calls += 1
            else:
                print(f"no call: {function.entry_point}: {line!r}", flush=True)
        drawn.outputs += 1
        drawn.lines += len(whole)
        drawn.cut += answer.cut
        drawn.tokens += answer.tokens_out
        if drawn.outputs % TOLD_EVERY == 0:
            print(drawn, flush=True)

    await asyncio.gather(*(one(number) for number in range(count)))
    seconds = time.perf_counter() - began
    print(
        f"temperature {settings.temperature:g}: {drawn};"
        f" {drawn.outputs / seconds:.1f} requests/s, {drawn.tokens / seconds:.0f} tokens/s"
    )


async def measure(
    settings: ModelSettings, candidates: Sequence[Candidate], *, in_process: bool, count: int
) -> None:
    """Start the model; draw `count` outputs, or compare where that is none."""
    model = InProcess(settings) if in_process else Servers(settings)
    await model.start()
    try:
        if count:
            await decode(model, settings, candidates, count)
        else:
            await compare(model, settings, candidates)
    finally:
        await model.stop()


def main() -> None:
    """Compare the ways, or draw outputs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--server", default="")
    where.add_argument("--in-process", default="", metavar="MODEL")
    parser.add_argument("--model", default="", help="its name at the server")
    parser.add_argument("--engine", type=json.loads, default={}, help="see model.engine")
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--endpoint", default="auto", choices=("auto", "chat", "completions"))
    parser.add_argument("--functions", type=int, default=100)
    parser.add_argument("--decode", type=int, default=0)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--request-s", type=float, default=600)
    options = parser.parse_args()
    settings = ModelSettings(
        name=options.in_process or options.model,
        servers=options.server,
        engine=options.engine,
        in_flight=options.in_flight,
        endpoint=options.endpoint,
        temperature=options.temperature,
        max_tokens=options.max_tokens,
        request_s=options.request_s,
    )
    candidates = collected(read(options.file)[: options.functions])
    print(f"{len(candidates)} functions that the collector takes", flush=True)
    in_process = bool(options.in_process)
    asyncio.run(measure(settings, candidates, in_process=in_process, count=options.decode))


if __name__ == "__main__":
    main()
