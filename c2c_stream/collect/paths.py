"""Judge a file before it is parsed: by its path, and by the comments at its head."""

import re
from functools import lru_cache

from c2c_stream.reasons import Reason

_VENDOR_NAMES = """
vendor vendors vendored _vendor _vendored third_party thirdparty third-party extern _extern
externals site-packages dist-packages node_modules .venv venv .tox .nox .eggs
"""
_VENDOR = frozenset(_VENDOR_NAMES.split())
_TEST_FOLDER = re.compile(r"tests?|_?tests?_.+|.+_tests?", re.IGNORECASE)
_TEST_FILE = re.compile(r"tests?|test_.+|.+_tests?|conftest", re.IGNORECASE)
_GENERATED_FILE = re.compile(r".+_pb2(_grpc)?|parsetab|lextab|yacctab|.+_generated")
_GENERATED_MARK = re.compile(
    rb"@generated\b|\bdo not (edit|modify)\b|\b(auto-?|automatically )generated\b"
    rb"|\bgenerated (by|from|with|using)\b",
    re.IGNORECASE,
)
_HEAD_BYTES = 1024
_HEAD = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z))*")
_DEFINITION = re.compile(rb"^[ \t\f]*(?:async[ \t]+)?def\b", re.MULTILINE)


@lru_cache(maxsize=4096)
def reason_of_path(path: str) -> Reason | None:
    """Return why no function of a file at `path` is wanted, if so."""
    *folders, name = path.split("/")
    stem = name.removesuffix(".py")
    if any(folder in _VENDOR for folder in folders):
        return Reason.VENDORED
    if _TEST_FILE.fullmatch(stem) or any(_TEST_FOLDER.fullmatch(folder) for folder in folders):
        return Reason.TEST_PATH
    return Reason.GENERATED if _GENERATED_FILE.fullmatch(stem) else None


def is_generated(content: bytes) -> bool:
    """Return whether the comments at the head of a file say that a program wrote it."""
    head = _HEAD.match(content[:_HEAD_BYTES])
    return head is not None and _GENERATED_MARK.search(head.group()) is not None


def may_define(content: bytes) -> bool:
    """Return whether a file is worth parsing; False is certain: there is no function in it.

    In every encoding that a source may have, the keyword is these bytes; in UTF-16, which is
    none of them, every second byte is null.
    """
    return b"def" in content or b"\0" in content


def definitions(content: bytes) -> int:
    """Return about how many functions a file holds, without parsing it."""
    return len(_DEFINITION.findall(content))
