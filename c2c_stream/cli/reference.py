"""Render docs/reference.md from the objects that the code uses: settings, metrics, exit codes.

`make docs` writes the page; a test holds it against the code.
"""

from collections.abc import Iterator, Sequence

from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from c2c_stream import errors, metrics, topics
from c2c_stream.cli.exits import MEANING
from c2c_stream.reasons import Reason
from c2c_stream.settings import Section, Settings


def render() -> str:
    """Return the page."""
    parts = [
        "# Reference\n\nRendered from the code by `make docs`; do not edit.",
        _table("Settings", ("setting", "environment", "default", "meaning"), _settings()),
        _table("Topics", ("topic", "record", "consumer", "largest record", "on Kafka"), _topics()),
        _table("Metrics", ("metric", "type", "labels", "meaning"), _metrics()),
        _table("Reasons", ("code", "meaning"), [(f"`{r}`", r.meaning) for r in Reason]),
        _table("Errors", ("error", "what follows"), _errors()),
        _table("Exit codes", ("code", "meaning"), [(str(int(c)), m) for c, m in MEANING.items()]),
    ]
    return "\n\n".join(parts) + "\n"


def _settings() -> Iterator[tuple[str, ...]]:
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            yield from _section(name, section)
        else:
            yield _setting((name,), field)


def _section(name: str, section: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    for inner, field in section.model_fields.items():
        yield _setting((name, inner), field)


def _setting(path: Sequence[str], field: FieldInfo) -> tuple[str, ...]:
    environment = "C2C_" + "__".join(path).upper()
    default = "" if field.default in (None, "", PydanticUndefined) else f"`{field.default}`"
    return (f"`{'.'.join(path)}`", f"`{environment}`", default, field.description or "")


def _topics() -> Iterator[tuple[str, ...]]:
    for topic in topics.TOPICS:
        size = f"{topic.max_bytes // topics.MIB} MiB"
        kept = "kept for ever" if topic.kept else "kept for `kafka.retention_hours`"
        yield (f"`{topic.name}`", f"`c2c.{topic.record.__name__}`", topic.consumer, size, kept)
    for service in topics.STATEFUL:
        name = topics.state_topic_of(service)
        size = f"{topics.MAX_RECORD_BYTES // topics.MIB} MiB"
        yield (f"`{name}`", "state by key", service, size, "compacted")


def _metrics() -> Iterator[tuple[str, ...]]:
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
            labels = ", ".join(metric._labelnames)  # noqa: SLF001  # it has no public name
            yield (f"`{family.name}{suffix}`", family.type, labels, family.documentation)


def _errors() -> Iterator[tuple[str, ...]]:
    for name, error in vars(errors).items():
        if isinstance(error, type) and error is not errors.C2CError:
            yield (f"`{name}`", (error.__doc__ or "").strip())


def _table(
    title: str, head: Sequence[str], rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]
) -> str:
    lines = [f"## {title}", "", f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    print(render(), end="")
