"""What the tests of the ingester share: making sources, reading them through the Ingester."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from c2c_stream.engine.stage import Chunk
from c2c_stream.ingest.stage import Ingester
from c2c_stream.records import File, RejectedItem, Repository
from c2c_stream.settings import IngestSettings

NO_CACHE = Path("/nonexistent/cache")
DAEMON = ("git", "daemon", "--listen=127.0.0.1", "--export-all", "--reuseaddr")


@dataclass
class Read:
    """All that one reading of a source gave."""

    files: list[File] = field(default_factory=list)
    rejected: list[RejectedItem] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """The files' paths, in order."""
        return [file.origin.path for file in self.files]

    @property
    def reasons(self) -> dict[str, str]:
        """Path -> reason."""
        return {item.path: item.reason for item in self.rejected}

    @property
    def contents(self) -> dict[str, bytes]:
        """Path -> bytes."""
        return {file.origin.path: file.content for file in self.files}


def ingested(
    source: Path | str,
    cursor: str | None = None,
    *,
    revision: str = "",
    column: str = "",
    cache: Path = NO_CACHE,
    max_file_bytes: int = 512 * 1024,
) -> Iterator[Chunk]:
    """Yield the chunks of a source."""
    record = Repository(url=str(source), revision=revision, column=column)
    return Ingester(IngestSettings(max_file_bytes=max_file_bytes), cache).read(record, cursor)


def read(
    source: Path | str,
    *,
    revision: str = "",
    column: str = "",
    cache: Path = NO_CACHE,
    max_file_bytes: int = 512 * 1024,
) -> Read:
    """Read a whole source."""
    found = Read()
    for chunk in ingested(
        source, revision=revision, column=column, cache=cache, max_file_bytes=max_file_bytes
    ):
        found.files += [output for output in chunk.outputs if isinstance(output, File)]
        found.rejected += chunk.rejected
    return found


def put(root: Path, files: dict[str, str]) -> Path:
    """Write files below `root`; return it."""
    root.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


class Git:
    """A real repository, made by git commands."""

    def __init__(self, path: Path, object_format: str = "sha1") -> None:
        self.path = path
        path.mkdir(parents=True)
        self.run("init", "--quiet", "--initial-branch=main", f"--object-format={object_format}")

    def run(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run git in it, without anyone's configuration."""
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *arguments]
        clean = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"}
        done = subprocess.run(
            command, cwd=self.path, input=stdin, capture_output=True, check=True, env=clean
        )
        return done.stdout.decode().strip()

    def commit(self, files: dict[str, str] | None = None) -> str:
        """Commit all there is, with `files` put first; return the commit."""
        put(self.path, files or {})
        self.run("add", "--all")
        self.run("commit", "--quiet", "--allow-empty", "--message", "x")
        return self.run("rev-parse", "HEAD")

    def commit_tree(self, *entries: tuple[str, str, bytes, str]) -> str:
        """Commit a tree of (mode, type, path, oid) as given, however odd; HEAD moves to it."""
        body = b"".join(
            f"{mode.lstrip('0')} ".encode() + path + b"\0" + bytes.fromhex(oid)
            for mode, _, path, oid in entries
        )
        literal = ("hash-object", "-t", "tree", "-w", "--literally", "--stdin")
        tree = self.run(*literal, stdin=body)
        commit = self.run("commit-tree", tree, "-m", "odd")
        self.run("update-ref", "refs/heads/main", commit)
        return commit

    def blob(self, content: bytes) -> str:
        """Store a blob; return its id."""
        return self.run("hash-object", "-w", "--stdin", stdin=content)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def git_daemon(folder: Path, log: Path, port: int) -> Iterator[str]:
    """Serve the repositories in `folder` by a real git server; give its URL."""
    command = [*DAEMON, f"--port={port}", f"--base-path={folder}"]
    with log.open("wb") as written:
        daemon = subprocess.Popen(command, stdout=written, stderr=written)
        try:
            while not _connects(port):
                assert daemon.poll() is None, log.read_text()
            yield f"git://127.0.0.1:{port}"
        finally:
            daemon.terminate()
            daemon.wait()


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
