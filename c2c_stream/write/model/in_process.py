"""vLLM in this process' charge: one machine with a GPU, no server to run beside."""

import asyncio
from typing import Any, Final

from c2c_stream import metrics
from c2c_stream.errors import Poison, Retry, SettingsError
from c2c_stream.settings import ModelSettings
from c2c_stream.write.model.asking import STOP, Answer, Ask
from c2c_stream.write.model.grammar import grammar_of

NEEDS: Final = "the writer vllm needs vLLM: pip install 'c2c-stream[vllm]', or name model.servers"


class InProcess:
    """A model in vLLM's own engine, which batches what is in flight continuously."""

    route = "vllm"

    def __init__(self, settings: ModelSettings) -> None:
        """Take the model's name, or its folder, from the settings."""
        self._settings = settings
        self._engine: Any = None
        self._template: Any = None
        self._asked = 0

    async def start(self) -> None:
        """Load the model: minutes. Raises SettingsError where vLLM or the model is missing."""
        try:
            from vllm.engine.arg_utils import AsyncEngineArgs
            from vllm.v1.engine.async_llm import AsyncLLM
        except ImportError as error:
            raise SettingsError(f"{NEEDS} ({error})") from error
        settings = self._settings
        given = {
            "model": settings.name,
            "revision": settings.revision or None,
            "enable_prefix_caching": True,
            "max_num_seqs": settings.in_flight,
            **settings.engine,
        }
        try:
            arguments = AsyncEngineArgs(**given)
        except TypeError as error:
            raise SettingsError(
                f"model.engine: vLLM's engine takes no such argument: {error}"
            ) from error
        try:
            self._engine = AsyncLLM.from_engine_args(arguments)
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"model.name: vLLM cannot load {settings.name!r}: {error}"
            ) from error
        tokenizer = self._engine.get_tokenizer()
        if settings.endpoint != "completions" and getattr(tokenizer, "chat_template", None):
            self._template = tokenizer

    async def stop(self) -> None:
        """End the engine."""
        if self._engine is not None:
            self._engine.shutdown()

    def limit(self) -> int:
        """Return how many requests to have in flight: the engine's batch."""
        return self._settings.in_flight

    async def ask(self, ask: Ask) -> Answer:
        """Return the answer to one request. Raises Retry, Poison."""
        self._asked += 1
        request_id = f"{ask.function.function_id}-{self._asked}"
        metrics.MODEL_IN_FLIGHT.inc()
        outcome = "broken_off"
        try:
            with metrics.MODEL_REQUEST_SECONDS.time():
                async with asyncio.timeout(self._settings.request_s):
                    answer = await self._generated(ask, request_id)
            outcome = "answered"
        except TimeoutError as error:
            outcome = "Retry"
            raise Retry(f"vLLM: no answer within {self._settings.request_s:g} s") from error
        except ValueError as error:  # so it says of a prompt or a grammar that it does not take
            outcome = "Poison"
            raise Poison(f"vLLM refuses the request: {error}") from error
        finally:
            metrics.MODEL_IN_FLIGHT.dec()
            metrics.MODEL_REQUESTS.labels(outcome).inc()
        return answer

    async def _generated(self, ask: Ask, request_id: str) -> Answer:
        last = None
        # Leaving this loop, cancelled too, makes the engine drop the request.
        async for output in self._engine.generate(
            self._prompt(ask), self._sampling(ask), request_id
        ):
            last = output
        if last is None:
            raise Retry("vLLM ended a request without an answer")
        [written] = last.outputs
        return Answer(
            text=written.text,
            model=self._settings.name,
            cut=written.finish_reason == "length",
            tokens_in=len(last.prompt_token_ids or ()),
            tokens_out=len(written.token_ids),
            tokens_cached=last.num_cached_tokens or 0,
        )

    def _prompt(self, ask: Ask) -> Any:
        if self._template is None:
            return ask.prompt.constant + ask.prompt.own
        messages = [
            {"role": "system", "content": ask.prompt.constant},
            {"role": "user", "content": ask.prompt.own},
        ]
        text = self._template.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )
        # The template has put the special tokens there already.
        return {"prompt_token_ids": self._template.encode(text, add_special_tokens=False)}

    def _sampling(self, ask: Ask) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        settings = self._settings
        held: dict[str, Any] = {"stop": list(STOP)}
        if settings.structured != "none":
            grammar = grammar_of(ask.function.parameters, ask.fewest, ask.most)
            held = {"structured_outputs": StructuredOutputsParams(grammar=grammar)}
        return SamplingParams(
            temperature=settings.temperature,
            top_p=settings.top_p,
            max_tokens=settings.max_tokens,
            seed=ask.seed,
            output_kind=RequestOutputKind.FINAL_ONLY,
            **held,
        )
