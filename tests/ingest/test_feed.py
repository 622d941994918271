from pathlib import Path

import pytest

from c2c_stream.errors import SettingsError
from c2c_stream.ingest.feed import Followed, read_feed
from tests.ingest.support import Git

URL = "https://example.org/team/shop.git"


def feed(folder: Path, text: str) -> Path:
    path = folder / "feed.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_said_at_the_top_holds_where_a_repository_says_nothing(tmp_path: Path) -> None:
    text = f"""
    interval_s = 30
    branches = ["main", "release-*"]
    [[repositories]]
    url = "{URL}"
    [[repositories]]
    url = "git@example.org:team/tool"
    interval_s = 5
    branches = []
    """
    assert read_feed(feed(tmp_path, text)) == (
        Followed(URL, ("main", "release-*"), 30),
        Followed("git@example.org:team/tool", (), 5),
    )


def test_without_defaults_it_is_the_head_once_a_minute(tmp_path: Path) -> None:
    [found] = read_feed(feed(tmp_path, f'[[repositories]]\nurl = "{URL}"'))

    assert (found.interval_s, found.wants("HEAD"), found.wants("main")) == (60, True, False)


def test_a_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = Git(tmp_path / "shop")
    monkeypatch.chdir(tmp_path)

    assert read_feed(feed(tmp_path, '[[repositories]]\nurl = "shop"'))[0].url == str(git.path)


def test_only_names_without_a_pattern_are_missed() -> None:
    assert Followed("", ("main", "release-*", "v[12]", "x?"), 1).names() == ("main",)
    assert Followed("", (), 1).names() == ("HEAD",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('interval_s = 1\n[[repositories]\nurl = "x"', "at line 2"),
        ("", "repositories: Field required"),
        ("repositories = []", "repositories: "),
        (f'[[repositories]]\nurl = "{URL}"\n[[repositories]]\nurls = "x"', "repositories.2.url:"),
        (
            f'[[repositories]]\nurl = "{URL}"\ninterval = 3',
            "repositories.1.interval: there is no such key",
        ),
        (f'interval_s = 0\n[[repositories]]\nurl = "{URL}"', "interval_s: Input should be"),
        (f'branches = "main"\n[[repositories]]\nurl = "{URL}"', "branches: Input should be"),
        (
            '[[repositories]]\nurl = "/no/such/place"',
            "repositories.1.url: /no/such/place: does not",
        ),
        ('[[repositories]]\nurl = "feed.toml"', "repositories.1.url: feed.toml: not Python"),
        ('[[repositories]]\nurl = "."', "is no git repository (folder)"),
        ('[[repositories]]\nurl = "https://u:secret@example.org/x"', "holds credentials"),
        (f'[[repositories]]\nurl = "{URL}"\n' * 2, "repositories.2.url: https:"),
    ],
)
def test_a_bad_feed_is_told_by_line_or_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as raised:
        read_feed(feed(tmp_path, text))

    assert words in str(raised.value)
    assert "feed.toml: " in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("name", ["", "-x", "--upload-pack=x", "a b", "a..b", "/a", "a:b", "a\\nb"])
def test_what_is_no_name_of_a_branch_is_refused(tmp_path: Path, name: str) -> None:
    text = f'[[repositories]]\nurl = "{URL}"\nbranches = ["main", "{name}"]'
    with pytest.raises(SettingsError, match=r"repositories\.1\.branches: .* is no name"):
        read_feed(feed(tmp_path, text))


def test_a_feed_that_cannot_be_read_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "feed.toml").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "none.toml", tmp_path, tmp_path / "feed.toml"):
        with pytest.raises(SettingsError, match=str(path)):
            read_feed(path)


def test_an_entry_that_is_wrong_is_not_called_missing_besides(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"repositories\.1\.uri: there is no such key$"):
        read_feed(feed(tmp_path, f'[[repositories]]\nuri = "{URL}"'))
