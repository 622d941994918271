import pytest

from c2c_stream.broker.protocol import Delivered
from c2c_stream.engine.letters import (
    Choice,
    Letter,
    counts_of,
    letters_in,
    settled_in,
)
from c2c_stream.errors import NewerSchema
from c2c_stream.records import (
    Candidate,
    DeadLetter,
    Function,
    Record,
    RejectedItem,
    Rejection,
    Repository,
    Sample,
    Settlement,
)
from tests.engine.make import CODEC

FUNCTION = Function(function_id="f1c0ffee", occurrence_id="0ccbeef", file_id="f11e")


def letter(number: int = 0, record: Record = FUNCTION, **fields: object) -> DeadLetter:
    value = CODEC.encode(record)
    known: dict[str, object] = {"stage": "curator", "topic": "functions", "error": "Poison"}
    known |= {"offset": number, "value": value, "value_bytes": len(value)}
    return DeadLetter(**(known | fields))  # type: ignore[arg-type]  # its own fields


def on_topic(*values: bytes) -> list[Delivered]:
    return [
        Delivered("dead-letters", 0, 10 + n, b"", value, (), 1000.0 + n)
        for n, value in enumerate(values)
    ]


def test_a_letter_is_settled_by_what_was_done_last() -> None:
    done = [Settlement("functions", 0, 1, action) for action in ("dropped", "replayed")]
    settled = settled_in(on_topic(*map(CODEC.encode, done)), CODEC)

    found = list(letters_in(on_topic(*map(CODEC.encode, map(letter, range(3)))), settled, CODEC))

    assert [(one.place, one.action) for one in found] == [
        ("functions[0]@0", ""),
        ("functions[0]@1", "replayed"),
        ("functions[0]@2", ""),
    ]
    assert [one.produced_at for one in found] == [1000.0, 1001.0, 1002.0]


def test_what_is_no_record_among_the_letters_is_passed_over_and_a_newer_one_is_not() -> None:
    value = CODEC.encode(letter())

    assert len(list(letters_in(on_topic(b"garbage", value, value[:-1]), {}, CODEC))) == 1
    with pytest.raises(NewerSchema, match=r"dead-letters\[0\]@10"):
        list(letters_in(on_topic(b"\xc3\x01" + b"8 bytes."), {}, CODEC))


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        (Choice(), True),
        (Choice(stage="curator"), True),
        (Choice(stage="writer"), False),
        (Choice(error="Poison"), True),
        (Choice(error="Retry"), False),
        (Choice(since=50.0), True),
        (Choice(since=50.1), False),
        (Choice(until=50.0), False),
        (Choice(until=50.1), True),
        (Choice(ids=("functions[0]@7",)), True),
        (Choice(ids=("functions[0]@70", "f1c0")), True),
        (Choice(ids=("0ccbeef",)), True),
        (Choice(ids=("f11e",)), True),
        (Choice(ids=("functions[0]@",)), False),
        (Choice(ids=("c0ffee",)), False),
        (Choice(settled=False), True),
        (Choice(settled=True), False),
        (Choice(stage="curator", error="Retry"), False),
    ],
)
def test_a_letter_is_chosen_by_all_that_is_asked_for(choice: Choice, *, chosen: bool) -> None:
    assert choice.takes(Letter(letter(7), "", 50.0), CODEC) is chosen


@pytest.mark.parametrize(
    ("record", "identity"),
    [
        (Repository(url="https://r"), "https://r"),
        (Candidate(function=FUNCTION), "f1c0ffee"),
        (Sample(id="s1", function_id="f2"), "s1"),
        (Rejection(items=(RejectedItem(occurrence_id="0cc"),)), "0cc"),
    ],
)
def test_the_ids_inside_are_those_of_the_record(record: Record, identity: str) -> None:
    assert Choice(ids=(identity,)).takes(Letter(letter(record=record)), CODEC)
    assert not Choice(ids=("x",)).takes(Letter(letter(record=record)), CODEC)


def test_garbage_has_no_id_but_its_place() -> None:
    found = Letter(letter(3, value=b"garbage"))

    assert not Choice(ids=("f",)).takes(found, CODEC)
    assert Choice(ids=("functions[0]@3",)).takes(found, CODEC)


def test_letters_are_counted_by_stage_and_error() -> None:
    found = [Letter(letter(n, error="Retry" if n == 2 else "Poison")) for n in range(4)]

    assert counts_of(found) == {("curator", "Poison"): 3, ("curator", "Retry"): 1}
