"""Read Parquet dumps, a row at a time. Apart from other dumps: Arrow is a tenth of a second."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from c2c_stream.errors import SourceError
from c2c_stream.ingest.items import Census, Found, Home
from c2c_stream.ingest.rows import columns_of, item_of_row
from c2c_stream.ingest.streams import MIB

# Rows decoded at once: with files of 512 KiB this stays at some tens of MiB.
BATCH_ROWS = 64


def read_parquet(
    column: str, path: Path, home: Home, _census: Census, start: int
) -> Iterator[Found]:
    """Yield the rows of a Parquet file, from the `start`-th on; earlier row groups are not read."""
    try:
        # Without a buffer size pyarrow reads the whole column chunk of a row group.
        with pq.ParquetFile(path, buffer_size=MIB, pre_buffer=False) as dump:
            yield from _parquet_rows(dump, column, path.name, home, start)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path.name}: broken, or no Parquet: {error}") from error


def _parquet_rows(
    dump: pq.ParquetFile, column: str, name: str, home: Home, start: int
) -> Iterator[Found]:
    columns = columns_of(dump.schema_arrow.names, column, name)
    _check_type(dump.schema_arrow, columns.text, name)
    group, index = _row_group(dump, start)
    groups = range(group, dump.num_row_groups)
    batches = dump.iter_batches(
        BATCH_ROWS, row_groups=list(groups), columns=columns.names(), use_threads=False
    )
    for batch in batches:
        for row in batch.to_pylist():
            index += 1
            if index > start:
                yield Found(item_of_row(row, columns, index, home), index)


def _row_group(dump: pq.ParquetFile, start: int) -> tuple[int, int]:
    """Return the row group that holds row `start` (from 0), and how many rows lie before it."""
    before = 0
    for group in range(dump.num_row_groups):
        rows = dump.metadata.row_group(group).num_rows
        if before + rows > start:
            return group, before
        before += rows
    return dump.num_row_groups, before


def _check_type(schema: pa.Schema, column: str, name: str) -> None:
    found = schema.field(column).type
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary)
    if not any(is_text(found) for is_text in (*texts, pa.types.is_large_binary)):
        raise SourceError(f"{name}: the column {column!r} holds {found}, not text")
