from dataclasses import replace
from pathlib import Path

import pytest

from c2c_stream.errors import SourceError
from c2c_stream.evaluate.compare import Difference
from c2c_stream.evaluate.verify import Verification, verify_dataset
from c2c_stream.records import Execution, Sample, SampleCase
from c2c_stream.sandbox import SandboxUnavailable
from c2c_stream.settings import Settings
from c2c_stream.sink.columns import SAMPLES, sample_row
from c2c_stream.sink.store import Store

SETTINGS = Settings.model_validate({"execute": {"jobs": 1}})


def row(code: str, *cases: SampleCase) -> Sample:
    return Sample(
        id="1-case2code",
        code=code,
        entry_point="f",
        visible_cases=cases[:1],
        hidden_cases=cases[1:],
        runtime=Execution("3.11", step_limit=10_000, cpu_limit_ms=500),
    )


def stored(folder: Path, *rows: Sample) -> Path:
    numbered = [replace(one, id=f"{n}-case2code") for n, one in enumerate(rows)]
    found = [sample_row(one, "completion") for one in numbered]
    Store(folder).write_rows("data/train-00000.parquet", found, SAMPLES["completion"])
    return folder


def verified(folder: Path, *rows: Sample) -> Verification:
    return verify_dataset(stored(folder, *rows), rows=None, settings=SETTINGS)


def test_true_cases_hold_and_false_ones_are_told(tmp_path: Path) -> None:
    good = row(
        "def f(n):\n    return {n, 'a', 'b'}\n",
        SampleCase("n='c'", "value", "{'a', 'b', 'c'}"),
        SampleCase("[]", "exception", "TypeError: unhashable type: 'list'"),
    )
    bad = row(
        "def f(n):\n    return n * 2\n",
        SampleCase("1", "value", "3"),
        SampleCase("2", "value", "4"),
    )

    found = verified(tmp_path, good, bad)

    assert (found.rows, found.cases, found.as_recorded) == (2, 4, 3)
    assert found.differences == (Difference("1-case2code", "f", "1", "value: 3", "value: 2"),)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("def f(n):\n    while True:\n        pass\n", "step_limit"),
        ("def f(n):\n    return 'x' * 10**6\n", "truncated"),
        ("def f(n):\n    return hash('a')\n", "value: "),
        ("def f(n):\n    import os\n    os._exit(0)\n", "exited"),
        ("def g(n):\n    return n\n", "load_error: KeyError: 'f'"),
        ("def f(n) return\n", "load_error: SyntaxError"),
    ],
)
def test_what_no_dataset_should_hold_is_a_difference(tmp_path: Path, code: str, found: str) -> None:
    good = row("def f(n):\n    return n\n", SampleCase("1", "value", "1"))

    result = verified(tmp_path, row(code, SampleCase("1", "value", "0")), good)

    assert (result.cases, result.as_recorded) == (2, 1)
    (difference,) = result.differences
    assert difference.found.startswith(found)


def test_code_that_is_too_large_to_run_is_a_difference(tmp_path: Path) -> None:
    large = row(f"def f(n):\n    return n\n#{'x' * 2**24}\n", SampleCase("1", "value", "1"))

    (difference,) = verified(tmp_path, large).differences

    assert difference.found.startswith("not run: sandbox: a request of")


def test_a_folder_without_a_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no dataset"):
        verify_dataset(tmp_path, rows=5, settings=SETTINGS)


def test_nothing_runs_without_the_walls_that_are_asked_for(tmp_path: Path) -> None:
    settings = Settings.model_validate({"sandbox": {"require_walls": "moat"}})

    dataset = stored(tmp_path, row("def f(n):\n    return n\n", SampleCase("1", "value", "1")))

    with pytest.raises(SandboxUnavailable, match="moat"):
        verify_dataset(dataset, rows=5, settings=settings)
