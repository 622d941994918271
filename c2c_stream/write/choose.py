"""Build the writer that the settings choose; a model's client comes only where one is asked."""

from collections.abc import Callable
from pathlib import Path

from c2c_stream.engine.stage import AsyncStage
from c2c_stream.records import Candidate
from c2c_stream.sandbox import Walls
from c2c_stream.settings import Settings, writer_of
from c2c_stream.write.model.asking import Model
from c2c_stream.write.model.remembering import Remembering
from c2c_stream.write.model.stage import Author, ModelWriter
from c2c_stream.write.stage import Writer


def stage_for(
    settings: Settings, told: Callable[[Walls], None] = lambda _: None
) -> AsyncStage[Candidate]:
    """Return the writer. Raises SettingsError for a model that is not named as it must be.

    `told` hears of the walls of each jail.
    """
    chosen = writer_of(settings)
    if chosen == "search":
        return Writer(settings.write, settings.sandbox, told)
    model = Remembering(_model(chosen, settings), settings.model, folder_of(settings.out))
    author = Author(model, settings.model)
    if chosen != "hybrid":
        return ModelWriter(author)
    from c2c_stream.write.hybrid import HybridWriter

    return HybridWriter(Writer(settings.write, settings.sandbox, told), author, settings.model)


def _model(chosen: str, settings: Settings) -> Model:
    if chosen == "vllm" or not settings.model.servers:
        from c2c_stream.write.model.in_process import InProcess

        return InProcess(settings.model)
    from c2c_stream.write.model.servers import Servers

    return Servers(settings.model)


def folder_of(out: Path) -> Path:
    """Return where finished generations are kept."""
    return out / ".c2c" / "model"
