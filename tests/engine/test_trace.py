from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.broker.protocol import Delivered
from c2c_stream.engine.outbox import Outbox
from c2c_stream.engine.stage import Chunk, Outcome
from c2c_stream.engine.trace import (
    FILE,
    FUNCTION,
    MAX_PARENT_BYTES,
    MAX_STATE_BYTES,
    OCCURRENCE,
    Headers,
    Parent,
    Tracer,
    parent_in,
)
from c2c_stream.records import (
    Candidate,
    Cases,
    File,
    Function,
    Inputs,
    Record,
    RejectedItem,
    Repository,
    Sample,
)
from tests.engine.make import CODEC

TRACE, SPAN = b"0af7651916cd43dd8448eb211c80319c", b"b7ad6b7169203331"
GOOD = b"00-%b-%b-01" % (TRACE, SPAN)
FUNCTION_RECORD = Function(function_id="fu", occurrence_id="oc", file_id="fi")
COLLECTOR = Tracer("main", "collector")


def hexes(digits: int) -> st.SearchStrategy[bytes]:
    numbers = st.integers(1, 16**digits - 1)
    return numbers.map(lambda number: b"%0*x" % (digits, number))


PARENTS = st.builds(Parent, hexes(32), hexes(16), st.integers(0, 1))


def read(record: Record, *headers: tuple[str, bytes], key: bytes = b"k") -> Delivered:
    return Delivered("t", 0, 1, key, CODEC.encode(record), headers)


def made(tracer: Tracer, delivered: Delivered, record: Record, output: Record) -> Headers:
    return tracer.headers(tracer.span(delivered, record), output)


def parent_of(headers: Headers) -> Parent:
    found = parent_in(headers)
    assert found is not None
    return found


@given(PARENTS)
def test_what_is_written_is_read(parent: Parent) -> None:
    assert len(parent.header()) == 55
    assert parent_in((("traceparent", parent.header()),)) == parent


@given(PARENTS, st.binary(max_size=60))
def test_a_later_version_is_read_as_far_as_it_is_known(parent: Parent, more: bytes) -> None:
    later = b"cc" + parent.header()[2:]
    assert parent_in((("traceparent", later + b"-" + more),)) == parent
    assert parent_in((("traceparent", later + b"." + more),)) is None


@given(st.binary(max_size=80))
def test_anything_else_is_no_parent(value: bytes) -> None:
    assert parent_in((("traceparent", value),)) is None


@pytest.mark.parametrize(
    "value",
    [
        GOOD.upper(),
        GOOD + b"-more",
        GOOD + b"\n",
        b" " + GOOD,
        b"ff" + GOOD[2:],
        GOOD.replace(TRACE, b"0" * 32),
        GOOD.replace(SPAN, b"0" * 16),
        b"cc" + GOOD[2:] + b"-" * MAX_PARENT_BYTES,
    ],
)
def test_a_malformed_parent_begins_a_trace_of_its_own(value: bytes) -> None:
    delivered = read(FUNCTION_RECORD, ("traceparent", value), ("tracestate", b"a=b"))
    headers = made(COLLECTOR, delivered, FUNCTION_RECORD, FUNCTION_RECORD)
    alone = made(COLLECTOR, read(FUNCTION_RECORD), FUNCTION_RECORD, FUNCTION_RECORD)
    assert headers == alone
    assert parent_of(headers).trace_id != TRACE


def test_two_parents_are_none() -> None:
    assert parent_in((("traceparent", GOOD), ("traceparent", GOOD))) is None
    assert parent_in((("traceparent", GOOD), ("other", GOOD))) == Parent(TRACE, SPAN)


@given(PARENTS)
def test_a_parent_that_comes_in_goes_on_in_a_child(parent: Parent) -> None:
    delivered = read(FUNCTION_RECORD, ("traceparent", parent.header()))
    child = parent_of(made(COLLECTOR, delivered, FUNCTION_RECORD, FUNCTION_RECORD))
    assert (child.trace_id, child.flags) == (parent.trace_id, parent.flags)
    assert child.span_id != parent.span_id


def test_the_same_work_has_the_same_span_and_other_work_another() -> None:
    other = replace(FUNCTION_RECORD, occurrence_id="copy")
    works = [
        (COLLECTOR, read(FUNCTION_RECORD, ("traceparent", GOOD)), FUNCTION_RECORD),
        (Tracer("main", "curator"), read(FUNCTION_RECORD, ("traceparent", GOOD)), FUNCTION_RECORD),
        (Tracer("other", "collector"), read(FUNCTION_RECORD, ("traceparent", GOOD)), other),
        (COLLECTOR, read(FUNCTION_RECORD, ("traceparent", GOOD), key=b"l"), FUNCTION_RECORD),
        (COLLECTOR, read(other, ("traceparent", GOOD)), other),
    ]
    spans = [parent_of(made(*work, FUNCTION_RECORD)).span_id for work in works]
    assert len(set(spans)) == len(works)
    assert [parent_of(made(*work, FUNCTION_RECORD)).span_id for work in works] == spans


def test_each_file_begins_a_trace_that_depends_on_the_run_and_the_file() -> None:
    repository = Repository(url="r")
    delivered = read(repository, ("traceparent", GOOD))

    def trace_of(run: str, file: str) -> bytes:
        return parent_of(made(Tracer(run, "ingester"), delivered, repository, File(file))).trace_id

    traces = [trace_of("main", "a"), trace_of("main", "b"), trace_of("other", "a")]
    assert len({*traces, TRACE}) == 4
    assert trace_of("main", "a") == traces[0]


def test_a_file_without_a_trace_gets_the_one_that_it_would_have_begun_with() -> None:
    file = File(file_id="a")
    begun = made(Tracer("main", "ingester"), read(Repository()), Repository(), file)
    later = made(COLLECTOR, read(file), file, FUNCTION_RECORD)
    assert parent_of(begun).trace_id == parent_of(later).trace_id


def test_lineage_grows_as_it_becomes_known() -> None:
    known = {FILE: b"fi", OCCURRENCE: b"oc", FUNCTION: b"fu"}
    hops: list[tuple[Record, Record]] = [
        (File(file_id="fi"), FUNCTION_RECORD),
        (FUNCTION_RECORD, Candidate(FUNCTION_RECORD)),
        (Candidate(FUNCTION_RECORD), Inputs(FUNCTION_RECORD)),
        (Inputs(FUNCTION_RECORD), Cases(FUNCTION_RECORD)),
        (Cases(FUNCTION_RECORD), Sample(function_id="fu")),
    ]
    for taken, output in hops:
        found = dict(made(COLLECTOR, read(taken), taken, output))
        assert {name: found[name] for name in known} == known
        assert (found["c2c.run"], found["c2c.stage"]) == (b"main", b"collector")
    sample = Sample(function_id="fu")
    passed = made(COLLECTOR, read(sample, (FILE, b"from before")), sample, sample)
    assert dict(passed)[FILE] == b"from before"


def test_rejections_and_dead_letters_bear_the_trace_and_the_lineage_of_their_record() -> None:
    outbox = Outbox("collector", CODEC, COLLECTOR)
    file = File(file_id="fi")
    delivered = read(file, ("traceparent", GOOD), (FILE, b"fi"))
    item = RejectedItem(reason="trivial")
    settled = [
        outbox.outcome(delivered, file, Outcome(rejected=(item,))),
        outbox.chunk(delivered, file, Chunk((), (item,), "")),
        outbox.dead(delivered, "Poison", "why", 1),
    ]
    for [produced] in (one.outputs for one in settled):
        assert parent_of(produced.headers).trace_id == TRACE
        assert dict(produced.headers)[FILE] == b"fi"


@given(st.lists(st.tuples(st.sampled_from([FILE, OCCURRENCE, FUNCTION, "x"]), st.binary())))
def test_headers_stay_small_whatever_comes_in(found: list[tuple[str, bytes]]) -> None:
    hostile = [*found, ("traceparent", GOOD), *[("tracestate", b"x" * 300)] * 9]
    hostile += [(FILE, b"x" * 10**6), ("baggage", b"x" * 10**6)]
    record = Function(function_id="x" * 10**6, occurrence_id="\udce9")
    headers = made(COLLECTOR, read(record, *hostile), record, record)
    assert sum(len(name) + len(value) for name, value in headers) < 512


def test_what_tracers_say_of_themselves_goes_on_unchanged() -> None:
    state = ("tracestate", b"v=" + b"x" * (MAX_STATE_BYTES - 3))
    longer = ("tracestate", state[1] + b"x")

    def passed(header: tuple[str, bytes]) -> bool:
        delivered = read(FUNCTION_RECORD, ("traceparent", GOOD), header)
        return header in made(COLLECTOR, delivered, FUNCTION_RECORD, FUNCTION_RECORD)

    assert passed(state)
    assert not passed(longer)
