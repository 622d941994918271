"""Tells what happened to one function, from its file to a sample, a rejection or a dead letter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from c2c_stream.engine.letters import Letter
from c2c_stream.errors import SourceError
from c2c_stream.records import Sample, Writing
from c2c_stream.sink.audit import Rejected, dead_letters, rejections
from c2c_stream.sink.dataset import Stored, shards, stored_samples
from c2c_stream.topics import SERVICES

SEPARATOR = "::"
MAX_CANDIDATES = 20

Trace = Stored | Rejected | Letter


@dataclass(frozen=True, slots=True)
class Step:
    """What one service did: passed it, rejected it, or failed on it."""

    stage: str
    result: str
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of one function (or of a file that was rejected whole)."""

    id: str
    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """What a query may have meant: (id, title) of each; `more` were left out."""

    candidates: tuple[tuple[str, str], ...]
    more: int


def explain(out: Path, query: str) -> Explanation | Ambiguous:
    """Return what happened to `query`: an id, the start of one, or `path.py::qualified.name`.

    Raises SourceError if nothing under `out` is called that.
    """
    matching = list(_matching(out, query))
    titles: dict[str, str] = {}
    for trace in matching:
        titles.setdefault(_key(trace), _title(trace))
    if not titles:
        raise SourceError(
            f"{out}: nothing is called {query!r}: give an id, the start of one, or a path and a "
            f"name like statistics.py::median (what is still on its way is in no file yet)"
        )
    if len(titles) > 1:
        candidates = tuple(sorted(titles.items(), key=lambda pair: (pair[1], pair[0])))
        return Ambiguous(candidates[:MAX_CANDIDATES], max(0, len(candidates) - MAX_CANDIDATES))
    ((key, title),) = titles.items()
    return Explanation(key, title, _story([t for t in _traces(out) if _key(t) == key]))


def _traces(out: Path) -> Iterator[Trace]:
    kept = stored_samples(out) if shards(out) else iter(())
    return chain(kept, rejections(out), dead_letters(out))


def _matching(out: Path, query: str) -> Iterator[Trace]:
    """Yield what `query` names; a file that was rejected whole only if nothing else."""
    path, separator, name = query.strip().partition(SEPARATOR)
    if not separator:
        yield from (t for t in _traces(out) if path and _has_id(t, path.lower()))
        return
    in_file = [t for t in _traces(out) if _is_in(t, path)]
    named = [t for t in in_file if name in _names(t)]
    yield from named or [t for t in in_file if _names(t) == ("",)]


def _has_id(trace: Trace, prefix: str) -> bool:
    match trace:
        case Stored(sample):
            ids: Sequence[str] = (sample.id,)
        case Rejected(item=item):
            ids = (item.function_id, item.occurrence_id)
        case Letter():
            ids = (_text(trace.dead.key), trace.place)
    return any(one.startswith(prefix) for one in ids)


def _is_in(trace: Trace, path: str) -> bool:
    match trace:
        case Stored(sample):
            found = sample.path
        case Rejected(item=item):
            found = item.path
        case Letter():
            return False
    return f"/{found}".endswith(f"/{path.lstrip('/')}")


def _names(trace: Trace) -> tuple[str, ...]:
    match trace:
        case Stored(sample):
            return (sample.entry_point,)
        case Rejected(item=item):
            return (item.qualified_name,)
        case Letter():
            return ()


def _key(trace: Trace) -> str:
    match trace:
        case Stored(sample):
            return sample.function_id
        case Rejected(item=item):
            return item.function_id or item.occurrence_id or f"{trace.repository} {item.path}"
        case Letter():
            return _text(trace.dead.key) or trace.place


def _title(trace: Trace) -> str:
    match trace:
        case Stored(sample):
            return f"{sample.path}{SEPARATOR}{sample.entry_point}"
        case Rejected():
            return str(trace)
        case Letter():
            return trace.place


def _story(traces: Sequence[Trace]) -> tuple[Step, ...]:
    steps = [step for trace in traces for step in _steps(trace)]
    order = {service: number for number, service in enumerate(SERVICES)}
    return tuple(sorted(steps, key=lambda step: order.get(step.stage, len(order))))


def _steps(trace: Trace) -> list[Step]:
    match trace:
        case Stored(sample, file):
            return [*_passed(sample), Step("sink", "stored", f"a row of {file.name}")]
        case Rejected(item=item):
            where = f"{trace} line {item.line}" if item.line else str(trace)
            detail = f": {item.detail}" if item.detail else ""
            return [Step(trace.stage, "rejected", f"{where}: {item.reason}{detail}")]
        case Letter():
            dead, done = trace.dead, f", {trace.action}" if trace.action else ""
            text = f"{trace.place}: {dead.error}: {dead.reason} (attempt {dead.attempt})"
            return [Step(dead.stage, f"dead letter{done}", text)]


def _passed(sample: Sample) -> list[Step]:
    writing, execution = sample.writer, sample.runtime
    lines = len(sample.code.splitlines())
    commit = f" at {sample.commit[:12]}" if sample.commit else ""
    dropped = "".join(f", {one.calls} dropped: {one.reason}" for one in execution.dropped)
    told = {
        "ingester": f"{sample.repository}{commit}: {sample.path}",
        "collector": f"line {sample.line}: a bundle of {lines} lines around {sample.entry_point}",
        "curator": f"licence {sample.license}",
        "writer": _written(writing),
        "executor": f"Python {execution.python}: {execution.kept} of {execution.calls} calls "
        f"kept{dropped}",
        "formatter": f"{len(sample.visible_cases)} visible and {len(sample.hidden_cases)} hidden "
        f"cases in {sample.id}",
    }
    return [Step(stage, "passed", text) for stage, text in told.items()]


def _written(writing: Writing) -> str:
    text = f"{writing.writer} wrote {writing.inputs} inputs"
    if writing.edges:
        text += f" that cover {writing.edges_covered} of {writing.edges} edges"
    if writing.model:
        why = f", asked because of {writing.why}" if writing.why else ""
        text += f", with {writing.tokens_out} tokens of {writing.model}{why}"
    return text


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
