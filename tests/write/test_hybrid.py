import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from c2c_stream.code.literals import parse_arguments
from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.errors import SettingsError, Unavailable
from c2c_stream.records import Candidate, Inputs, Writing
from c2c_stream.settings import (
    ModelSettings,
    SandboxSettings,
    Settings,
    WriteSettings,
    said_of,
    writer_of,
)
from c2c_stream.write.choose import stage_for
from c2c_stream.write.frames import Told
from c2c_stream.write.hybrid import HybridWriter, why_ask
from c2c_stream.write.model.asking import Answer, Ask
from c2c_stream.write.model.prompt import VERSION
from c2c_stream.write.model.stage import Author, ModelWriter
from c2c_stream.write.search.loop import search
from c2c_stream.write.stage import Writer
from tests.write.model.make import candidate

PLACE = Place("candidates", 0, 0)
# What no search finds by itself: a value that only its hash is told of.
HIDDEN = (
    "import hashlib\n"
    "def f(word):\n"
    "    if hashlib.sha256(word.encode()).hexdigest()[:8] != 'aa74f6fd':\n"
    "        raise ValueError(word)\n"
    "    return word.title() + str(len(word))\n"
)
KNOWN = "word='harbour'"
EASY = "def f(n):\n    return n + 1\n"


class Scripted:
    """A model that says what it is told to; `asked` are the requests that it got."""

    route = "openai"

    def __init__(self, text: str = "", error: Exception | None = None) -> None:
        self.text, self.error = text, error
        self.asked: list[Ask] = []
        self.open = asyncio.Event()
        self.open.set()

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def limit(self) -> int:
        return 3

    async def ask(self, ask: Ask) -> Answer:
        self.asked.append(ask)
        await self.open.wait()
        if self.error:
            raise self.error
        return Answer(self.text, "tiny", tokens_in=90, tokens_out=12, tokens_cached=64)


def hybrid(model: Scripted, then: Callable[[HybridWriter], Any], **settings: Any) -> Any:
    """Do something with a hybrid that has one jail."""
    chosen = ModelSettings(**{"sampled_share": 0.0} | settings)
    search = Writer(WriteSettings(jobs=1, inputs=10, cpu_ms=1000), SandboxSettings())

    async def run() -> Any:
        writer = HybridWriter(search, Author(model, chosen), chosen)
        await writer.start()
        try:
            return await then(writer)
        finally:
            await writer.settle()
            await writer.stop()

    return asyncio.run(run())


def written(code: str, model: Scripted, **settings: Any) -> Outcome:
    outcome = hybrid(model, lambda writer: writer.process(candidate(code), PLACE), **settings)
    assert isinstance(outcome, Outcome)
    return outcome


def inputs_of(outcome: Outcome) -> Inputs:
    [record] = outcome.outputs
    assert isinstance(record, Inputs)
    return record


def test_a_model_is_asked_where_the_search_fell_short_and_its_inputs_are_multiplied() -> None:
    model = Scripted(f"{KNOWN}\nword='x'\n")
    record = inputs_of(written(HIDDEN, model))
    how: Writing = record.writing
    assert (how.writer, how.why, how.model) == ("hybrid", "few_inputs", "tiny")
    assert (how.tokens_in, how.tokens_out, how.tokens_cached) == (90, 12, 64)
    assert how.prompt == VERSION
    assert "temperature=0.8" in how.sampling
    assert KNOWN in record.arguments
    assert how.edges_covered == how.edges


def test_what_a_model_wrote_is_mutated_into_more() -> None:
    code = (
        "def f(record):\n"
        "    if record['kind'] != 'ship' or record['flag'] * 7919 % 10007 != 4321:\n"
        "        raise ValueError\n"
        "    return record['name'].upper() + str(record['crew'] % 7)\n"
    )
    flag = next(n for n in range(10007) if n * 7919 % 10007 == 4321)
    text = f"record={{'kind': 'ship', 'flag': {flag}, 'name': 'Ida', 'crew': 30}}\n"
    record = inputs_of(written(code, Scripted(text)))
    works = [parse_arguments(a)[1]["record"] for a in record.arguments]
    assert len([r for r in works if isinstance(r, dict) and r.get("flag") == flag]) >= 5


def test_inputs_that_all_raise_are_repaired() -> None:
    code = "def f(row):\n    return row['harbour_name_17'].split(',')[2]\n"
    model = Scripted("row={'harbour_name_17': 'a'}\n")
    record = inputs_of(written(code, model, when_outputs_below=99))
    assert record.writing.why == "few_outputs"
    assert record.writing.inputs >= 3


def test_what_the_search_did_well_costs_no_tokens() -> None:
    model = Scripted("n=1")
    record = inputs_of(written(EASY, model))
    assert model.asked == []
    assert (record.writing.writer, record.writing.model) == ("search", "")


def test_a_share_of_the_others_is_asked_about_and_told_what_is_known() -> None:
    model = Scripted("n=123454321\n")
    record = inputs_of(written(EASY, model, sampled_share=1.0))
    assert record.writing.why == "sampled"
    assert "n=123454321" in record.arguments
    assert "these are known, write others: n=" in model.asked[0].prompt.own


def test_noise_leaves_what_the_search_found_and_is_paid_for() -> None:
    record = inputs_of(written(EASY, Scripted("Sorry!"), sampled_share=1.0))
    assert record.writing.tokens_out == 12
    assert record.writing.inputs == 10
    outcome = written(HIDDEN, Scripted("Sorry!"))
    assert [item.reason for item in outcome.rejected] == ["no_inputs"]


def test_a_seed_that_hangs_leaves_what_the_search_found() -> None:
    code = HIDDEN.replace("!= 'aa", "== 'aa").replace(
        "raise ValueError(word)", "7 ** (10 ** 9) % 2"
    )
    record = inputs_of(written(code, Scripted(KNOWN), sampled_share=1.0, when_coverage_below=0))
    assert KNOWN not in record.arguments
    assert record.writing.inputs == 10


def test_a_function_that_cannot_be_loaded_is_not_asked_about() -> None:
    model = Scripted("n=1")
    outcome = written("import nowhere_at_all\ndef f(n):\n    return n\n", model)
    assert [item.reason for item in outcome.rejected] == ["load_error"]
    assert model.asked == []


def test_a_model_that_is_away_is_waited_for() -> None:
    with pytest.raises(Unavailable):
        written(HIDDEN, Scripted(error=Unavailable("away")))


def test_a_prompt_that_is_too_long_is_not_sent() -> None:
    model = Scripted("n=1")
    long = EASY + "#" * 5000
    record = inputs_of(written(long, model, sampled_share=1.0, max_prompt_chars=5000))
    assert record.writing.inputs == 10
    assert model.asked == []


def test_who_asks_leaves_its_jail_to_others() -> None:
    model = Scripted(KNOWN)

    async def then(writer: HybridWriter) -> tuple[int, int, int]:
        model.open.clear()
        before = writer.limit()
        asking = [
            asyncio.ensure_future(writer.process(candidate(HIDDEN, str(n)), PLACE))
            for n in range(2)
        ]
        while len(model.asked) < 2:  # noqa: ASYNC110  # of two tasks
            await asyncio.sleep(0.01)
        during = writer.limit()
        model.open.set()
        await asyncio.gather(*asking)
        return before, during, writer.limit()

    assert hybrid(model, then) == (2, 4, 2)


TOLD = Told(("a", "b", "c", "d"), 9, 9, 10, 10, 4, 4, 0)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, ""),
        ({"working": 2}, "few_inputs"),
        ({"outputs": 1}, "few_outputs"),
        ({"edges_covered": 8}, "low_coverage"),
        ({"implausible": 3}, "implausible"),
        ({"edges": 0, "edges_covered": 0}, ""),
    ],
)
def test_the_reason_to_ask_is_the_first_that_holds(change: dict[str, int], why: str) -> None:
    settings = ModelSettings(sampled_share=0.0)
    told = Told(**{name: getattr(TOLD, name) for name in Told.__slots__} | change)
    assert why_ask("f", told, settings) == why
    assert why_ask("f", Outcome(), settings) == ""


def test_the_sampled_share_is_the_same_functions_each_time() -> None:
    settings = ModelSettings(sampled_share=0.2)
    drawn = [why_ask(str(n), TOLD, settings) == "sampled" for n in range(2000)]
    assert 0.15 < sum(drawn) / 2000 < 0.25
    assert drawn == [why_ask(str(n), TOLD, settings) == "sampled" for n in range(2000)]


def alone(record: Candidate, model: Scripted, **settings: Any) -> Outcome:
    writer = ModelWriter(Author(model, ModelSettings(**settings)))

    async def run() -> Outcome:
        await writer.start()
        assert writer.limit() == 3
        outcome = await writer.process(record, PLACE)
        await writer.settle()
        await writer.stop()
        return outcome

    return asyncio.run(run())


def test_a_model_alone_writes_inputs_and_its_record_says_how() -> None:
    record = inputs_of(alone(candidate(), Scripted("n=1\nn=2\nn=x\n")))
    assert record.arguments == ("n=1", "n=2")
    how = record.writing
    assert (how.writer, how.version, how.model, how.inputs) == ("openai", VERSION, "tiny", 2)
    assert (how.edges, how.tokens_out) == (0, 12)


def test_a_model_alone_that_writes_nothing_usable_is_a_rejection() -> None:
    [item] = alone(candidate(), Scripted("def f(n):\n    return 1")).rejected
    assert (item.reason, item.detail) == (
        "no_inputs",
        "no call that fits among 2 lines of the model",
    )
    [item] = alone(candidate(EASY + "#" * 9000), Scripted(), max_prompt_chars=5000).rejected
    assert "a prompt of " in item.detail


@pytest.mark.parametrize(
    ("writer", "model", "chosen", "said"),
    [
        ("auto", {}, "search", "search (no model is named)"),
        ("auto", {"servers": "http://h/v1"}, "hybrid", "hybrid (the model at http://h/v1)"),
        ("auto", {"name": "m"}, "hybrid", "hybrid (m)"),
        ("search", {"name": "m"}, "search", "search"),
        ("openai", {"servers": "http://h/v1", "name": "m"}, "openai", "openai (m at http://h/v1)"),
        ("vllm", {"name": "m"}, "vllm", "vllm (m)"),
    ],
)
def test_auto_is_hybrid_where_a_model_is_named(
    writer: Any, model: dict[str, str], chosen: str, said: str
) -> None:
    settings = Settings(write=WriteSettings(writer=writer), model=ModelSettings(**model))
    assert writer_of(settings) == chosen
    assert said_of(settings) == said


@pytest.mark.parametrize("writer", ["openai", "vllm", "hybrid"])
def test_a_writer_without_its_model_is_a_wrong_setting(writer: Any) -> None:
    with pytest.raises(SettingsError, match="model"):
        stage_for(Settings(write=WriteSettings(writer=writer)))


def test_the_vllm_writer_says_what_it_needs(tmp_path: Any) -> None:
    settings = Settings(
        write=WriteSettings(writer="vllm"), model=ModelSettings(name="m"), out=tmp_path
    )
    with pytest.raises(SettingsError, match=r"pip install 'c2c-stream\[vllm\]'"):
        asyncio.run(stage_for(settings).start())


def test_what_somebody_thought_of_is_chosen_before_what_was_drawn() -> None:
    code = "def f(text):\n    return text.title()\n"
    places = ("the harbour", "a small island", "the old town", "our village", "the river")
    seeds = [f"text='a walk around {place} at night'" for place in places]
    found = search(code, "f", 1, 10, 60_000, seeds=seeds)
    assert set(seeds) <= set(found.inputs)


def test_without_a_budget_the_seeds_alone_are_run() -> None:
    found = search(EASY, "f", 1, 10, 0, seeds=["n=1", "n=2", "m=3", "n=)"])
    assert (found.inputs, found.iterations) == (("n=1", "n=2"), 2)


def test_a_seed_may_pass_more_names_where_the_function_takes_them() -> None:
    code = "def f(a, *rest, b=1, **more):\n    return [a, b, rest, sorted(more)]\n"
    seeds = ["1, 2, 3, b=4", "a=1, z=5", "a=1, b=2, y=[6]"]
    assert set(search(code, "f", 1, 5, 0, seeds=seeds).inputs) == set(seeds)
