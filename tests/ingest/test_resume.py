"""Wherever reading stops, the cursor leads to exactly the rest, in every kind of source."""

import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.engine.stage import Chunk
from c2c_stream.ingest import chunks
from tests.ingest.support import Git, ingested, put

FILES = {
    f"p{i % 7}/m{i:03}{'.py' if i % 3 else '.txt'}": f"x = {i}\n" * (i % 40) for i in range(90)
}
KINDS = ("folder", "git", "zip", "tar", "tar.gz", "jsonl", "parquet")


def make(kind: str, root: Path) -> Path:
    folder = put(root / "folder", FILES)
    rows = [{"content": text, "path": path} for path, text in FILES.items()]
    match kind:
        case "git":
            Git(root / "git").commit(FILES)
        case "zip":
            with zipfile.ZipFile(root / "zip", "w") as archive:
                for path, text in FILES.items():
                    archive.writestr(path, text)
        case "tar" | "tar.gz":
            with tarfile.open(root / kind, "w:gz" if kind == "tar.gz" else "w") as tar:
                tar.add(folder, ".")
        case "jsonl":
            (root / "d.jsonl").write_text("\n".join(map(json.dumps, rows)))
            return root / "d.jsonl"
        case "parquet":
            pq.write_table(pa.Table.from_pylist(rows), root / "d.parquet", row_group_size=13)
            return root / "d.parquet"
    return root / kind


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_RECORDS", 4)
        yield {kind: make(kind, tmp_path_factory.mktemp(kind)) for kind in KINDS}


def items(read: list[Chunk]) -> list[object]:
    return [item for chunk in read for item in (*chunk.outputs, *chunk.rejected)]


@given(kind=st.sampled_from(KINDS), data=st.data())
def test_reading_goes_on_exactly_behind_any_chunk(
    sources: dict[str, Path], kind: str, data: st.DataObject
) -> None:
    whole = list(ingested(sources[kind], max_file_bytes=300))
    stop = data.draw(st.integers(0, len(whole) - 1))
    rest = list(ingested(sources[kind], whole[stop].cursor, max_file_bytes=300))

    assert len(items(whole)) >= 60
    assert rest == whole[stop + 1 :]


def test_crashing_after_every_chunk_gives_what_one_reading_gives(sources: dict[str, Path]) -> None:
    for source in sources.values():
        crashing: list[Chunk] = []
        cursor = None
        while chunk := next(ingested(source, cursor), None):
            crashing.append(chunk)
            cursor = chunk.cursor
        assert crashing == list(ingested(source))
