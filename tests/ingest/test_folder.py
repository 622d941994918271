"""Folders and single files, read through the Ingester."""

import os
import shutil
from pathlib import Path

import pytest

from c2c_stream.codec import Codec
from c2c_stream.errors import SourceError
from c2c_stream.ingest.folder import read_folder
from c2c_stream.ingest.items import Census, Home
from c2c_stream.ingest.stage import check_source
from c2c_stream.records import File, RejectedItem, Repository
from tests.ingest.support import put, read


def test_a_folder_gives_its_python_files_named_after_the_folder(tmp_path: Path) -> None:
    root = put(tmp_path / "shop", {"b.py": "b", "a/x.py": "x", "gui.pyw": "g", "README.md": "#"})
    found = read(root)

    assert found.paths == ["a/x.py", "b.py", "gui.pyw"]
    assert {file.origin.repository for file in found.files} == {"shop"}
    assert {file.origin.commit for file in found.files} == {""}
    assert [file.content for file in found.files] == [b"x", b"b", b"g"]
    assert found.rejected == []


def test_the_same_folder_elsewhere_gives_the_same_records(tmp_path: Path) -> None:
    files = {"z.py": "1", "a/b.py": "2", "a-c.py": "3", "a.py": "4"}
    here = put(tmp_path / "here" / "shop", files)
    there = put(tmp_path / "there" / "deeper" / "shop", dict(reversed(files.items())))

    assert read(here) == read(there)


def test_folders_that_tools_make_are_passed_over(tmp_path: Path) -> None:
    made = [".hg/h.py", ".tox/t.py", "__pycache__/c.py", "lib/site-packages/p.py", "env/bin/e.py"]
    root = put(tmp_path, dict.fromkeys([*made, "env/pyvenv.cfg", "kept/.hidden.py"], "x"))
    found = read(root)

    assert found.paths == ["kept/.hidden.py"]
    assert found.rejected == []


def test_links_and_pipes_are_rejected_and_never_opened(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside", {"secret.py": "s"})
    root = put(tmp_path / "root", {"real.py": "r"})
    (root / "link.py").symlink_to(outside / "secret.py")
    (root / "folder").symlink_to(outside)
    os.mkfifo(root / "pipe.py")
    found = read(root)

    assert found.paths == ["real.py"]
    assert found.reasons == {"link.py": "not_regular_file", "pipe.py": "not_regular_file"}


def test_a_file_above_the_limit_is_rejected_with_its_size(tmp_path: Path) -> None:
    found = read(put(tmp_path, {"a.py": "x" * 100, "b.py": "x" * 101}), max_file_bytes=100)

    assert found.paths == ["a.py"]
    assert [(r.reason, r.detail) for r in found.rejected] == [
        ("too_big", "101 bytes, the limit is 100")
    ]


def test_a_path_that_is_no_utf8_is_escaped(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text("x")
    found = read(tmp_path)

    assert found.paths == ["caf\\xe9.py"]


def test_one_file_is_a_source_named_after_itself(tmp_path: Path) -> None:
    put(tmp_path, {"one.py": "# SPDX-License-Identifier: MIT\n", "other.py": ""})
    found = read(tmp_path / "one.py")

    assert found.paths == ["one.py"]
    assert found.files[0].origin.repository == "one.py"
    assert (found.files[0].origin.license, found.files[0].origin.license_evidence) == (
        "MIT",
        "spdx_header",
    )


def test_blob_is_gits_hash_of_the_bytes(tmp_path: Path) -> None:
    found = read(put(tmp_path, {"a.py": ""}))

    assert found.files[0].origin.blob == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


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


def test_a_file_may_be_named_by_a_link(tmp_path: Path) -> None:
    put(tmp_path, {"real.py": "x"})
    (tmp_path / "link.py").symlink_to("real.py")

    assert read(tmp_path / "link.py").contents == {"link.py": b"x"}


def test_what_is_swapped_after_it_was_listed_is_not_followed(tmp_path: Path) -> None:
    root = put(tmp_path / "root", {"a.py": "a", "b.py": "b", "c.py": "c", "d.py": "d"})
    home = Home("root", "", 1000)
    reading = read_folder(root, home, Census(), 0)
    first = next(reading)
    for name in ("b.py", "c.py", "d.py"):
        (root / name).unlink()
    (root / "b.py").symlink_to("/etc/passwd")
    os.mkfifo(root / "c.py")
    items = [first.item, *(found.item for found in reading)]

    assert [isinstance(item, File) for item in items] == [True, False, False, False]
    assert [item.reason for item in items if isinstance(item, RejectedItem)] == [
        "not_readable",
        "not_regular_file",
        "not_readable",
    ]


def test_a_folder_inside_that_cannot_be_listed_is_rejected_and_the_rest_read(
    tmp_path: Path,
) -> None:
    root = put(tmp_path / "root", {"a.py": "a", "b/b.py": "b", "c.py": "c"})
    reading = read_folder(root, Home("root", "", 1000), Census(), 0)
    items = [next(reading).item]
    shutil.rmtree(root / "b")
    items += [found.item for found in reading]

    assert [i.origin.path if isinstance(i, File) else (i.path, i.reason) for i in items] == [
        "a.py",
        ("b", "not_readable"),
        "c.py",
    ]


def test_a_folder_whose_name_is_no_utf8_is_refused_by_the_check_and_named_escaped(
    tmp_path: Path,
) -> None:
    root = put(tmp_path / os.fsdecode(b"caf\xe9"), {"a.py": "a"})

    assert read(root).files[0].origin.repository == "caf\\xe9"
    with pytest.raises(SourceError, match=r"caf\\xe9: its name is no UTF-8: rename it"):
        check_source(str(root))


def test_every_record_of_an_odd_folder_can_be_stored(tmp_path: Path) -> None:
    names = [b"caf\xe9.py", b"new\nline.py", b"\x1b[31m.py", "\U0001f40d.py".encode()]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_text("x")
    codec = Codec()
    found = read(tmp_path)

    assert len(found.files) == 4
    assert [codec.decode(codec.encode(file)) for file in found.files] == found.files
