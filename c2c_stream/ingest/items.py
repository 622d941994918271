"""What an entry of a source becomes: a File, or a rejection with its reason. Pure."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field

from c2c_stream.ingest.licenses import header_license
from c2c_stream.reasons import Reason
from c2c_stream.records import UNKNOWN_LICENSE, File, Origin, RejectedItem, file_id_of

PYTHON_SUFFIXES = (".py", ".pyw")
# Linux opens no longer path; a longer one exists only in crafted trees and archives.
MAX_PATH_CHARS = 4096
# What was found may be quoted from the source itself.
MAX_DETAIL_CHARS = 500
LFS_HEAD = b"version https://git-lfs.github.com/spec/"
# The pointer format's own limit; a longer file that quotes the line is a file.
LFS_POINTER_BYTES = 1024
# A census is for one line of text: few suffixes, short ones.
SUFFIXES_COUNTED = 50
SUFFIX_CHARS = 12


@dataclass(frozen=True, slots=True)
class Home:
    """What all files of one source have in common."""

    repository: str
    commit: str
    max_file_bytes: int


@dataclass(frozen=True, slots=True)
class Found:
    """One item, and the index of the entry to read next."""

    item: File | RejectedItem
    next: int


@dataclass(slots=True)
class Census:
    """Which other files a source holds, to say so when it holds no Python."""

    suffixes: Counter[str] = field(default_factory=Counter)

    def saw(self, path: str) -> None:
        """Count a file that is no Python file."""
        name = path.rpartition("/")[2]
        _, dot, suffix = name.rpartition(".")
        plain = dot and suffix.isalnum() and len(suffix) <= SUFFIX_CHARS
        known = f".{suffix.lower()}" if plain else "without suffix"
        if known in self.suffixes or len(self.suffixes) < SUFFIXES_COUNTED:
            self.suffixes[known] += 1

    def __str__(self) -> str:
        return ", ".join(f"{n} {s}" for s, n in self.suffixes.most_common(5)) or "nothing"


def is_python(path: str) -> bool:
    """Say whether a path names a Python source file."""
    return path.lower().endswith(PYTHON_SUFFIXES)


def path_text(path: bytes) -> str:
    """Return a path as text; bytes that are no UTF-8 are escaped, for records are UTF-8."""
    return path.decode("utf-8", "backslashreplace")


def normal_path(path: str) -> str:
    """Return a path without `.` and empty steps."""
    return "/".join(step for step in path.split("/") if step not in {"", "."})


def path_fault(path: str) -> str:
    """Return what is wrong with the path of an entry; empty if nothing is."""
    if len(path) > MAX_PATH_CHARS:
        return f"longer than {MAX_PATH_CHARS} characters"
    if path.startswith(("/", "\\")) or re.match(r"[A-Za-z]:[/\\]", path):
        return "absolute"
    if ".." in re.split(r"[/\\]", path):
        return "climbs out of its source"
    return ""


def rejected(path: str, reason: Reason, detail: str) -> RejectedItem:
    """Return a rejection of a whole file."""
    return RejectedItem(
        path=path[:MAX_PATH_CHARS], reason=reason.value, detail=detail[:MAX_DETAIL_CHARS]
    )


def too_big(path: str, size: int, home: Home) -> RejectedItem | None:
    """Return a rejection if `size` is above the limit; ask before reading a file's bytes."""
    if size <= home.max_file_bytes:
        return None
    return rejected(path, Reason.TOO_BIG, f"{size} bytes, the limit is {home.max_file_bytes}")


def blob_hash(content: bytes) -> str:
    """Return git's SHA-1 of a blob: the same bytes have the same hash in every kind of source."""
    digest = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def item_of(path: str, content: bytes, home: Home, dump_license: str = "") -> File | RejectedItem:
    """Return what the bytes at `path` become. `dump_license` counts where no header speaks."""
    if len(content) <= LFS_POINTER_BYTES and content.startswith(LFS_HEAD):
        return rejected(path, Reason.LFS_POINTER, "a pointer of Git LFS, not the file itself")
    big = too_big(path, len(content), home)
    return big or _file(path, content, home, dump_license)


def _file(path: str, content: bytes, home: Home, dump_license: str) -> File:
    header = header_license(content)
    evidence = "spdx_header" if header else "dump" if dump_license else ""
    origin = Origin(
        repository=home.repository,
        commit=home.commit,
        path=path,
        blob=blob_hash(content),
        license=header or dump_license or UNKNOWN_LICENSE,
        license_evidence=evidence,
    )
    return File(file_id_of(origin), origin, content)
