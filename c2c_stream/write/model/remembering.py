"""A model that is asked nothing twice, whatever was killed in between."""

from pathlib import Path

from c2c_stream import metrics
from c2c_stream.settings import ModelSettings
from c2c_stream.write.model.asking import Answer, Ask, Model, key_of
from c2c_stream.write.model.cache import Cache


class Remembering:
    """Another model, in front of which finished generations are kept on disk."""

    def __init__(self, model: Model, settings: ModelSettings, folder: Path) -> None:
        """Raise SettingsError where the folder cannot hold them."""
        self.route = model.route
        self._model = model
        self._settings = settings
        self._cache = Cache(settings.cache_folder or folder)

    async def start(self) -> None:
        """Start the model."""
        await self._model.start()

    async def stop(self) -> None:
        """Stop it."""
        await self._model.stop()
        self._cache.close()

    def limit(self) -> int:
        """Return how many requests to have in flight."""
        return self._model.limit()

    async def ask(self, ask: Ask) -> Answer:
        """See Model."""
        key = key_of(ask, self._settings)
        known = self._cache.get(key)
        if known is not None:
            metrics.MODEL_REQUESTS.labels("remembered").inc()
            return known
        answer = await self._model.ask(ask)
        self._cache.put(key, answer)
        for kind, count in (
            ("in", answer.tokens_in),
            ("out", answer.tokens_out),
            ("cached", answer.tokens_cached),
        ):
            metrics.MODEL_TOKENS.labels(kind).inc(count)
        return answer
