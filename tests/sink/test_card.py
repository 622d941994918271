import asyncio
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from c2c_stream.records import RejectedItem, Rejection
from c2c_stream.settings import SinkSettings
from c2c_stream.sink.card import Counts, Facts, Verified, render_card, write_card
from c2c_stream.sink.dataset import Summary
from tests.sink.make import dead_letter, feed, rejection, sample

FACTS = Facts(
    name="the standard library",
    sources=("/usr/lib/python3.11",),
    books=(
        Counts("ingester", 1, 800, 0, 0, 0),
        Counts("collector", 800, 860, 58_140, 1, 0),
        Counts("formatter", 700, 600, 100, 0, 0),
        Counts("sink", 650, 0, 0, 0, 0),
    ),
    settings={"write.steps": "200000", "format.max_visible": "10"},
    versions={"c2c-stream": "0.1.0", "pyarrow": "26.0.1"},
    verified=Verified(499, 500),
)
# It comes with `datasets` and has no types.
yaml = importlib.import_module("yaml")
LOAD = """
import datasets, json, sys
rows = datasets.load_dataset(sys.argv[1], split="train")
print(json.dumps({"rows": len(rows), "columns": rows.column_names, "first": rows[0]}))
"""


def load_dataset(folder: Path, cache: Path) -> dict[str, object]:
    """Load `folder` as a user would, in an interpreter of its own and without a network."""
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HOME": str(cache),
        "HF_DATASETS_CACHE": str(cache / "datasets"),
    }
    command = [sys.executable, "-W", "ignore", "-c", LOAD, str(folder)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    ("suffix", "layout"), [("parquet", "completion"), ("parquet", "chat"), ("jsonl", "completion")]
)
def test_the_real_library_reads_the_folder(tmp_path: Path, suffix: str, layout: str) -> None:
    out = tmp_path / "out"
    how = SinkSettings.model_validate({"format": suffix, "layout": layout, "shard_rows": 4})
    asyncio.run(feed(out, {n: sample(n) for n in range(10)}, how))
    asyncio.run(feed(out, {0: rejection(0)}, how))
    asyncio.run(feed(out, {0: dead_letter(0)}, how))
    write_card(out, FACTS)

    found = load_dataset(out, tmp_path / "cache")

    assert found["rows"] == 10
    asked = ["messages"] if layout == "chat" else ["prompt", "completion"]
    columns = """code entry_point visible_cases hidden_cases repository path commit line license
        writer runtime"""
    assert found["columns"] == ["id", "function_id", *asked, *columns.split()]
    first = found["first"]
    assert isinstance(first, dict)
    assert first["id"] == sample(0).id
    shown = {"arguments": "n=0", "outcome": "value", "result": "0", "printed": ""}
    assert first["visible_cases"][0] == shown
    assert first["runtime"]["dropped"] == [{"reason": "step_limit", "calls": 2}]


def test_the_card_tells_what_the_run_did(tmp_path: Path) -> None:
    asyncio.run(feed(tmp_path, {n: sample(n) for n in range(3)}))
    asyncio.run(feed(tmp_path, {0: rejection(0)}))

    write_card(tmp_path, FACTS)
    card = (tmp_path / "README.md").read_text()

    for line in (
        "# the standard library",
        "| samples | 3 |",
        "| cases executed again | 499 of 500 as recorded |",
        "| collector | 800 | 860 | 58,140 | 1 | 0 |",
        "collector  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░   1.5%     59,000 -> 860",
        "| sink | 650 | 0 | 0 | 0 | 0 |",
        "| collector | stub | 2 | pkg/m0.py::C.method0 |",
        "| MIT | 3 |",
        "| hidden_cases | Cases that score an answer; disjoint from the visible. |",
        "| write.steps | 200000 |",
        "| pyarrow | 26.0.1 |",
        "| Python of the cases | 3.11.7: 3 samples |",
    ):
        assert line in card.splitlines(), line
    assert "sink       ░" not in card


def test_the_same_facts_make_the_same_card() -> None:
    assert render_card(FACTS, Summary(), []) == render_card(FACTS, Summary(), [])


def test_the_sink_begins_a_card_that_a_reader_of_the_folder_understands(tmp_path: Path) -> None:
    asyncio.run(feed(tmp_path, {}, SinkSettings(layout="chat")))

    card = (tmp_path / "README.md").read_text()

    assert "There is no row yet" in card
    assert "messages" in card


def test_a_card_is_kept_when_the_sink_starts_again(tmp_path: Path) -> None:
    asyncio.run(feed(tmp_path, {0: sample(0)}))
    write_card(tmp_path, FACTS)
    before = (tmp_path / "README.md").read_text()

    asyncio.run(feed(tmp_path, {0: sample(0)}))

    assert (tmp_path / "README.md").read_text() == before


@pytest.mark.parametrize(
    ("licenses", "expected"),
    [
        (("MIT", "Apache-2.0"), ["apache-2.0", "mit"]),
        (("GPL-3.0-or-later", "PSF-2.0", "MIT OR X"), ["gpl-3.0", "other"]),
        (("unknown",), ["unknown"]),
        ((), ["unknown"]),
    ],
)
def test_licences_are_named_as_the_hub_names_them(
    licenses: tuple[str, ...], expected: list[str]
) -> None:
    summary = Summary(samples=1200, licenses=tuple((name, 1) for name in licenses))

    matter = yaml.safe_load(render_card(FACTS, summary, []).split("---\n")[1])

    assert matter["license"] == expected
    assert matter["size_categories"] == ["1K<n<10K"]
    assert matter["configs"][0]["data_files"] == [{"split": "train", "path": "data/train-*"}]


def test_names_from_a_source_are_no_markup(tmp_path: Path) -> None:
    hostile = "x|y\n---\n<img src=x onerror=alert(1)>`[a](b)\x1b[2J"
    items = (RejectedItem(path=hostile, qualified_name=hostile, reason=hostile),)
    asyncio.run(feed(tmp_path, {0: sample(0, license=hostile)}))
    asyncio.run(feed(tmp_path, {0: Rejection(stage="collector", items=items)}))

    facts = Facts(name=hostile, sources=(hostile,), settings={hostile: hostile})
    write_card(tmp_path, facts)
    card = (tmp_path / "README.md").read_text()

    assert yaml.safe_load(card.split("---\n")[1])["pretty_name"] == hostile
    body = card.split("\n---\n", 1)[1]
    assert "<img" not in body
    assert "\x1b" not in card
    assert "\n---\n" not in body


def test_the_card_of_a_replay_tells_which_topic_of_which_run_it_read() -> None:
    facts = Facts(sources=("library",), replayed="topic inputs of the run `main`")

    text = render_card(facts, Summary(), [])

    assert "A replay by c2c-stream: topic inputs of the run " in text
    assert "That run was made from:\n\n- library" in text
