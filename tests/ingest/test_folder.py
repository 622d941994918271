"""Folders and single files, read through the Ingester."""

import os
from pathlib import Path

import pytest

from c2c_stream.errors import SourceError
from c2c_stream.ingest.stage import Ingester, check_source
from c2c_stream.records import File, RejectedItem, Repository
from c2c_stream.settings import IngestSettings


def put(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def read(source: Path, **settings: int) -> tuple[list[File], list[RejectedItem]]:
    ingester = Ingester(IngestSettings(**settings), source / "no-cache")
    chunks = list(ingester.read(Repository(url=str(source)), None))
    files = [o for c in chunks for o in c.outputs if isinstance(o, File)]
    return files, [r for c in chunks for r in c.rejected]


def paths(files: list[File]) -> list[str]:
    return [file.origin.path for file in files]


def reasons(items: list[RejectedItem]) -> dict[str, str]:
    return {item.path: item.reason for item in items}


def test_a_folder_gives_its_python_files_named_after_the_folder(tmp_path: Path) -> None:
    root = put(tmp_path / "shop", {"b.py": "b", "a/x.py": "x", "gui.pyw": "g", "README.md": "#"})
    files, rejected = read(root)

    assert paths(files) == ["a/x.py", "b.py", "gui.pyw"]
    assert {file.origin.repository for file in files} == {"shop"}
    assert {file.origin.commit for file in files} == {""}
    assert [file.content for file in files] == [b"x", b"b", b"g"]
    assert rejected == []


def test_the_same_folder_elsewhere_gives_the_same_records(tmp_path: Path) -> None:
    files = {"z.py": "1", "a/b.py": "2", "a-c.py": "3", "a.py": "4"}
    here = put(tmp_path / "here" / "shop", files)
    there = put(tmp_path / "there" / "deeper" / "shop", dict(reversed(files.items())))

    assert read(here) == read(there)


def test_folders_that_tools_make_are_passed_over(tmp_path: Path) -> None:
    made = [".hg/h.py", ".tox/t.py", "__pycache__/c.py", "lib/site-packages/p.py", "env/bin/e.py"]
    root = put(tmp_path, dict.fromkeys([*made, "env/pyvenv.cfg", "kept/.hidden.py"], "x"))
    files, rejected = read(root)

    assert paths(files) == ["kept/.hidden.py"]
    assert rejected == []


def test_links_and_pipes_are_rejected_and_never_opened(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside", {"secret.py": "s"})
    root = put(tmp_path / "root", {"real.py": "r"})
    (root / "link.py").symlink_to(outside / "secret.py")
    (root / "folder").symlink_to(outside)
    os.mkfifo(root / "pipe.py")
    files, rejected = read(root)

    assert paths(files) == ["real.py"]
    assert reasons(rejected) == {"link.py": "not_regular_file", "pipe.py": "not_regular_file"}


def test_a_file_above_the_limit_is_rejected_with_its_size(tmp_path: Path) -> None:
    files, rejected = read(
        put(tmp_path, {"a.py": "x" * 100, "b.py": "x" * 101}), max_file_bytes=100
    )

    assert paths(files) == ["a.py"]
    assert [(r.reason, r.detail) for r in rejected] == [("too_big", "101 bytes, the limit is 100")]


def test_a_path_that_is_no_utf8_is_escaped(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text("x")
    files, _ = read(tmp_path)

    assert paths(files) == ["caf\\xe9.py"]


def test_one_file_is_a_source_named_after_itself(tmp_path: Path) -> None:
    put(tmp_path, {"one.py": "# SPDX-License-Identifier: MIT\n", "other.py": ""})
    files, _ = read(tmp_path / "one.py")

    assert paths(files) == ["one.py"]
    assert files[0].origin.repository == "one.py"
    assert (files[0].origin.license, files[0].origin.license_evidence) == ("MIT", "spdx_header")


def test_blob_is_gits_hash_of_the_bytes(tmp_path: Path) -> None:
    files, _ = read(put(tmp_path, {"a.py": ""}))

    assert files[0].origin.blob == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def test_a_folder_without_python_says_what_it_holds(tmp_path: Path) -> None:
    put(tmp_path, {"a.md": "", "b.md": "", "c.txt": "", "LICENSE": ""})

    with pytest.raises(
        SourceError, match=r"no Python file in it \(found: 2 \.md, 1 without suffix, 1 \.txt"
    ):
        check_source(str(tmp_path))


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no Python file in it \(found: nothing\)"):
        check_source(str(tmp_path))


def test_check_source_makes_a_relative_path_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "shop", {"a.py": ""})
    monkeypatch.chdir(tmp_path)

    assert check_source("shop") == Repository(url=str(tmp_path / "shop"), kind="folder")
