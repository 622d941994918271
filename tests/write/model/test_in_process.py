"""vLLM's engine in this process, by a double of the few names of vLLM 0.32 that are used."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

from c2c_stream.errors import C2CError, Poison, Retry, SettingsError
from c2c_stream.settings import ModelSettings
from c2c_stream.write.model.asking import Answer, ask_for
from c2c_stream.write.model.in_process import InProcess
from c2c_stream.write.model.prompt import Prompts
from tests.write.model.make import candidate


@dataclass
class Arguments:
    model: str
    revision: str | None
    enable_prefix_caching: bool
    max_num_seqs: int
    tensor_parallel_size: int = 1


@dataclass
class Sampling:
    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    output_kind: str
    stop: list[str] = field(default_factory=list)
    structured_outputs: Any = None


class Tokenizer:
    def __init__(self, template: str | None) -> None:
        self.chat_template = template

    def apply_chat_template(self, messages: list[Any], **how: bool) -> str:
        assert how == {"tokenize": False, "add_generation_prompt": True}
        return "|".join(message["role"] for message in messages)

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        assert not add_special_tokens
        return [len(text)]


class Engine:
    """Records what it is asked; `acts` is what a request does."""

    made: ClassVar[list["Engine"]] = []
    template: ClassVar[str | None] = None
    acts: ClassVar[str] = "answers"

    def __init__(self, arguments: Arguments) -> None:
        if arguments.model == "missing":
            raise OSError("no such model")
        self.arguments = arguments
        self.asked: list[tuple[Any, Sampling, str]] = []
        self.dropped = 0
        self.is_shut = False
        Engine.made.append(self)

    @classmethod
    def from_engine_args(cls, arguments: Arguments) -> "Engine":
        return cls(arguments)

    def get_tokenizer(self) -> Tokenizer:
        return Tokenizer(self.template)

    def shutdown(self) -> None:
        self.is_shut = True

    async def generate(
        self, prompt: Any, sampling: Sampling, request_id: str
    ) -> AsyncIterator[Any]:
        self.asked.append((prompt, sampling, request_id))
        if self.acts == "refuses":
            raise ValueError("the prompt is too long")
        try:
            await asyncio.sleep(600 if self.acts == "hangs" else 0)
        except asyncio.CancelledError:
            self.dropped += 1
            raise
        written = SimpleNamespace(text="n=1\n", token_ids=[1, 2, 3], finish_reason="length")
        yield SimpleNamespace(outputs=[written], prompt_token_ids=[0] * 9, num_cached_tokens=None)


@pytest.fixture(autouse=True)
def vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the double where vLLM would be."""
    names: dict[str, dict[str, Any]] = {
        "vllm": {"SamplingParams": Sampling},
        "vllm.engine": {},
        "vllm.engine.arg_utils": {"AsyncEngineArgs": Arguments},
        "vllm.v1": {},
        "vllm.v1.engine": {},
        "vllm.v1.engine.async_llm": {"AsyncLLM": Engine},
        "vllm.sampling_params": {
            "RequestOutputKind": SimpleNamespace(FINAL_ONLY="final"),
            "StructuredOutputsParams": SimpleNamespace,
        },
    }
    for name, members in names.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(Engine, "acts", "answers")
    monkeypatch.setattr(Engine, "template", None)
    Engine.made.clear()


def started(then: Callable[[InProcess], Coroutine[Any, Any, Any]], **settings: Any) -> Any:
    async def run() -> Any:
        model = InProcess(ModelSettings(**{"name": "tiny"} | settings))
        await model.start()
        try:
            return await then(model)
        finally:
            await model.stop()

    return asyncio.run(run())


async def once(model: InProcess) -> Answer:
    return await model.ask(ask_for(candidate().function, Prompts(), ModelSettings(), 7, ()))


def test_a_base_model_is_asked_with_the_grammar_and_says_what_it_took() -> None:
    answer = started(once, revision="r1", in_flight=9)
    assert answer == Answer("n=1\n", "tiny", cut=True, tokens_in=9, tokens_out=3)
    [engine] = Engine.made
    assert engine.arguments == Arguments("tiny", "r1", enable_prefix_caching=True, max_num_seqs=9)
    [(prompt, sampling, _)] = engine.asked
    assert prompt.endswith("### Inputs\n")
    assert sampling.structured_outputs.grammar.startswith("root ::= ")
    assert (sampling.seed, sampling.max_tokens) == (7, 512)
    assert engine.is_shut


def test_a_chat_template_is_used_where_there_is_one_unless_told_not_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Engine, "template", "template")
    started(once)
    started(once, endpoint="completions", structured="none")
    (chat, *_), (plain, sampling, _) = (engine.asked[0] for engine in Engine.made)
    assert chat == {"prompt_token_ids": [len("system|user")]}
    assert isinstance(plain, str)
    assert (sampling.structured_outputs, sampling.stop) == (None, ["\n###", "\n\n\n"])


@pytest.mark.parametrize(
    ("acts", "kind", "words"), [("refuses", Poison, "too long"), ("hangs", Retry, "within 0.05 s")]
)
def test_what_the_engine_does_on_a_bad_day_has_its_class(
    acts: str, kind: type[C2CError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "acts", acts)
    with pytest.raises(kind, match=words):
        started(once, request_s=0.05)
    assert Engine.made[0].dropped == (acts == "hangs")


def test_a_model_that_cannot_be_loaded_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match="cannot load 'missing': no such model"):
        started(once, name="missing")


def test_the_engine_is_given_what_the_settings_say_besides_and_refuses_what_it_does_not_know() -> (
    None
):
    started(once, engine={"tensor_parallel_size": 2})
    assert Engine.made[0].arguments.tensor_parallel_size == 2
    with pytest.raises(SettingsError, match=r"model\.engine: .*no such argument: .*'tensors'"):
        started(once, engine={"tensors": 2})
