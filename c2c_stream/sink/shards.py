"""Turns rows at offsets into shards: each one is a function of one range of the log, no more.

Order of a cut: shard (temporary name, synced, renamed), then manifest. A crash between the two
leaves a longer file than the manifest says; its surplus rows are left out when it is read back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from c2c_stream.errors import Fatal, SettingsError
from c2c_stream.records import DeadLetter, Record, Rejection, Sample, Settlement
from c2c_stream.settings import SinkSettings
from c2c_stream.sink.columns import (
    DEAD_LETTERS,
    REJECTIONS,
    SAMPLES,
    SETTLEMENTS,
    Row,
    audit_row,
    rejection_rows,
    sample_row,
)
from c2c_stream.sink.manifest import Manifest, Shard, load_all, save
from c2c_stream.sink.store import TMP, Store

PREFIXES = {
    "samples": "data/train",
    "rejections": "audit/rejections",
    "dead-letters": "audit/dead-letters",
    "settlements": "audit/settlements",
}
_AUDIT = {"rejections": REJECTIONS, "dead-letters": DEAD_LETTERS, "settlements": SETTLEMENTS}
_SUFFIXES = (".parquet", ".jsonl")


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the shards of every partition of a dataset."""

    store: Store
    settings: SinkSettings

    def manifest(self, topic: str, partition: int) -> Manifest:
        """Return the manifest of a partition that has no rows yet."""
        return Manifest(
            topic=topic,
            partition=partition,
            format=self._format(topic),
            layout=self.settings.layout,
            shard_rows=self.settings.shard_rows,
        )

    def rows(self, record: Record) -> list[Row]:
        """Return what a record becomes: a rejection one row for each item."""
        match record:
            case Sample():
                return [sample_row(record, self.settings.layout)]
            case Rejection():
                return rejection_rows(record)
            case DeadLetter() | Settlement():
                return [audit_row(record)]
        raise TypeError(f"the sink does not store {type(record).__name__} records")

    def cut(self, manifest: Manifest, rows: Mapping[int, list[Row]]) -> Iterator[Manifest]:
        """Write `rows` (by offset), all behind `manifest.next`; yield what is durable, in steps."""
        size = self.settings.shard_rows
        for number, offsets in groupby(sorted(rows), key=lambda offset: offset // size):
            first, known, end = number * size, [], manifest.next
            if short := manifest.last(first):
                known = self.store.read_rows(short.file)[: short.rows]
            for offset in offsets:
                known.extend(rows[offset])
                end = offset + 1
            manifest = manifest.with_shard(self._write(manifest, first, end, known))
            save(self.store, manifest)
            yield manifest

    def open(self) -> dict[tuple[str, int], Manifest]:
        """Return all manifests, when nothing else is left of an earlier run's last moments.

        Raises SettingsError if the dataset was begun with other settings, Fatal if a shard is gone.
        """
        manifests = {(m.topic, m.partition): m for m in load_all(self.store.root)}
        for manifest in manifests.values():
            self._check(manifest)
        named = {shard.file for m in manifests.values() for shard in m.shards}
        for path in self._files():
            if path.relative_to(self.store.root).as_posix() not in named:
                self.store.remove(path)
        return manifests

    def _write(self, manifest: Manifest, first: int, end: int, rows: list[Row]) -> Shard:
        number = first // manifest.shard_rows
        prefix = f"{PREFIXES[manifest.topic]}-{manifest.partition:05}-{number:05}"
        file = f"{prefix}.{manifest.format}"
        if rows:
            self.store.write_rows(file, rows, self._schema(manifest.topic))
        return Shard(file=file, first=first, next=end, rows=len(rows))

    def _format(self, topic: str) -> str:
        return self.settings.format if topic == "samples" else "parquet"

    def _schema(self, topic: str) -> pa.Schema:
        return SAMPLES[self.settings.layout] if topic == "samples" else _AUDIT[topic]

    def _check(self, manifest: Manifest) -> None:
        fresh = self.manifest(manifest.topic, manifest.partition)
        for setting in ("format", "layout", "shard_rows"):
            begun, now = getattr(manifest, setting), getattr(fresh, setting)
            if begun != now:
                raise SettingsError(
                    f"{self.store.root} was begun with {setting} {begun}, now it is {now}: "
                    f"use the same again, or another folder"
                )
        for shard in manifest.shards:
            if not (self.store.root / shard.file).is_file():
                raise Fatal(
                    f"{self.store.root / shard.file} is gone, but its rows were committed: "
                    f"restore it, or start again in another folder"
                )

    def _files(self) -> Iterator[Path]:
        """Yield the files that look like ours: shards, and what has a temporary name."""
        for prefix in PREFIXES.values():
            for path in sorted(self.store.root.glob(f"{prefix}-*")):
                if path.name.removesuffix(TMP).endswith(_SUFFIXES):
                    yield path
        yield from sorted((self.store.root / ".c2c/sink").glob(f"*{TMP}"))
        yield from sorted(self.store.root.glob(f"README.md{TMP}"))
