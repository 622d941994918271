"""What a run's topics are meant to be, and how a difference is told."""

from dataclasses import replace

import pytest

from c2c_stream.broker.kafka_layout import Found, dangers, differences
from c2c_stream.topics import (
    DEAD_LETTERS,
    MAX_RECORD_BYTES,
    MIB,
    REPOS,
    SERVICES,
    TOPICS,
    Layout,
    held_by,
    layouts,
    used_by,
)

MEANT = {one.name: one for one in layouts(partitions=4, replication=3, retention_hours=168)}


def as_meant(layout: Layout) -> Found:
    return Found(
        layout.name, layout.partitions, layout.replication, layout.replication, layout.properties()
    )


FOUND = {name: as_meant(layout) for name, layout in MEANT.items()}


def changed(name: str, key: str, value: str) -> dict[str, Found]:
    """Return topics of which one has another property."""
    topic = FOUND[name]
    return FOUND | {name: replace(topic, properties={**topic.properties, key: value})}


def test_topics_that_are_as_meant_differ_in_nothing() -> None:
    assert list(differences("main", MEANT, FOUND)) == []
    assert list(dangers("main", MEANT, FOUND)) == []


def test_records_wait_a_week_and_dead_letters_and_state_for_ever() -> None:
    kept = {name: one.properties().get("retention.ms") for name, one in MEANT.items()}
    assert kept["functions"] == str(7 * 24 * 3_600_000)
    assert kept["dead-letters"] == "-1"
    assert kept["curator-state"] is None
    assert MEANT["curator-state"].properties()["cleanup.policy"] == "compact"


@pytest.mark.parametrize(("replication", "needed"), [(1, "1"), (2, "1"), (3, "2"), (5, "4")])
def test_one_replica_may_be_away(replication: int, needed: str) -> None:
    assert layouts(1, replication, 0)[0].properties()["min.insync.replicas"] == needed


def test_a_topic_takes_the_largest_record_with_its_key_and_headers() -> None:
    sizes = {name: int(one.properties()["max.message.bytes"]) for name, one in MEANT.items()}
    assert sizes["files"] == MAX_RECORD_BYTES + MIB
    assert sizes["dead-letters"] == 9 * MIB


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({n: f for n, f in FOUND.items() if n != "files"}, "main.files is missing"),
        (
            FOUND | {"files": replace(FOUND["files"], partitions=6)},
            "main.files has 6 partitions, meant are 4",
        ),
        (
            FOUND | {"files": replace(FOUND["files"], replication=1, in_sync=1)},
            "main.files has 1 replica, meant are 3",
        ),
        (
            FOUND | {"files": replace(FOUND["files"], in_sync=2)},
            "main.files has a partition with 2 of its 3 replicas in sync: look after the brokers",
        ),
        (
            changed("files", "retention.ms", "3600000"),
            (
                "main.files has retention.ms 1 h, meant is 168 h: how long a record waits for its"
                " reader, and how much disk that takes"
            ),
        ),
        (
            changed("files", "retention.ms", "-1"),
            (
                "main.files has retention.ms for ever, meant is 168 h: how long a record waits for"
                " its reader, and how much disk that takes"
            ),
        ),
        (
            changed("files", "max.message.bytes", str(MIB)),
            (
                "main.files has max.message.bytes 1 MiB, meant is 5 MiB: larger records would be"
                " refused"
            ),
        ),
        (
            changed("curator-state", "cleanup.policy", "delete"),
            (
                "main.curator-state has cleanup.policy delete, meant is compact: records would"
                " vanish, or stay for ever"
            ),
        ),
        (
            changed("files", "min.insync.replicas", "1"),
            "main.files has min.insync.replicas 1, meant is 2",
        ),
    ],
)
def test_each_difference_is_one_sentence(found: dict[str, Found], sentence: str) -> None:
    assert list(differences("main", MEANT, found)) == [sentence]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (changed("files", "max.message.bytes", str(MIB)), "larger records would be refused"),
        (changed("files", "cleanup.policy", "compact"), "meant is delete"),
        (changed("curator-state", "cleanup.policy", "delete"), "meant is compact"),
        (
            FOUND | {"functions": replace(FOUND["functions"], partitions=6)},
            "main.functions has 6 partitions and main.curator-state has 4: the count was changed",
        ),
    ],
)
def test_what_would_lose_or_double_records_is_a_danger(found: dict[str, Found], words: str) -> None:
    [danger] = dangers("main", MEANT, found)
    assert words in danger


@pytest.mark.parametrize(
    "found",
    [
        changed("files", "max.message.bytes", str(50 * MIB)),
        changed("files", "retention.ms", "1"),
        FOUND | {"files": replace(FOUND["files"], partitions=6)},
    ],
)
def test_a_service_works_with_what_only_differs(found: dict[str, Found]) -> None:
    assert list(dangers("main", MEANT, found)) == []


def test_a_service_asks_for_the_topics_that_it_touches() -> None:
    assert used_by("curator") == (
        "functions",
        "candidates",
        "rejections",
        "dead-letters",
        "curator-state",
    )
    assert used_by("sink") == ("samples", "rejections", "dead-letters", "settlements")
    every = {name for service in SERVICES for name in used_by(service)}
    assert every == {topic.name for topic in TOPICS} | {"curator-state"}
    assert {REPOS.name, DEAD_LETTERS.name} < every


def test_each_service_holds_on_the_next_one_or_the_ingester_on_all() -> None:
    assert [topic.name for topic in held_by("writer", "each")] == ["inputs"]
    assert held_by("sink", "each") == held_by("writer", "ingester") == ()
    held = {topic.consumer for topic in held_by("ingester", "ingester")}
    assert held == set(SERVICES) - {"ingester"}
