"""The hybrid: search first; a model only for what the search left short, or to vary the rows.

What the model writes becomes seeds of a second search, which tries, repairs and mutates them inside
of the sandbox: a few written inputs become many, at no cost of the model. It is not asked again
with the error in its prompt: that pays for what the search repairs for nothing.
"""

from c2c_stream import metrics
from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.records import Candidate, Writing, content_hash
from c2c_stream.settings import ModelSettings
from c2c_stream.write.frames import Told
from c2c_stream.write.model.stage import Author
from c2c_stream.write.stage import Writer, outcome_of

_SHARES = 1 << 32


class HybridWriter:
    """An AsyncStage: a search, and for some functions a request and a second search."""

    def __init__(self, search: Writer, author: Author, settings: ModelSettings) -> None:
        self._search = search
        self._author = author
        self._settings = settings
        self._asking = 0

    async def start(self) -> None:
        """Build the jails and the model. Raises SandboxUnavailable."""
        await self._search.start()
        await self._author.model.start()

    async def stop(self) -> None:
        """Release both."""
        await self._author.model.stop()
        await self._search.stop()

    async def settle(self) -> None:
        """Nothing waits for more records."""

    def limit(self) -> int:
        """Return how many records to work on at once: those that ask leave their jail to others."""
        return self._search.limit() + min(self._asking, self._author.model.limit())

    async def process(self, record: Candidate, place: Place) -> Outcome:  # noqa: ARG002  # AsyncStage
        """Write inputs for one candidate."""
        told = await self._search.search(record)
        why = why_ask(record.function.function_id, told, self._settings)
        metrics.WRITTEN.labels("hybrid" if why else "search", why).inc()
        if not why or isinstance(told, Outcome):
            return outcome_of(record, told)
        self._asking += 1
        try:
            written = await self._author.write(
                record, told.inputs, Writing(writer="hybrid", why=why)
            )
        finally:
            self._asking -= 1
        if not written.read.inputs:
            return outcome_of(record, told, written.how)
        again = await self._search.search(record, (*written.read.inputs, *told.inputs))
        if isinstance(again, Outcome) and told.inputs:
            return outcome_of(record, told, written.how)  # a seed may hang where the search did not
        return outcome_of(record, again, written.how)


def why_ask(function_id: str, told: Told | Outcome, settings: ModelSettings) -> str:
    """Return why a model is asked about a function; empty where it is not.

    One that cannot be loaded, or breaks its interpreter, is beyond a model's help.
    """
    if isinstance(told, Outcome):
        return ""
    if told.working < settings.when_inputs_below:
        return "few_inputs"
    if told.outputs < settings.when_outputs_below:
        return "few_outputs"
    if told.edges_covered < settings.when_coverage_below * told.edges:
        return "low_coverage"
    if told.implausible > settings.when_implausible_above * len(told.inputs):
        return "implausible"
    drawn = int(content_hash("sampled", function_id)[:8], 16)
    return "sampled" if drawn < settings.sampled_share * _SHARES else ""
