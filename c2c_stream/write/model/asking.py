"""What is asked of a model and what it answers, as OpenAI-compatible servers speak. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from c2c_stream.records import Function, content_hash
from c2c_stream.settings import ModelSettings
from c2c_stream.write.model.grammar import grammar_of, schema_of
from c2c_stream.write.model.prompt import Prompt, Prompts

# Where no grammar ends an output: what stands in front of the next function of the prompt.
STOP: Final = ("\n###", "\n\n\n")
MAX_SEED: Final = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, whatever takes it."""

    prompt: Prompt
    function: Function
    fewest: int
    most: int
    seed: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model wrote, and what that took. `cut`: it broke off at the most tokens."""

    text: str
    model: str = ""
    cut: bool = False
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0


class Model(Protocol):
    """What answers: servers, or an engine in this process. `route` is its writer's name."""

    route: str

    async def start(self) -> None:
        """Build what lives as long as the service."""

    async def stop(self) -> None:
        """Release it."""

    def limit(self) -> int:
        """Return how many requests to have in flight."""
        ...

    async def ask(self, ask: Ask) -> Answer:
        """Return the answer to one request. Raises Unavailable, Retry, Poison, SettingsError."""
        ...


class Unreadable(ValueError):
    """An answer is not what OpenAI-compatible servers send."""


def ask_for(
    function: Function, prompts: Prompts, settings: ModelSettings, seed: int, found: Sequence[str]
) -> Ask:
    """Return what is asked about a function. `found` are inputs that are known."""
    most = settings.inputs
    fewest = max(1, most // 2)
    return Ask(prompts.of(function, most, found), function, fewest, most, seed & MAX_SEED)


def key_of(ask: Ask, settings: ModelSettings) -> str:
    """Return the key under which an answer is kept: other words or settings are another key."""
    chosen = settings.model_dump(
        mode="json",
        include={
            "name",
            "revision",
            "endpoint",
            "structured",
            "temperature",
            "top_p",
            "max_tokens",
        },
    )
    asked = [ask.prompt.constant, ask.prompt.own, ask.fewest, ask.most, ask.seed]
    signature = [(p.name, p.kind, p.annotation, p.default) for p in ask.function.parameters]
    return content_hash(json.dumps([chosen, asked, signature]))


def sampling_of(settings: ModelSettings) -> str:
    """Return the sampling settings as rows record them."""
    return (
        f"temperature={settings.temperature:g} top_p={settings.top_p:g}"
        f" max_tokens={settings.max_tokens}"
    )


def body_of(
    ask: Ask, model: str, settings: ModelSettings, *, chat: bool, structured: str
) -> dict[str, Any]:
    """Return the body of a request."""
    body: dict[str, Any] = {
        "model": model,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "max_tokens": settings.max_tokens,
        "seed": ask.seed,
    }
    if chat:
        body["messages"] = [
            {"role": "system", "content": ask.prompt.constant},
            {"role": "user", "content": ask.prompt.own},
        ]
    else:
        body["prompt"] = ask.prompt.constant + ask.prompt.own
    return body | _held_to(ask, structured)


def _held_to(ask: Ask, structured: str) -> dict[str, Any]:
    """Return the part of a body that holds the output to its form."""
    parameters = ask.function.parameters
    match structured:
        case "vllm":
            grammar = grammar_of(parameters, ask.fewest, ask.most)
            return {"structured_outputs": {"grammar": grammar}}
        case "llama":
            return {"grammar": grammar_of(parameters, ask.fewest, ask.most)}
        case "json":
            schema = {"name": "cases", "schema": schema_of(parameters, ask.most), "strict": True}
            return {"response_format": {"type": "json_schema", "json_schema": schema}}
    return {"stop": list(STOP)}


def answer_in(data: bytes, model: str) -> Answer:
    """Return the answer that a body of `model`'s holds. Raises Unreadable."""
    try:
        body = json.loads(data)
        choice = body["choices"][0]
        text = choice["message"]["content"] if "message" in choice else choice["text"]
        cut = choice.get("finish_reason") == "length"
        usage = body.get("usage") or {}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"no answer of an OpenAI-compatible server: {error!r}"[:200]) from error
    if text is None:  # a refusal, or tokens that were spent on thinking alone
        text = ""
    if not isinstance(text, str) or not isinstance(usage, dict):
        raise Unreadable("its text is none")
    details = usage.get("prompt_tokens_details") or {}
    cached = _count(details, "cached_tokens") if isinstance(details, dict) else 0
    count_in, out = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    return Answer(text, model, cut, count_in, out, cached)


def _count(counts: Mapping[str, object], name: str) -> int:
    """Return a count; 0 for what is none, since no row depends on it."""
    value = counts.get(name)
    return value if type(value) is int and 0 <= value < 1 << 40 else 0


def message_in(data: bytes) -> str:
    """Return what an error's body says, shortened to one line."""
    text = data[:4096].decode("utf-8", "replace")
    try:
        found = json.loads(text)
        error = found.get("error", found)
        text = str(error.get("message", error) if isinstance(error, dict) else error)
    except (ValueError, AttributeError, RecursionError):
        pass
    return " ".join(text.split())[:300]


def models_in(data: bytes) -> tuple[list[str], str]:
    """Return the names of the models that a server lists, and what it says it is."""
    try:
        entries = json.loads(data)["data"]
        names: list[str] = []
        for entry in entries:
            names += [str(entry["id"]), *map(str, entry.get("aliases") or ())]
        owners = {str(entry.get("owned_by", "")) for entry in entries}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"no list of models: {error!r}"[:200]) from error
    return list(dict.fromkeys(names)), owners.pop() if len(owners) == 1 else ""
