"""Only what changed since the base travels, from a folder and from a real git server."""

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from c2c_stream.engine.stage import Chunk
from c2c_stream.errors import SourceError, Unavailable
from c2c_stream.ingest import chunks, kept
from c2c_stream.ingest.stage import Ingester
from c2c_stream.records import File, Repository
from c2c_stream.settings import IngestSettings
from tests.ingest.support import Git, Read, free_port, git_daemon


@dataclass
class Followed:
    """A repository, and how its moves are read."""

    git: Git
    url: str
    cache: Path
    told: list[str] = field(default_factory=list)

    def chunks(
        self, base: str, cursor: str | None = None, *, branch: str = "main"
    ) -> Iterator[Chunk]:
        """Yield what a move from `base` to the branch's head gives."""
        head = self.git.run("rev-parse", branch)
        record = Repository(self.url, revision=head, branch=branch, base=base)
        return Ingester(IngestSettings(), self.cache, self.told.append).read(record, cursor)

    def changes(self, base: str, *, branch: str = "main") -> Read:
        """Return all that such a move gives."""
        found = Read()
        for chunk in self.chunks(base, branch=branch):
            found.files += [output for output in chunk.outputs if isinstance(output, File)]
            found.rejected += chunk.rejected
        return found

    def forget(self, commit: str) -> None:
        """Have the commit cleaned up, as git does some weeks after it has lost its branch."""
        self.git.run("reflog", "expire", "--expire=now", "--all")
        self.git.run("gc", "--quiet", "--prune=now")
        assert "missing" in self.git.run("cat-file", "--batch-check", stdin=commit.encode())

    @property
    def clone(self) -> Path:
        """The kept clone of the branch main."""
        [clone] = (self.cache / "git").iterdir()
        return clone

    @property
    def packs(self) -> list[int]:
        """The sizes of the clone's packs, in the order in which they came."""
        packs = self.clone.glob("objects/pack/*.pack")
        found = sorted((pack.stat().st_mtime_ns, pack.stat().st_size) for pack in packs)
        return [size for _, size in found]


@pytest.fixture(params=["path", "server"])
def followed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Followed]:
    git = Git(tmp_path / "served" / "shop")
    if request.param == "path":
        yield Followed(git, str(git.path), tmp_path / "cache")
        return
    with git_daemon(git.path.parent, tmp_path / "daemon.log", free_port()) as url:
        yield Followed(git, f"{url}/shop", tmp_path / "cache")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Followed]:
    git = Git(tmp_path / "served" / "shop")
    with git_daemon(git.path.parent, tmp_path / "daemon.log", free_port()) as url:
        yield Followed(git, f"{url}/shop", tmp_path / "cache")


def test_new_and_changed_files_travel_and_no_others(followed: Followed) -> None:
    base = followed.git.commit({"same.py": "1", "pkg/old.py": "1", "gone.py": "1", "a.txt": "1"})
    assert followed.changes("").paths == ["gone.py", "pkg/old.py", "same.py"]
    (followed.git.path / "gone.py").unlink()
    head = followed.git.commit({"pkg/old.py": "2", "new.py": "3", "a.txt": "2"})
    found = followed.changes(base)

    assert found.contents == {"new.py": b"3", "pkg/old.py": b"2"}
    assert {file.origin.commit for file in found.files} == {head}
    assert followed.told == []


def test_a_renamed_file_is_new_at_its_new_path(followed: Followed) -> None:
    base = followed.git.commit({"old.py": "text\n" * 50})
    followed.git.run("mv", "old.py", "moved.py")
    followed.git.commit()

    assert followed.changes(base).contents == {"moved.py": b"text\n" * 50}


def test_the_same_bytes_do_not_travel_for_being_executable(followed: Followed) -> None:
    base = followed.git.commit({"tool.py": "1"})
    (followed.git.path / "tool.py").chmod(0o755)
    followed.git.commit()

    assert followed.changes(base) == Read()


def test_a_move_that_touches_no_python_is_no_error(followed: Followed) -> None:
    base = followed.git.commit({"a.py": "1"})
    followed.git.commit({"notes.txt": "1"})

    assert followed.changes(base) == Read()


def test_what_becomes_a_file_travels_and_what_stops_to_be_one_is_turned_down(
    followed: Followed,
) -> None:
    followed.git.commit({"a.py": "text"})
    (followed.git.path / "becomes.py").symlink_to("text")
    base = followed.git.commit()
    (followed.git.path / "becomes.py").unlink()
    (followed.git.path / "a.py").unlink()
    (followed.git.path / "a.py").symlink_to("text")
    followed.git.commit({"becomes.py": "text"})
    found = followed.changes(base)

    # Both have the same blob as before, and another type.
    assert found.contents == {"becomes.py": b"text"}
    assert found.reasons == {"a.py": "not_regular_file"}


def test_a_submodule_that_moves_is_turned_down_whatever_the_repository_ignores(
    followed: Followed,
) -> None:
    ignored = '[submodule "lib"]\npath = lib.py\nurl = x\nignore = all\n'
    first = followed.git.commit({"a.py": "1", ".gitmodules": ignored})
    followed.git.run("update-index", "--add", "--cacheinfo", f"160000,{first},lib.py")
    followed.git.run("commit", "--quiet", "-m", "submodule")
    base = followed.git.run("rev-parse", "HEAD")
    followed.git.run("update-index", "--add", "--cacheinfo", f"160000,{base},lib.py")
    followed.git.run("commit", "--quiet", "-m", "moved")

    assert [(r.path, r.detail) for r in followed.changes(base).rejected] == [
        ("lib.py", "a submodule")
    ]


def test_a_merge_brings_what_its_branch_brought(followed: Followed) -> None:
    followed.git.commit({"a.py": "1"})
    followed.git.run("checkout", "--quiet", "-b", "side")
    followed.git.commit({"side.py": "s", "both.py": "s"})
    followed.git.run("checkout", "--quiet", "main")
    base = followed.git.commit({"main.py": "m"})
    followed.git.run("merge", "--quiet", "--no-edit", "side")

    assert followed.changes(base).contents == {"both.py": b"s", "side.py": b"s"}


def test_a_new_branch_is_compared_with_one_that_has_travelled(followed: Followed) -> None:
    base = followed.git.commit({"a.py": "1", "b.py": "1"})
    followed.git.run("checkout", "--quiet", "-b", "side")
    followed.git.commit({"b.py": "2"})

    assert followed.changes(base, branch="side").contents == {"b.py": b"2"}
    assert followed.told == []


def test_a_forced_push_is_compared_with_what_it_replaces_while_that_is_there(
    followed: Followed,
) -> None:
    followed.git.commit({"a.py": "1"})
    base = followed.git.commit({"a.py": "2", "b.py": "2"})
    followed.git.run("reset", "--quiet", "--hard", "HEAD~1")
    followed.git.commit({"a.py": "3", "c.py": "3"})

    assert followed.changes(base).contents == {"a.py": b"3", "c.py": b"3"}
    assert followed.told == []


def test_all_is_read_and_it_is_said_when_the_base_is_gone(followed: Followed) -> None:
    followed.git.commit({"a.py": "1", "same.py": "1"})
    base = followed.git.commit({"a.py": "2"})
    followed.git.run("reset", "--quiet", "--hard", "HEAD~1")
    head = followed.git.commit({"a.py": "3"})
    followed.forget(base)

    assert followed.changes(base).contents == {"a.py": b"3", "same.py": b"1"}
    [said] = followed.told
    assert f"commit {base} of 'main' is gone" in said
    assert said.endswith(f"all of {head} is read")


@pytest.mark.parametrize("base", ["--output=x", "HEAD", "0" * 40, "../x"])
def test_a_base_that_is_no_commit_is_none(followed: Followed, base: str) -> None:
    followed.git.commit({"a.py": "1"})

    assert followed.changes(base).paths == ["a.py"]


def test_reading_goes_on_exactly_behind_any_chunk(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_RECORDS", 4)
    base = followed.git.commit({f"f{i:02}.py": "old" for i in range(40)})
    followed.git.commit({f"f{i:02}.py": "new" for i in range(1, 40, 2)})
    whole = list(followed.chunks(base))

    assert [len(chunk.outputs) for chunk in whole] == [4] * 5
    for stop, chunk in enumerate(whole, 1):
        shutil.rmtree(followed.cache, ignore_errors=True)
        assert list(followed.chunks(base, chunk.cursor)) == whole[stop:]


def test_once_begun_with_all_it_goes_on_with_all_even_if_the_base_is_back(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_RECORDS", 4)
    followed.git.commit({f"f{i}.py": "1" for i in range(9)})
    base = followed.git.run("commit-tree", "HEAD^{tree}", "-m", "elsewhere")
    without = next(followed.chunks("0" * 40))
    rest = list(followed.chunks(base, without.cursor))

    assert [len(chunk.outputs) for chunk in rest] == [4, 1]


def test_a_base_that_goes_while_reading_is_a_dead_letter_and_replayed_all_comes(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_RECORDS", 4)
    followed.git.commit({"same.py": ""})
    base = followed.git.commit({f"f{i}.py": "1" for i in range(9)})
    followed.git.run("reset", "--quiet", "--hard", "HEAD~1")
    followed.git.commit({f"f{i}.py": "2" for i in range(9)})
    begun = next(followed.chunks(base))
    followed.forget(base)
    shutil.rmtree(followed.cache, ignore_errors=True)

    with pytest.raises(SourceError, match=f"commit {base} has gone while what changed since"):
        list(followed.chunks(base, begun.cursor))
    assert len(followed.changes(base).files) == 10


def test_a_move_fetches_what_changed_and_not_the_whole_tree_again(server: Followed) -> None:
    noise = {f"f{i:03}.py": random.Random(i).randbytes(4000).hex() for i in range(300)}
    base = server.git.commit(noise)
    server.changes("")
    for number in range(3):
        head = server.git.commit({"f000.py": f"{number}"})
        assert server.changes(base).paths == ["f000.py"]
        base = head

    first, *later = server.packs
    assert len(later) == 3
    assert max(later) < first / 20


def test_a_clone_keeps_few_packs(server: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_PACKS", 3)
    base = ""
    for number in range(9):
        head = server.git.commit({f"f{number}.py": f"{number}"})
        assert server.changes(base).paths == [f"f{number}.py"]
        assert len(server.packs) <= 3
        base = head


def test_a_clone_that_a_killed_git_left_locked_is_made_anew(server: Followed) -> None:
    base = server.git.commit({"a.py": "1"})
    server.changes("")
    (server.clone / "shallow.lock").touch()
    server.git.commit({"b.py": "2"})

    assert server.changes(base).paths == ["b.py"]
    assert not (server.clone / "shallow.lock").exists()


def test_whoever_is_killed_while_fetching_leaves_no_half_clone(
    server: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = server.git.commit({"a.py": "1"})
    server.changes("")
    server.git.commit({"b.py": "2"})

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(kept, "fetch", killed)
        # What SIGKILL does: nothing is put back or cleaned up.
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            server.changes(base)
    assert [path.suffix for path in (server.cache / "git").iterdir()] == [".tmp"]
    assert server.changes(base).paths == ["b.py"]
    assert server.clone.suffix == ""


def test_a_server_that_goes_away_costs_no_clone(tmp_path: Path) -> None:
    git = Git(tmp_path / "served" / "shop")
    base, port = git.commit({"a.py": "1"}), free_port()
    with git_daemon(git.path.parent, tmp_path / "daemon.log", port) as url:
        followed = Followed(git, f"{url}/shop", tmp_path / "cache")
        followed.changes("")
    packs = followed.packs
    git.commit({"b.py": "2"})
    with pytest.raises(Unavailable):
        followed.changes(base)
    assert followed.packs == packs
