"""Every change of a schema, checked without a registry as a registry checks it: FULL_TRANSITIVE."""

import pytest

from c2c_stream.avro import Schema, name_of, parsed, schema_of, text_of, version_file, versions
from c2c_stream.compatibility import differences
from c2c_stream.records import RECORDS, Record
from tests.codec.golden import GOLDEN

VERSIONS = versions()
KEEP = "run python -m tests.codec.golden, and keep what it writes with the change"


@pytest.mark.parametrize("record", RECORDS)
def test_todays_schema_is_kept_for_later_versions(record: type[Record]) -> None:
    file = version_file(record)
    assert file.exists(), f"a new schema of {record.__name__}: {KEEP}"
    assert file.read_text(encoding="utf-8") == text_of(record) + "\n", f"{record.__name__}: {KEEP}"


def test_no_version_was_lost() -> None:
    kept = {file.stem.removeprefix("c2c.") for file in version_file(RECORDS[0]).parent.glob("*")}
    assert kept == {file.stem for file in GOLDEN.glob("*.bin")}


@pytest.mark.parametrize("version", VERSIONS, ids=lambda schema: schema["name"])
def test_every_version_is_compatible_with_todays_both_ways(version: Schema) -> None:
    [record] = [r for r in RECORDS if name_of(r) == version["name"]]
    assert differences(schema_of(record), version) == []


@pytest.mark.parametrize("record", RECORDS)
def test_a_kept_schema_refers_to_nothing_outside_of_itself(record: type[Record]) -> None:
    assert parsed(text_of(record))["name"] == name_of(record)
