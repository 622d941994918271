"""What is durable of one partition: its shards, and the offset behind the last row in them."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from c2c_stream.errors import Fatal
from c2c_stream.sink.store import Store

FOLDER = ".c2c/sink"
Partition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Shard:
    """One file: `rows` rows made from the offsets in [first, next)."""

    file: str
    first: int
    next: int
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The shards of one partition in order; `next` is the next offset to read."""

    topic: str
    partition: int
    format: str
    layout: str
    shard_rows: int
    next: int = 0
    shards: tuple[Shard, ...] = ()

    @property
    def name(self) -> str:
        """Return the manifest's file name below the store's root."""
        return f"{FOLDER}/{self.topic}-{self.partition:05}.json"

    def last(self, first: int) -> Shard | None:
        """Return the short shard whose range starts at `first`, if there is one."""
        if self.shards and self.shards[-1].first == first:
            return self.shards[-1]
        return None

    def with_shard(self, shard: Shard) -> "Manifest":
        """Return the manifest after `shard` was written, in place of its shorter self."""
        kept = tuple(one for one in self.shards if one.first != shard.first)
        return replace(self, next=shard.next, shards=(*kept, shard) if shard.rows else kept)


def save(store: Store, manifest: Manifest) -> None:
    """Write a manifest. What it names is durable already."""
    store.write_text(manifest.name, json.dumps(asdict(manifest), indent=1) + "\n")


def load(root: Path, name: str) -> Manifest | None:
    """Return a manifest below `root`; None if there is none yet. Raises Fatal if it is broken."""
    path = root / name
    try:
        return _manifest(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Fatal(
            f"{path}: not a manifest ({error}); restore it, or start again in another folder"
        ) from error


def load_all(root: Path) -> Iterator[Manifest]:
    """Yield the manifests below `root`. Raises Fatal for one that cannot be read."""
    for path in sorted((root / FOLDER).glob("*.json")):
        if found := load(root, path.relative_to(root).as_posix()):
            yield found


def positions(root: Path) -> dict[Partition, int]:
    """Return, for each partition that has rows below `root`, the next offset to read."""
    return {(m.topic, m.partition): m.next for m in load_all(root)}


def _manifest(fields: dict[str, Any]) -> Manifest:
    shards = tuple(Shard(**shard) for shard in fields.pop("shards"))
    return Manifest(**fields, shards=shards)
