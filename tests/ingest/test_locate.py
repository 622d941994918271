"""What a source is, and how rows name it."""

import gzip
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from c2c_stream.errors import SourceError
from c2c_stream.ingest import locate as locate_module
from c2c_stream.ingest.locate import locate, shown
from c2c_stream.ingest.stage import check_source
from c2c_stream.records import Repository
from tests.ingest.support import put


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/team/shop.git", "example.org/team/shop"),
        ("https://example.org:8443/team/shop/", "example.org:8443/team/shop"),
        ("https://user:secret@example.org/team/shop", "example.org/team/shop"),
        ("https://example.org/shop?private_token=secret#x", "example.org/shop"),
        ("ssh://git@example.org/team/shop.git", "example.org/team/shop"),
        ("git@example.org:team/shop.git", "example.org/team/shop"),
        ("example.org:team/shop", "example.org/team/shop"),
    ],
)
def test_a_url_names_its_repository_by_host_and_path(url: str, name: str) -> None:
    assert shown(url) == name
    if "secret@" not in url:
        assert locate(Repository(url=url)).name == name


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "the source is empty: give a git repository"),
        ("/nonexistent/place", "/nonexistent/place: does not exist: give a git repository"),
        ("https://user:secret@example.org/x", "its URL holds credentials"),
        ("https://token@example.org/x", "its URL holds credentials"),
        ("ssh://git:secret@example.org/x", "its URL holds credentials"),
        ("ftp://example.org/x", "the scheme 'ftp' is not read"),
        ("ext::sh -c evil", "does not exist"),
        ("ext::sh://x", "is not read"),
        ("http://[broken/x", "a malformed URL"),
        ("a\0b", "the source is empty"),
        ("/dev/null", "neither a file nor a folder"),
    ],
)
def test_what_cannot_be_read_says_why_in_one_sentence(url: str, message: str) -> None:
    with pytest.raises(SourceError) as raised:
        check_source(url)
    text = str(raised.value)

    assert message in text
    assert "secret" not in text
    assert "\n" not in text


def test_a_broken_symlink_says_so(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")

    with pytest.raises(SourceError, match="link: is a broken symlink"):
        check_source(str(tmp_path / "link"))


def test_a_file_that_is_not_python_says_so(tmp_path: Path) -> None:
    put(tmp_path, {"notes.md": "# hello"})

    with pytest.raises(SourceError, match=r"notes\.md: not Python, and no archive or dump either"):
        check_source(str(tmp_path / "notes.md"))


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(SourceError, match=r"its kind 'svn' is unknown \(known: git, folder"):
        locate(Repository(url="/tmp", kind="svn"))


def test_only_git_is_fetched() -> None:
    with pytest.raises(SourceError, match="download the archive first"):
        locate(Repository(url="https://example.org/x.zip", kind="archive"))


def test_a_url_is_looked_at_but_not_fetched() -> None:
    url = "https://host.invalid/team/shop"

    assert check_source(url) == Repository(url=url)


def test_a_kind_is_found_by_content_where_the_name_says_nothing(tmp_path: Path) -> None:
    put(tmp_path, {"a.py": "x"})
    with tarfile.open(tmp_path / "one", "w") as tar:
        tar.add(tmp_path / "a.py", "a.py")
    (tmp_path / "two").write_bytes(gzip.compress((tmp_path / "one").read_bytes()))

    assert check_source(str(tmp_path / "one")).kind == "archive"
    assert check_source(str(tmp_path / "two")).kind == "archive"


def test_a_path_with_a_colon_is_a_path_where_it_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "host:folder", {"a.py": ""})
    monkeypatch.chdir(tmp_path)

    assert check_source("host:folder").url == str(tmp_path / "host:folder")


@contextmanager
def nobody() -> Iterator[None]:
    """Be somebody else: root reads everything."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


def test_a_file_without_permission_says_so() -> None:
    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder), {"data": ""})
        (Path(folder) / "data").chmod(0)
        Path(folder).chmod(0o755)
        with (
            nobody(),
            pytest.raises(SourceError, match="data: cannot be read: Permission denied"),
        ):
            check_source(f"{folder}/data")


def test_a_folder_can_be_forced_though_it_is_a_repository(tmp_path: Path) -> None:
    put(tmp_path, {".git/HEAD": "", "a.py": ""})

    assert locate(Repository(url=str(tmp_path), kind="folder")).kind == "folder"
    assert locate(Repository(url=str(tmp_path))).kind == "git"


def test_a_folder_that_may_not_be_looked_into_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(locate_module, "_is_git", forbidden)

    with pytest.raises(SourceError, match="cannot be read: Permission denied"):
        locate(Repository(url=str(tmp_path)))
