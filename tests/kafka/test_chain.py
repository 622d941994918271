"""The whole chain on a real Kafka, against the local log."""

import json
from pathlib import Path

import pytest

from tests.e2e.chain import STDLIB, c2c, c2c_json, rows_of, run_to_end

MODULES = ("bisect", "textwrap", "heapq")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name in MODULES:
        text = (STDLIB / f"{name}.py").read_text(encoding="utf-8")
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def test_a_run_on_kafka_makes_the_dataset_that_the_local_log_makes(
    kafka: str, source: Path, tmp_path: Path
) -> None:
    on_kafka, on_local = tmp_path / "kafka", tmp_path / "local"
    options = ("--broker", f"kafka://{kafka}")
    run = run_to_end(source, on_kafka, *options)
    assert run.code == 0, run.stdout + run.stderr
    assert run_to_end(source, on_local).code == 0

    def ids(out: Path) -> list[str]:
        return sorted(row["id"] for row in rows_of(out))

    assert ids(on_kafka) == ids(on_local) != []
    status = c2c_json("status", "--out", on_kafka)
    assert status["imbalances"] == []
    assert {stage["waiting"] for stage in status["stages"].values()} == {0}
    again = run_to_end(source, on_kafka, *options)
    assert again.code == 0, again.stdout + again.stderr
    assert ids(on_kafka) == ids(on_local)


def test_two_runs_on_one_cluster_do_not_mix(kafka: str, source: Path, tmp_path: Path) -> None:
    names = set()
    for out in (tmp_path / "a", tmp_path / "b"):
        run = run_to_end(source / "bisect.py", out, "--broker", f"kafka://{kafka}")
        assert run.code == 4, run.stdout + run.stderr  # no function of it becomes a row
        names.add(json.loads((out / "run.json").read_text(encoding="utf-8"))["run"])
        assert c2c_json("status", "--out", out)["stages"]["ingester"]["read"] == 1
    assert len(names) == 2


def test_topics_are_made_once_and_sources_put_on_them(kafka: str, source: Path) -> None:
    where = ("--broker", f"kafka://{kafka}", "--run", "by-hand")
    made = c2c("topics", "create", *where, "--partitions", "2")
    assert made.returncode == 0, made.stderr
    assert "by-hand.functions\n" in made.stdout
    again = c2c("topics", "create", *where)
    assert again.stdout == "all topics of by-hand are there already\n"
    put = c2c("ingest", source, *where)
    assert put.stdout == f"1 source on by-hand.repos in kafka://{kafka}\n", put.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--broker", "kafka://"), "write kafka://HOST:PORT"),
        (("--broker", "rabbit:1"), "local:PATH or kafka://"),
        (("--broker", "kafka://h:1", "--limit", "3"), "--limit counts over one partition"),
    ],
)
def test_a_wrong_broker_is_told_before_anything_is_made(
    source: Path, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    run = run_to_end(source, tmp_path / "out", *options)
    assert run.code == 2
    assert words in run.stderr
    assert not (tmp_path / "out").exists()
