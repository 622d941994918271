"""The writer that is a model alone: what it writes is read, and nothing of it is run here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from c2c_stream import metrics
from c2c_stream.engine.stage import Outcome, Place, turned_down
from c2c_stream.reasons import Reason
from c2c_stream.records import Candidate, Inputs, Writing
from c2c_stream.settings import ModelSettings
from c2c_stream.write.model.asking import Answer, Model, ask_for, sampling_of
from c2c_stream.write.model.lines import Read, inputs_in
from c2c_stream.write.model.prompt import Prompts
from c2c_stream.write.stage import seed_of


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote about one function, and the part of the record that says how."""

    read: Read
    how: Writing
    too_long: int = 0


class Author:
    """Asks a model about functions, and reads what it writes."""

    def __init__(self, model: Model, settings: ModelSettings) -> None:
        self.model = model
        self._settings = settings
        self._prompts = Prompts(settings.prompt_file)

    async def write(self, record: Candidate, found: Sequence[str], how: Writing) -> Written:
        """Ask for inputs unlike those that are `found`. Raises what Model.ask raises."""
        function, settings = record.function, self._settings
        ask = ask_for(function, self._prompts, settings, seed_of(function.function_id), found)
        size = len(ask.prompt.constant) + len(ask.prompt.own)
        if size > settings.max_prompt_chars:
            return Written(Read(), how, size)
        answer = await self.model.ask(ask)
        read = inputs_in(answer.text, function, settings.inputs, cut=answer.cut)
        return Written(read, self._noted(how, answer))

    def _noted(self, how: Writing, answer: Answer) -> Writing:
        settings = self._settings
        return replace(
            how,
            model=answer.model,
            revision=settings.revision,
            prompt=self._prompts.version,
            sampling=sampling_of(settings),
            tokens_in=answer.tokens_in,
            tokens_out=answer.tokens_out,
            tokens_cached=answer.tokens_cached,
        )


class ModelWriter:
    """An AsyncStage: each function is one request."""

    def __init__(self, author: Author) -> None:
        self._author = author

    async def start(self) -> None:
        """Build the model."""
        await self._author.model.start()

    async def stop(self) -> None:
        """Release it."""
        await self._author.model.stop()

    async def settle(self) -> None:
        """Nothing waits for more records."""

    def limit(self) -> int:
        """Return how many records to work on at once: as many as requests may be in flight."""
        return self._author.model.limit()

    async def process(self, record: Candidate, place: Place) -> Outcome:  # noqa: ARG002  # AsyncStage
        """Ask the model about one candidate."""
        route = self._author.model.route
        metrics.WRITTEN.labels(route, "").inc()
        return _outcome(record, await self._author.write(record, (), Writing(writer=route)))


def _outcome(record: Candidate, written: Written) -> Outcome:
    read = written.read
    if written.too_long:
        detail = f"a prompt of {written.too_long} characters; at most model.max_prompt_chars"
        return turned_down(record.function, Reason.NO_INPUTS, detail)
    if not read.inputs:
        detail = f"no call that fits among {read.useless} lines of the model"
        return turned_down(record.function, Reason.NO_INPUTS, detail)
    writing = replace(
        written.how,
        version=written.how.prompt,
        seed=seed_of(record.function.function_id),
        inputs=len(read.inputs),
    )
    return Outcome((Inputs(record.function, record.curation, writing, read.inputs),))
