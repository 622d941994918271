"""JSONL and Parquet dumps, read through the Ingester."""

import gzip
import json
import tracemalloc
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from c2c_stream.errors import SourceError
from c2c_stream.ingest.stage import check_source
from tests.ingest.support import ingested, read

Row = Mapping[str, object]
STACK_V1: list[Row] = [
    {
        "content": "x = 1\n",
        "lang": "Python",
        "max_stars_repo_name": "team/shop",
        "max_stars_repo_path": "src/a.py",
        "max_stars_repo_licenses": ["mit", "Apache-2.0"],
        "max_stars_repo_head_hexsha": "ab" * 20,
    },
    {
        "content": "let x = 1;",
        "lang": "JavaScript",
        "max_stars_repo_name": "team/web",
        "max_stars_repo_path": "src/a.js",
        "max_stars_repo_licenses": [],
        "max_stars_repo_head_hexsha": "cd" * 20,
    },
]


def jsonl(path: Path, rows: Sequence[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def parquet(path: Path, rows: Sequence[Row], row_group_size: int = 1000) -> Path:
    table = pa.Table.from_pylist([dict(row) for row in rows])
    pq.write_table(table, path, row_group_size=row_group_size)
    return path


WRITERS = [(jsonl, "d.jsonl"), (parquet, "d.parquet")]


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_the_stack_v1_is_understood(tmp_path: Path, write: type, name: str) -> None:
    found = read(write(tmp_path / name, STACK_V1))
    (file,) = found.files

    assert file.content == b"x = 1\n"
    assert (file.origin.repository, file.origin.path) == ("team/shop", "src/a.py")
    assert file.origin.commit == "ab" * 20
    assert (file.origin.license, file.origin.license_evidence) == ("MIT AND Apache-2.0", "dump")
    (other,) = found.rejected
    assert (other.path, other.reason) == ("src/a.js", "not_python")
    assert other.detail == "its language is JavaScript"


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_a_dump_of_texts_alone_names_rows_by_their_place(
    tmp_path: Path, write: type, name: str
) -> None:
    found = read(write(tmp_path / name, [{"code": "a"}, {"code": "b"}]))

    assert found.contents == {"row/1.py": b"a", "row/2.py": b"b"}
    assert {file.origin.repository for file in found.files} == {name}
    assert {file.origin.license for file in found.files} == {"unknown"}


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_a_column_can_be_named_and_a_wrong_one_lists_those_there_are(
    tmp_path: Path, write: type, name: str
) -> None:
    dump = write(tmp_path / name, [{"source": "a", "stars": 1}])

    assert read(dump, column="source").contents == {"row/1.py": b"a"}
    with pytest.raises(SourceError, match=rf"{name}: it has no column 'src'; .*: source, stars"):
        check_source(str(dump), "src")
    with pytest.raises(SourceError, match=r"--column; there are: source, stars"):
        check_source(str(dump))


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_the_stack_v2_is_refused_with_its_reason(tmp_path: Path, write: type, name: str) -> None:
    row = {"blob_id": "1", "path": "a.py", "src_encoding": "UTF-8", "repo_name": "x"}

    with pytest.raises(SourceError, match="The Stack v2 hold no text"):
        check_source(str(write(tmp_path / name, [row])))


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_a_header_goes_before_the_column_of_licences(
    tmp_path: Path, write: type, name: str
) -> None:
    text = "# SPDX-License-Identifier: BSD-3-Clause\n"
    (file,) = read(write(tmp_path / name, [{"content": text, "license": "mit"}])).files

    assert (file.origin.license, file.origin.license_evidence) == ("BSD-3-Clause", "spdx_header")


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_a_row_without_text_or_with_a_climbing_path_is_rejected(
    tmp_path: Path, write: type, name: str
) -> None:
    rows = [
        {"content": "a", "path": "a.py"},
        {"content": None, "path": "b.py"},
        {"content": "c", "path": "../c.py"},
        {"content": "d", "path": "d.md"},
    ]
    found = read(write(tmp_path / name, rows))

    assert found.paths == ["a.py"]
    assert found.reasons == {"b.py": "bad_row", "../c.py": "bad_path", "d.md": "not_python"}


@pytest.mark.parametrize(
    ("name", "compress"), [("d.jsonl.gz", gzip.compress), ("d.jsonl.zst", zstandard.compress)]
)
def test_a_jsonl_dump_may_be_compressed(tmp_path: Path, name: str, compress: type) -> None:
    (tmp_path / name).write_bytes(compress(b'{"text": "a"}\n\n{"text": "b"}'))

    assert read(tmp_path / name).contents == {"row/1.py": b"a", "row/3.py": b"b"}


def test_broken_lines_cost_one_row_each(tmp_path: Path) -> None:
    lines = [
        b'{"text": "good"}',
        b"{broken",
        b"[1, 2]",
        b'{"text": "\\ud800"}',
        b'{"text": "' + b"x" * 200_000 + b'"}',
        b"[" * 100_000,
        b'{"text": ' + b"9" * 5000 + b"}",
        b'{"text": "\xff"}',
        b'{"text": "last"}',
    ]
    (tmp_path / "d.jsonl").write_bytes(b"\n".join(lines))
    found = read(tmp_path / "d.jsonl", max_file_bytes=10_000)

    assert found.contents == {"row/1.py": b"good", "row/9.py": b"last"}
    assert found.reasons == {
        "row/2.py": "bad_row",
        "row/3.py": "bad_row",
        "row/4.py": "bad_encoding",
        "row/5.py": "too_big",
        "row/6.py": "bad_row",
        "row/7.py": "bad_row",
        "row/8.py": "bad_row",
    }


def test_a_first_line_that_is_too_long_does_not_decide_the_columns(tmp_path: Path) -> None:
    long = json.dumps({"text": "x" * 200_000})
    (tmp_path / "d.jsonl").write_text(f'\n{long}\n{{"text": "good"}}\n')
    found = read(tmp_path / "d.jsonl", max_file_bytes=10_000)

    assert found.contents == {"row/3.py": b"good"}
    assert found.reasons == {"row/2.py": "too_big"}


def test_a_rejection_never_quotes_a_source_at_length(tmp_path: Path) -> None:
    row = {"text": "x", "lang": "L" * 100_000, "path": "p" * 100_000}
    (item,) = read(jsonl(tmp_path / "d.jsonl", [row])).rejected

    assert len(item.detail) <= 500
    assert len(item.path) <= 4096


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "its first line is no JSON"),
        ("[1, 2]\n", "one JSON object a line"),
        ("", "no Python file in it"),
    ],
)
def test_a_file_that_is_no_jsonl_says_so(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "d.jsonl").write_text(text)

    with pytest.raises(SourceError, match=message):
        check_source(str(tmp_path / "d.jsonl"))


def test_a_file_that_is_no_parquet_says_so(tmp_path: Path) -> None:
    (tmp_path / "d.parquet").write_bytes(b"PAR1 but no more")

    with pytest.raises(SourceError, match=r"d\.parquet: broken, or no Parquet"):
        check_source(str(tmp_path / "d.parquet"))


def test_a_column_that_is_no_text_says_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the column 'content' holds int64, not text"):
        check_source(str(parquet(tmp_path / "d.parquet", [{"content": 1}])))


def test_every_row_of_a_parquet_with_many_row_groups_is_read_in_order(tmp_path: Path) -> None:
    rows = [{"content": str(i)} for i in range(1000)]
    found = read(parquet(tmp_path / "d.parquet", rows, row_group_size=90))

    assert [file.content for file in found.files] == [str(i).encode() for i in range(1000)]


def test_memory_does_not_grow_with_a_jsonl_dump(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        path = jsonl(tmp_path / f"{rows}.jsonl", [{"text": f"{i:05}" * 200} for i in range(rows)])
        tracemalloc.start()
        for _ in ingested(path):
            pass
        reached = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return reached

    assert peak(12_000) < 1.2 * peak(3_000)


def test_memory_does_not_grow_with_a_parquet_dump(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        path = parquet(
            tmp_path / f"{rows}.parquet", [{"text": f"{i:05}" * 400} for i in range(rows)], rows
        )
        before = pa.total_allocated_bytes()
        return max(pa.total_allocated_bytes() - before for _ in ingested(path))

    assert peak(20_000) < 1.5 * peak(5_000)
