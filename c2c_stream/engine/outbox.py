"""Turn what became of a record into what a commit carries: encoded outputs and their books. Pure.

Sizes are checked here, before anything is produced: a larger output is a rejection with its reason,
a larger dead letter keeps its place, its hash and its head.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, NamedTuple

from c2c_stream.broker.protocol import Delivered, Produced
from c2c_stream.codec import Codec
from c2c_stream.engine.books import Books
from c2c_stream.engine.stage import Chunk, Outcome, Place
from c2c_stream.engine.trace import Span, Tracer
from c2c_stream.reasons import Reason
from c2c_stream.records import (
    DeadLetter,
    Header,
    Origin,
    Record,
    RejectedItem,
    Rejection,
    content_hash,
    origin_of,
)
from c2c_stream.topics import DEAD_LETTER_HEAD_BYTES, MAX_DEAD_LETTER_BYTES, key_of, topic_of

# Of a rejection record; far below the topic's limit, whatever the details hold.
REJECTION_BYTES = 1024 * 1024
# A detail is a hint for a person; hostile names, paths and errors may be of any length.
MAX_DETAIL_CHARS = 500
MAX_NAME_CHARS = 2000
MAX_REASON_CHARS = 2000


class Work(NamedTuple):
    """How long a stage had a record in hand for one result: `began` since the epoch, in seconds."""

    place: Place
    span: Span
    began: float
    seconds: float


class Timed(NamedTuple):
    """When a result came (seconds since the epoch), and how long it took."""

    at: float = 0.0
    seconds: float = 0.0


AT_ONCE: Final = Timed()


@dataclass(frozen=True, slots=True)
class Settled:
    """What a commit carries for one result of one record."""

    outputs: tuple[Produced, ...]
    delta: Books
    size: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    puts: Mapping[str, bytes] = field(default_factory=dict)
    work: Work | None = None


_NO_REASONS: Mapping[str, int] = {}


class _Emitted(NamedTuple):
    """What one result puts out: the outputs, then the rejections, and how many of which."""

    produced: tuple[Produced, ...]
    out: int
    rejected: int
    rejections: int
    reasons: Mapping[str, int]

    @property
    def size(self) -> int:
        return sum([_bytes_of(one) for one in self.produced])


class Outbox:
    """Encodes the results of one service."""

    def __init__(self, service: str, codec: Codec, tracer: Tracer) -> None:
        self._service = service
        self._codec = codec
        self._tracer = tracer

    def outcome(
        self, delivered: Delivered, record: Record, outcome: Outcome, timed: Timed = AT_ONCE
    ) -> Settled:
        """Return what a finished record emits."""
        span = self._tracer.span(delivered, record)
        emitted = self._emit(span, origin_of(record), outcome.outputs, outcome.rejected)
        delta = _counted(1, emitted.out, emitted.rejected, emitted.rejections)
        work = _work(delivered, span, timed)
        return Settled(emitted.produced, delta, emitted.size, emitted.reasons, outcome.puts, work)

    def chunk(
        self, delivered: Delivered, record: Record, chunk: Chunk, timed: Timed = AT_ONCE
    ) -> Settled:
        """Return what a part of a Source's record emits; the record itself goes on."""
        span = self._tracer.span(delivered, record)
        emitted = self._emit(span, chunk.origin, chunk.outputs, chunk.rejected)
        delta = _counted(0, emitted.out, emitted.rejected, emitted.rejections)
        return Settled(
            emitted.produced,
            replace(delta, cursor=chunk.cursor),
            emitted.size,
            emitted.reasons,
            work=_work(delivered, span, timed),
        )

    def dead(
        self,
        delivered: Delivered,
        error: str,
        reason: str,
        attempt: int,
        timed: Timed = AT_ONCE,
    ) -> Settled:
        """Return the dead letter of a record that failed for good."""
        letter = DeadLetter(
            stage=self._service,
            topic=delivered.topic,
            partition=delivered.partition,
            offset=delivered.offset,
            key=delivered.key,
            value=delivered.value,
            value_bytes=len(delivered.value),
            value_hash=content_hash(delivered.value),
            headers=tuple(Header(name, value) for name, value in delivered.headers),
            error=error,
            reason=reason[:MAX_REASON_CHARS],
            attempt=attempt,
        )
        span = self._tracer.span(delivered, None)
        produced = self._produced(span, letter)
        if len(produced.value) > MAX_DEAD_LETTER_BYTES:
            produced = self._produced(span, _head_of(letter))
        work = _work(delivered, span, timed)
        books = Books(read=1, dead=1)
        return Settled((produced,), books, len(produced.value), {error: 1}, work=work)

    def _emit(
        self,
        span: Span,
        origin: Origin,
        outputs: Iterable[Record],
        rejected: Iterable[RejectedItem],
    ) -> _Emitted:
        turned_down = list(rejected)
        emitted: list[Produced] = []
        for output in outputs:
            produced = self._produced(span, output)
            if len(produced.value) <= topic_of(output).max_bytes:
                emitted.append(produced)
            else:
                turned_down.append(_too_big(output, len(produced.value)))
        if not turned_down:
            return _Emitted(tuple(emitted), len(emitted), 0, 0, _NO_REASONS)
        rejections = [self._produced(span, r) for r in self._rejections(origin, turned_down)]
        return _Emitted(
            (*emitted, *rejections),
            len(emitted),
            len(turned_down),
            len(rejections),
            Counter(item.reason for item in turned_down),
        )

    def _rejections(self, origin: Origin, items: list[RejectedItem]) -> Iterator[Rejection]:
        """Yield one rejection an input; more where it would be too large."""
        part: list[RejectedItem] = []
        size = 0
        for item in items:
            part.append(_clipped(item))
            size += _size_of(part[-1])
            if size >= REJECTION_BYTES:
                yield Rejection(self._service, origin.repository, origin.commit, tuple(part))
                part, size = [], 0
        if part:
            yield Rejection(self._service, origin.repository, origin.commit, tuple(part))

    def _produced(self, span: Span, record: Record) -> Produced:
        return Produced(
            topic_of(record).name,
            key_of(record).encode("utf-8", "surrogatepass"),
            self._codec.encode(record),
            self._tracer.headers(span, record),
        )


def _work(delivered: Delivered, span: Span, timed: Timed) -> Work:
    place = Place(delivered.topic, delivered.partition, delivered.offset)
    return Work(place, span, timed.at - timed.seconds, timed.seconds)


@lru_cache(maxsize=1024)
def _counted(processed: int, out: int, rejected: int, rejections: int) -> Books:
    """Return the books of one result. Most results of a stage have the same."""
    return Books(
        read=processed,
        processed=processed,
        found=out + rejected,
        out=out,
        rejected=rejected,
        rejections=rejections,
    )


def _bytes_of(produced: Produced) -> int:
    beside = sum([len(name) + len(value) for name, value in produced.headers])
    return len(produced.key) + len(produced.value) + beside


def _clipped(item: RejectedItem) -> RejectedItem:
    return replace(
        item,
        path=item.path[:MAX_NAME_CHARS],
        qualified_name=item.qualified_name[:MAX_NAME_CHARS],
        detail=item.detail[:MAX_DETAIL_CHARS],
    )


def _head_of(letter: DeadLetter) -> DeadLetter:
    """Return a letter that surely fits: the heads of key and value; hash and size tell the rest."""
    return replace(
        letter,
        key=letter.key[:DEAD_LETTER_HEAD_BYTES],
        value=letter.value[:DEAD_LETTER_HEAD_BYTES],
        headers=(),
    )


def _too_big(record: Record, size: int) -> RejectedItem:
    origin = origin_of(record)
    limit = topic_of(record).max_bytes
    function = getattr(record, "function", record)
    return RejectedItem(
        occurrence_id=getattr(function, "occurrence_id", ""),
        function_id=getattr(function, "function_id", ""),
        path=origin.path,
        qualified_name=getattr(function, "qualified_name", ""),
        line=getattr(function, "line", 0),
        reason=Reason.RECORD_TOO_BIG.value,
        detail=f"{type(record).__name__} of {size} bytes; the limit is {limit}",
    )


def _size_of(item: RejectedItem) -> int:
    return 4 * (len(item.path) + len(item.qualified_name) + len(item.detail)) + 200
