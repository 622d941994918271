"""FEED.toml: which branches of which repositories are followed, and how often they are asked."""

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError

from c2c_stream.errors import SettingsError, SourceError
from c2c_stream.ingest.locate import GIT, locate
from c2c_stream.records import Repository
from c2c_stream.settings import Section

# How rows and the broker call the branch that a repository shows first.
HEAD: Final = "HEAD"
# A name as git allows it, with the `*`, `?` and `[...]` of a pattern, which no name may hold.
_NAME = re.compile(r"(?![-/.])(?!.*\.\.)[^\s\x00-\x1f\x7f~^:\\]{1,250}")


class _Defaults(Section):
    interval_s: float = Field(60, ge=0.1, le=86_400)
    branches: tuple[str, ...] = ()


class _Entry(Section):
    url: str
    interval_s: float | None = Field(None, ge=0.1, le=86_400)
    branches: tuple[str, ...] | None = None


class _Feed(_Defaults):
    repositories: tuple[_Entry, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Followed:
    """One repository of the feed. No branches: the one that its HEAD names."""

    url: str
    branches: tuple[str, ...]
    interval_s: float

    def wants(self, branch: str) -> bool:
        """Say whether a branch is followed."""
        return any(fnmatchcase(branch, pattern) for pattern in self.branches or (HEAD,))

    def names(self) -> tuple[str, ...]:
        """Return the branches that are named in full: one that is missing is worth a word."""
        return tuple(b for b in self.branches or (HEAD,) if not set(b) & set("*?["))


def read_feed(path: Path) -> tuple[Followed, ...]:
    """Return what a feed follows. Raises SettingsError that names the line or the key."""
    try:
        found = _Feed.model_validate(tomllib.loads(path.read_text(encoding="utf-8")), strict=False)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise SettingsError(f"{path}: {_wrong(error)}") from error
    except ValueError as error:  # no TOML, no UTF-8
        raise SettingsError(f"{path}: {error}") from error
    return tuple(_followed(path, found))


def _followed(path: Path, feed: _Feed) -> list[Followed]:
    found: dict[str, Followed] = {}
    for number, entry in enumerate(feed.repositories):
        key = f"{path}: {_key(('repositories', number))}"
        url = _url(f"{key}.url", entry.url)
        if url in found:
            raise SettingsError(f"{key}.url: {entry.url} is there twice; name its branches once")
        branches = feed.branches if entry.branches is None else entry.branches
        for branch in branches:
            if not _NAME.fullmatch(branch):
                raise SettingsError(f"{key}.branches: {branch!r} is no name of a branch")
        found[url] = Followed(url, branches, entry.interval_s or feed.interval_s)
    return list(found.values())


def _url(key: str, url: str) -> str:
    """Return the URL, or a path made absolute."""
    try:
        located = locate(Repository(url=url))
    except SourceError as error:
        raise SettingsError(f"{key}: {error}") from error
    if located.kind != GIT:
        raise SettingsError(f"{key}: {url} is no git repository ({located.kind}); only git moves")
    return url if located.path is None else str(located.path)


def _wrong(error: ValidationError) -> str:
    """Return in words what is wrong with each key."""
    found = error.errors()
    # A list of which each entry is wrong is said to be too short besides.
    told = [one for one in found if one["type"] != "too_short"] or found
    return "; ".join(
        f"{_key(one['loc'])}: "
        + ("there is no such key" if one["type"] == "extra_forbidden" else one["msg"])
        for one in told
    )


def _key(location: tuple[int | str, ...]) -> str:
    """Return a key as people count: the first repository is number 1."""
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in location)
