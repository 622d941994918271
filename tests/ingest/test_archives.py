"""Archives, honest and hostile, read through the Ingester. Nothing may be written anywhere."""

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard

from c2c_stream.errors import SourceError
from c2c_stream.ingest import streams, zips
from c2c_stream.ingest.stage import check_source
from tests.ingest.support import ingested, put, read

FILES = {"pkg/a.py": "a", "pkg/b.py": "b", "pkg/data.json": "{}", "README": ""}
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    ".tar": bytes,
    ".tar.gz": gzip.compress,
    ".tgz": gzip.compress,
    ".tar.bz2": bz2.compress,
    ".tar.xz": lzma.compress,
    ".tar.zst": zstandard.compress,
}


def tar_of(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def files_tar(files: dict[str, str]) -> bytes:
    return tar_of([(tarfile.TarInfo(path), text.encode()) for path, text in files.items()])


def special(path: str, type_: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(path)
    info.type, info.linkname = type_, target
    return info, b""


def zip_at(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Path]:
    """Give a folder, and look afterwards that nothing was unpacked in it or beside it."""
    (tmp_path / "in").mkdir()
    yield tmp_path / "in"
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert all(path.is_file() for path in (tmp_path / "in").iterdir())


@pytest.mark.parametrize("suffix", COMPRESSORS)
def test_a_tar_is_read_however_it_is_compressed(alone: Path, suffix: str) -> None:
    source = alone / f"shop{suffix}"
    source.write_bytes(COMPRESSORS[suffix](files_tar(FILES)))
    found = read(source)

    assert found.contents == {"pkg/a.py": b"a", "pkg/b.py": b"b"}
    assert {file.origin.repository for file in found.files} == {source.name}
    assert found.rejected == []


def test_a_zip_is_read_and_so_is_a_wheel(alone: Path) -> None:
    for name in ("shop.zip", "shop-1.0-py3-none-any.whl", "noname"):
        found = read(zip_at(alone / name, FILES))
        assert found.contents == {"pkg/a.py": b"a", "pkg/b.py": b"b"}


def test_the_same_files_have_the_same_blobs_in_every_kind_of_source(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(files_tar(FILES))
    sources = [put(tmp_path / "x", FILES), tmp_path / "x.tar", zip_at(tmp_path / "x.zip", FILES)]
    blobs = [[file.origin.blob for file in read(source).files] for source in sources]

    assert blobs[0] == blobs[1] == blobs[2]


def test_a_tar_of_a_folder_has_plain_paths(alone: Path) -> None:
    (alone / "x.tar").write_bytes(files_tar({"./pkg/./a.py": "a"}))

    assert read(alone / "x.tar").paths == ["pkg/a.py"]


def test_hidden_and_installed_files_are_passed_over_in_archives_too(alone: Path) -> None:
    files = {".tox/a.py": "", "env/lib/site-packages/b.py": "", "__pycache__/c.py": "", "d.py": ""}
    (alone / "x.tar").write_bytes(files_tar(files))

    assert read(alone / "x.tar").paths == ["d.py"]
    assert read(zip_at(alone / "x.zip", files)).paths == ["d.py"]


@pytest.mark.parametrize("path", ["../evil.py", "a/../../evil.py", "/abs/evil.py", "..\\evil.py"])
def test_an_entry_that_climbs_out_is_rejected(alone: Path, path: str) -> None:
    (alone / "x.tar").write_bytes(files_tar({path: "evil", "good.py": "g"}))
    zip_at(alone / "x.zip", {path: "evil", "good.py": "g"})

    for source in (alone / "x.tar", alone / "x.zip"):
        found = read(source)
        assert found.paths == ["good.py"]
        assert list(found.reasons.values()) == ["bad_path"]


def test_links_and_devices_in_a_tar_are_rejected(alone: Path) -> None:
    members = [
        special("sym.py", tarfile.SYMTYPE, "/etc/passwd"),
        special("hard.py", tarfile.LNKTYPE, "good.py"),
        special("device.py", tarfile.CHRTYPE),
        special("pipe.py", tarfile.FIFOTYPE),
        (tarfile.TarInfo("good.py"), b"g"),
    ]
    (alone / "x.tar").write_bytes(tar_of(members))
    found = read(alone / "x.tar")

    assert found.paths == ["good.py"]
    assert [(r.reason, r.detail) for r in found.rejected] == [
        ("not_regular_file", "a symlink"),
        ("not_regular_file", "a hard link"),
        ("not_regular_file", "a device"),
        ("not_regular_file", "a pipe"),
    ]


def test_a_symlink_in_a_zip_is_rejected(alone: Path) -> None:
    link = zipfile.ZipInfo("link.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(alone / "x.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    found = read(alone / "x.zip")

    assert found.reasons == {"link.py": "not_regular_file"}


def test_an_encrypted_entry_and_a_broken_one_cost_one_file_each(alone: Path) -> None:
    source = zip_at(alone / "x.zip", {"a.py": "first", "b.py": "second", "c.py": "third"})
    data = bytearray(source.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # a.py claims to be encrypted
    with zipfile.ZipFile(source) as archive:
        header = archive.getinfo("b.py").header_offset
    data[header + 30 + len("b.py")] ^= 0xFF
    source.write_bytes(data)
    found = read(source)

    assert found.paths == ["c.py"]
    assert found.reasons == {"a.py": "not_readable", "b.py": "not_readable"}


def test_an_entry_that_is_larger_than_it_says_is_not_read_whole(alone: Path) -> None:
    source = zip_at(alone / "x.zip", {"a.py": "x" * 10_000_000, "b.py": "b"})
    data = bytearray(source.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (100).to_bytes(4, "little")
    source.write_bytes(data)
    found = read(source, max_file_bytes=1000)

    assert "a.py" in found.reasons
    assert found.paths == ["b.py"]


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz", "x.tar.zst", "x.tar.xz"])
def test_a_file_that_is_no_archive_is_a_broken_one(alone: Path, name: str) -> None:
    (alone / name).write_bytes(b"\x1f\x8b neither this nor that " * 100)

    with pytest.raises(SourceError, match=rf"{name}: .*broken"):
        check_source(str(alone / name))


@pytest.mark.parametrize("suffix", COMPRESSORS)
def test_a_tar_that_is_cut_off_is_broken_and_not_short(alone: Path, suffix: str) -> None:
    text = os.urandom(3000).hex()
    whole = COMPRESSORS[suffix](files_tar({f"f{i}.py": text for i in range(40)}))
    (alone / f"x{suffix}").write_bytes(whole[: len(whole) // 2 + 100])

    with pytest.raises(SourceError, match="broken"):
        read(alone / f"x{suffix}")


def test_a_zip_that_is_cut_off_is_broken(alone: Path) -> None:
    source = zip_at(alone / "x.zip", FILES)
    source.write_bytes(source.read_bytes()[:-30])

    with pytest.raises(SourceError, match="broken"):
        read(source)


def test_a_broken_header_in_the_middle_is_not_taken_for_the_end(alone: Path) -> None:
    data = bytearray(files_tar({"a.py": "a", "b.py": "b", "c.py": "c"}))
    data[2 * 512 : 2 * 512 + 20] = b"garbage garbage garb"
    (alone / "x.tar").write_bytes(data)

    with pytest.raises(SourceError, match="a header is broken"):
        read(alone / "x.tar")


def test_an_extended_header_of_gigabytes_is_refused_before_it_is_read(alone: Path) -> None:
    info = tarfile.TarInfo("huge")
    info.type, info.size = tarfile.XHDTYPE, 8 * 1024**3
    (alone / "x.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 10_000)

    with pytest.raises(SourceError, match="no archiver writes such"):
        read(alone / "x.tar")


def test_a_decompression_bomb_is_refused(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BOMB_BYTES", 1024 * 1024)
    info = tarfile.TarInfo("zeros.bin")
    (alone / "x.tar.gz").write_bytes(gzip.compress(tar_of([(info, b"\0" * 20_000_000)])))

    with pytest.raises(SourceError, match="decompression bomb"):
        read(alone / "x.tar.gz")


def test_a_zip_whose_entries_share_their_bytes_is_refused(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BOMB_BYTES", 1024 * 1024)
    zip_at(alone / "x.zip", {f"f{i}.py": "0" * 400_000 for i in range(20)})

    with pytest.raises(SourceError, match="decompression bomb"):
        read(alone / "x.zip")


def test_a_zip_with_a_huge_directory_is_refused(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zips, "DIRECTORY_BYTES", 100_000)
    zip_at(alone / "x.zip", {f"{'n' * 200}{i}.py": "" for i in range(1000)})

    with pytest.raises(SourceError, match=r"its directory is larger than .* unpack it"):
        read(alone / "x.zip")


def test_an_archive_without_python_says_what_it_holds(alone: Path) -> None:
    with pytest.raises(SourceError, match=r"no Python file in it \(found: 2 \.md\)"):
        check_source(str(zip_at(alone / "x.zip", {"a.md": "", "b.md": ""})))


def test_memory_does_not_grow_with_a_tar(tmp_path: Path) -> None:
    def peak(members: int) -> int:
        path = tmp_path / f"{members}.tar.gz"
        with tarfile.open(path, "w:gz", compresslevel=1) as tar:
            for i in range(members):
                info = tarfile.TarInfo(f"package/module_{i}.txt" if i % 10 else f"f{i}.py")
                info.size = 100
                tar.addfile(info, io.BytesIO(b"x" * 100))
        tracemalloc.start()
        for _ in ingested(path):
            pass
        reached = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return reached

    assert peak(10_000) < 1.2 * peak(2_000) + 200_000
