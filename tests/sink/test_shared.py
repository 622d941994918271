"""Several sinks on one store: a partition changes hands, and each learns of it from the store."""

import asyncio
from pathlib import Path

import pytest

from c2c_stream.engine.stage import Place
from c2c_stream.errors import Unavailable
from c2c_stream.settings import SinkSettings
from c2c_stream.sink.dataset import samples
from c2c_stream.sink.stage import Sink
from c2c_stream.sink.store import Store
from tests.sink.make import feed, sample

SHARDS_OF_4 = SinkSettings(shard_rows=4)
LOCK = ".c2c/sink/samples-00000.json"


async def write(sink: Sink, *numbers: int) -> None:
    """Hand samples over, and wait until they are durable."""
    handed = [sink.process(sample(n), Place("samples", 0, n)) for n in numbers]
    writing = asyncio.gather(*handed)
    await asyncio.sleep(0)
    await sink.settle()
    await writing


def names(out: Path) -> list[str]:
    return [stored.id for stored in samples(out)]


def test_who_gets_a_partition_back_goes_on_behind_what_the_other_wrote(tmp_path: Path) -> None:
    async def run() -> None:
        one, two = (Sink(tmp_path, SHARDS_OF_4) for _ in range(2))
        await one.start()
        await two.start()
        await write(one, 0, 1, 2)
        await write(two, 3, 4, 5)
        await write(one, 6, 7, 8)
        await write(two, 7, 8, 9)  # committed by nobody, so they were delivered again
        await one.stop()
        await two.stop()

    asyncio.run(run())
    assert names(tmp_path) == [sample(n).id for n in range(10)]


def test_a_sink_that_starts_leaves_alone_what_another_is_just_writing(tmp_path: Path) -> None:
    asyncio.run(feed(tmp_path, {0: sample(0)}, SHARDS_OF_4))
    unnamed = tmp_path / "data/train-00000-00001.parquet"
    unnamed.write_bytes(b"a shard that its manifest does not name yet")
    with Store(tmp_path).locked(LOCK):
        asyncio.run(feed(tmp_path, {}, SHARDS_OF_4))
        assert unnamed.exists()
    asyncio.run(feed(tmp_path, {}, SHARDS_OF_4))
    assert not unnamed.exists()


def test_a_record_waits_while_another_sink_writes_its_partition(tmp_path: Path) -> None:
    async def run() -> None:
        sink = Sink(tmp_path, SHARDS_OF_4)
        await sink.start()
        with Store(tmp_path).locked(LOCK), pytest.raises(Unavailable, match="another sink"):
            await write(sink, 0)
        await write(sink, 0)
        await sink.stop()

    asyncio.run(run())
    assert names(tmp_path) == [sample(0).id]
