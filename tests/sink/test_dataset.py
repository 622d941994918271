import asyncio
from pathlib import Path

import pytest

from c2c_stream.errors import SourceError
from c2c_stream.settings import SinkSettings
from c2c_stream.sink.dataset import samples, summarise
from tests.sink.make import feed, rejection, sample


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
@pytest.mark.parametrize("layout", ["completion", "chat"])
def test_what_was_stored_reads_back(tmp_path: Path, suffix: str, layout: str) -> None:
    how = SinkSettings.model_validate({"format": suffix, "layout": layout, "shard_rows": 4})
    expected = [sample(n) for n in range(9)]

    asyncio.run(feed(tmp_path, dict(enumerate(expected)), how))

    assert list(samples(tmp_path)) == expected
    assert list(samples(tmp_path / "data")) == expected
    assert list(samples(tmp_path / f"data/train-00000-00001.{suffix}")) == expected[4:8]


def test_a_summary_counts_what_is_there(tmp_path: Path) -> None:
    stored = {0: sample(0), 1: sample(1), 2: sample(2, license="unknown")}
    asyncio.run(feed(tmp_path, stored))

    summary = summarise(tmp_path)

    assert (summary.samples, summary.visible, summary.hidden, summary.cases) == (3, 6, 3, 9)
    assert summary.exceptions == 3
    assert summary.licenses == (("MIT", 2), ("unknown", 1))
    assert summary.bytes == (tmp_path / "data/train-00000-00000.parquet").stat().st_size


def test_a_summary_of_nothing_is_zero(tmp_path: Path) -> None:
    asyncio.run(feed(tmp_path, {0: rejection(0)}))

    assert summarise(tmp_path).samples == 0


def test_a_folder_without_a_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no dataset: no data/train"):
        list(samples(tmp_path))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train-0.parquet", b"PAR1 this is none"),
        ("train-0.jsonl", b"{]\n"),
        ("train-0.jsonl", b'{"id": "1"}\n'),
        ("train-0.jsonl", b"[1]\n"),
        ("train-0.jsonl", b"\xff\xfe\n"),
    ],
)
def test_a_shard_that_is_none_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_bytes(content)

    with pytest.raises(SourceError, match=name):
        list(samples(tmp_path))
