"""W3C trace context and lineage in a record's headers, for people and tracers. Pure.

Nothing of it is needed to read a record, and nothing of it gets into a row. A file's way is one
trace: it begins where the file is put out, with an id that is a hash of the run and the file, and a
well-formed one that comes in goes on. A stage's work on one record is one span; its id is a hash
too, so that work that is done again says the same. Source: W3C Trace Context, level 1.
"""

import re
from hashlib import blake2b
from operator import attrgetter
from typing import Final, NamedTuple

from c2c_stream.broker.protocol import Delivered
from c2c_stream.records import (
    Candidate,
    Cases,
    File,
    Function,
    Inputs,
    Record,
    Sample,
    content_hash,
)

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
RUN: Final = "c2c.run"
STAGE: Final = "c2c.stage"
FILE: Final = "c2c.file_id"
OCCURRENCE: Final = "c2c.occurrence_id"
FUNCTION: Final = "c2c.function_id"
LINEAGE: Final = (FILE, OCCURRENCE, FUNCTION)

# What comes in longer than this is not passed on: headers must stay far smaller than records.
MAX_STATE_BYTES: Final = 512
MAX_PARENT_BYTES: Final = 256
# An id of ours is 32 hex digits.
MAX_ID_BYTES: Final = 64

_PARENT: Final = re.compile(
    rb"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL
)
_SAMPLED: Final = 1
_ZEROS: Final = frozenset({b"0" * 32, b"0" * 16})

Headers = tuple[tuple[str, bytes], ...]


class Parent(NamedTuple):
    """A traceparent: ids as lower-case hex."""

    trace_id: bytes
    span_id: bytes
    flags: int = _SAMPLED

    def header(self) -> bytes:
        """Return it as a header's value, of version 00."""
        return b"00-%b-%b-%02x" % (self.trace_id, self.span_id, self.flags & _SAMPLED)


def parent_in(headers: Headers) -> Parent | None:
    """Return the traceparent in a record's headers; None if there is none, or not one alone."""
    found = [value for name, value in headers if name == TRACEPARENT]
    if len(found) != 1 or len(found[0]) > MAX_PARENT_BYTES:
        return None
    match = _PARENT.fullmatch(found[0])
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    # A later version may say more behind the part that we know; ours may not.
    if (version == b"00" and more is not None) or trace_id in _ZEROS or span_id in _ZEROS:
        return None
    return Parent(trace_id, span_id, int(flags, 16))


class Span(NamedTuple):
    """A stage's work on one record: what its outputs bear. `above`: the span that it is part of."""

    names: Headers
    lineage: dict[str, bytes]
    headers: Headers
    own: Parent
    above: Parent | None

    def ids(self) -> dict[str, str]:
        """Return the lineage as text, by the names of its headers."""
        return {name: value.decode("utf-8", "replace") for name, value in self.lineage.items()}


class Tracer:
    """Makes the headers of one service's outputs."""

    def __init__(self, run: str, stage: str) -> None:
        self._run = run
        self._salt = f"{run}\0{stage}\0".encode()
        self._names = ((RUN, run.encode()), (STAGE, stage.encode()))

    def span(self, delivered: Delivered, record: Record | None) -> Span:
        """Return the work on a record; None stands for one that could not be read."""
        headers = delivered.headers
        lineage = {n: v for n, v in headers if n in LINEAGE and len(v) <= MAX_ID_BYTES}
        if record is not None:
            lineage |= _ids_of(record)
        above, state = parent_in(headers), _state_in(headers)
        parent = above
        if parent is None:
            parent, state = self._root(lineage.get(FILE) or delivered.key), ()
        trace_id, span_id, flags = parent
        # Many records of one parent may share a key: copies of a function in one file.
        told = b"%b\0%b\0%b" % (span_id, lineage.get(OCCURRENCE, b""), delivered.key)
        own = Parent(trace_id, self._hash(trace_id, told), flags & _SAMPLED)
        names = ((TRACEPARENT, own.header()), *state, *self._names)
        return Span(names, lineage, (*names, *lineage.items()), own, above)

    def headers(self, span: Span, output: Record) -> Headers:
        """Return the headers of an output."""
        match output:
            case File():
                return self._beginning(output)
            case Function():  # of the rest all is known by what was read
                return (*span.names, *(span.lineage | _ids_of(output)).items())
        return span.headers

    def _beginning(self, file: File) -> Headers:
        ids = _ids_of(file)
        root = self._root(ids.get(FILE, b""))
        return ((TRACEPARENT, root.header()), *self._names, *ids.items())

    def _root(self, work: bytes) -> Parent:
        trace_id = content_hash(self._run, work).encode()
        return Parent(trace_id, self._hash(trace_id, work))

    def _hash(self, trace_id: bytes, own: bytes) -> bytes:
        return blake2b(self._salt + trace_id + own, digest_size=8).hexdigest().encode()


def _state_in(headers: Headers) -> Headers:
    """Return what tracers say of themselves: it goes with a traceparent, unchanged."""
    found = tuple([header for header in headers if header[0] == TRACESTATE])
    if found and sum(len(value) + 1 for _, value in found) > MAX_STATE_BYTES:
        return ()
    return found


def _ids_of(record: Record) -> dict[str, bytes]:
    """Return the ids that a record's body tells."""
    match record:
        case Function():
            return _short(LINEAGE, _function_ids(record))
        case Candidate() | Inputs() | Cases():
            return _short(LINEAGE, _function_ids(record.function))
        case File():
            return _short((FILE,), (record.file_id,))
        case Sample():
            return _short((FUNCTION,), (record.function_id,))
    return {}


# In the order of LINEAGE.
_function_ids = attrgetter("file_id", "occurrence_id", "function_id")


def _short(names: tuple[str, ...], texts: tuple[str, ...]) -> dict[str, bytes]:
    return {
        name: text.encode("utf-8", "replace")
        for name, text in zip(names, texts, strict=True)
        if 0 < len(text) <= MAX_ID_BYTES
    }
