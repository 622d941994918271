"""Asking where branches are, from a folder and from a real git server."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from c2c_stream.errors import SourceError, Unavailable
from c2c_stream.ingest import fetch, heads
from c2c_stream.ingest.feed import Followed
from c2c_stream.ingest.heads import heads_of
from c2c_stream.settings import IngestSettings
from tests.ingest.support import Git, free_port, git_daemon

SETTINGS = IngestSettings()


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git(tmp_path / "served" / "shop")


@pytest.fixture(params=["path", "server"])
def followed(request: pytest.FixtureRequest, git: Git, tmp_path: Path) -> Iterator[Followed]:
    if request.param == "path":
        yield Followed(str(git.path), ("*",), 1)
        return
    with git_daemon(git.path.parent, tmp_path / "daemon.log", free_port()) as url:
        yield Followed(f"{url}/shop", ("*",), 1)


def asked(followed: Followed, *branches: str) -> dict[str, str]:
    return heads_of(replace(followed, branches=branches), SETTINGS)


def test_branches_that_match_are_told_in_their_order(git: Git, followed: Followed) -> None:
    first = git.commit({"a.py": "1"})
    for name in ("release-1", "release-2", "team/release-3", "other"):
        git.run("branch", name)
    git.run("tag", "release-tag")
    head = git.commit({"a.py": "2"})

    assert asked(followed, "main") == {"main": head}
    assert asked(followed, "release-*") == {"release-1": first, "release-2": first}
    assert list(asked(followed, "*")) == [
        "main",
        "other",
        "release-1",
        "release-2",
        "team/release-3",
    ]
    assert asked(followed, "nothing") == {}


def test_without_branches_it_is_what_head_names(git: Git, followed: Followed) -> None:
    assert asked(followed) == {}
    git.commit({"a.py": "1"})
    git.run("checkout", "--quiet", "-b", "side")
    head = git.commit({"a.py": "2"})

    assert asked(followed) == {"HEAD": head}


def test_a_reference_that_only_ends_like_a_branch_is_none(git: Git, followed: Followed) -> None:
    head = git.commit({"a.py": "1"})
    for name in ("refs/other/refs/heads/main", "refs/heads/HEAD", "refs/heads/x/main"):
        git.run("update-ref", name, head)

    assert asked(followed, "main", "HEAD") == {"main": head}


def test_odd_names_are_data_and_what_is_no_text_is_passed_over(
    git: Git, followed: Followed
) -> None:
    head = git.commit({"a.py": "1"})
    odd = ["--upload-pack=x", "$(touch_x)", "'quoted'", "ünïcode"]
    for name in odd:
        git.run("update-ref", f"refs/heads/{name}", head)
    packed = git.path / ".git" / "packed-refs"
    packed.write_bytes(f"{head} refs/heads/caf".encode() + b"\xe9\n")

    assert set(asked(followed, "*")) == {"main", *odd}


def test_more_branches_than_anyone_follows_are_refused(
    git: Git, followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = git.commit({"a.py": "1"})
    for name in "abc":
        git.run("update-ref", f"refs/heads/{name}", head)
    monkeypatch.setattr(heads, "MAX_BRANCHES", 3)

    assert len(asked(followed, "[abc]")) == 3
    with pytest.raises(SourceError, match=r"more than 3 branches match \*; name fewer"):
        asked(followed, "*")


def test_an_answer_without_end_is_cut_off(
    git: Git, followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    git.commit({"a.py": "1"})
    monkeypatch.setattr(fetch, "MAX_OUTPUT_BYTES", 10)
    if "://" in followed.url:
        with pytest.raises(SourceError):
            asked(followed, "*")


def test_what_is_away_and_what_is_gone_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        heads_of(Followed(f"git://127.0.0.1:{free_port()}/x", (), 1), SETTINGS)
    with pytest.raises(SourceError, match="does not exist"):
        heads_of(Followed(str(tmp_path / "gone"), (), 1), SETTINGS)
    (tmp_path / "fake" / ".git").mkdir(parents=True)
    for branches in ((), ("main",)):
        with pytest.raises(SourceError, match="not a git repository that can be read"):
            heads_of(Followed(str(tmp_path / "fake"), branches, 1), SETTINGS)
