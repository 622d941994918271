from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.broker.protocol import Delivered
from c2c_stream.engine.books import Books
from c2c_stream.engine.outbox import (
    MAX_DETAIL_CHARS,
    REJECTION_BYTES,
    Outbox,
    Settled,
)
from c2c_stream.engine.stage import Chunk, Outcome
from c2c_stream.engine.trace import Tracer
from c2c_stream.records import (
    DeadLetter,
    File,
    Function,
    Header,
    Origin,
    RejectedItem,
    Rejection,
    content_hash,
)
from c2c_stream.topics import DEAD_LETTER_HEAD_BYTES, MAX_DEAD_LETTER_BYTES, MAX_RECORD_BYTES
from tests.engine.make import CODEC

OUTBOX = Outbox("collector", CODEC, Tracer("main", "collector"))
FILE = File("f", Origin(repository="r", commit="c", path="p.py"))
READ = Delivered("files", 0, 7, b"f", CODEC.encode(FILE))


def rejections(settled: Settled) -> list[Rejection]:
    found = [CODEC.decode(o.value) for o in settled.outputs if o.topic == "rejections"]
    return [record for record in found if isinstance(record, Rejection)]


def letter_of(settled: Settled) -> DeadLetter:
    [produced] = settled.outputs
    assert produced.topic == "dead-letters"
    assert len(produced.value) <= MAX_DEAD_LETTER_BYTES
    letter = CODEC.decode(produced.value)
    assert isinstance(letter, DeadLetter)
    return letter


def test_an_outcome_is_its_outputs_and_one_rejection_with_their_books() -> None:
    items = (
        RejectedItem(reason="trivial"),
        RejectedItem(reason="async"),
        RejectedItem(reason="async"),
    )
    settled = OUTBOX.outcome(READ, FILE, Outcome((Function(function_id="a"),), items, {"k": b"v"}))
    assert [output.topic for output in settled.outputs] == ["functions", "rejections"]
    assert settled.outputs[0].key == b"a"
    assert rejections(settled) == [Rejection("collector", "r", "c", items)]
    assert settled.delta == Books(
        read=1, processed=1, found=4, out=1, rejected=3, rejections=1, cursor=None
    )
    assert settled.reasons == {"trivial": 1, "async": 2}
    assert settled.puts == {"k": b"v"}
    assert settled.size == sum(
        len(put.key) + len(put.value) + sum(len(n) + len(v) for n, v in put.headers)
        for put in settled.outputs
    )


def test_a_chunk_counts_its_items_but_not_its_record() -> None:
    settled = OUTBOX.chunk(READ, FILE, Chunk((Function(), Function()), (), "here"))
    assert settled.delta == Books(found=2, out=2, cursor="here")


def test_nothing_found_is_nothing_emitted() -> None:
    settled = OUTBOX.outcome(READ, FILE, Outcome())
    assert settled.outputs == ()
    assert settled.delta == Books(read=1, processed=1)


def test_an_output_that_is_too_large_is_a_rejection_that_says_so() -> None:
    large = Function(
        "a", "o", origin=FILE.origin, qualified_name="q", line=7, code="x" * MAX_RECORD_BYTES
    )
    settled = OUTBOX.outcome(READ, FILE, Outcome((large, replace(large, code="x"))))
    assert [output.topic for output in settled.outputs] == ["functions", "rejections"]
    [item] = rejections(settled)[0].items
    assert (item.reason, item.occurrence_id, item.path, item.line) == (
        "record_too_big",
        "o",
        "p.py",
        7,
    )
    assert f"the limit is {MAX_RECORD_BYTES}" in item.detail
    assert settled.delta.balanced()
    assert (settled.delta.out, settled.delta.rejected) == (1, 1)


def test_many_rejected_items_are_split_so_that_no_record_is_too_large() -> None:
    items = [RejectedItem(qualified_name=str(n), detail="ü" * 10**5) for n in range(3000)]
    settled = OUTBOX.outcome(READ, FILE, Outcome(rejected=tuple(items)))
    found = rejections(settled)
    assert len(found) == settled.delta.rejections > 1
    assert [i.qualified_name for r in found for i in r.items] == [str(n) for n in range(3000)]
    assert all(len(output.value) <= REJECTION_BYTES for output in settled.outputs)
    assert all(len(i.detail) == MAX_DETAIL_CHARS for r in found for i in r.items)


def test_a_hostile_name_makes_no_rejection_too_large() -> None:
    item = RejectedItem(qualified_name="n" * 10**7, path="p" * 10**7, detail="d" * 10**7)
    settled = OUTBOX.outcome(READ, FILE, Outcome(rejected=(item,)))
    assert len(settled.outputs[0].value) < REJECTION_BYTES


@given(st.binary(max_size=50), st.binary(max_size=50), st.lists(st.tuples(st.text(), st.binary())))
def test_a_dead_letter_is_the_record_byte_for_byte(
    key: bytes, value: bytes, headers: list[tuple[str, bytes]]
) -> None:
    record = Delivered("files", 2, 41, key, value, tuple(headers))
    settled = OUTBOX.dead(record, "Poison", "bad", 3)
    assert letter_of(settled) == DeadLetter(
        stage="collector",
        topic="files",
        partition=2,
        offset=41,
        key=key,
        value=value,
        value_bytes=len(value),
        value_hash=content_hash(value),
        headers=tuple(Header(name, content) for name, content in headers),
        error="Poison",
        reason="bad",
        attempt=3,
    )
    assert settled.outputs[0].key == b"files[2]@41"
    assert settled.delta == Books(read=1, dead=1)
    assert settled.reasons == {"Poison": 1}


def test_the_largest_record_is_kept_whole() -> None:
    value = b"v" * MAX_RECORD_BYTES
    letter = letter_of(OUTBOX.dead(Delivered("files", 0, 0, b"k", value), "Poison", "bad", 1))
    assert letter.value == value


def test_a_larger_dead_letter_keeps_its_place_its_hash_and_its_head() -> None:
    value = b"v" * (MAX_DEAD_LETTER_BYTES + 1)
    letter = letter_of(OUTBOX.dead(Delivered("files", 0, 9, b"k", value), "Poison", "bad", 1))
    assert letter.value == value[:DEAD_LETTER_HEAD_BYTES]
    assert (letter.offset, letter.value_bytes) == (9, len(value))
    assert letter.value_hash == content_hash(value)


def test_a_hostile_error_key_or_header_makes_no_dead_letter_too_large() -> None:
    long = b"x" * MAX_DEAD_LETTER_BYTES
    record = Delivered("files", 0, 9, long, b"v", (("h", long),))
    letter = letter_of(OUTBOX.dead(record, "Poison", "r" * 10**7, 1))
    assert (letter.value, letter.headers) == (b"v", ())
    assert len(letter.reason) < 10_000
