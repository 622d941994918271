import asyncio
import errno
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.errors import Fatal, SettingsError, Unavailable
from c2c_stream.records import Record, Rejection
from c2c_stream.settings import SinkSettings
from c2c_stream.sink.columns import Row
from c2c_stream.sink.manifest import positions
from c2c_stream.sink.shards import Writer
from c2c_stream.sink.stage import CUT_RECORDS, Sink
from c2c_stream.sink.store import Store, read_rows
from tests.sink.make import dead_letter, feed, rejection, sample, settlement, stored

SHARDS_OF_4 = SinkSettings(shard_rows=4)


class Crash(BaseException):
    """The process dies here."""


class CrashingStore(Store):
    """Dies at the step that it is told: before a write, before its rename, or behind it."""

    def __init__(self, root: Path, at: int) -> None:
        super().__init__(root)
        self._at = at
        self.steps = 0

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self._at:
            raise Crash

    def _rename(self, tmp: Path, path: Path) -> None:
        self._step()
        super()._rename(tmp, path)
        self._step()


def ids(out: Path) -> list[str]:
    return [row["id"] for path in sorted(out.glob("data/*")) for row in read_rows(path)]


def test_every_kind_of_record_lands_in_its_own_files(tmp_path: Path) -> None:
    records: list[Record] = [sample(0), rejection(0), dead_letter(0), settlement(0)]

    async def run() -> None:
        sink = Sink(tmp_path, SinkSettings())
        await sink.start()
        waiting = [sink.process(record, Place("t", 0, 0)) for record in records]
        done = asyncio.gather(*waiting)
        await asyncio.sleep(0)
        await sink.settle()
        assert await done == [Outcome()] * 4
        await sink.stop()

    asyncio.run(run())

    assert sorted(stored(tmp_path)) == [
        ".c2c/sink/dead-letters-00000.json",
        ".c2c/sink/rejections-00000.json",
        ".c2c/sink/samples-00000.json",
        ".c2c/sink/settlements-00000.json",
        "README.md",
        "audit/dead-letters-00000-00000.parquet",
        "audit/rejections-00000-00000.parquet",
        "audit/settlements-00000-00000.parquet",
        "data/train-00000-00000.parquet",
    ]


def test_a_record_waits_until_its_shard_is_durable(tmp_path: Path) -> None:
    async def run() -> list[bool]:
        sink = Sink(tmp_path, SHARDS_OF_4)
        await sink.start()
        tasks = [asyncio.create_task(sink.process(sample(n), Place("t", 0, n))) for n in range(6)]
        await asyncio.wait(tasks[:4])
        assert len(ids(tmp_path)) >= 4
        done = [task.done() for task in tasks]
        await sink.settle()
        await asyncio.gather(*tasks)
        await sink.stop()
        return done

    done = asyncio.run(run())

    assert done[:4] == [True] * 4
    assert len(ids(tmp_path)) == 6


def test_what_waits_is_written_before_the_window_of_the_engine_is_full(tmp_path: Path) -> None:
    records = {n: sample(n) for n in range(CUT_RECORDS)}

    asyncio.run(feed(tmp_path, records, settled=False))

    assert len(ids(tmp_path)) == CUT_RECORDS


def test_a_record_behind_the_end_of_a_shard_completes_it(tmp_path: Path) -> None:
    """Offsets have gaps: the last one of a range may never come."""
    records = {0: sample(0), 2: sample(2), 5: sample(5)}

    asyncio.run(feed(tmp_path, records, SHARDS_OF_4, settled=False))

    assert sorted(p.name for p in tmp_path.glob("data/*")) == [
        "train-00000-00000.parquet",
        "train-00000-00001.parquet",
    ]
    assert positions(tmp_path) == {("samples", 0): 6}


@given(
    offsets=st.sets(st.integers(0, 40), min_size=1, max_size=25).map(sorted),
    cuts=st.lists(st.integers(0, 25), max_size=6),
    suffix=st.sampled_from(["parquet", "jsonl"]),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_bytes_depend_on_the_log_only_not_on_when_it_was_cut(
    tmp_path_factory: pytest.TempPathFactory, offsets: list[int], cuts: list[int], suffix: str
) -> None:
    at_once, bit_by_bit = (tmp_path_factory.mktemp(name) for name in ("a", "b"))
    how = SinkSettings.model_validate({"shard_rows": 8, "format": suffix})
    records = {offset: sample(offset) for offset in offsets}

    asyncio.run(feed(at_once, records, how))
    for cut in [*sorted(cuts), len(offsets)]:
        redelivered = {o: records[o] for o in offsets[max(0, cut - 3) : cut]}
        part = {o: records[o] for o in offsets[:cut]} | redelivered
        asyncio.run(feed(bit_by_bit, part, how))

    assert stored(bit_by_bit) == stored(at_once)
    assert ids(at_once) == [records[offset].id for offset in offsets]


@pytest.mark.parametrize("kind", ["samples", "rejections"])
def test_a_crash_at_any_step_changes_nothing_in_the_end(tmp_path: Path, kind: str) -> None:
    make = sample if kind == "samples" else rejection
    records: dict[int, Record] = {n: make(n) for n in range(11)}
    expected = tmp_path / "expected"
    counting = CrashingStore(expected, at=0)
    asyncio.run(feed(expected, records, SHARDS_OF_4, store=counting))
    assert counting.steps >= 12

    for step in range(1, counting.steps + 1):
        out = tmp_path / f"crash-{step}"
        first = {n: records[n] for n in range(7)}
        asyncio.run(feed(out, {n: records[n] for n in range(3)}, SHARDS_OF_4))
        with pytest.raises((Crash, asyncio.CancelledError)):
            crash(out, records, step)
        (out / "data").mkdir(exist_ok=True)
        (out / "data" / "train-00000-00009.parquet.tmp").write_bytes(b"half a shard")
        (out / "data" / "train-00000-00009.parquet").write_bytes(b"named by no manifest")
        (out / "data" / "notes.txt").write_text("somebody else's")
        asyncio.run(feed(out, first, SHARDS_OF_4))
        asyncio.run(feed(out, records, SHARDS_OF_4))
        found = stored(out)
        assert found.pop("data/notes.txt") == b"somebody else's"
        assert found == stored(expected)


def crash(out: Path, records: dict[int, Record], step: int) -> None:
    """Write shard by shard as the sink's thread does, and die at `step`."""
    writer = Writer(CrashingStore(out, step), SHARDS_OF_4)
    (manifest,) = writer.open().values()
    rows: dict[int, list[Row]] = {o: writer.rows(r) for o, r in records.items()}
    while True:
        behind = {o: found for o, found in rows.items() if o >= manifest.next}
        if not behind:
            raise Crash
        *_, manifest = writer.cut(manifest, behind)


def test_a_full_disk_holds_the_sink_and_loses_nothing(tmp_path: Path) -> None:
    class FullDisk(Store):
        full = False

        def _rename(self, tmp: Path, path: Path) -> None:
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")
            super()._rename(tmp, path)

    async def run() -> None:
        store = FullDisk(tmp_path)
        sink = Sink(tmp_path, SHARDS_OF_4, store)
        await sink.start()
        store.full = True
        places = [Place("t", 0, n) for n in range(4)]
        results = await asyncio.gather(
            *(sink.process(sample(p.offset), p) for p in places), return_exceptions=True
        )
        assert {type(result) for result in results} == {Unavailable}
        assert "the disk is full; free some space" in str(results[0])
        assert not any(name.endswith(".tmp") for name in stored(tmp_path))
        store.full = False
        assert await sink.process(sample(2), places[2]) == Outcome()
        assert ids(tmp_path) == [sample(n).id for n in range(4)]
        again = [await sink.process(sample(p.offset), p) for p in places]
        assert again == [Outcome()] * 4
        await sink.stop()

    asyncio.run(run())


def test_a_bug_reaches_those_who_wait(tmp_path: Path) -> None:
    class Broken(Store):
        def write_rows(self, *_: object) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(feed(tmp_path, {0: sample(0)}, store=Broken(tmp_path)))


def test_cancelled_records_are_delivered_again_without_a_copy(tmp_path: Path) -> None:
    async def run() -> None:
        sink = Sink(tmp_path, SHARDS_OF_4)
        await sink.start()
        places = [Place("t", 0, n) for n in range(3)]
        first = [asyncio.create_task(sink.process(sample(p.offset), p)) for p in places]
        await asyncio.sleep(0)
        for task in first:
            task.cancel()
        await asyncio.gather(*first, return_exceptions=True)
        second = [asyncio.create_task(sink.process(sample(p.offset), p)) for p in places]
        await asyncio.sleep(0)
        await sink.settle()
        assert await asyncio.gather(*second) == [Outcome()] * 3
        await sink.stop()

    asyncio.run(run())

    assert ids(tmp_path) == [sample(n).id for n in range(3)]


def test_a_rejection_of_nothing_moves_the_position_only(tmp_path: Path) -> None:
    sink = asyncio.run(feed(tmp_path, {0: Rejection(stage="collector")}))

    assert sink.positions() == {("rejections", 0): 1}
    assert not (tmp_path / "audit").exists()


def test_other_settings_on_the_same_folder_are_refused(tmp_path: Path) -> None:
    asyncio.run(feed(tmp_path, {0: sample(0)}))

    with pytest.raises(SettingsError, match="was begun with format parquet, now it is jsonl"):
        asyncio.run(feed(tmp_path, {1: sample(1)}, SinkSettings(format="jsonl")))


def test_a_shard_that_is_gone_stops_the_sink(tmp_path: Path) -> None:
    asyncio.run(feed(tmp_path, {0: sample(0)}))
    (tmp_path / "data/train-00000-00000.parquet").unlink()

    with pytest.raises(Fatal, match="is gone, but its rows were committed"):
        asyncio.run(feed(tmp_path, {1: sample(1)}))


def test_a_broken_shard_is_not_built_upon(tmp_path: Path) -> None:
    asyncio.run(feed(tmp_path, {0: sample(0)}))
    (tmp_path / "data/train-00000-00000.parquet").write_bytes(b"PAR1 no more")

    with pytest.raises(Fatal, match="cannot be read as a shard"):
        asyncio.run(feed(tmp_path, {1: sample(1)}))


def test_a_broken_manifest_stops_the_sink(tmp_path: Path) -> None:
    (tmp_path / ".c2c/sink").mkdir(parents=True)
    (tmp_path / ".c2c/sink/samples-00000.json").write_text('{"topic": ')

    with pytest.raises(Fatal, match="not a manifest"):
        asyncio.run(feed(tmp_path, {}))


def test_the_limit_lets_a_shard_fill(tmp_path: Path) -> None:
    assert Sink(tmp_path, SHARDS_OF_4).limit() > SHARDS_OF_4.shard_rows
