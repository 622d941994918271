"""Reads a dataset: the samples under a folder, in order, whatever their format and layout."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from c2c_stream.errors import SourceError
from c2c_stream.records import Sample
from c2c_stream.sink.columns import sample_of
from c2c_stream.sink.store import read_rows

SUFFIXES = (".parquet", ".jsonl")


@dataclass(frozen=True, slots=True)
class Stored:
    """A sample and the file that holds it."""

    sample: Sample
    file: Path


@dataclass(frozen=True, slots=True)
class Summary:
    """What a dataset holds, in numbers; `sizes` is bytes by file name."""

    samples: int = 0
    visible: int = 0
    hidden: int = 0
    exceptions: int = 0
    licenses: tuple[tuple[str, int], ...] = ()
    pythons: tuple[tuple[str, int], ...] = ()
    writers: tuple[tuple[str, int], ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()

    @property
    def cases(self) -> int:
        """Return how many cases there are, visible and hidden."""
        return self.visible + self.hidden

    @property
    def bytes(self) -> int:
        """Return the size of the samples on disk."""
        return sum(size for _, size in self.sizes)


def shards(dataset: Path, pattern: str = "data/train-*") -> list[Path]:
    """Return the shards of a dataset: an OUT folder, a folder of shards, or one of them."""
    if dataset.is_file():
        return [dataset]
    for folder in (dataset, dataset.parent):
        found = sorted(p for p in folder.glob(pattern) if p.suffix in SUFFIXES)
        if found and (folder == dataset or dataset.name == pattern.partition("/")[0]):
            return found
    return []


def samples(dataset: Path) -> Iterator[Sample]:
    """Yield the samples of `dataset`. Raises SourceError where there are none."""
    return (stored.sample for stored in stored_samples(dataset))


def stored_samples(dataset: Path) -> Iterator[Stored]:
    """Yield the samples of `dataset` with their files. Raises SourceError where there are none."""
    files = shards(dataset)
    if not files:
        raise SourceError(
            f"{dataset}: no dataset: no data/train-*.parquet or .jsonl in it; "
            f"c2c run SOURCE --out {dataset} makes one"
        )
    for file in files:
        for number, row in enumerate(read_rows(file)):
            try:
                yield Stored(sample_of(row), file)
            except (KeyError, TypeError, ValueError) as error:
                raise SourceError(
                    f"{file}, row {number}: not a row of this project's datasets: {error!r}"
                ) from error


def summarise(out: Path) -> Summary:
    """Return what the dataset under `out` holds; all zero if it holds nothing yet."""
    files = shards(out)
    count, licenses, pythons = Counter[str](), Counter[str](), Counter[str]()
    writers = Counter[str]()
    for sample in samples(out) if files else ():
        count["samples"] += 1
        count["visible"] += len(sample.visible_cases)
        count["hidden"] += len(sample.hidden_cases)
        cases = (*sample.visible_cases, *sample.hidden_cases)
        count["exceptions"] += sum(case.outcome == "exception" for case in cases)
        licenses[sample.license] += 1
        pythons[sample.runtime.python] += 1
        writers[f"{sample.writer.writer} {sample.writer.version}"] += 1
    return Summary(
        **count,
        licenses=ranked(licenses),
        pythons=ranked(pythons),
        writers=ranked(writers),
        sizes=tuple((file.name, file.stat().st_size) for file in files),
    )


def ranked(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    """Return the counts, largest first; equal ones by name."""
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
