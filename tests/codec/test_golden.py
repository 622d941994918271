from pathlib import Path

import pytest

from c2c_stream.codec import Codec
from c2c_stream.records import RECORDS, Record
from tests.codec.golden import GOLDEN, example, golden_file

CODEC = Codec()
FILES = sorted(GOLDEN.glob("*.bin"))


@pytest.mark.parametrize("record", RECORDS)
def test_todays_schema_writes_its_golden_bytes(record: type[Record]) -> None:
    file = golden_file(record)
    assert file.exists(), f"a new schema of {record.__name__}: run python -m tests.codec.golden"
    assert CODEC.encode(example(record)) == file.read_bytes()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_golden_file_is_still_read(file: Path) -> None:
    record = CODEC.decode(file.read_bytes(), file.name)
    assert type(record).__name__ == file.stem.partition("-")[0]
    if file == golden_file(type(record)):
        assert record == example(type(record))
