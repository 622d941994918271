"""Real git repositories, odd and hostile ones among them, read through the Ingester."""

import os
import subprocess
from pathlib import Path

import pytest

from c2c_stream.errors import Retry, SourceError
from c2c_stream.ingest.gitrun import git_environment
from c2c_stream.ingest.stage import Ingester, check_source
from c2c_stream.records import File, Repository
from c2c_stream.settings import IngestSettings
from tests.ingest.support import Git, put, read


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git(tmp_path / "shop")


def test_a_commit_gives_its_python_files_and_not_the_work_tree(git: Git) -> None:
    commit = git.commit({"a.py": "committed", "pkg/b.py": "b", "README.md": ""})
    put(git.path, {"a.py": "changed", "new.py": "never committed"})
    found = read(git.path)

    assert found.contents == {"a.py": b"committed", "pkg/b.py": b"b"}
    assert {file.origin.commit for file in found.files} == {commit}
    assert {file.origin.repository for file in found.files} == {"shop"}
    assert found.files[0].origin.blob == git.run("rev-parse", "HEAD:a.py")


def test_a_bare_clone_gives_the_same_records(git: Git, tmp_path: Path) -> None:
    git.commit({"a.py": "1", "z/b.py": "2"})
    git.run("clone", "--quiet", "--bare", ".", str(tmp_path / "elsewhere" / "shop"))

    assert read(tmp_path / "elsewhere" / "shop") == read(git.path)


def test_a_file_url_is_read_in_place(git: Git) -> None:
    git.commit({"a.py": "1"})

    assert read(f"file://{git.path}") == read(git.path)


def test_the_order_is_that_of_a_folder_with_the_same_files(git: Git, tmp_path: Path) -> None:
    files = {"b.py": "1", "b/x.py": "2", "b-c.py": "3", "a/z.py": "4", "ab.py": "5", "B.py": "6"}
    git.commit(files)
    folder = put(tmp_path / "folder", files)

    assert read(git.path).paths == read(folder).paths


def test_a_revision_is_read_and_one_that_does_not_exist_is_named(git: Git) -> None:
    git.commit({"a.py": "old"})
    git.run("tag", "-a", "v1", "-m", "v1")
    git.commit({"a.py": "new"})

    assert read(git.path, revision="v1").contents == {"a.py": b"old"}
    with pytest.raises(SourceError, match="shop: the revision 'v2' does not exist in it"):
        read(git.path, revision="v2")
    with pytest.raises(SourceError, match="the revision '--all' does not exist"):
        read(git.path, revision="--all")


def test_the_remote_names_the_repository_without_credentials(git: Git) -> None:
    git.commit({"a.py": "1"})
    git.run("remote", "add", "origin", "https://user:secret@example.org/team/shop.git?token=x")

    assert read(git.path).files[0].origin.repository == "example.org/team/shop"


def test_a_remote_that_is_a_local_path_does_not_name_it(git: Git) -> None:
    git.commit({"a.py": "1"})
    git.run("remote", "add", "origin", "/home/someone/private/shop")

    assert read(git.path).files[0].origin.repository == "shop"


def test_a_repository_without_commit_says_so(git: Git) -> None:
    with pytest.raises(SourceError, match="shop: this git repository has no commit yet"):
        check_source(str(git.path))


def test_a_folder_that_only_looks_like_a_repository_says_so(tmp_path: Path) -> None:
    put(tmp_path / "fake" / ".git", {"HEAD": "nonsense"})

    with pytest.raises(SourceError, match="fake: not a git repository that can be read"):
        check_source(str(tmp_path / "fake"))


def test_symlink_py(git: Git) -> None:
    put(git.path, {"real.py": "r"})
    (git.path / "link.py").symlink_to("/etc/passwd")
    git.commit()
    found = read(git.path)

    assert found.paths == ["real.py"]
    assert found.reasons == {"link.py": "not_regular_file"}


def test_submodule_py(git: Git) -> None:
    commit = git.commit({"a.py": "1"})
    git.run("update-index", "--add", "--cacheinfo", f"160000,{commit},lib.py")
    git.run("commit", "--quiet", "-m", "submodule")
    found = read(git.path)

    assert found.paths == ["a.py"]
    assert [(r.path, r.detail) for r in found.rejected] == [("lib.py", "a submodule")]


def test_newline_in_path(git: Git) -> None:
    git.commit({"one\ntwo.py": "1", "tab\there.py": "2"})

    assert read(git.path).contents == {"one\ntwo.py": b"1", "tab\there.py": b"2"}


def test_a_path_that_is_no_utf8_is_escaped(git: Git) -> None:
    git.commit_tree(("100644", "blob", b"caf\xe9.py", git.blob(b"x")))

    assert read(git.path).contents == {"caf\\xe9.py": b"x"}


def test_dotdot_tree(git: Git) -> None:
    inner = git.run("mktree", stdin=b"100644 blob %s\tevil.py\n" % git.blob(b"x").encode())
    git.commit_tree(("40000", "tree", b"..", inner), ("100644", "blob", b"a.py", git.blob(b"a")))
    found = read(git.path)

    assert found.paths == ["a.py"]
    assert found.reasons == {"../evil.py": "bad_path"}


def test_a_tree_named_as_a_file_is_rejected(git: Git) -> None:
    git.commit({"a.py": "1"})
    tree = git.run("rev-parse", "HEAD^{tree}")
    git.commit_tree(("100644", "blob", b"a.py", git.blob(b"a")), ("100644", "blob", b"t.py", tree))
    found = read(git.path)

    assert found.paths == ["a.py"]
    assert found.reasons == {"t.py": "not_readable"}


def test_export_subst(git: Git) -> None:
    text = "# $Format:%H$\nx = 1\n"
    git.commit({"a.py": text, ".gitattributes": "*.py export-subst eol=crlf\n"})

    assert read(git.path).contents == {"a.py": text.encode()}


def test_promisor_missing_blob(git: Git, tmp_path: Path) -> None:
    git.commit({"a.py": "here", "b.py": "1"})
    git.run("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    clone = ("clone", "--quiet", "--bare", "--filter=blob:none", f"file://{git.path}")
    git.run(*clone, str(partial))
    found = read(partial)

    assert found.paths == []
    assert found.reasons == {"a.py": "not_readable", "b.py": "not_readable"}


def test_a_broken_object_costs_one_file(git: Git) -> None:
    git.commit({"a.py": "1", "b.py": "2", "c.py": "3"})
    oid = git.run("rev-parse", "HEAD:b.py")
    loose = git.path / ".git" / "objects" / oid[:2] / oid[2:]
    loose.chmod(0o644)
    loose.write_bytes(b"no zlib")
    found = read(git.path)

    assert found.paths == ["a.py", "c.py"]
    assert found.reasons == {"b.py": "not_readable"}


def test_a_missing_tree_is_a_broken_repository(git: Git) -> None:
    git.commit({"a.py": "1", "pkg/b.py": "2"})
    oid = git.run("rev-parse", "HEAD:pkg")
    (git.path / ".git" / "objects" / oid[:2] / oid[2:]).unlink()

    with pytest.raises(SourceError, match="shop: the repository is broken: .*" + oid):
        read(git.path)


def test_lfs_pointer_py(git: Git) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n"
    git.commit({"big.py": pointer, "a.py": "1"})
    found = read(git.path)

    assert found.paths == ["a.py"]
    assert found.reasons == {"big.py": "lfs_pointer"}


def test_rename_only_diff(git: Git) -> None:
    git.commit({"old.py": "same"})
    before = read(git.path).files[0]
    git.run("mv", "old.py", "new.py")
    git.commit()
    after = read(git.path).files[0]

    assert after.origin.path == "new.py"
    assert after.origin.blob == before.origin.blob
    assert after.file_id != before.file_id


def test_files_too_big_are_rejected_whether_skipped_over_or_not(git: Git) -> None:
    git.commit({"a.py": "x" * 2000, "b.py": "y" * 5_000_000, "c.py": "fits"})
    found = read(git.path, max_file_bytes=1000)

    assert found.paths == ["c.py"]
    assert [r.detail for r in found.rejected] == [
        "2000 bytes, the limit is 1000",
        "5000000 bytes, the limit is 1000",
    ]


def test_replacements_do_not_change_what_a_commit_holds(git: Git) -> None:
    git.commit({"a.py": "true"})
    git.run("replace", git.run("rev-parse", "HEAD:a.py"), git.blob(b"false"))

    assert read(git.path).contents == {"a.py": b"true"}


def test_a_hostile_configuration_runs_nothing_and_hides_nothing(git: Git, tmp_path: Path) -> None:
    git.commit({"a.py": "1", "b.py": "2"})
    oid = git.run("rev-parse", "HEAD:b.py")
    proof = tmp_path / "proof"
    program = put(tmp_path, {"program": f"#!/bin/sh\ntouch {proof}\n"}) / "program"
    program.chmod(0o755)
    (git.path / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        (git.path / ".git" / "hooks").mkdir(exist_ok=True)
        (git.path / ".git" / "hooks" / hook).symlink_to(program)
    for name, value in {
        "extensions.partialClone": "evil",
        "remote.evil.promisor": "true",
        "remote.evil.url": f"ext::{program}",
        "remote.evil.uploadpack": str(program),
        "protocol.ext.allow": "always",
        "core.fsmonitor": str(program),
        "core.sshCommand": str(program),
        "core.pager": str(program),
        "core.gitProxy": str(program),
        "core.worktree": "/",
        "core.alternateRefsCommand": str(program),
        "diff.external": str(program),
        "filter.x.smudge": str(program),
        "alias.ls-tree": f"!{program}",
    }.items():
        git.run("config", name, value)
    found = read(git.path)

    assert found.paths == ["a.py"]
    assert found.reasons == {"b.py": "not_readable"}
    assert not proof.exists()


def test_that_configuration_is_hostile_to_a_git_that_is_not_hardened(
    git: Git, tmp_path: Path
) -> None:
    """Without this the test above could pass because its traps do not work."""
    git.commit({"a.py": "1"})
    oid = git.run("rev-parse", "HEAD:a.py")
    proof = tmp_path / "proof"
    program = put(tmp_path, {"program": f"#!/bin/sh\ntouch {proof}\n"}) / "program"
    program.chmod(0o755)
    (git.path / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    for name, value in {
        "extensions.partialClone": "evil",
        "remote.evil.promisor": "true",
        "remote.evil.url": f"ext::{program}",
        "protocol.ext.allow": "always",
    }.items():
        git.run("config", name, value)
    with pytest.raises(subprocess.CalledProcessError):
        git.run("cat-file", "blob", oid)

    assert proof.exists()


def test_the_users_own_configuration_does_not_reach_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("GIT_SSH_COMMAND", "evil")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    environment = git_environment()

    assert environment["GIT_NO_LAZY_FETCH"] == "1"
    assert environment["GIT_ALLOW_PROTOCOL"] == ""
    assert environment["GIT_CONFIG_GLOBAL"] == os.devnull
    assert environment["GIT_SSH_COMMAND"] == "ssh -oBatchMode=yes"
    assert not {"GIT_DIR", "GIT_CONFIG_COUNT"} & environment.keys()


def test_after_a_crash_the_commit_of_the_cursor_is_read_on_though_the_branch_moved(
    git: Git,
) -> None:
    first = git.commit({f"f{i:03}.py": f"old {i}" for i in range(700)})
    ingester = Ingester(IngestSettings(), git.path)
    record = Repository(url=str(git.path))
    chunk = next(iter(ingester.read(record, None)))
    git.commit({f"f{i:03}.py": f"new {i}" for i in range(700)})
    rest = [o for c in ingester.read(record, chunk.cursor) for o in c.outputs]

    assert len(chunk.outputs) == 500
    assert [o.content for o in rest if isinstance(o, File)] == [
        f"old {i}".encode() for i in range(500, 700)
    ]
    assert {o.origin.commit for o in rest if isinstance(o, File)} == {first}


def test_a_work_tree_elsewhere_reads_its_own_head(git: Git, tmp_path: Path) -> None:
    git.commit({"a.py": "main"})
    git.run("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    git.commit({"a.py": "main moved"})

    assert read(tmp_path / "side").contents == {"a.py": b"main"}


def test_a_repository_of_sha256_objects_has_the_same_blob_hashes(tmp_path: Path) -> None:
    plain, wide = Git(tmp_path / "a" / "shop"), Git(tmp_path / "b" / "shop", "sha256")
    plain.commit({"a.py": "1"})
    wide.commit({"a.py": "1"})
    (old,), (new,) = read(plain.path).files, read(wide.path).files

    assert old.origin.blob == new.origin.blob
    assert len(new.origin.commit) == 64


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://[broken/x", "[broken/x"),
        ("https://example.org/\x1b[31mred", "example.org/[31mred"),
        ("https://example.org/" + "x" * 5000, "example.org/" + "x" * 488),
        ("https://", "/"),
    ],
)
def test_a_hostile_name_of_the_remote_stays_short_and_printable(
    git: Git, url: str, name: str
) -> None:
    git.commit({"a.py": "1"})
    git.run("config", "remote.origin.url", url)

    assert read(git.path).files[0].origin.repository == name


def test_a_repository_whose_configuration_is_broken_says_so(git: Git) -> None:
    git.commit({"a.py": "1"})
    (git.path / ".git" / "config").write_text("[core\n")

    with pytest.raises(SourceError, match=r"shop: not a git repository that can be read: .*config"):
        check_source(str(git.path))


def test_a_git_that_hangs_is_given_up(tmp_path: Path) -> None:
    """A named pipe where git expects a file blocks it for ever."""
    git = Git(tmp_path / "shop")
    git.commit({"a.py": "1"})
    (git.path / ".git" / "HEAD").unlink()
    os.mkfifo(git.path / ".git" / "HEAD")
    ingester = Ingester(IngestSettings(git_timeout_s=0.2), tmp_path)

    with pytest.raises(Retry, match=r"git said nothing for 0\.2 seconds"):
        next(ingester.read(Repository(url=str(git.path)), None))
