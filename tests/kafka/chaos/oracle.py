"""Holds all that a run put out against what went in. Knows nothing of the engine's bookkeeping.

Reads every topic read_committed with a plain consumer, and the dataset with plain Parquet.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from c2c_stream.codec import Codec
from c2c_stream.records import Candidate, DeadLetter, Inputs, Record
from c2c_stream.topics import REPOS, TOPICS
from tests.kafka.chaos.sources import Expected

SILENCE_S: Final = 60.0
CODEC: Final = Codec()
Ids = Counter[str]


@dataclass(slots=True)
class Verdict:
    """What is wrong, and the counts for the table."""

    lost: int = 0
    doubled: int = 0
    strange: int = 0
    faults: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    dead: int = 0

    @property
    def good(self) -> bool:
        """Say whether nothing is wrong at all."""
        return not self.faults

    def hold(self, what: str, wanted: Ids, found: Ids) -> None:
        """Hold what was found against what must be there, each as often as it must."""
        lost, more = wanted - found, found - wanted
        doubled = Counter({one: count for one, count in more.items() if one in wanted})
        strange = more - doubled
        self.lost += lost.total()
        self.doubled += doubled.total()
        self.strange += strange.total()
        for name, ids in (("lost", lost), ("doubled", doubled), ("strange", strange)):
            if ids:
                self.faults.append(f"{what}: {ids.total()} {name}, as {sorted(ids)[:3]}")


def judge(servers: str, run: str, out: Path, expected: Expected, garbage: Ids) -> Verdict:
    """Return what became of a run that has come to its end."""
    # What went in is known, and some of it is no record.
    topics = {t.name: list(_records(servers, f"{run}.{t.name}")) for t in TOPICS if t is not REPOS}
    verdict = Verdict(counts={name: len(records) for name, records in topics.items()})
    verdict.counts[REPOS.name] = len(expected.sources) + garbage.total()
    verdict.dead = len(topics["dead-letters"])
    _flow(verdict, topics, expected, garbage)
    _fates(verdict, topics, expected)
    _dataset(verdict, topics, out)
    return verdict


def _flow(verdict: Verdict, topics: Mapping[str, list[Any]], expected: Expected, bad: Ids) -> None:
    """Hold that each input of each stage came out once, was rejected once, or died once."""
    rejected, dead = _rejected(topics), _dead(topics)
    occurrences = {
        name: Counter(r.function.occurrence_id for r in topics[name])
        for name in ("candidates", "inputs", "cases")
    }
    occurrences["functions"] = Counter(r.occurrence_id for r in topics["functions"])
    by_function = {r.function.function_id: r.function.occurrence_id for r in topics["cases"]}
    samples = Counter(by_function.get(r.function_id, r.id) for r in topics["samples"])
    verdict.hold("ingester", Counter(expected.files), Counter(r.file_id for r in topics["files"]))
    verdict.hold("ingester's dead letters", bad, dead["ingester"])
    steps = (
        ("collector", Counter(expected.functions.keys()), occurrences["functions"]),
        ("curator", occurrences["functions"], occurrences["candidates"]),
        ("writer", occurrences["candidates"], occurrences["inputs"]),
        ("executor", occurrences["inputs"], occurrences["cases"]),
        ("formatter", occurrences["cases"], samples),
    )
    for stage, went_in, came_out in steps:
        verdict.hold(stage, went_in, came_out + rejected[stage] + dead[stage])


def _fates(verdict: Verdict, topics: Mapping[str, list[Any]], expected: Expected) -> None:
    """Hold that each function ended where its name says; of its copies one went on."""
    ends: Counter[tuple[str, str]] = Counter()
    for stage, ids in _rejected(topics).items():
        ends.update((expected.functions.get(one, one), stage) for one in ids.elements())
    for one in _dead(topics)["writer"].elements():
        ends[expected.functions.get(one, one), "dead"] += 1
    for sample in topics["samples"]:
        ends[sample.entry_point, "sample"] += 1
    verdict.hold("fates", _joined(expected.ends()), _joined(ends))


def _joined(ends: Counter[tuple[str, str]]) -> Ids:
    return Counter({f"{name} -> {end}": count for (name, end), count in ends.items()})


def _dataset(verdict: Verdict, topics: Mapping[str, list[Any]], out: Path) -> None:
    """Hold the files against the topics."""
    rows = Counter(row["id"] for row in _rows(out / "data", "train"))
    verdict.hold("dataset", Counter(r.id for r in topics["samples"]), rows)
    items = Counter(f"{r.stage} {i.occurrence_id}" for r in topics["rejections"] for i in r.items)
    written = Counter(
        f"{row['stage']} {row['occurrence_id']}" for row in _rows(out / "audit", "rejections")
    )
    verdict.hold("audit of rejections", items, written)
    letters = Counter(f"{r.topic}[{r.partition}]@{r.offset}" for r in topics["dead-letters"])
    kept = Counter(
        f"{row['topic']}[{row['partition']}]@{row['offset']}"
        for row in _rows(out / "audit", "dead-letters")
    )
    verdict.hold("audit of dead letters", letters, kept)


def _rejected(topics: Mapping[str, list[Any]]) -> Mapping[str, Ids]:
    found: dict[str, Ids] = {}
    for record in topics["rejections"]:
        ids = found.setdefault(record.stage, Counter())
        ids.update(item.occurrence_id or item.path for item in record.items)
    return _Empty(found)


def _dead(topics: Mapping[str, list[Any]]) -> Mapping[str, Ids]:
    found: dict[str, Ids] = {}
    for letter in topics["dead-letters"]:
        found.setdefault(letter.stage, Counter())[_name_of(letter)] += 1
    return _Empty(found)


class _Empty(dict[str, Ids]):
    """Nothing at all for a stage that is not there."""

    def __missing__(self, _: str) -> Ids:
        return Counter()


def _name_of(letter: DeadLetter) -> str:
    """Return the occurrence that a letter is about; the key of what is no record."""
    if letter.error == "DecodeError":
        return letter.key.decode()
    record = CODEC.decode(letter.value)
    return record.function.occurrence_id if isinstance(record, Candidate | Inputs) else repr(record)


def _rows(folder: Path, prefix: str) -> Iterator[Mapping[str, Any]]:
    for path in sorted(folder.glob(f"{prefix}-*.parquet")):
        yield from pq.read_table(path).to_pylist()


def _records(servers: str, topic: str) -> Iterable[Record]:
    """Yield all committed records of a topic.

    Up to its end, that is: where a killed producer's transaction is still open, what stands behind
    it can be read once the brokers have ended it.
    """
    reader = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "oracle",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    try:
        parts = reader.list_topics(topic, timeout=SILENCE_S).topics[topic].partitions
        reader.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in parts])
        left = _ends(servers, topic, parts)
        while left:
            message = reader.poll(SILENCE_S)
            assert message is not None, f"{topic}: neither a record nor an end comes"
            error, number, next_offset = message.error(), message.partition(), message.offset() or 0
            if error is None:
                yield CODEC.decode(message.value() or b"")
                next_offset += 1
            elif error.code() != KafkaError._PARTITION_EOF:
                continue
            if next_offset >= left.get(number or 0, next_offset + 1):
                del left[number or 0]
    finally:
        reader.close()


def _ends(servers: str, topic: str, numbers: Iterable[int]) -> dict[int, int]:
    """Return where each partition ends; open transactions count."""
    asked = {TopicPartition(topic, number): OffsetSpec.latest() for number in numbers}  # type: ignore[no-untyped-call]  # the client's
    admin = AdminClient({"bootstrap.servers": servers})  # gone before it answers, it never does
    answers = admin.list_offsets(asked)
    return {at.partition: answer.result(SILENCE_S).offset for at, answer in answers.items()}
