"""Find out what a source is, and how rows name it. Looks at names and first bytes only."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from c2c_stream.errors import SourceError
from c2c_stream.ingest.items import is_python, path_text
from c2c_stream.ingest.streams import plain_stream
from c2c_stream.records import Repository

GIT, FOLDER, ARCHIVE, FILE, JSONL, PARQUET = "git", "folder", "archive", "file", "jsonl", "parquet"
KINDS = (GIT, FOLDER, ARCHIVE, FILE, JSONL, PARQUET)
GIT_SCHEMES = ("https", "http", "ssh", "git")
ACCEPTED = (
    "give a git repository (path or URL), a folder, a .zip or .tar.* archive, a .py file, "
    "or a .jsonl or .parquet dump"
)
_SCP = re.compile(r"(?:(?P<user>[\w.-]+)@)?(?P<host>[\w.-]+):(?!:)(?P<path>.+)")
_BY_SUFFIX = (
    (ARCHIVE, re.compile(r"\.(zip|whl|tar|tgz|tbz2?|txz|tzst|tar\.(gz|bz2|xz|zst))$")),
    (JSONL, re.compile(r"\.(jsonl|ndjson)(\.(gz|zst|bz2|xz))?$")),
    (PARQUET, re.compile(r"\.parquet$")),
)
_BY_MAGIC = ((ARCHIVE, b"PK\x03\x04"), (PARQUET, b"PAR1"))


@dataclass(frozen=True, slots=True)
class Located:
    """A source found: its kind, the name that rows carry, and its path (None: it is remote)."""

    kind: str
    name: str
    path: Path | None


def locate(record: Repository) -> Located:
    """Return what a source is. Raises SourceError in one sentence. Touches no network."""
    if record.kind not in {"", *KINDS}:
        raise SourceError(
            f"{shown(record.url)}: its kind {record.kind!r} is unknown (known: {', '.join(KINDS)})"
        )
    if is_remote(record.url):
        return _remote(record)
    path = local_path(record.url)
    try:
        kind = record.kind or _kind_of(path, record.url)
    except PermissionError as error:
        raise SourceError(f"{record.url}: cannot be read: {error.strerror}") from error
    return Located(kind, path_text(os.fsencode(path.name)) or "root", path)


def is_remote(url: str) -> bool:
    """Say whether a source is a URL to fetch; a path that exists never is."""
    if "://" in url:
        return not url.startswith("file://")
    return _SCP.fullmatch(url) is not None and not os.path.lexists(url)


def shown(url: str) -> str:
    """Return a URL for messages and rows: host and path, no scheme, credentials or query."""
    scp = None if "://" in url else _SCP.fullmatch(url)
    if scp is not None:
        return f"{scp['host']}/{_bare(scp['path'])}"
    if "://" not in url or url.startswith("file://"):
        return url.removeprefix("file://")
    # By hand: urlsplit raises on what a hostile configuration or dump may call a URL.
    rest = re.split(r"[?#]", url.partition("://")[2])[0]
    host, _, path = rest.partition("/")
    return f"{host.rpartition('@')[2]}/{_bare(path)}"


def local_path(url: str) -> Path:
    """Return the absolute path of a local source. Raises SourceError if nothing is there."""
    if not url or "\0" in url:
        raise SourceError(f"the source is empty: {ACCEPTED}")
    try:
        path = Path(os.path.abspath(url.removeprefix("file://")))  # noqa: PTH100  # keeps links' names
    except FileNotFoundError as error:
        raise SourceError(
            f"{url}: the current folder was removed; cd to one that exists"
        ) from error
    if not path.exists():
        why = "is a broken symlink" if path.is_symlink() else "does not exist"
        raise SourceError(f"{url}: {why}: {ACCEPTED}")
    return path


def _bare(path: str) -> str:
    return path.strip("/").removesuffix(".git")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise SourceError(f"the source is a malformed URL ({error}): {ACCEPTED}") from error


def _remote(record: Repository) -> Located:
    name = shown(record.url)
    if record.kind not in {"", GIT}:
        raise SourceError(f"{name}: only git is read from a URL: download the {record.kind} first")
    if "://" in record.url:
        parts = _split(record.url)
        if parts.scheme not in GIT_SCHEMES:
            raise SourceError(
                f"{name}: the scheme {parts.scheme!r} is not read (known: {', '.join(GIT_SCHEMES)})"
            )
        if parts.password or (parts.username and parts.scheme in {"http", "https"}):
            raise SourceError(
                f"{name}: its URL holds credentials, which would be stored with the run: "
                f"put them into ~/.netrc, or use an ssh URL"
            )
    return Located(GIT, name, None)


def _kind_of(path: Path, url: str) -> str:
    if path.is_dir():
        return GIT if _is_git(path) else FOLDER
    if not path.is_file():
        raise SourceError(f"{url}: neither a file nor a folder: {ACCEPTED}")
    if is_python(path.name):
        return FILE
    kind = _kind_by_suffix(path.name.lower()) or _kind_by_magic(path)
    if not kind:
        raise SourceError(f"{url}: not Python, and no archive or dump either: {ACCEPTED}")
    return kind


def _is_git(path: Path) -> bool:
    bare = all((path / part).exists() for part in ("HEAD", "objects", "refs"))
    return bare or (path / ".git").exists()


def _kind_by_suffix(name: str) -> str:
    return next((kind for kind, suffix in _BY_SUFFIX if suffix.search(name)), "")


def _kind_by_magic(path: Path) -> str:
    with plain_stream(path) as plain:
        head = plain.read(512)
    if head[257:262] == b"ustar":
        return ARCHIVE
    return next((kind for kind, magic in _BY_MAGIC if head.startswith(magic)), "")
