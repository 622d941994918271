"""Fetching from a real git server on the loopback, and from servers that are away or refuse."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from c2c_stream.errors import C2CError, Retry, SourceError, Unavailable
from c2c_stream.ingest import fetch
from c2c_stream.ingest.stage import check_remote
from c2c_stream.records import Repository
from c2c_stream.settings import IngestSettings
from tests.ingest.support import Git, free_port, git_daemon, ingested, read


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git(tmp_path / "served" / "shop")


@pytest.fixture
def server(git: Git, tmp_path: Path) -> Iterator[str]:
    with git_daemon(git.path.parent, tmp_path / "daemon.log", free_port()) as url:
        yield url


def left(cache: Path) -> list[Path]:
    clones = cache / "git" if (cache / "git").exists() else cache
    return list(clones.iterdir()) if clones.exists() else []


def test_a_url_is_fetched_read_and_forgotten(git: Git, server: str, tmp_path: Path) -> None:
    git.commit({"a.py": "old"})
    commit = git.commit({"a.py": "new", "pkg/b.py": "b"})
    found = read(f"{server}/shop", cache=tmp_path / "cache")

    assert found.contents == {"a.py": b"new", "pkg/b.py": b"b"}
    assert {file.origin.commit for file in found.files} == {commit}
    assert found.files[0].origin.repository == f"{server.removeprefix('git://')}/shop"
    assert left(tmp_path / "cache") == []


@pytest.mark.parametrize("revision", ["v1", "annotated", "side"])
def test_a_tag_or_branch_is_fetched(git: Git, server: str, tmp_path: Path, revision: str) -> None:
    git.commit({"a.py": "old"})
    git.run("tag", "v1")
    git.run("tag", "-a", "annotated", "-m", "x")
    git.run("branch", "side")
    git.commit({"a.py": "new"})

    found = read(f"{server}/shop", revision=revision, cache=tmp_path / "cache")
    assert found.contents == {"a.py": b"old"}


def test_a_commit_id_is_fetched(git: Git, server: str, tmp_path: Path) -> None:
    old = git.commit({"a.py": "old"})
    git.commit({"a.py": "new"})

    found = read(f"{server}/shop", revision=old, cache=tmp_path / "cache")
    assert found.contents == {"a.py": b"old"}


@pytest.mark.parametrize("lost", [False, True], ids=["clone kept", "clone lost"])
def test_after_a_crash_the_same_commit_is_read_on(
    git: Git, server: str, tmp_path: Path, *, lost: bool
) -> None:
    first = git.commit({f"f{i:03}.py": "old" for i in range(600)})
    cache = tmp_path / "cache"
    chunk = next(ingested(f"{server}/shop", cache=cache))
    git.commit({f"f{i:03}.py": "new" for i in range(600)})
    if lost:
        left(cache)[0].rename(tmp_path / "gone")
    rest = list(ingested(f"{server}/shop", chunk.cursor, cache=cache))

    assert [len(c.outputs) for c in rest] == [100]
    assert f'"commit":"{first}"' in rest[0].cursor
    assert left(cache) == []


def test_a_fresh_reading_does_not_trust_an_old_clone(git: Git, server: str, tmp_path: Path) -> None:
    git.commit({f"f{i:03}.py": "old" for i in range(600)})
    cache = tmp_path / "cache"
    next(ingested(f"{server}/shop", cache=cache))
    git.commit({"f000.py": "new"})

    assert read(f"{server}/shop", cache=cache).contents["f000.py"] == b"new"


def test_a_revision_that_does_not_exist_is_named_and_leaves_nothing(
    git: Git, server: str, tmp_path: Path
) -> None:
    git.commit({"a.py": ""})

    for revision in ("nonsense", "0" * 39 + "1"):
        with pytest.raises(SourceError, match=f"the revision '{revision}' does not exist"):
            read(f"{server}/shop", revision=revision, cache=tmp_path / "cache")
    assert left(tmp_path / "cache") == []


@pytest.mark.parametrize("revision", ["HEAD:refs/heads/x", "+HEAD", "^HEAD"])
def test_a_revision_cannot_smuggle_a_refspec(revision: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no revision that can be fetched"):
        read("git://127.0.0.1:1/x", revision=revision, cache=tmp_path)


def test_a_repository_that_is_not_there_says_what_to_check(
    git: Git, server: str, tmp_path: Path
) -> None:
    git.commit({"a.py": ""})

    with pytest.raises(SourceError, match=r"/nope: cannot be fetched: check that it exists"):
        read(f"{server}/nope", cache=tmp_path / "cache")


@pytest.mark.parametrize("scheme", ["http", "git", "ssh"])
def test_a_server_that_is_away_is_unavailable(scheme: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="the network or the server is away"):
        read(f"{scheme}://127.0.0.1:{free_port()}/team/shop", cache=tmp_path / "cache")
    assert left(tmp_path / "cache") == []


def test_a_server_that_never_answers_is_given_up_and_tried_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        record = Repository(url=f"git://127.0.0.1:{server.getsockname()[1]}/shop")
        with pytest.raises(Retry, match=r"more than 0\.2 seconds"):
            fetch.fetched(record, "", tmp_path / "cache", IngestSettings(fetch_timeout_s=0.2))
    assert left(tmp_path / "cache") == []


def test_a_server_is_asked_before_a_run_begins(git: Git, server: str, tmp_path: Path) -> None:
    git.commit({"a.py": "a"})

    check_remote(Repository(url=f"{server}/shop"))
    check_remote(Repository(url=str(tmp_path)))
    with pytest.raises(SourceError, match=r"cannot be fetched"):
        check_remote(Repository(url=f"{server}/nowhere"))
    with pytest.raises(SourceError, match=r"check the URL and the network"):
        check_remote(Repository(url=f"git://127.0.0.1:{free_port()}/shop"))


FETCH_IN_A_THREAD = """
import sys, threading
from pathlib import Path
from c2c_stream.ingest.stage import Ingester
from c2c_stream.records import Repository
from c2c_stream.settings import IngestSettings
reading = Ingester(IngestSettings(), Path(sys.argv[2])).read(Repository(url=sys.argv[1]), None)
threading.Thread(target=next, args=(reading,), daemon=True).start()
sys.stdin.read()
"""


def test_a_fetch_ends_with_its_process(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"git://127.0.0.1:{server.getsockname()[1]}/shop"
        command = [sys.executable, "-c", FETCH_IN_A_THREAD, url, str(tmp_path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as service:
            server.settimeout(60)
            connection, _ = server.accept()
            service.communicate()
        with connection:
            connection.settimeout(60)
            while connection.recv(4096):
                pass

    assert service.returncode == 0


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("fatal: unable to access 'x': Could not resolve host: x", Unavailable),
        ("ssh: connect to host x port 22: Connection refused", Unavailable),
        ("fatal: unable to access: The requested URL returned error: 503", Unavailable),
        ("error: RPC failed; curl 18 transfer closed", Retry),
        ("fatal: early EOF", Retry),
        ("fatal: couldn't find remote ref x", SourceError),
        ("fatal: could not read Username for 'x': terminal prompts disabled", SourceError),
        ("remote: Repository not found.", SourceError),
        ("Host key verification failed.", SourceError),
    ],
)
def test_the_cause_decides_what_a_failed_fetch_is(said: str, kind: type[C2CError]) -> None:
    judge: Callable[[Repository, str], None] = fetch._raise_for
    with pytest.raises(kind):
        judge(Repository(url="https://example.org/x"), said)


def test_a_machine_without_git_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    for source in ("https://example.org/x", str(tmp_path)):
        with contextlib.suppress(FileExistsError):
            (tmp_path / ".git").mkdir()
        with pytest.raises(Unavailable, match="git is not on PATH"):
            read(source, cache=tmp_path / "cache")
