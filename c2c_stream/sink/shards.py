"""Turns rows at offsets into shards: each one is a function of one range of the log, no more.

Order of a cut: shard (temporary name, synced, renamed), then manifest. A crash between the two
leaves a longer file than the manifest says; its surplus rows are left out when it is read back.

Several sinks may share a store, and a rebalance may hand a partition over in the middle of a cut.
So a cut holds its partition and begins with the manifest as it stands then, not as it was known.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from c2c_stream.errors import Fatal, SettingsError, Unavailable
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
from c2c_stream.sink.manifest import FOLDER, Manifest, Shard, load, load_all, save
from c2c_stream.sink.store import TMP, Store

PREFIXES = {
    "samples": "data/train",
    "rejections": "audit/rejections",
    "dead-letters": "audit/dead-letters",
    "settlements": "audit/settlements",
}
_AUDIT = {"rejections": REJECTIONS, "dead-letters": DEAD_LETTERS, "settlements": SETTLEMENTS}
_SUFFIXES = (".parquet", ".jsonl")
_PARTITION = re.compile(r"[a-z-]+-(\d{5})\b")


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
        """Write those of `rows` (by offset) that are not durable; yield what is, in steps.

        Raises Unavailable while another sink is at work on the partition.
        """
        with self.store.locked(manifest.name):
            manifest = load(self.store.root, manifest.name) or manifest
            yield manifest
            yield from self._cut(manifest, {o: r for o, r in rows.items() if o >= manifest.next})

    def _cut(self, manifest: Manifest, rows: Mapping[int, list[Row]]) -> Iterator[Manifest]:
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
        for (topic, partition), paths in self._files().items():
            with suppress(Unavailable):  # who is at work on it knows what it left behind
                self._clean(self.manifest(topic, partition).name, paths)
        manifests = {(m.topic, m.partition): m for m in load_all(self.store.root)}
        for manifest in manifests.values():
            self._check(manifest)
        return manifests

    def _clean(self, name: str, paths: Iterable[Path]) -> None:
        with self.store.locked(name):
            manifest = load(self.store.root, name)
            named = {shard.file for shard in manifest.shards} if manifest else set()
            for path in paths:
                if path.relative_to(self.store.root).as_posix() not in {*named, name}:
                    self.store.remove(path)

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

    def _files(self) -> Mapping[tuple[str, int], list[Path]]:
        """Return the files that look like ours, by partition: shards, and temporary ones."""
        found: dict[tuple[str, int], list[Path]] = {}
        for topic, prefix in PREFIXES.items():
            shards = self.store.root.glob(f"{prefix}-*")
            manifests = (self.store.root / FOLDER).glob(f"{topic}-*{TMP}")
            for path in sorted((*shards, *manifests)):
                number = _PARTITION.match(path.name)
                if number and path.name.removesuffix(TMP).endswith((*_SUFFIXES, ".json")):
                    found.setdefault((topic, int(number[1])), []).append(path)
        return found
