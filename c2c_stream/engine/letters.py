"""Dead letters with what was done about them, and a choice among them. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from c2c_stream.broker.protocol import Delivered
from c2c_stream.codec import Codec
from c2c_stream.errors import DecodeError, NewerSchema
from c2c_stream.records import (
    Candidate,
    Cases,
    DeadLetter,
    Function,
    Inputs,
    Record,
    Rejection,
    Sample,
    Settlement,
)
from c2c_stream.topics import key_of

REPLAYED = "replayed"
DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter. `action` is what was done about it last; while it is open, nothing was."""

    dead: DeadLetter
    action: str = ""
    produced_at: float = 0.0

    @property
    def place(self) -> str:
        """Return where the record stood that died: topic[partition]@offset."""
        return key_of(self.dead)

    @property
    def whole(self) -> bool:
        """Say whether all of the record was kept: of a very large one only the head was."""
        return len(self.dead.value) == self.dead.value_bytes


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are meant; what is left out does not matter.

    `since` and `until` are wall-clock seconds of the letter; each of `ids` is a place, or the start
    of an id of the record inside.
    """

    stage: str | None = None
    error: str | None = None
    since: float | None = None
    until: float | None = None
    ids: tuple[str, ...] = ()
    settled: bool | None = None

    def takes(self, letter: Letter, codec: Codec) -> bool:
        """Say whether a letter is meant."""
        return (
            self.stage in (None, letter.dead.stage)
            and self.error in (None, letter.dead.error)
            and self.settled in (None, bool(letter.action))
            and (self.since is None or letter.produced_at >= self.since)
            and (self.until is None or letter.produced_at < self.until)
            and (not self.ids or self._names(letter, codec))
        )

    def _names(self, letter: Letter, codec: Codec) -> bool:
        return letter.place in self.ids or any(
            one.startswith(self.ids) for one in _ids_inside(letter.dead, codec)
        )


def settled_in(settlements: Iterable[Delivered], codec: Codec) -> dict[str, str]:
    """Return what was done last, by the place of the letter."""
    found = (codec.decode(one.value, _where(one)) for one in settlements)
    return {key_of(one): one.action for one in found if isinstance(one, Settlement)}


def letters_in(
    delivered: Iterable[Delivered], settled: Mapping[str, str], codec: Codec
) -> Iterator[Letter]:
    """Yield the letters; what is none among them has died in turn and has one of its own."""
    for one in delivered:
        try:
            record = codec.decode(one.value, _where(one))
        except DecodeError:
            continue
        if isinstance(record, DeadLetter):
            yield Letter(record, settled.get(key_of(record), ""), one.produced_at)


def counts_of(letters: Iterable[Letter]) -> Counter[tuple[str, str]]:
    """Return how many there are by stage and error."""
    return Counter((letter.dead.stage, letter.dead.error) for letter in letters)


def _where(one: Delivered) -> str:
    return f"{one.topic}[{one.partition}]@{one.offset}"


def _ids_inside(dead: DeadLetter, codec: Codec) -> tuple[str, ...]:
    try:
        return tuple(filter(None, _ids_of(codec.decode(dead.value))))
    except (DecodeError, NewerSchema):
        return ()


def _ids_of(record: Record) -> tuple[str, ...]:
    match record:
        case Function():
            return (record.function_id, record.occurrence_id, record.file_id)
        case Candidate() | Inputs() | Cases():
            return _ids_of(record.function)
        case Sample():
            return (record.id, record.function_id)
        case Rejection(items=items):
            return tuple(one for i in items for one in (i.occurrence_id, i.function_id))
        case _:
            return (key_of(record),)
