"""Sources whose every function says in its name how it must end. Pure but for writing the files."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from c2c_stream.ingest.items import blob_hash
from c2c_stream.records import Origin, file_id_of, occurrence_id_of

FILES_IN_A_SOURCE: Final = 5
FUNCTIONS_IN_A_FILE: Final = 20
COPIES_IN_A_FILE: Final = 2
# Where a function must end, and how many in a thousand do.
FATES: Final = {
    "sample": 860,
    "collector": 50,
    "writer": 30,
    "executor": 30,
    "formatter": 25,
    "dead": 5,
}
# The real writer and executor know of no fate.
REAL_FATES: Final = {"sample": 950, "collector": 50}
BODIES: Final = {"collector": "    yield x * {n} + 1\n"}
BODY: Final = "    return x * {n} + 1\n"


@dataclass(slots=True)
class Expected:
    """What must come out, by identity."""

    sources: list[Path] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    functions: dict[str, str] = field(default_factory=dict)
    """The name of each occurrence."""

    def ends(self) -> Counter[tuple[str, str]]:
        """Return how often each name must end where: one goes on, its copies are turned down."""
        ends: Counter[tuple[str, str]] = Counter()
        for name, count in Counter(self.functions.values()).items():
            fate = name.partition("_")[0]
            if fate == "collector":
                ends[name, fate] = count
            else:
                ends[name, fate] = 1
                ends[name, "curator"] = count - 1
        return +ends

    def work(self) -> int:
        """Return about how many records all services read of it."""
        names = Counter(self.functions.values())
        fates = Counter(name.partition("_")[0] for name in names)
        refused = sum(n for name, n in names.items() if name.startswith("collector"))
        collected = len(self.functions) - refused
        candidates = fates.total() - fates["collector"]
        inputs = candidates - fates["writer"] - fates["dead"]
        cases = inputs - fates["executor"]
        samples = cases - fates["formatter"]
        audited = min(refused, len(self.files)) + collected - samples
        return len(self.files) + collected + candidates + inputs + cases + samples + audited


def write_sources(
    folder: Path, functions: int, seed: int, share: Mapping[str, int] = FATES
) -> Expected:
    """Write folders of Python files with that many functions, and say what must become of them.

    `share`: how many in a thousand meet which fate.
    """
    rng, expected = random.Random(seed), Expected()
    originals: list[str] = []
    for number in range(functions // FUNCTIONS_IN_A_FILE):
        source = folder / f"{number // FILES_IN_A_SOURCE:05}"
        if not source.exists():
            source.mkdir(parents=True)
            expected.sources.append(source)
        copies = rng.sample(originals, COPIES_IN_A_FILE if originals else 0)
        fates = rng.choices([*share], [*share.values()], k=FUNCTIONS_IN_A_FILE - len(copies))
        names = [f"{fate}_{len(originals) + n}" for n, fate in enumerate(fates)]
        originals += names
        _write(source / f"{number}.py", [*names, *copies], expected)
    return expected


def _write(path: Path, names: list[str], expected: Expected) -> None:
    text, lines = "", {}
    for name in names:
        lines[name] = text.count("\n") + 1
        fate, _, n = name.partition("_")
        text += f"def {name}(x):\n" + BODIES.get(fate, BODY).format(n=int(n) + 1) + "\n\n"
    path.write_text(text, encoding="utf-8")
    origin = Origin(repository=path.parent.name, path=path.name, blob=blob_hash(text.encode()))
    file_id = file_id_of(origin)
    expected.files.add(file_id)
    for name, line in lines.items():
        expected.functions[occurrence_id_of(file_id, name, line)] = name
